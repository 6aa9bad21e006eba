"""Metrics that a monitoring container leaves in /opt/ml/output/metrics/cloudwatch, on their way to CloudWatch.

One JSON object a line, nearly as PutMetricData has it; the namespace is the platform's (developer guide,
model-monitor-byoc-cloudwatch). The file is the container's: what is not as it should be is left out.
"""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from .output import read

if TYPE_CHECKING:
    from ..cloudwatch.metrics import Metrics

_FILE = PurePosixPath("output/metrics/cloudwatch/cloudwatch_metrics.jsonl")
_BYTES, _POINTS, _DIMENSIONS = 1 << 20, 500, 30
_SET = {"SampleCount": "count", "Sum": "total", "Minimum": "minimum", "Maximum": "maximum"}


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: a value, or a statistic set."""

    name: str
    at: datetime
    dimensions: dict[str, str]
    value: float = 0.0
    set: dict[str, float] | None = None


def taken(folder: Path) -> list[Point]:
    """The metrics of an instance whose /opt/ml is `folder`."""
    lines = (read(folder, _FILE, _BYTES) or b"").decode("utf-8", "replace").splitlines()
    return [point for point in map(_point, lines[:_POINTS]) if point is not None]


def _point(line: str) -> Point | None:
    try:
        given = json.loads(line)
        name, at = str(given["MetricName"])[:255], datetime.fromisoformat(given["Timestamp"])
        dimensions = {
            str(one["Name"])[:255]: str(one["Value"])[:1024] for one in given.get("Dimensions", [])[:_DIMENSIONS]
        }
        if at.tzinfo is None:
            return None
        if "StatisticValues" in given:
            values = {argument: _number(given["StatisticValues"][member]) for member, argument in _SET.items()}
            return Point(name, at, dimensions, set=values)
        return Point(name, at, dimensions, _number(given["Value"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def publish(metrics: "Metrics", namespace: str, points: list[Point]) -> None:
    """Store what was measured."""
    for point in points:
        if point.set is not None:
            metrics.put_set(namespace, point.dimensions, point.name, at=point.at, **point.set)
        else:
            metrics.put(namespace, point.dimensions, {point.name: point.value}, at=point.at)
