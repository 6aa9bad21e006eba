"""The Clarify image's own program: finds its inputs by their names, analyses, says why if it cannot.

Facts: developer guide, "Configure a SageMaker Clarify Processing Job" (analysis_config, dataset, analysis_result) and
"Troubleshoot SageMaker Clarify Processing Jobs" (what the failure reason and the exit message say).

A monitoring schedule gives the environment of Model Monitor's containers instead (monitor.py).

A pipeline's check gives two things more: an input baseline_constraints, the analysis.json to judge by, and the variable
MODEL_NAME, for the configurations of its SDK leave predictor.model_name out.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from course.cloud.clarify import analysis, monitor
from course.cloud.clarify.analysis_config import ConfigError
from course.cloud.containers.layout import Layout
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.program import Job


def main() -> None:
    """Run the analysis that the job's inputs describe. Raises SystemExit(1), with the failure file written."""
    signal.signal(signal.SIGTERM, _clean_up)
    layout = Layout.here()
    try:
        _run(layout)
    except (ConfigError, MonitoringError) as error:
        reason = f"ClientError: {error}"
    except Exception as error:
        if not _is_from_aws(error):
            raise
        reason = f"ClientError: {error}"
    else:
        return
    print(reason, file=sys.stderr)
    layout.failure.write_text(reason, encoding="utf-8")
    layout.message.write_text(reason, encoding="utf-8")
    raise SystemExit(1)


def _run(layout: Layout) -> None:
    job = layout.processing_job()
    resources = json.loads((layout.base / "config" / "resourceconfig.json").read_text(encoding="utf-8"))
    if resources["current_host"] != resources["hosts"][0]:
        return  # one instance does the work
    inputs = {item["InputName"]: layout.place(item["S3Input"]["LocalPath"]) for item in job["ProcessingInputs"]}
    monitored = Job(layout, os.environ)
    if monitored.get("analysis_type"):  # a monitoring schedule asks
        if "analysis_config" not in inputs:
            raise ConfigError("The processing job needs an input named analysis_config.")
        text = _only_file(inputs, "analysis_config").read_text(encoding="utf-8")
        layout.message.write_text(monitor.run(monitored, text, fetch), encoding="utf-8")
        return
    outputs = {
        item["OutputName"]: layout.place(item["S3Output"]["LocalPath"])
        for item in job["ProcessingOutputConfig"]["Outputs"]
    }
    if "analysis_config" not in inputs:
        raise ConfigError("The processing job needs an input named analysis_config.")
    if "analysis_result" not in outputs:
        raise ConfigError("The processing job needs an output named analysis_result.")
    analysis.run(
        _only_file(inputs, "analysis_config"),
        inputs.get("dataset"),
        outputs["analysis_result"],
        fetch,
        _only_file(inputs, "baseline_constraints") if "baseline_constraints" in inputs else None,
        os.environ.get("MODEL_NAME", ""),
    )


def _only_file(inputs: dict[str, Path], name: str) -> Path:
    found = [path for path in inputs[name].rglob("*") if path.is_file()]
    if len(found) != 1:
        raise ConfigError(f"The input {name} holds {len(found)} files; it should be one JSON file.")
    return found[0]


def fetch(uri: str) -> list[bytes]:
    """The objects under an S3 prefix, read with the job's role. Raises ConfigError."""
    import boto3

    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise ConfigError(f"{uri!r} is not an S3 URI.")
    s3 = boto3.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=parts.netloc, Prefix=parts.path.lstrip("/"))
    keys = [item["Key"] for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/")]
    if not keys:
        raise ConfigError(f"No S3 objects found under {uri}.")
    return [s3.get_object(Bucket=parts.netloc, Key=key)["Body"].read() for key in keys]


def _is_from_aws(error: Exception) -> bool:
    """Whether boto3 raised it; botocore is imported only where it is used."""
    botocore: Any = sys.modules.get("botocore.exceptions")
    return botocore is not None and isinstance(error, botocore.ClientError | botocore.BotoCoreError)


def _clean_up(number: int, _frame: object) -> None:
    """The job is being stopped: leave, so that the shadow endpoint is deleted."""
    print(f"Signal {number} received, cleaning up", flush=True)
    raise SystemExit(128 + number)
