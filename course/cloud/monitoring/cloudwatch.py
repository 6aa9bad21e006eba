"""The metrics file of a monitoring job: one CloudWatch metric a line (model-monitor-byoc-cloudwatch).

The container names metric, time, dimensions and value; the namespace is the platform's. Names of the data-quality
monitor (model-monitor-interpreting-cloudwatch): feature_data_F, a statistic set of the numbers; feature_non_null_F,
the share of rows with a value; feature_baseline_drift_F, the distance to the baseline. Of the model-quality monitor:
the metrics' own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course.cloud.monitoring.constraints import checks_of
from course.cloud.monitoring.statistics import Profile

FILE = "cloudwatch_metrics.jsonl"


def data_quality(
    live: Profile, constraints: Mapping[str, Any], distances: Mapping[str, float]
) -> dict[str, float | dict[str, float]]:
    """The metrics of a window by name: a value or a statistic set. Features with emit_metrics Disabled have none."""
    features = {feature["name"]: feature for feature in constraints.get("features", [])}
    metrics: dict[str, float | dict[str, float]] = {}
    for name, column in live.columns.items():
        if not checks_of(constraints, features.get(name)).emit_metrics:
            continue
        if column.type in ("Integral", "Fractional"):
            metrics[f"feature_data_{name}"] = {
                "SampleCount": float(column.present),
                "Sum": column.total,
                "Minimum": column.least,
                "Maximum": column.most,
            }
        metrics[f"feature_non_null_{name}"] = column.completeness
        if name in distances:
            metrics[f"feature_baseline_drift_{name}"] = distances[name]
    return metrics


def write(
    folder: Path,
    metrics: Mapping[str, float | Mapping[str, float]],
    time: str,
    dimensions: Mapping[str, str],
) -> None:
    """Add to the metrics file. time: ISO 8601, UTC. dimensions: name → value, those without a value left out."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items() if value]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        for name, value in metrics.items():
            what = {"StatisticValues": dict(value)} if isinstance(value, Mapping) else {"Value": value}
            file.write(json.dumps({"MetricName": name, "Timestamp": time, "Dimensions": named, **what}) + "\n")
