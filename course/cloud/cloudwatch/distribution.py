"""What was measured in one period: a statistic set, and the values that percentiles are read from.

Up to DISTINCT different values are kept as they came. Beyond that they are gathered in buckets 1 % wide (2 %, 4 % …
until they fit), so a percentile is off by half a bucket at most. A set that was published without its values, and
whose values differ, has no percentiles, as on AWS ("Percentiles" in the CloudWatch guide).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DISTINCT = 150  # as many as one datum of PutMetricData may carry

Values = tuple[tuple[float, float], ...]  # (value, how often), ascending


@dataclass(slots=True)
class Distribution:
    """A statistic set. `values` is None where percentiles cannot be known."""

    count: float
    total: float
    minimum: float
    maximum: float
    values: Values | None

    @classmethod
    def of(cls, values: Mapping[float, float]) -> "Distribution":
        """The set of `values`: how often each was measured. At least one."""
        ordered = tuple(sorted(values.items()))
        return cls(
            sum(times for _, times in ordered),
            sum(value * times for value, times in ordered),
            ordered[0][0],
            ordered[-1][0],
            bounded(ordered),
        )

    @classmethod
    def of_set(cls, count: float, total: float, minimum: float, maximum: float) -> "Distribution":
        """A set whose values nobody told; where they are all the same, they are known."""
        same = ((minimum, count),) if minimum == maximum else None
        return cls(count, total, minimum, maximum, same)

    def add(self, other: "Distribution") -> None:
        self.count += other.count
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if self.values is None or other.values is None:
            self.values = None
        else:
            merged = dict(self.values)
            for value, times in other.values:
                merged[value] = merged.get(value, 0.0) + times
            self.values = bounded(sorted(merged.items()))

    def share_below(self, percent: float) -> float | None:
        """The value that `percent` of the measurements do not exceed; None if it cannot be known.

        AWS gives no percentile where a value is negative.
        """
        if self.values is None or self.minimum < 0:
            return None
        wanted, seen = self.count * percent / 100, 0.0
        for value, times in self.values:
            seen += times
            if seen >= wanted - 1e-9:
                return value
        return self.maximum

    def trimmed(self, low: float, high: float) -> float | None:
        """The mean of what lies between two percentiles; None if it cannot be known."""
        if self.values is None or self.minimum < 0:
            return None
        start, end = self.count * low / 100, self.count * high / 100
        seen = total = taken = 0.0
        for value, times in self.values:
            inside = min(seen + times, end) - max(seen, start)
            if inside > 0:
                total += value * inside
                taken += inside
            seen += times
        return total / taken if taken else None


def bounded(values: Iterable[tuple[float, float]]) -> Values:
    """At most DISTINCT values: as they are, or gathered in buckets."""
    found, width = tuple(values), 0.01
    while len(found) > DISTINCT:
        found, width = _gathered(found, width), width * 2
    return found


def _gathered(values: Values, width: float) -> Values:
    """Values in logarithmic buckets, each shown by the mean of what fell into it."""
    step = math.log1p(width)
    buckets: dict[tuple[int, int], list[float]] = {}
    for value, times in values:
        sign = (value > 0) - (value < 0)
        bucket = buckets.setdefault((sign, sign * math.floor(math.log(abs(value)) / step) if sign else 0), [0.0, 0.0])
        bucket[0] += value * times
        bucket[1] += times
    return tuple(sorted((total / times, times) for total, times in buckets.values()))
