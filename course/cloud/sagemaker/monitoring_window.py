"""When a monitoring schedule is due, and which time each of its executions analyses.

Sources: API reference, ScheduleConfig (the expressions, the offsets of the analysis, at most 24 hours apart) and
EndpointInput; developer guide, model-monitor-model-quality-schedule (offsets count from the scheduled time: with -P8D
and -P1D, the execution of the 9th at 13:00 analyses from the 1st at 13:00 to the 8th at 13:00).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import cron
from ..errors import ValidationFailed

NOW = "NOW"
HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_CRON = re.compile(r"cron\(0 (?:(?P<every>\*)|(?P<hour>[01]?\d|2[0-3])(?:/(?P<step>[1-9]|1\d|2[0-4]))?) \? \* \* \*\)")
_OFFSET = re.compile(r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T?(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every `hours` hours, at hour `first` among others; hours 0: once, now."""

    hours: int
    first: int = 0

    @classmethod
    def read(cls, expression: str) -> "Rhythm":
        """From a ScheduleExpression. Raises ValidationFailed."""
        if expression == NOW:
            return cls(0)
        found = _CRON.fullmatch(expression)
        if found is None:
            raise ValidationFailed(
                f"Invalid schedule expression {expression}. Supported are cron(0 * ? * * *) (hourly), "
                "cron(0 [00-23] ? * * *) (daily), cron(0 [00-23]/[01-24] ? * * *) and NOW."
            )
        if found["every"]:
            return cls(1)
        return cls(int(found["step"] or 24), int(found["hour"]))

    @property
    def period(self) -> timedelta:
        """How long one execution's own window is; the time between two of them, but for steps that do not divide a
        day."""
        return self.hours * HOUR

    def after(self, moment: datetime) -> datetime:
        """The next time that is due, on the hour. "Every 12 hours, starting at 17:00" is due at 05:00 too."""
        hours = f"{self.first % self.hours}/{self.hours}" if self.hours < 24 else str(self.first)
        due = cron.next_after(f"cron(0 {hours} * * ? *)", moment)
        assert due is not None  # there is always a next day
        return due


@dataclass(frozen=True, slots=True)
class Window:
    """What is analysed: start ≤ inferenceTime < end."""

    start: datetime
    end: datetime

    def hours(self) -> list[datetime]:
        """The hours that it touches, each by its beginning."""
        hour = self.start.replace(minute=0, second=0, microsecond=0)
        found = []
        while hour < self.end:
            found.append(hour)
            hour += HOUR
        return found

    def until(self, end: datetime) -> "Window":
        """The same, with another end: labels of what happened in it may come as late as that."""
        return Window(self.start, max(end, self.end))


def window(scheduled: datetime, rhythm: Rhythm, schedule: dict[str, Any], source: dict[str, Any]) -> Window:
    """What the execution that is due at `scheduled` analyses.

    schedule: ScheduleConfig, whose offsets go before those of the definition's EndpointInput or BatchTransformInput.
    Without any it is the period before.
    """
    start = offset("DataAnalysisStartTime", schedule.get("DataAnalysisStartTime"))
    end = offset("DataAnalysisEndTime", schedule.get("DataAnalysisEndTime"))
    if start is None and end is None:
        start, end = (offset(name, source.get(name)) for name in ("StartTimeOffset", "EndTimeOffset"))
    start = -rhythm.period if start is None else start
    return Window(scheduled + start, scheduled + (end or timedelta()))


def check(schedule: dict[str, Any], rhythm: Rhythm, source: dict[str, Any]) -> None:
    """Refuse offsets that make no window. Raises ValidationFailed."""
    given = [name for name in ("DataAnalysisStartTime", "DataAnalysisEndTime") if schedule.get(name)]
    if not rhythm.hours and len(given) < 2:
        raise ValidationFailed(
            "DataAnalysisStartTime and DataAnalysisEndTime are required when ScheduleExpression is NOW."
        )
    moment = datetime(2000, 1, 2, tzinfo=UTC)
    found = window(moment, rhythm, schedule, source)
    if found.start >= found.end:
        raise ValidationFailed("The start of the data analysis must lie before its end.")
    if given and found.end - found.start > _DAY:
        raise ValidationFailed("DataAnalysisStartTime must not precede DataAnalysisEndTime by more than 24 hours.")


def offset(member: str, text: str | None) -> timedelta | None:
    """An ISO 8601 duration that leads back: -PT5H, -P1D, and the guide's own -P7H. Raises ValidationFailed."""
    if text is None:
        return None
    found = _OFFSET.fullmatch(text)
    if found is None or not any(found[part] for part in ("days", "hours", "minutes")):
        raise ValidationFailed(f"{member} {text} is not an ISO 8601 duration such as -PT1H or -P1D.")
    length = timedelta(**{part: int(found[part] or 0) for part in ("days", "hours", "minutes")})
    if length and not found["sign"]:
        raise ValidationFailed(f"{member} {text} must not lie after the scheduled time: begin it with a minus.")
    return -length
