"""The datapoints that an alarm looks at: those of the last periods before a full minute, asked for every minute."""

from typing import TYPE_CHECKING

from . import statistics
from .alarm import Alarm, Datapoint, check_period
from .evaluation import evaluation_range
from .queries import Queries

if TYPE_CHECKING:
    from .metrics import Metrics

_MINUTE = 60


class MetricWindow:
    """The evaluation range of an alarm on one metric.

    Where nothing came late, the datapoints of a minute ago count on, and only the newest is read.
    """

    def __init__(self, alarm: Alarm, metrics: "Metrics"):
        p = alarm.parameters
        self._find = lambda: metrics.find(p["Namespace"], p["MetricName"], alarm.dimensions)
        self._metric = self._find()
        self._number, self._period, self._unit = evaluation_range(alarm.periods), alarm.period, p.get("Unit")
        self._read, self._detail = statistics.read(alarm.statistic), statistics.needs_values(alarm.statistic)
        self._points: list[Datapoint | None] = []
        self._end, self._changes = 0.0, -1

    def at(self, end: float, now: float) -> list[Datapoint | None]:
        """The evaluation range that ends at `end`, the oldest first."""
        metric = self._metric
        if metric is None:
            metric = self._metric = self._find()
        if metric is None:
            return [None] * self._number
        known = self._period == _MINUTE and end == self._end + _MINUTE and metric.late == self._changes
        new = 1 if known else self._number
        told = metric.latest(end, self._period, new, now, unit=self._unit, detail=self._detail)
        points = self._points[new:] if known else []
        for place, point in enumerate(told, -new):
            value = None if point is None else self._read(point)
            start = end + place * self._period
            points.append(None if value is None else Datapoint(start, value, point.count))
        self._points, self._end, self._changes = points, end, metric.late
        metric.settled = max(metric.settled, end)
        return points


class ExpressionWindow:
    """The evaluation range of an alarm on Metrics."""

    def __init__(self, alarm: Alarm, metrics: "Metrics"):
        self._queries, self._metrics = Queries(alarm.parameters["Metrics"], check_period), metrics
        self._watched = alarm.returns
        self._number, self._period = evaluation_range(alarm.periods), self._queries.period(self._watched)

    def at(self, end: float, now: float) -> list[Datapoint | None]:
        """The evaluation range that ends at `end`, the oldest first."""
        start = end - self._number * self._period
        found = self._queries.results(self._metrics, start, end, end, [self._watched])
        series = found[0].series if found else {}
        times = (start + place * self._period for place in range(self._number))
        return [Datapoint(at, series[at]) if at in series else None for at in times]


def window(alarm: Alarm, metrics: "Metrics") -> MetricWindow | ExpressionWindow:
    return MetricWindow(alarm, metrics) if alarm.statistic else ExpressionWindow(alarm, metrics)
