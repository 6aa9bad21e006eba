"""One metric of one unit: a statistic set per minute, kept as CloudWatch keeps it.

Points of a minute are kept for 15 days, then rolled up into five minutes until day 63, then into hours until day 455
(CloudWatch guide, "Metrics retention"); rolling up is done by whole days. A point takes 40 bytes, and 16 for each
different value where there is more than one in its minute (at most distribution.DISTINCT): a week of one metric whose
minutes hold one value or only sums is 0.4 MB, fifteen months of it 2.6 MB.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from .distribution import Distribution, Values

DAY = 86_400
RESOLUTIONS = (60, 300, 3600)  # seconds
_KEPT = {60: 15 * DAY, 300: 63 * DAY, 3600: 455 * DAY}  # resolution → how long, in seconds


class _Tier:
    """Statistic sets of one resolution, ordered by time. `starts` are seconds since the epoch."""

    def __init__(self) -> None:
        self.starts = array("q")
        self._sums = (array("d"), array("d"), array("d"), array("d"))  # count, total, minimum, maximum
        self._values: dict[int, array | None] = {}  # start → values and counts; None: they are not known

    def add(self, start: int, point: Distribution) -> None:
        starts = self.starts
        if not starts or start > starts[-1]:
            place = len(starts)
        else:
            place = len(starts) - 1 if start == starts[-1] else bisect_left(starts, start)
            if starts[place] == start:
                point = self._joined(place, point)
                for column, number in zip(self._sums, _numbers(point), strict=True):
                    column[place] = number
                self._keep(start, point)
                return
        starts.insert(place, start)
        for column, number in zip(self._sums, _numbers(point), strict=True):
            column.insert(place, number)
        self._keep(start, point)

    def _joined(self, place: int, point: Distribution) -> Distribution:
        found = self.at(place)
        found.add(point)
        return found

    def _keep(self, start: int, point: Distribution) -> None:
        if point.values is None:
            self._values[start] = None
        elif len(point.values) > 1:
            flat = array("d", [number for pair in point.values for number in pair])
            self._values[start] = flat
        else:
            self._values.pop(start, None)

    def at(self, place: int, detail: bool = True) -> Distribution:
        """The set at a place; without its values if `detail` is not asked for."""
        count, total, minimum, maximum = (column[place] for column in self._sums)
        values: Values | None = ((minimum, count),)
        if not detail:
            values = None
        elif (start := self.starts[place]) in self._values:
            flat = self._values[start]
            values = None if flat is None else tuple(zip(flat[::2], flat[1::2], strict=True))
        return Distribution(count, total, minimum, maximum, values)

    def summary(self, start: float, end: float) -> tuple[float, float, float, float] | None:
        """Count, total, minimum and maximum of what lies in [start, end); None if nothing does."""
        first = bisect_left(self.starts, start)
        last = bisect_left(self.starts, end, first)
        if first == last:
            return None
        count, total, minimum, maximum = self._sums
        return sum(count[first:last]), sum(total[first:last]), min(minimum[first:last]), max(maximum[first:last])

    def take_before(self, moment: int) -> Iterator[tuple[int, Distribution]]:
        """Remove and return what lies before `moment`."""
        end = bisect_left(self.starts, moment)
        taken = [(self.starts[place], self.at(place)) for place in range(end)]
        for start, _ in taken:
            self._values.pop(start, None)
        for column in (self.starts, *self._sums):
            del column[:end]
        return iter(taken)


class Series:
    """A metric's points of one unit."""

    def __init__(self) -> None:
        self._tiers = {resolution: _Tier() for resolution in RESOLUTIONS}
        self._age_next = 0

    def add(self, at: float, point: Distribution, now: float) -> None:
        """Count `point` in at the minute of `at` (seconds since the epoch)."""
        self.roll_up(now)
        age = now - at
        resolution = next((size for size in RESOLUTIONS if age <= _KEPT[size] + DAY), None)
        if resolution:
            self._tiers[resolution].add(int(at // resolution) * resolution, point)

    def roll_up(self, now: float) -> None:
        """Let points grow old."""
        if now < self._age_next:
            return
        today = int(now // DAY) * DAY
        self._age_next = today + DAY
        for resolution, coarser in zip(RESOLUTIONS, (*RESOLUTIONS[1:], None), strict=True):
            old = self._tiers[resolution].take_before(today - _KEPT[resolution])
            for start, point in old if coarser else ():
                self._tiers[coarser].add(start // coarser * coarser, point)

    def summary(self, start: float, end: float) -> tuple[float, float, float, float] | None:
        """Count, total, minimum and maximum of the minutes in [start, end), of the last 15 days; None if none is."""
        return self._tiers[60].summary(start, end)

    def points(self, start: float, end: float, period: int, detail: bool) -> Iterator[tuple[int, Distribution]]:
        """(start, statistic set) of all that was kept in [start, end), the oldest first.

        What has been rolled up into more than `period` seconds is not found. `detail`: with values, for percentiles.
        """
        for resolution in reversed(RESOLUTIONS):
            if resolution > period:
                continue
            tier = self._tiers[resolution]
            for place in range(bisect_left(tier.starts, start), bisect_left(tier.starts, end)):
                yield tier.starts[place], tier.at(place, detail)

    def newest(self) -> int | None:
        """When the newest point was measured."""
        return max((tier.starts[-1] for tier in self._tiers.values() if tier.starts), default=None)


def _numbers(point: Distribution) -> tuple[float, float, float, float]:
    return point.count, point.total, point.minimum, point.maximum
