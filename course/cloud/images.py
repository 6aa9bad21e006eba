"""Container images by their URI.

Real: the registry account, repository and tags of AWS's pre-built scikit-learn and XGBoost images in us-east-1, as
listed in https://github.com/aws/sagemaker-python-sdk/tree/master/src/sagemaker/image_uri_config (sklearn.json,
xgboost.json), formerly also in https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/ecr-us-east-1.html.

Simulated: what runs. There is no Docker here. Every tag stands for script mode or the built-in algorithm
(course/cloud/containers) on this Python and these libraries, whatever version the tag names; no image is pulled and
nothing else can be run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REGION = "us-east-1"
SCIKIT_LEARN_ACCOUNT = "683313688378"
SCIKIT_LEARN_REPOSITORY = "sagemaker-scikit-learn"
SCIKIT_LEARN_TAGS = ("0.20.0-cpu-py3", "0.23-1-cpu-py3", "1.0-1-cpu-py3", "1.2-1-cpu-py3", "1.4-2-cpu-py3")
"""The tags that exist on AWS. Others are taken too: a newer one may exist by now."""
SCIKIT_LEARN = f"{SCIKIT_LEARN_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{SCIKIT_LEARN_REPOSITORY}:1.2-1-cpu-py3"

XGBOOST_REPOSITORY = "sagemaker-xgboost"
XGBOOST = f"{SCIKIT_LEARN_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{XGBOOST_REPOSITORY}:1.7-1"

_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
    r"/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)


@dataclass(frozen=True)
class Programs:
    """What runs for an image, each as "module:function"; "" where the image has no such program."""

    framework: str
    train: str = ""  # docker run image train
    serve: str = ""  # docker run image serve
    process: str = ""  # a processing job's container that names no entrypoint


PROGRAMS = {
    (SCIKIT_LEARN_ACCOUNT, SCIKIT_LEARN_REPOSITORY): Programs(
        "scikit-learn",
        train="course.cloud.containers.script_training:main",
        serve="course.cloud.containers.script_serving:main",
    ),
    (SCIKIT_LEARN_ACCOUNT, XGBOOST_REPOSITORY): Programs(
        "XGBoost",
        train="course.cloud.containers.xgboost_training:main",
        serve="course.cloud.containers.xgboost_serving:main",
    ),
}
"""Every image of this cloud, by registry account and repository."""


class UnknownImage(LookupError):
    """No image of this cloud has that URI; the text is AWS's ValidationException, with what there is."""


@dataclass(frozen=True)
class Image:
    """A container image.

    tag: the tag, or the digest (sha256:…) of an image that was named by it.
    programs: what runs for it.
    """

    repository: str
    tag: str
    account: str
    programs: Programs


def resolve(uri: str) -> Image:
    """The image with that URI. Raises UnknownImage."""
    parts = _URI.fullmatch(uri)
    programs = parts and parts["region"] == REGION and PROGRAMS.get((parts["account"], parts["repository"]))
    if not parts or not programs:
        raise UnknownImage(f"Requested image {uri} not found. This cloud has {SCIKIT_LEARN} and {XGBOOST}.")
    return Image(parts["repository"], parts["tag"] or parts["digest"], parts["account"], programs)
