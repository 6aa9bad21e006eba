"""The entries of the images sagemaker-model-monitor-analyzer and sagemaker-model-monitor-groundtruth-merger.

Environment, as SageMaker and its Python SDK set it (model-monitor-byoc-contract-inputs, and the requests that schedules
make): dataset_source, dataset_format, output_path, start_time, end_time, metric_time, baseline_constraints,
baseline_statistics, publish_cloudwatch_metrics, categorical_drift_method, record_preprocessor_script,
post_analytics_processor_script, sagemaker_endpoint_name, sagemaker_monitoring_schedule_name; for model quality
analysis_type, problem_type, inference_attribute, probability_attribute, probability_threshold_attribute,
ground_truth_attribute; for the merger ground_truth_source. Of transform jobs dataset_format is csv or json, of which a
schedule may leave columns out: exclude_features_attribute.

Without baseline_constraints the job makes a baseline: statistics.json and constraints.json. With it the job judges a
window, and writes constraint_violations.json too. How it ended stands in /opt/ml/output/message, which becomes the
job's ExitMessage: "Completed: …", "CompletedWithViolations: …" or, with exit code 255, "Error: …", which then stands
in /opt/ml/output/failure too, for the job's FailureReason.
"""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course.cloud.containers.failure import write_failure
from course.cloud.containers.layout import BASE, Layout
from course.cloud.monitoring import cloudwatch, constraints, model_quality, outcomes, statistics, violations
from course.cloud.monitoring import merge as merging
from course.cloud.monitoring.dataset import Dataset, Format, Window
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.exclusion import Exclusion
from course.cloud.monitoring.script import POSTPROCESS, Preprocessor, load

DATA_QUALITY, MODEL_QUALITY = "DATA_QUALITY", "MODEL_QUALITY"
REFUSED = ("image_data", "detect_outliers", "detect_drift", "auto_ml_job_detail", "data_quality_monitoring_config")
NO_VIOLATIONS = "Completed: Job completed successfully with no violations."
EXIT_CODE = 255


def main() -> None:
    """Analyse. Raises SystemExit(255), with the message written, when that is not possible."""
    _conclude(analyse)


def merge() -> None:
    """Join ground truth to captured predictions. Raises SystemExit(255), with the message written, when it cannot."""
    _conclude(join)


@dataclass(frozen=True)
class Job:
    """A processing container's folder and environment."""

    layout: Layout
    environment: Mapping[str, str]

    def get(self, name: str) -> str:
        """A variable; "" when it is not set."""
        return self.environment.get(name, "")

    def path(self, name: str) -> Path:
        """A variable that is a path below /opt/ml. Raises MonitoringError when it is not set."""
        if not self.get(name):
            raise MonitoringError(f"The environment variable {name} is not set.")
        path = Path(self.get(name))
        return self.layout.base / path.relative_to(BASE) if path.is_relative_to(BASE) else path

    def content(self, name: str) -> dict[str, Any] | None:
        """A JSON file whose path is in a variable; None when the variable is not set."""
        if not self.get(name):
            return None
        path = self.path(name)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise MonitoringError(f"{name} could not be read: {error}") from None
        if not isinstance(content, dict):
            raise MonitoringError(f"{name} is not a JSON object.")
        return content

    def window(self) -> Window:
        return Window.read(self.get("start_time"), self.get("end_time"))

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """A report, as JSON; NaN as text, as AWS has it."""
        folder = self.path("output_path")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            text = json.dumps(content, allow_nan=False)
        except ValueError:
            text = json.dumps(_without_nan(content), allow_nan=False)
        (folder / name).write_text(text, encoding="utf-8")

    def publish(self, metrics: Mapping[str, float | Mapping[str, float]]) -> None:
        """The metrics file, where publish_cloudwatch_metrics is Enabled."""
        switch = self.get("publish_cloudwatch_metrics") or "Disabled"
        if switch not in constraints.SWITCH:
            raise MonitoringError(f"publish_cloudwatch_metrics must be Enabled or Disabled; got {switch!r}.")
        if switch == "Enabled":
            time = self.get("metric_time") or self.get("end_time") or _now()
            dimensions = {
                "Endpoint": self.get("sagemaker_endpoint_name"),
                "MonitoringSchedule": self.get("sagemaker_monitoring_schedule_name"),
            }
            cloudwatch.write(self.layout.output / "metrics" / "cloudwatch", metrics, time, dimensions)


