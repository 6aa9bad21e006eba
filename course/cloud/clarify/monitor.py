"""Clarify as a monitor: bias and attributions of what an endpoint captured, judged by those of a baseline.

A monitoring schedule runs Clarify's image with the environment of Model Monitor's containers (analysis_type,
dataset_source, start_time, … see course/cloud/monitoring/program.py) and an input analysis_config, which speaks of
features and labels only: the data are captured records, merged with ground truth for bias. Facts: developer guide,
clarify-model-monitor-bias-drift, -feature-attribution-drift and their pages on violations and CloudWatch.

Of transform jobs it explains what they read, a line being a row of features, and takes bias from what they wrote. There
the input must be joined (JoinSource Input): csv has the features first, as many as headers names besides the label, and
then the model's answer; JSON has them at FeaturesAttribute, and the answer in SageMakerOutput. Attributes of prediction
and probability lead into that answer. Source: AWS's example notebooks of these two monitors for batch transform.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from course.cloud.clarify import drift
from course.cloud.clarify.analysis import Analysis, Group, analyse, groups
from course.cloud.clarify.analysis_config import AnalysisConfig, ConfigError, parse
from course.cloud.clarify.bias import Metric, Sample, Undefined
from course.cloud.clarify.dataset import load
from course.cloud.monitoring import bias_drift, cloudwatch, outcomes
from course.cloud.monitoring.capture import INPUT, OUTPUT, CapturedData, EventData, csv_rows, json_rows
from course.cloud.monitoring.dataset import Dataset, Format
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.program import NO_VIOLATIONS, Job
from course.cloud.monitoring.transformed import csv_line

MODEL_BIAS, MODEL_EXPLAINABILITY = "MODEL_BIAS", "MODEL_EXPLAINABILITY"
_INFINITE = 2.348543e108  # what AWS publishes for it
_LABEL, _PREDICTED = "label", "\0predicted"
_JOINED = "SageMakerOutput"
_JOIN = "The transform job must have JoinSource Input."

Fetch = Callable[[str], list[bytes]]


def run(job: Job, config_text: str, fetch: Fetch) -> str:
    """Analyse a window; the exit message. Raises MonitoringError and ConfigError."""
    explains = job.get("analysis_type") == MODEL_EXPLAINABILITY
    limits = job.content("baseline_constraints")
    config, table = _read(job, config_text, explains)
    found = analyse(config, load(config, [table], None), fetch)
    output = job.path("output_path")
    found.write(output)
    if limits is None:
        violations: list[dict[str, str]] = []
    elif explains:
        violations = drift.attributions(limits, found.result)
    else:
        violations = list(_bias_violations(found, limits))
    judged = {"version": "1.0", "violations": violations}
    (output / "constraint_violations.json").write_text(json.dumps(judged, indent=4), encoding="utf-8")
    if job.get("publish_cloudwatch_metrics") == "Enabled":
        _publish(job, _attributions(found) if explains else _biases(found))
    if not violations:
        return NO_VIOLATIONS
    return f"CompletedWithViolations: Job completed successfully with {len(violations)} violations."


def _read(job: Job, text: str, explains: bool) -> tuple[AnalysisConfig, bytes]:
    """The configuration, completed for a csv, and the captured rows as that csv."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigError("Unable to load analysis configuration as JSON.")
    dataset = Dataset(job.path("dataset_source"), Format.read(job.get("dataset_format")), job.window())
    label = fields.get("label", _LABEL)
    headers = [name for name in fields.get("headers", []) if name != label]
    attributes = outcomes.Attributes(job.get("inference_attribute") or None, job.get("probability_attribute") or None)
    if not explains and attributes.inference is None and attributes.probability is None:
        raise MonitoringError("Bias monitoring needs an InferenceAttribute or a ProbabilityAttribute.")
    threshold = float(job.get("probability_threshold_attribute") or fields.get("probability_threshold", 0.5))
    rows: list[list[Any]] = []
    for record in _records(dataset, len(headers)):
        names, features = _features(record.part(INPUT), job.get("features_attribute"))
        if not headers:
            headers = list(names or [])
        if not headers or any(len(row) != len(headers) for row in features):
            raise ConfigError(
                f"headers names {len(headers)} features besides the label, a captured request has {len(features[0])}."
            )
        if explains:
            rows += features
            continue
        for row, (truth, prediction, probability) in zip(features, outcomes.of_record(record, attributes), strict=True):
            said = prediction if prediction is not None else str(int(float(probability or "nan") > threshold))
            rows.append([*row, outcomes.plain(truth), outcomes.plain(said)])
    if not rows:
        raise MonitoringError("The dataset has no rows in the window that is analysed.")
    columns = headers if explains else [*headers, label, _PREDICTED]
    written = io.StringIO()
    pd.DataFrame(rows, columns=columns).to_csv(written, index=False)
    own = {"dataset_type": "text/csv", "headers": columns}
    if explains:
        fields = {name: value for name, value in fields.items() if name != "label"}
    else:
        own |= {"label": label, "predicted_label": _PREDICTED}
    return parse(json.dumps({**fields, **own}), job.get("MODEL_NAME")), written.getvalue().encode()


