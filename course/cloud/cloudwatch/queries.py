"""MetricDataQueries: metrics and expressions over them, of GetMetricData and of alarms on Metrics."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import NotSupported, ValidationFailed
from . import metric_math, statistics
from .metric_math import Context, Series
from .metrics import Metrics

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_MOST = 500


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One result: the Id of its query, its label, its values by the start of their period."""

    id: str
    label: str
    series: Series


class Queries:
    """Queries that were checked: their Ids, their parts, and that each refers to what there is."""

    def __init__(self, queries: list[dict[str, Any]], check_period: Any):
        self._queries = {query["Id"]: query for query in queries}
        self._nodes: dict[str, metric_math.Node] = {}
        if len(queries) > _MOST:
            raise ValidationFailed(f"The collection MetricDataQueries must not have a size greater than {_MOST}.")
        if len(self._queries) < len(queries):
            raise ValidationFailed("The values for parameter id in MetricDataQueries are not unique.")
        for number, query in enumerate(queries, 1):
            self._check(query, f"MetricDataQueries.member.{number}", check_period)
        for name in self._nodes:
            self._follow(name, ())

    def _check(self, query: dict[str, Any], path: str, check_period: Any) -> None:
        if not _ID.fullmatch(query["Id"]):
            raise ValidationFailed(
                f'The value "{query["Id"]}" for parameter {path}.Id is not matching the expected pattern '
                "^[a-z][a-zA-Z0-9_]*$."
            )
        if bool(query.get("MetricStat")) == bool(query.get("Expression")):
            raise ValidationFailed(f"Exactly one of {path}.MetricStat and {path}.Expression must be specified.")
        if "${" in query.get("Label", ""):
            raise NotSupported("This cloud does not support dynamic labels (${...}) yet.")
        if query.get("AccountId"):
            raise NotSupported("This cloud does not support the parameter AccountId of a metric data query yet.")
        if stat := query.get("MetricStat"):
            for member in ("Namespace", "MetricName"):
                if not stat["Metric"].get(member):
                    raise ValidationFailed(f"The parameter {path}.MetricStat.Metric.{member} is required.")
            check_period(stat["Period"])
            statistics.read(stat["Stat"])
        else:
            if query["Expression"].lstrip().upper().startswith("SELECT "):
                raise NotSupported("This cloud does not support Metrics Insights queries (SELECT) yet.")
            self._nodes[query["Id"]] = metric_math.parse(query["Expression"])

    def _follow(self, name: str, way: tuple[str, ...]) -> None:
        """Raise if an expression refers to what is not there, or to itself."""
        if name in way:
            raise ValidationFailed(f"Error in expression '{name}': it refers to itself.")
        if name not in self._queries:
            raise ValidationFailed(f"Error in expression '{way[-1]}': the Id '{name}' does not exist.")
        if name in self._nodes:
            for other in metric_math.names(self._nodes[name]) - {"REPEAT", "LINEAR"}:
                self._follow(other, (*way, name))

    def period(self, name: str) -> int:
        """Seconds: a metric's own period; of an expression its Period, or the longest of what it is made from."""
        query = self._queries[name]
        if "MetricStat" in query:
            return query["MetricStat"]["Period"]
        if "Period" in query:
            return query["Period"]
        parts = metric_math.names(self._nodes[name]) - {"REPEAT", "LINEAR"} or {
            other for other, each in self._queries.items() if "MetricStat" in each
        }
        return max((self.period(part) for part in parts), default=60)

    def results(self, metrics: Metrics, start: float, end: float, now: float, names: Iterable[str]) -> list[Found]:
        """What each of `names` comes to in [start, end), seconds since the epoch."""
        known: dict[str, Any] = {}

        def value(name: str) -> Any:
            if name not in known:
                known[name] = series(name) if name not in self._nodes else expression(name)
            return known[name]

        def series(name: str) -> Series:
            return read(metrics, self._queries[name]["MetricStat"], start, end, now)

        def every() -> dict[str, Series]:
            return {name: value(name) for name, query in self._queries.items() if "MetricStat" in query}

        def expression(name: str) -> Any:
            period = self.period(name)
            times = tuple(start + step * period for step in range(int((min(end, now) - start - 1e-9) // period) + 1))
            context = Context(value, every, self.period, times if end > start else ())
            return metric_math.evaluate(self._nodes[name], context)

        return [found for name in names for found in self._found(name, value(name))]

    def _found(self, name: str, value: Any) -> list[Found]:
        query = self._queries[name]
        label = query.get("Label") or (query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else name)
        if isinstance(value, dict):
            return [Found(name, label, value)]
        if isinstance(value, list):
            return [Found(name, f"{label} {number}", each) for number, each in enumerate(value, 1)]
        raise ValidationFailed(
            f"Error in expression '{name}': the result of an expression must be a time series, not a single number."
        )


def read(metrics: Metrics, stat: Mapping[str, Any], start: float, end: float, now: float) -> Series:
    """One statistic of one metric by the start of its periods. stat: as MetricStat."""
    asked = stat["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in asked.get("Dimensions", ())}
    metric = metrics.find(asked["Namespace"], asked["MetricName"], dimensions)
    if metric is None:
        return {}
    number, detail = statistics.read(stat["Stat"]), statistics.needs_values(stat["Stat"])
    periods = partial(metric.periods, start, end, stat["Period"], now, unit=stat.get("Unit"), detail=detail)
    return {at: value for at, point in periods() if (value := number(point)) is not None}
