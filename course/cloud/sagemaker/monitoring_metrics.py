"""Metrics that a monitoring container leaves in /opt/ml/output/metrics/cloudwatch, on their way to CloudWatch.

One JSON object a line, nearly as PutMetricData has it; the namespace is the platform's (developer guide,
model-monitor-byoc-cloudwatch). The file is the container's: what is not as it should be is left out.
"""

import json
import math
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import CloudError
from .output import read

if TYPE_CHECKING:
    from ..world import World

_FILE = PurePosixPath("output/metrics/cloudwatch/cloudwatch_metrics.jsonl")
_BYTES, _POINTS, _DIMENSIONS = 1 << 20, 500, 30
_SET = ("SampleCount", "Sum", "Minimum", "Maximum")


def taken(folder: Path) -> list[dict[str, Any]]:
    """The metrics of an instance whose /opt/ml is `folder`, as PutMetricData takes them."""
    lines = (read(folder, _FILE, _BYTES) or b"").decode("utf-8", "replace").splitlines()
    return [point for point in map(_point, lines[:_POINTS]) if point is not None]


def _point(line: str) -> dict[str, Any] | None:
    try:
        given = json.loads(line)
        point: dict[str, Any] = {
            "MetricName": str(given["MetricName"])[:255],
            "Timestamp": datetime.fromisoformat(given["Timestamp"]),
            "Dimensions": [
                {"Name": str(one["Name"])[:255], "Value": str(one["Value"])[:1024]}
                for one in given.get("Dimensions", [])[:_DIMENSIONS]
            ],
        }
        if "StatisticValues" in given:
            point["StatisticValues"] = {name: _number(given["StatisticValues"][name]) for name in _SET}
        else:
            point["Value"] = _number(given["Value"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return point


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


async def publish(world: "World", namespace: str, points: list[dict[str, Any]]) -> None:
    """Store points. One that CloudWatch refuses, being too old, is lost, as on AWS."""
    try:
        await world.base.call("cloudwatch", "PutMetricData", Namespace=namespace, MetricData=points)
    except CloudError as error:
        world.log.warning("metrics for %s were refused: %s", namespace, error.message)
