"""PutMetricData: points from outside, checked as AWS checks them. Nothing is stored of a request that is refused."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ..operations import Call, operation
from .errors import InvalidCombination, InvalidValue, MissingParameter
from .series import DAY

_MOST_DATA, _MOST_VALUES = 1000, 150
_LARGEST = 2.0**360
_KINDS = ("Value", "StatisticValues", "Values")


@operation(
    "cloudwatch",
    "PutMetricData",
    uses=("Namespace", "MetricData"),
    no_effect=("StrictEntityValidation",),
    refuses=("EntityMetricData",),
    context=lambda call: {"cloudwatch:namespace": call.parameters.get("Namespace", "")},
)
async def put_metric_data(call: Call) -> dict[str, Any]:
    """Store points by the minute; StorageResolution 1 is taken, and kept by the minute as well."""
    namespace, data = call.parameters["Namespace"], call.parameters.get("MetricData", [])
    if not data:
        raise MissingParameter("The parameter MetricData is required.")
    if len(data) > _MOST_DATA:
        raise InvalidValue(f"The collection MetricData must not have a size greater than {_MOST_DATA}.")
    if namespace.startswith("AWS/"):
        raise InvalidValue("The value AWS/ for parameter Namespace is invalid.")
    now = call.world.clock.time()
    points = [_point(call, f"MetricData.member.{number}", datum, now) for number, datum in enumerate(data, 1)]
    for put in points:
        put()
    return {}


def _point(call: Call, path: str, datum: dict[str, Any], now: float) -> Callable[[], None]:
    """What stores a datum. Raises what is wrong with it."""
    given = [name for name in _KINDS if name in datum]
    if not given:
        raise MissingParameter(f"The parameter {path}.Value is required.")
    if len(given) > 1:
        raise InvalidCombination(
            f"The parameters {path}.{given[0]} and {path}.{given[1]} are mutually exclusive "
            "and you have specified both."
        )
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise InvalidValue(f"The parameter {path}.StorageResolution must be 1 or 60.")
    at = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if not -14 * DAY <= at - now <= DAY / 12:
        limit = "two weeks in the past" if at < now else "two hours in the future"
        raise InvalidValue(f"The parameter {path}.Timestamp must specify a time no more than {limit}.")
    metrics = call.world.metrics
    namespace, name, unit = call.parameters["Namespace"], datum["MetricName"], datum.get("Unit", "None")
    dimensions = {each["Name"]: each["Value"] for each in datum.get("Dimensions", ())}
    if "Value" in datum:
        value = _number(datum["Value"], f"{path}.Value")
        return partial(metrics.put, namespace, dimensions, {name: value}, at, unit)
    told = _set(datum["StatisticValues"], path) if "StatisticValues" in datum else _values(datum, path)
    return partial(metrics.put_set, namespace, dimensions, name, at=at, unit=unit, **told)


def _set(told: dict[str, float], path: str) -> dict[str, float]:
    numbers = {member: _number(value, f"{path}.StatisticValues.{member}") for member, value in told.items()}
    if numbers["SampleCount"] <= 0:
        raise InvalidValue(f"The parameter {path}.StatisticValues.SampleCount must be greater than 0.")
    if numbers["Minimum"] > numbers["Maximum"]:
        raise InvalidValue(
            f"The parameter {path}.StatisticValues.Maximum must be greater than {path}.StatisticValues.Minimum."
        )
    members = {"count": "SampleCount", "total": "Sum", "minimum": "Minimum", "maximum": "Maximum"}
    return {name: numbers[member] for name, member in members.items()}


def _values(datum: dict[str, Any], path: str) -> dict[str, Any]:
    values = [_number(value, f"{path}.Values.member.{number}") for number, value in enumerate(datum["Values"], 1)]
    counts = datum.get("Counts", [1.0] * len(values))
    if not 0 < len(values) <= _MOST_VALUES:
        raise InvalidValue(f"The parameter {path}.Values must have between 1 and {_MOST_VALUES} members.")
    if len(values) != len(counts):
        raise InvalidValue(f"The parameters {path}.Values and {path}.Counts must be of the same size.")
    weights: dict[float, float] = {}
    for number, (value, count) in enumerate(zip(values, counts, strict=True), 1):
        if _number(count, f"{path}.Counts.member.{number}") <= 0:
            raise InvalidValue(f"The parameter {path}.Counts.member.{number} must be greater than 0.")
        weights[value] = weights.get(value, 0.0) + count
    return {"count": 0, "total": 0, "minimum": 0, "maximum": 0, "values": weights}


def _number(value: float, path: str) -> float:
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise InvalidValue(f"The value {value} for parameter {path} is invalid.")
    return float(value)
