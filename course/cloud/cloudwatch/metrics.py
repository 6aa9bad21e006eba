"""Every metric of a world, kept in memory: `world.metrics`. AWS's own services and PutMetricData both write here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..clock import Clock
from .distribution import Distribution
from .series import DAY, Series

Dimensions = tuple[tuple[str, str], ...]  # (name, value), ascending


@dataclass(slots=True, eq=False)
class Metric:
    """One metric: a namespace, a name and a set of dimensions, with one series per unit."""

    namespace: str
    name: str
    dimensions: Dimensions
    units: dict[str, Series] = field(default_factory=dict)
    reported: float = 0.0  # cloud time at which the last point came
    settled: float = 0.0  # up to here an alarm has looked; what comes for an earlier moment comes late
    late: int = 0  # how many points did

    def add(self, at: float, point: Distribution, unit: str, now: float) -> None:
        series = self.units.get(unit)
        if series is None:
            series = self.units[unit] = Series()
        series.add(at, point, now)
        self.reported = now
        if at < self.settled:
            self.late += 1

    def periods(
        self, start: float, end: float, period: int, now: float, *, unit: str | None = None, detail: bool = False
    ) -> list[tuple[float, Distribution]]:
        """(start of the period, statistic set) of each period in [start, end) that has data, the oldest first.

        start, end, now: seconds since the epoch. period: seconds, a multiple of 60; periods are counted from `start`.
        unit: only what came in this unit. detail: with the values that percentiles need.
        """
        found: dict[float, Distribution] = {}
        for name, series in self.units.items():
            if unit is not None and unit != name:
                continue
            series.roll_up(now)
            for at, point in series.points(start, end, period, detail):
                bucket = start + (at - start) // period * period
                if bucket in found:
                    found[bucket].add(point)
                else:
                    found[bucket] = point
        return sorted(found.items())

    def latest(
        self, end: float, period: int, number: int, now: float, *, unit: str | None = None, detail: bool = False
    ) -> list[Distribution | None]:
        """The last `number` periods before `end`, the oldest first; None where there is no data.

        For alarms, which ask every minute and look back a week at most.
        """
        start = end - period * number
        if detail or len(self.units) != 1 or (unit is not None and unit not in self.units):
            found = dict(self.periods(start, end, period, now, unit=unit, detail=detail))
            return [found.get(start + place * period) for place in range(number)]
        [series] = self.units.values()
        sets = (series.summary(at, at + period) for at in (start + place * period for place in range(number)))
        return [None if told is None else Distribution(*told, None) for told in sets]


class Metrics:
    """The metrics of one world."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._metrics: dict[tuple[str, str, Dimensions], Metric] = {}

    def put(
        self,
        namespace: str,
        dimensions: Mapping[str, str],
        values: Mapping[str, float],
        at: datetime | float | None = None,
        unit: str = "None",
    ) -> None:
        """Store one value each of several metrics with the same dimensions: {metric name: value}.

        at: when it was measured, cloud time (a datetime or seconds since the epoch); None: now.
        """
        for name, value in values.items():
            number = float(value)
            self._add(
                namespace, dimensions, name, at, Distribution(1.0, number, number, number, ((number, 1.0),)), unit
            )

    def put_set(
        self,
        namespace: str,
        dimensions: Mapping[str, str],
        name: str,
        *,
        count: float,
        total: float,
        minimum: float,
        maximum: float,
        at: datetime | float | None = None,
        values: Mapping[float, float] | None = None,
        unit: str = "None",
    ) -> None:
        """Store what was measured `count` times, in a statistic set.

        values: how often each value came ({value: times}); without them there are no percentiles, unless all are
        equal. They decide over the other four.
        """
        point = Distribution.of(values) if values else Distribution.of_set(count, total, minimum, maximum)
        self._add(namespace, dimensions, name, at, point, unit)

    def _add(
        self,
        namespace: str,
        dimensions: Mapping[str, str],
        name: str,
        at: datetime | float | None,
        point: Distribution,
        unit: str,
    ) -> None:
        metric = self.metric(namespace, name, dimensions)
        now = self._clock.time()
        moment = now if at is None else at.timestamp() if isinstance(at, datetime) else at
        metric.add(moment, point, unit, now)

    def metric(self, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
        """The metric of these dimensions; made, if there is none. For who adds a point each minute."""
        key = (namespace, name, tuple(sorted(dimensions.items())))
        metric = self._metrics.get(key)
        if metric is None:
            metric = self._metrics[key] = Metric(*key)
        return metric

    def find(self, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric | None:
        """The metric with exactly these dimensions: CloudWatch adds nothing up over dimensions."""
        return self._metrics.get((namespace, name, tuple(sorted(dimensions.items()))))

    def recent(self, days: float = 14) -> Iterator[Metric]:
        """Metrics that got data in the last days, in the order in which they came to be."""
        since = self._clock.time() - days * DAY
        return (metric for metric in list(self._metrics.values()) if metric.reported >= since)
