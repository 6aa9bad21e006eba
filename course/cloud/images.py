"""Container images by their URI.

Real: the registry accounts, repositories and tags in us-east-1 of AWS's images for scikit-learn, XGBoost and Clarify,
and of Model Monitor's two (the analyser and the merger of ground truth, named without a tag), as listed in
sklearn.json, xgboost.json, clarify.json and model-monitor.json of image_uri_config in
https://github.com/aws/sagemaker-python-sdk, formerly also in
https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/ecr-us-east-1.html.

Simulated: what runs. There is no Docker here. Every tag of scikit-learn stands for script mode and every tag of XGBoost
for the built-in algorithm (course/cloud/containers) on this Python and these libraries, whatever version the tag names,
Clarify's for course/cloud/clarify, Model Monitor's for course/cloud/monitoring; no image is pulled and nothing else can
be run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REGION = "us-east-1"
SCIKIT_LEARN_ACCOUNT = "683313688378"
SCIKIT_LEARN_REPOSITORY = "sagemaker-scikit-learn"
SCIKIT_LEARN_TAGS = ("0.20.0-cpu-py3", "0.23-1-cpu-py3", "1.0-1-cpu-py3", "1.2-1-cpu-py3", "1.4-2-cpu-py3")
"""The tags that exist on AWS. Others are taken too: a newer one may exist by now."""
CLARIFY_ACCOUNT = "205585389593"
CLARIFY_REPOSITORY = "sagemaker-clarify-processing"
CLARIFY = f"{CLARIFY_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{CLARIFY_REPOSITORY}:1.0"
SCIKIT_LEARN = f"{SCIKIT_LEARN_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{SCIKIT_LEARN_REPOSITORY}:1.2-1-cpu-py3"

MONITOR_ACCOUNT = "156813124566"
MONITOR_ANALYZER = f"{MONITOR_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/sagemaker-model-monitor-analyzer"
GROUND_TRUTH_MERGER = f"{MONITOR_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/sagemaker-model-monitor-groundtruth-merger"
XGBOOST_REPOSITORY = "sagemaker-xgboost"
XGBOOST = f"{SCIKIT_LEARN_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{XGBOOST_REPOSITORY}:1.7-1"

_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
    r"/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Programs:
    """What runs for an image, each as "module:function"; "" where the image has no such program."""

    framework: str
    train: str = ""  # docker run image train
    serve: str = ""  # docker run image serve
    process: str = ""  # a processing job's container that names no entrypoint
    small: bool = False  # whether the program for processing is one of the small parent's (course/cloud/parent.py)
    latest: bool = False  # whether there is a tag "latest", which a URI without a tag stands for


PROGRAMS = {
    (SCIKIT_LEARN_ACCOUNT, SCIKIT_LEARN_REPOSITORY): Programs(
        "scikit-learn",
        train="course.cloud.containers.script_training:main",
        serve="course.cloud.containers.script_serving:main",
    ),
    (CLARIFY_ACCOUNT, CLARIFY_REPOSITORY): Programs("clarify", process="course.cloud.clarify.program:main"),
    (MONITOR_ACCOUNT, "sagemaker-model-monitor-analyzer"): Programs(
        "model-monitor-analyzer", process="course.cloud.monitoring.program:main", small=True, latest=True
    ),
    (MONITOR_ACCOUNT, "sagemaker-model-monitor-groundtruth-merger"): Programs(
        "model-monitor-groundtruth-merger", process="course.cloud.monitoring.program:merge", small=True, latest=True
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
    tag = parts and (parts["tag"] or parts["digest"] or ("latest" if programs and programs.latest else ""))
    if not parts or not programs or not tag:
        raise UnknownImage(f"Requested image {uri} not found. This cloud has {SCIKIT_LEARN} and {XGBOOST}.")
    return Image(parts["repository"], tag, parts["account"], programs)
