"""course/cloud/images.py"""

import importlib

import pytest

from course.cloud.images import (
    GROUND_TRUTH_MERGER,
    MONITOR_ANALYZER,
    PROGRAMS,
    SCIKIT_LEARN_TAGS,
    XGBOOST,
    Image,
    UnknownImage,
    resolve,
)

BASE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn"
DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize("tag", [*SCIKIT_LEARN_TAGS, "9.9-1-cpu-py3"])
def test_every_tag_of_the_scikit_learn_image_is_known(tag):
    account, repository = "683313688378", "sagemaker-scikit-learn"
    assert resolve(f"{BASE}:{tag}") == Image(repository, tag, account, PROGRAMS[account, repository])


def test_an_image_may_be_named_by_its_digest():
    assert resolve(f"{BASE}@{DIGEST}").tag == DIGEST


@pytest.mark.parametrize("uri", [MONITOR_ANALYZER, GROUND_TRUTH_MERGER])
def test_model_monitors_images_need_no_tag(uri):
    assert resolve(uri) == resolve(f"{uri}:latest")
    assert resolve(uri).programs.process


@pytest.mark.parametrize("programs", PROGRAMS.values(), ids=lambda programs: programs.framework)
def test_an_image_says_what_runs(programs):
    for entry in filter(None, (programs.train, programs.serve, programs.process)):
        module, _, function = entry.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    "uri",
    [
        "",
        BASE,
        f"{BASE}:",
        f"{BASE}:1.2-1-cpu-py3\n",
        f"{BASE}:a b",
        f"{BASE}@sha256:12",
        f"https://{BASE}:1.2-1-cpu-py3",
        "sagemaker-scikit-learn:1.2-1-cpu-py3",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-linear:1.7-1",
        "683313688378.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
    ],
)
def test_an_unknown_image_is_named_with_what_there_is(uri):
    with pytest.raises(UnknownImage) as unknown:
        resolve(uri)
    assert str(unknown.value) == f"Requested image {uri} not found. This cloud has {BASE}:1.2-1-cpu-py3 and {XGBOOST}."
