"""The processing jobs of a monitoring execution: what Model Monitor asks for, as it shows in their descriptions.

Variables of the environment: developer guide, model-monitor-byoc-contract-inputs; names of inputs and outputs, and the
places in S3, as in published descriptions of such jobs: the result of the execution due on 6 May 2021 at 23:00 goes to
<output>/<endpoint>/<schedule>/2021/05/06/23, what was merged for it to <output>/merge/<endpoint>/<variant>/….

Of transform jobs the result goes to <output>/<schedule>/2021/05/06/23, what was merged for it to
<output>/merge/<schedule>/…, as AWS's example notebook of bias monitoring for batch transform prints them. Data quality
and attributions are those of what the jobs read (the baseline of AWS's own example of data quality has the features
only; its example of attributions names the folder), the two others need predictions and read what the jobs wrote.
Without a source are, of transform jobs: names of inputs, their paths in the container, dataset_format of what was
merged and of the merge job, monitoring_input_type.
"""

import json
import posixpath
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..images import GROUND_TRUTH_MERGER
from .monitoring_job_definition import Definition
from .monitoring_window import Window

CAPTURE, LABELS = "/opt/ml/processing/input_data", "/opt/ml/processing/groundtruth"
BASELINES = {
    "Statistics": "/opt/ml/processing/baseline/stats",
    "Constraints": "/opt/ml/processing/baseline/constraints",
}
_CODE = "/opt/ml/processing/code"
_SCRIPTS = {
    "RecordPreprocessor": ("record_preprocessor_script", f"{_CODE}/preprocessing"),
    "PostAnalyticsProcessor": ("post_analytics_processor_script", f"{_CODE}/postprocessing"),
}
_MERGED_INTO = "/opt/ml/processing/output"
_ALL = "FullyReplicated"


@dataclass(frozen=True, slots=True)
class Folder:
    """An hour of data: its prefix in S3, and the path below the input's folder that it keeps in the container.

    Of transform jobs it is what one job had, and the URI that of a manifest.
    """

    uri: str
    path: str
    is_manifest: bool = False


@dataclass(frozen=True, slots=True)
class Occasion:
    """One execution: when it was due, for how long a job may run, what it analyses."""

    schedule: str
    scheduled: datetime
    window: Window
    seconds: int


def hour(moment: datetime) -> str:
    """The folder of an hour: yyyy/mm/dd/hh."""
    return f"{moment:%Y/%m/%d/%H}"


def captured(found: Definition) -> str:
    """The prefix below which transform jobs left the manifests to read."""
    return f"{found.source['DataCapturedDestinationS3Uri'].rstrip('/')}/{'output' if found.monitor.merges else 'input'}"


def merged(found: Definition, schedule: str) -> str:
    """The prefix below which the merge job writes."""
    top = f"{found.output['S3Uri'].rstrip('/')}/merge"
    return f"{top}/{schedule}" if found.is_batch else top


def merge(found: Definition, when: Occasion, capture: list[Folder], labels: list[Folder]) -> dict[str, Any]:
    """The job that joins ground truth to what was captured."""
    return {
        **_common(found, when),
        "AppSpecification": {"ImageUri": GROUND_TRUTH_MERGER},
        "Environment": {
            "dataset_source": CAPTURE,
            "ground_truth_source": LABELS,
            "output_path": _MERGED_INTO,
            **({"dataset_format": _json(_form(found))} if found.is_batch else {}),
        },
        "ProcessingInputs": [*_inputs("groundtruth_input", labels, LABELS), *_data(found, capture, CAPTURE)],
        "ProcessingOutputConfig": _output(found, merged(found, when.schedule), _MERGED_INTO, "EndOfJob"),
    }