def analyse(job: Job) -> str:
    """Make a baseline or judge a window; the exit message. Raises MonitoringError."""
    if refused := [name for name in REFUSED if job.get(name)]:
        raise MonitoringError(f"{refused[0]} is not supported here.")
    kind = job.get("analysis_type") or DATA_QUALITY
    if kind not in (DATA_QUALITY, MODEL_QUALITY):
        raise MonitoringError(f"analysis_type must be {DATA_QUALITY} or {MODEL_QUALITY}; got {kind!r}.")
    after = job.get("post_analytics_processor_script")
    postprocess = load(job.path("post_analytics_processor_script"), POSTPROCESS) if after else None
    found = (_data_quality if kind == DATA_QUALITY else _model_quality)(job)
    if postprocess:
        postprocess()
    if not found:
        return NO_VIOLATIONS
    return f"CompletedWithViolations: Job completed successfully with {len(found)} violations."


def join(job: Job) -> str:
    """Merge ground truth; the exit message, with the share that was merged. Raises MonitoringError."""
    form = Format.read(job.get("dataset_format")) if job.get("dataset_format") else Format("sagemakerCaptureJson")
    capture = Dataset(job.path("dataset_source"), form, job.window())
    merged = merging.merge(capture, job.path("ground_truth_source"), job.path("output_path"))
    return (
        f"Completed: Job completed successfully. Merged {merged.merged} of {merged.captured} captured records "
        f"({merged.share:.1%}) with {merged.labels} labels."
    )


def _data_quality(job: Job) -> list[dict[str, str]]:
    baseline, limits = job.content("baseline_statistics"), job.content("baseline_constraints")
    names = [feature["name"] for feature in (limits or {}).get("features", [])]
    excluded = Exclusion(job.get("exclude_features_attribute"), names)
    script = job.get("record_preprocessor_script")
    preprocess = Preprocessor(job.path("record_preprocessor_script"), names).rows if script else None
    dataset = Dataset(job.path("dataset_source"), Format.read(job.get("dataset_format")), job.window(), preprocess)
    baseline, limits = (content and excluded.features(content) for content in (baseline, limits))
    names = [feature["name"] for feature in (limits or {}).get("features", [])]
    profile = statistics.profile(excluded.chunks(dataset.chunks()), names)
    if not profile.rows:
        raise MonitoringError("The dataset has no rows in the window that is analysed.")
    suggested = constraints.suggest(profile, job.get("categorical_drift_method") or "LInfinity")
    judgement = violations.judge(profile, limits, baseline) if limits else violations.Judgement()
    job.write("statistics.json", profile.statistics())
    job.write("constraints.json", suggested)
    if limits:
        job.write("constraint_violations.json", {"violations": judgement.violations})
    job.publish(cloudwatch.data_quality(profile, limits or suggested, judgement.distances))
    return judgement.violations


def _model_quality(job: Job) -> list[dict[str, str]]:
    if job.get("record_preprocessor_script"):
        raise MonitoringError("record_preprocessor_script is not supported for model quality.")
    problem = job.get("problem_type")
    if problem not in model_quality.SECTIONS:
        raise MonitoringError(f"problem_type must be one of {', '.join(model_quality.SECTIONS)}; got {problem!r}.")
    attributes = outcomes.Attributes(
        job.get("inference_attribute") or None,
        job.get("probability_attribute") or None,
        job.get("ground_truth_attribute") or None,
    )
    try:
        threshold = float(job.get("probability_threshold_attribute") or 0.5)
    except ValueError:
        raise MonitoringError("probability_threshold_attribute must be a number.") from None
    dataset = Dataset(job.path("dataset_source"), Format.read(job.get("dataset_format")), job.window())
    rows = outcomes.read(dataset, attributes)
    described = model_quality.metrics(rows, problem, threshold)
    limits = job.content("baseline_constraints")
    found = model_quality.violations(described, limits, problem) if limits else []
    about: dict[str, Any] = {"item_count": len(rows), "evaluation_time": job.get("metric_time") or _now()}
    about |= {name: job.get(name) for name in ("start_time", "end_time") if job.get(name)}
    job.write("statistics.json", model_quality.statistics(described, problem, about))
    job.write("constraints.json", model_quality.suggest(described, problem))
    if limits:
        job.write("constraint_violations.json", {"violations": found})
    job.publish({name: v for name, v in model_quality.scalars(described).items() if not math.isnan(v)})
    return found


def _conclude(work: Callable[[Job], str]) -> None:
    layout = Layout.here()
    layout.output.mkdir(parents=True, exist_ok=True)
    try:
        message, code = work(Job(layout, os.environ)), 0
    except MonitoringError as error:
        message, code = f"Error: {error}", EXIT_CODE
    except Exception as error:  # a user's script, or a file that is not what its name says
        traceback.print_exc()
        message, code = f"Error: {type(error).__name__}: {error}", EXIT_CODE
    (layout.output / "message").write_text(message, encoding="utf-8", errors="backslashreplace")
    print(message, file=sys.stderr if code else sys.stdout, flush=True)
    if code:
        write_failure(layout, message)
        raise SystemExit(code)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _without_nan(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_without_nan(value) for value in content]
    return "NaN" if isinstance(content, float) and math.isnan(content) else content
