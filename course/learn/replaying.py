"""`replay`: days of traffic on the cloud's clock, and what an endpoint's instances made of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from course.learn import world
from course.learn.told import Told

DAY, WEEK = 1440, 10_080  # minutes
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Replayed:
    """Minutes of traffic: what came, how many instances there were, what timed out, which alarms were in ALARM.

    start: the first minute, counted from Monday 00:00. per_instance: requests that one instance answers in a minute.
    """

    start: int
    per_instance: float
    requests: tuple[int, ...]
    instances: tuple[int, ...]
    timeouts: tuple[int, ...]
    alarms: tuple[tuple[str, ...], ...]

    @property
    def lost(self) -> float:
        """The share of requests that timed out."""
        return sum(self.timeouts) / max(1, sum(self.requests))

    @property
    def hours(self) -> float:
        """Instance-hours."""
        return sum(self.instances) / 60

    @property
    def least_hours(self) -> float:
        """Instance-hours of somebody who knows every minute beforehand and keeps just enough, never less than one."""
        return sum(max(1, math.ceil(count / self.per_instance)) for count in self.requests) / 60

    @property
    def turns(self) -> int:
        """How often the number of instances changed its direction on the day when that was most."""
        days: dict[int, list[bool]] = {}
        for minute, (before, after) in enumerate(itertools.pairwise(self.instances), self.start + 1):
            if after != before:
                days.setdefault(minute // DAY, []).append(after > before)
        return max((sum(a != b for a, b in itertools.pairwise(day)) for day in days.values()), default=0)

    def __repr__(self) -> str:
        return f"{len(self.requests)} minutes: {self.lost:.2%} timed out, {self.hours:.1f} instance-hours"


def replay(endpoint: str, traffic: str | Path, max_rps: float, *, days: int = 1, variant: str = "all") -> Replayed:
    """Let days pass on the cloud's clock, with the traffic of a file: a column `requests`, by minute from Monday 00:00.

    The requests are counted, not sent; an instance answers `max_rps` of them a second, and those beyond time out.
    """
    import pandas as pd

    if not isinstance(max_rps, (int, float)) or not max_rps > 0:
        raise Told("max_rps is how many requests a second one instance answers, a number above 0.")
    counts = pd.read_csv(traffic)["requests"].to_list()
    return pass_here(endpoint, variant, [int(count) for count in counts], 60 * max_rps, days * DAY)


def pass_here(endpoint: str, variant: str, week: Sequence[int], per_instance: float, minutes: int) -> Replayed:
    """`pass_through` in the world that the notebook is in."""
    return pass_through(world.current(), endpoint, variant, week, per_instance, minutes=minutes)


def pass_through(
    there: Any, endpoint: str, variant: str, week: Sequence[int], per_instance: float, *, minutes: int
) -> Replayed:
    """Let minutes pass in a world, from the present one, with the traffic of a week that begins on Monday."""
    start = _minute_of_week(datetime.fromisoformat(there.control("now")["now"]))
    counts = _from(week, start, minutes)
    found = there.control("replay", endpoint=endpoint, variant=variant, counts=counts, limit=per_instance)
    return _replayed(start, per_instance, counts, found)


def foreseen(
    there: Any,
    endpoint: str,
    variant: str,
    week: Sequence[int],
    per_instance: float,
    *,
    minutes: int,
    day: int | None = None,
    cooldowns: Mapping[str, Mapping[str, int]] | None = None,
) -> Replayed:
    """What such minutes would make of the rules that stand there now; in the world nothing happens.

    day: begin on the next such day, 0 is Monday, and not now. cooldowns: by policy, for instance
    {"keep": {"ScaleInCooldown": 0}}, instead of its own.
    """
    moment = datetime.fromisoformat(there.control("now")["now"])
    if day is not None:
        ahead = moment + timedelta(days=(day - moment.weekday() - 1) % 7 + 1)
        moment = ahead.replace(hour=0, minute=0, second=0, microsecond=0)
    start = _minute_of_week(moment)
    counts = _from(week, start, minutes)
    asked = {"endpoint": endpoint, "variant": variant, "counts": counts, "limit": per_instance}
    found = there.control("foresee", start=moment.isoformat(), cooldowns=cooldowns or {}, **asked)
    return _replayed(start, per_instance, counts, found)


def _minute_of_week(moment: datetime) -> int:
    return moment.weekday() * DAY + moment.hour * 60 + moment.minute


def _from(week: Sequence[int], start: int, minutes: int) -> list[int]:
    return [int(week[(start + minute) % WEEK]) for minute in range(minutes)]


def _replayed(start: int, per_instance: float, counts: list[int], found: Mapping[str, Any]) -> Replayed:
    alarms = tuple(tuple(names) for names in found["alarms"])
    return Replayed(start, per_instance, tuple(counts), tuple(found["instances"]), tuple(found["timeouts"]), alarms)