def _records(dataset: Dataset, features: int) -> Iterator[CapturedData]:
    """Records that have a part for the features; those to be judged have one for the answer and a label."""
    if not dataset.format.is_records:
        for payload in dataset.payloads():
            yield CapturedData({"captureData": {INPUT: payload.as_dict()}})
        return
    for record in dataset.records():
        yield _apart(record, features) if dataset.format.is_of_transform else record


def _apart(record: CapturedData, features: int) -> CapturedData:
    """A joined line as if it had been a request and its answer. Raises MonitoringError when it is not joined."""
    content, kind = record.answer().content()
    if kind == "JSON":
        answer = json.loads(content)
        if not isinstance(answer, dict) or _JOINED not in answer:
            raise MonitoringError(f"A line of the transform job's output has no {_JOINED}: {content[:80]}. {_JOIN}")
        given, said = content, json.dumps(answer[_JOINED])
    else:
        [row] = csv_rows(content)
        if not features or len(row) <= features:
            raise MonitoringError(
                f"headers names {features} features besides the label, and a line of the transform job's output has "
                f"{len(row)} columns for these and the answer. {_JOIN}"
            )
        given, said = csv_line(list(row[:features])), csv_line(list(row[features:]))
    parts = {INPUT: {"data": given, "encoding": kind}, OUTPUT: {"data": said, "encoding": kind}}
    return CapturedData({**record.event_dict, "captureData": parts})


def _features(given: EventData, attribute: str) -> tuple[tuple[str, ...] | None, list[Any]]:
    content, kind = given.content()
    if attribute and kind != "JSON":
        raise MonitoringError(f"features_attribute {attribute} leads into JSON; the data are {kind}.")
    found = outcomes.follow(json.loads(content), attribute) if attribute else None
    names, rows = json_rows(found) if attribute else given.rows()
    return names, [list(row) for row in rows]


def _bias_violations(found: Analysis, limits: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Metrics whose bootstrap interval lies outside what the baseline allows. Raises ConfigError."""
    for section, metrics, predicted in _sections(found):
        for group in groups(found.config, found.dataset, predicted)[1]:
            try:
                before = limits[section]["facets"][group.facet]
                pairs = [(metric, drift.constraint(before, group.value, metric.name)) for metric in metrics]
            except (KeyError, TypeError, AttributeError) as error:
                raise ConfigError(f"The baseline constraints are not those of this analysis: {error!r}") from None
            for metric, limit in pairs:
                if limit is not None and (entry := _violation(group, metric, float(limit))):
                    yield entry


def _sections(found: Analysis) -> Iterator[tuple[str, tuple[Metric, ...], pd.Series | None]]:
    config = found.config
    if config.pre_training is not None:
        yield "pre_training_bias_metrics", config.pre_training, None
    if config.post_training is not None:
        yield "post_training_bias_metrics", config.post_training, found.predicted


def _violation(group: Group, metric: Metric, limit: float) -> dict[str, str] | None:
    sample = group.sample

    def value_of(rows: NDArray[np.int64]) -> float:
        def some(values: Any) -> Any:
            return None if values is None else values[rows]

        features = None if sample.features is None or metric.name != "FT" else sample.features.iloc[rows]
        part = Sample(
            sample.disadvantaged[rows], sample.positive[rows], some(sample.predicted), some(sample.group), features
        )
        try:
            return metric.value(part)
        except Undefined:
            return math.nan

    about = bias_drift.Metric(group.facet, group.value, metric.name, drift.IDEAL.get(metric.name, 0.0))
    return bias_drift.violation(about, limit, value_of, len(sample.positive))


def _biases(found: Analysis) -> Iterator[tuple[str, float, dict[str, str]]]:
    label = {"Label": str(found.dataset.label)}
    for section, stage in (
        ("pre_training_bias_metrics", "Pre-training"),
        ("post_training_bias_metrics", "Post-Training"),
    ):
        content = found.result.get(section, {"facets": {}})
        for facet, entries in content["facets"].items():
            for entry in entries:
                dimensions = {
                    **label,
                    "LabelValue": content["label_value_or_threshold"],
                    "BiasStage": stage,
                    "Facet": facet,
                    "FacetValue": entry["value_or_threshold"],
                }
                for metric in entry["metrics"]:
                    if metric["value"] is not None:
                        value = float(metric["value"])
                        value = math.copysign(_INFINITE, value) if math.isinf(value) else value
                        yield f"bias_metric_{metric['name']}", value, dimensions


def _attributions(found: Analysis) -> Iterator[tuple[str, float, dict[str, str]]]:
    for label, values in found.result["explanations"]["kernel_shap"].items():
        about = {"ExplainabilityMethod": "KernelShap", "Label": label}
        for feature, value in values["global_shap_values"].items():
            yield f"feature_{feature}", value, {**about, "ValueType": "GlobalShapValues"}
        yield "ExpectedValue", values["expected_value"], {**about, "ValueType": "ExpectedValue"}


def _publish(job: Job, metrics: Iterator[tuple[str, float, dict[str, str]]]) -> None:
    folder = job.layout.output / "metrics" / "cloudwatch"
    common = {
        "Endpoint": job.get("sagemaker_endpoint_name"),
        "MonitoringSchedule": job.get("sagemaker_monitoring_schedule_name"),
    }
    for name, value, dimensions in metrics:
        cloudwatch.write(folder, {name: value}, job.get("metric_time"), {**common, **dimensions})