def analysis(
    found: Definition, when: Occasion, data: list[Folder], indexes: list[str], baseline: dict[str, str]
) -> dict[str, Any]:
    """The job that judges. data: capture, or what was merged. indexes: what a record has. baseline: part → URI."""
    application, source = found.application, found.source
    inputs = [_input(_name(part), uri, BASELINES[part]) for part, uri in baseline.items()]
    inputs += _data(found, data, source["LocalPath"].rstrip("/"), source["S3DataDistributionType"])
    variables = {
        f"baseline_{part.lower()}": f"{BASELINES[part]}/{posixpath.basename(uri)}" for part, uri in baseline.items()
    }
    for script, (variable, folder) in _SCRIPTS.items():
        if uri := application.get(f"{script}SourceUri"):
            inputs.append(_input(variable, uri, folder))
            variables[variable] = f"{folder}/{posixpath.basename(uri)}"
    if uri := application.get("ConfigUri"):
        inputs.append(_input("analysis_config", uri, "/opt/ml/processing/input/analysis_config"))
    program = {name: application[name] for name in ("ContainerEntrypoint", "ContainerArguments") if name in application}
    about = [] if found.is_batch else [source["EndpointName"]]
    result = "/".join((found.output["S3Uri"].rstrip("/"), *about, when.schedule, hour(when.scheduled)))
    return {
        **_common(found, when),
        "AppSpecification": {"ImageUri": application["ImageUri"], **program},
        "Environment": {**_environment(found, when, indexes), **variables},
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": _output(found, result, found.output["LocalPath"], found.output["S3UploadMode"]),
    }


def _environment(found: Definition, when: Occasion, indexes: list[str]) -> dict[str, str]:
    """What the container is told. Metrics are published unless the definition's own Environment says Disabled."""
    source = found.source
    kind = "sagemakerMergeJson" if found.monitor.merges else "sagemakerCaptureJson"
    raw = found.is_batch and not found.monitor.merges
    told = {
        "publish_cloudwatch_metrics": "Enabled",
        **found.environment,
        "analysis_type": found.monitor.analysis,
        "dataset_format": _json(_form(found) if raw else {kind: {"captureIndexNames": indexes}}),
        "dataset_source": source["LocalPath"],
        "output_path": found.output["LocalPath"],
        "start_time": _text(when.window.start),
        "end_time": _text(when.window.end),
        "metric_time": _text(when.window.start),
        "monitoring_input_type": "BATCH_TRANSFORM_INPUT" if found.is_batch else "ENDPOINT_INPUT",
        "sagemaker_monitoring_schedule_name": when.schedule,
    }
    more = {
        "sagemaker_endpoint_name": source.get("EndpointName"),
        "problem_type": found.application.get("ProblemType"),
        "features_attribute": source.get("FeaturesAttribute"),
        "inference_attribute": source.get("InferenceAttribute"),
        "probability_attribute": source.get("ProbabilityAttribute"),
        "probability_threshold_attribute": source.get("ProbabilityThresholdAttribute"),
        "exclude_features_attribute": source.get("ExcludeFeaturesAttribute"),
    }
    return {**told, **{name: str(value) for name, value in more.items() if value is not None}}


def _common(found: Definition, when: Occasion) -> dict[str, Any]:
    return {
        "ProcessingResources": {"ClusterConfig": dict(found.cluster)},
        "NetworkConfig": found.network,
        "RoleArn": found.role,
        "StoppingCondition": {"MaxRuntimeInSeconds": when.seconds},
    }


def _form(found: Definition) -> dict[str, Any]:
    """DatasetFormat as the guide has it in dataset_format of transform jobs: {"csv": {"header": false}}."""
    [(kind, options)] = found.source["DatasetFormat"].items()
    return {kind.lower(): {name.lower(): value for name, value in options.items()}}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))


def _data(found: Definition, data: list[Folder], place: str, distribution: str = _ALL) -> list[dict[str, Any]]:
    return _inputs("batch_transform_input" if found.is_batch else "endpoint_input", data, place, distribution)


def _inputs(name: str, data: list[Folder], place: str, distribution: str = _ALL) -> list[dict[str, Any]]:
    return [
        _input(f"{name}_{n}", one.uri, f"{place}/{one.path}", distribution, one.is_manifest)
        for n, one in enumerate(data, 1)
    ]


def _input(name: str, uri: str, path: str, distribution: str = _ALL, manifest: bool = False) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": path,
            "S3DataType": "ManifestFile" if manifest else "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": distribution,
            "S3CompressionType": "None",
        },
    }


def _output(found: Definition, uri: str, path: str, mode: str) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}
    key = {"KmsKeyId": found.key} if found.key else {}
    return {"Outputs": [{"OutputName": "result", "S3Output": place}], **key}


def _name(part: str) -> str:
    return {"Statistics": "baseline", "Constraints": "constraints"}[part]


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
