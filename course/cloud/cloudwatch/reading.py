"""What is asked of metrics: GetMetricData, GetMetricStatistics, ListMetrics."""

from datetime import UTC, datetime
from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from ..store import page
from . import statistics
from .alarm import check_period
from .errors import InvalidCombination, InvalidToken, InvalidValue, MissingParameter
from .metrics import Metric
from .queries import Found, Queries
from .series import DAY

_MOST_DATAPOINTS, _MOST_STATISTICS, _LISTED = 100_800, 1440, 500


def part(items: list[Any], size: int, token: str | None) -> tuple[list[Any], str | None]:
    """One page of a listing and the token of the next. Raises InvalidToken."""
    try:
        return page(items, size, token)
    except ValidationFailed:
        raise InvalidToken("The next token specified is invalid.") from None


def span(call: Call) -> tuple[float, float]:
    """StartTime, rounded down as AWS does it, and EndTime, in seconds since the epoch."""
    start, end = (call.parameters[name].timestamp() for name in ("StartTime", "EndTime"))
    if start >= end:
        raise InvalidValue("The parameter StartTime must be less than the parameter EndTime.")
    age = call.world.clock.time() - start
    step = 60 if age < 15 * DAY else 300 if age < 63 * DAY else 3600
    return start // step * step, end


@operation(
    "cloudwatch",
    "GetMetricData",
    uses=("MetricDataQueries", "StartTime", "EndTime", "NextToken", "ScanBy", "MaxDatapoints"),
    refuses=("LabelOptions",),
)
async def get_metric_data(call: Call) -> dict[str, Any]:
    """Statistics of metrics and expressions over them, the newest first unless ScanBy says otherwise."""
    p, world = call.parameters, call.world
    try:
        start, end = span(call)
    except InvalidValue as error:
        raise ValidationFailed(error.message) from None
    most = p.get("MaxDatapoints", _MOST_DATAPOINTS)
    if not 0 < most <= _MOST_DATAPOINTS:
        raise ValidationFailed(f"The parameter MaxDatapoints must be between 1 and {_MOST_DATAPOINTS}.")
    queries = Queries(p["MetricDataQueries"], check_period)
    names = [query["Id"] for query in p["MetricDataQueries"] if query.get("ReturnData", True)]
    found = queries.results(world.metrics, start, end, world.clock.time(), names)
    newest_first = p.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    points = [(result, at) for result in found for at in sorted(result.series, reverse=newest_first)]
    chunk, token = part(points, most, p.get("NextToken"))
    shown = found if len(points) == len(chunk) else list(dict.fromkeys(result for result, _ in chunk))
    return {
        "MetricDataResults": [
            _result(result, [at for each, at in chunk if each is result], points) for result in shown
        ],
        "Messages": [],
        "NextToken": token,
    }


def _result(result: Found, times: list[float], points: list[tuple[Found, float]]) -> dict[str, Any]:
    """One result of a page. It is complete where the page holds its last datapoint."""
    is_partial = bool(times) and next(at for each, at in reversed(points) if each is result) != times[-1]
    return {
        "Id": result.id,
        "Label": result.label,
        "Timestamps": [datetime.fromtimestamp(at, UTC) for at in times],
        "Values": [float(result.series[at]) for at in times],
        "StatusCode": "PartialData" if is_partial else "Complete",
    }


@operation(
    "cloudwatch",
    "GetMetricStatistics",
    uses=(
        *("Namespace", "MetricName", "Dimensions", "StartTime", "EndTime", "Period"),
        *("Statistics", "ExtendedStatistics", "Unit"),
    ),
)
async def get_metric_statistics(call: Call) -> dict[str, Any]:
    """Statistics of one metric, at most 1,440 datapoints, the oldest first; units apart."""
    p, world = call.parameters, call.world
    simple, extended = p.get("Statistics", []), p.get("ExtendedStatistics", [])
    if not simple and not extended:
        raise MissingParameter("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
    for name in extended:
        if name in statistics.SIMPLE:
            raise InvalidValue(f"The value {name} for parameter ExtendedStatistics is not supported.")
    readers = {name: statistics.read(name) for name in (*simple, *extended)}
    check_period(p["Period"])
    start, end = span(call)
    if (asked := int((end - start) // p["Period"])) > _MOST_STATISTICS:
        raise InvalidCombination(
            f"You have requested up to {asked:,} datapoints, which exceeds the limit of {_MOST_STATISTICS:,}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    dimensions = {each["Name"]: each["Value"] for each in p.get("Dimensions", ())}
    metric = world.metrics.find(p["Namespace"], p["MetricName"], dimensions)
    units = [] if metric is None else [unit for unit in metric.units if p.get("Unit", unit) == unit]
    points = []
    for unit in units:
        periods = metric.periods(start, end, p["Period"], world.clock.time(), unit=unit, detail=bool(extended))
        for at, point in periods:
            told: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": unit}
            told |= {name: readers[name](point) for name in simple}
            more = {name: value for name in extended if (value := readers[name](point)) is not None}
            if more:
                told["ExtendedStatistics"] = more
            points.append(told)
    return {"Label": p["MetricName"], "Datapoints": sorted(points, key=lambda point: point["Timestamp"])}


@operation(
    "cloudwatch",
    "ListMetrics",
    uses=("Namespace", "MetricName", "Dimensions", "NextToken", "RecentlyActive"),
    no_effect=("IncludeLinkedAccounts",),
    refuses=("OwningAccount",),
)
async def list_metrics(call: Call) -> dict[str, Any]:
    """Metrics that got data within two weeks (RecentlyActive PT3H: three hours), at once after the first point."""
    p = call.parameters
    found = call.world.metrics.recent(3 / 24 if p.get("RecentlyActive") else 14)
    listed = [metric for metric in found if _is_asked_for(metric, p)]
    chunk, token = part(listed, _LISTED, p.get("NextToken"))
    told = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        }
        for metric in chunk
    ]
    return {"Metrics": told, "NextToken": token}


def _is_asked_for(metric: Metric, p: dict[str, Any]) -> bool:
    if p.get("Namespace", metric.namespace) != metric.namespace or p.get("MetricName", metric.name) != metric.name:
        return False
    has = dict(metric.dimensions)
    return all(
        each["Name"] in has and each.get("Value", has[each["Name"]]) == has[each["Name"]]
        for each in p.get("Dimensions", ())
    )
