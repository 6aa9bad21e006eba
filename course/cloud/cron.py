"""AWS's schedule expressions: `cron(…)` with six fields, `rate(…)` and `at(…)`.

The fields are minutes, hours, day of month, month, day of week (SUN is 1) and year. One of the two days must be `?`.
Beside lists, ranges and steps there are L (last), W (nearest weekday) and # (the n-th such day of the month).
Source: the EventBridge user guide, "Cron expressions reference"; what happens when clocks change is as EventBridge
Scheduler documents it: a time that a day does not have is left out, one that it has twice counts once.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def next_after(expression: str, moment: datetime, timezone: str = "UTC") -> datetime | None:
    """The first moment after `moment` (aware) that the expression means in that zone, in UTC; None if there is none.

    A rate counts from `moment`: it is due one period later. Raises ValueError for what is no schedule or no zone.
    """
    schedule = parse(expression)
    zone = zone_of(timezone)
    if isinstance(schedule, timedelta):
        return (moment + schedule).astimezone(UTC)
    if isinstance(schedule, datetime):
        due = schedule.replace(tzinfo=zone).astimezone(UTC)
        return due if due > moment else None
    return next(schedule.after(moment, zone), None)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (OSError, LookupError, ValueError):  # a key that is a folder is an OSError
        raise ValueError(f"There is no time zone {name}.") from None


@lru_cache(maxsize=256)
def parse(expression: str) -> "Cron | timedelta | datetime":
    """What an expression means: a Cron, a rate's period, or the wall-clock time of `at`. Raises ValueError."""
    found = re.fullmatch(r"(cron|rate|at)\((.+)\)", expression.strip())
    if found is None:
        raise ValueError(f"{expression} is not cron(…), rate(…) or at(…).")
    kind, inside = found.groups()
    if kind == "cron":
        return Cron.of(inside)
    if kind == "at":
        try:
            return datetime.strptime(inside, "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            raise ValueError(f"{inside} is not of the form yyyy-mm-ddThh:mm:ss.") from None
    rate = re.fullmatch(r"([1-9]\d*) (minute|hour|day)(s?)", inside)
    if rate is None or (rate[1] == "1") == bool(rate[3]) or len(rate[1]) > 6:
        raise ValueError(f"{inside} is not a rate such as 1 hour or 5 minutes.")
    return timedelta(seconds=int(rate[1]) * _SECONDS[rate[2]])


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression, read. The two fields for days stay text: which days they mean depends on the month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day_of_month: str
    months: tuple[int, ...]
    day_of_week: str
    years: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "Cron":
        """Read the six fields. Raises ValueError."""
        fields = text.upper().split()
        if len(fields) != 6:
            raise ValueError(f"cron({text}) has {len(fields)} fields; there must be six.")
        minutes, hours, of_month, months, of_week, years = fields
        if (of_month == "?") == (of_week == "?"):
            raise ValueError(f"Exactly one of day of month and day of week must be ? in cron({text}).")
        cron = cls(
            _values(minutes, 0, 59),
            _values(hours, 0, 23),
            of_month,
            _values(months, 1, 12, _MONTHS),
            of_week,
            _values(years, _FIRST_YEAR, _LAST_YEAR),
        )
        cron._days(2024, 1)  # a field that makes no sense says so now
        return cron

    def after(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Every due moment after `moment`, in UTC."""
        start = moment.astimezone(zone).date()
        for year, month in ((y, m) for y in self.years for m in self.months):
            if (year, month) < (start.year, start.month):
                continue
            for day in self._days(year, month):
                if date(year, month, day) >= start:
                    yield from (due for due in self._times(date(year, month, day), zone) if due > moment)

    def _times(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime.combine(day, time(hour, minute), zone)
                due = wall.astimezone(UTC)
                if due.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                    yield due

    def _days(self, year: int, month: int) -> list[int]:
        """The days of a month that the expression means."""
        last = calendar.monthrange(year, month)[1]
        field, of = (self.day_of_month, _day_of_month) if self.day_of_week == "?" else (self.day_of_week, _day_of_week)
        return sorted({day for part in field.split(",") for day in of(part, year, month, last)})


def _day_of_month(part: str, year: int, month: int, last: int) -> list[int]:
    if part == "L":
        return [last]
    if found := re.fullmatch(r"(\d{1,2}|L)W", part):
        wanted = last if found[1] == "L" else _number(found[1], 1, 31, {})
        if wanted > last:
            return []
        weekday = calendar.weekday(year, month, wanted)
        if weekday == 5:  # Saturday: the Friday before, unless that is another month
            wanted += -1 if wanted > 1 else 2
        elif weekday == 6:
            wanted += 1 if wanted < last else -2
        return [wanted]
    return [day for day in _values(part, 1, 31) if day <= last]


def _day_of_week(part: str, year: int, month: int, last: int) -> list[int]:
    of_day = {
        n: [d for d in range(1, last + 1) if (calendar.weekday(year, month, d) + 1) % 7 + 1 == n] for n in range(1, 8)
    }
    if part == "L":
        return of_day[7]
    if found := re.fullmatch(r"(\w+)L", part):
        return of_day[_number(found[1], 1, 7, _DAYS)][-1:]
    if found := re.fullmatch(r"(\w+)#([1-5])", part):
        nth = int(found[2])
        return of_day[_number(found[1], 1, 7, _DAYS)][nth - 1 : nth]
    return [day for wanted in _values(part, 1, 7, _DAYS) for day in of_day[wanted]]


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    """The numbers that a field of lists, ranges and steps means. A range may be in brackets and may wrap around."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.removeprefix("[").replace("]", "").partition("/")
        every = _number(step, 1, high, {}) if slash else 1
        first, dash, second = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(first, low, high, names or {})
            end = _number(second, low, high, names or {}) if dash else (high if slash else start)
        width = high - low + 1
        length = (end - start) % width
        found |= {(start - low + offset) % width + low for offset in range(0, length + 1, every)}
    return tuple(sorted(found))


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(text, int(text) if re.fullmatch(r"\d{1,4}", text) else -1)
    if not low <= number <= high:
        raise ValueError(f"{text or 'nothing'} is not between {low} and {high}.")
    return number
