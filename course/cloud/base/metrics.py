"""CloudWatch's storage: which points it takes, and how long it keeps them."""

import time
from typing import Any

from .ministack import cloudwatch

_DAY = 86_400.0  # seconds
_store_metrics = cloudwatch._put_metric_data


def forget_metrics() -> None:
    for key, points in list(cloudwatch._metrics.items()):
        cloudwatch._metrics[key] = [point for point in points if point["Timestamp"] > time.time() - 455 * _DAY]
        if not cloudwatch._metrics[key]:
            del cloudwatch._metrics[key]


def put_metrics(parameters: Any, document: Any, is_cbor: bool, is_json: bool = False) -> Any:
    for number, point in enumerate((document or {}).get("MetricData", []), 1):
        ahead = (cloudwatch._parse_ts(point.get("Timestamp")) or time.time()) - time.time()
        if not -14 * _DAY <= ahead <= _DAY / 12:
            limit = "two weeks in the past" if ahead < 0 else "two hours in the future"
            message = f"The parameter MetricData.member.{number}.Timestamp must specify a time no more than {limit}."
            return cloudwatch._error("InvalidParameterValue", message, 400, use_json=is_json, use_cbor=is_cbor)
    return _store_metrics(parameters, document, is_cbor, is_json)
