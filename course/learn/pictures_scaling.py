"""Demand and capacity over the hours of a day, the alarms that stood between them, and what both cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, display, figure, label, waits
from course.learn.replaying import DAY, DAYS, Replayed

_TOLD = 12  # changes that the text goes through


def show_scaling(replayed: Replayed | None, *, since: int = 9, guess: Any = NO_GUESS) -> None:
    """Show what came and what was there, and how long after `since` o'clock there was more. `guess`: those minutes."""
    if replayed is None:
        print("Nothing has been replayed yet.")
        return
    if waits(guess):
        return
    lines = [f"{_span(replayed)}: requests and instances", *_changes(replayed)]
    if replayed.alarms and any(replayed.alarms):
        lines.append("  minutes in ALARM: " + ", ".join(f"{n} {len(m)}" for n, m in _alarms(replayed).items()))
    lines += [
        f"  {replayed.lost:.2%} of {sum(replayed.requests):,} requests timed out",
        f"  {replayed.hours:.1f} instance-hours; with perfect foresight {replayed.least_hours:.1f}, "
        f"so {replayed.hours / replayed.least_hours:.2f} times as many",
        f"  changes of direction on the liveliest day: {replayed.turns}",
    ]
    if len(replayed.requests) <= DAY:
        late = lateness(replayed, since)
        after = f"{late} minute{'s' if late != 1 else ''} later"
        took = "no further instance came" if late is None else f"the first further instance came {after}"
        asked = guess is not NO_GUESS and guess is not None
        lines.append(f"  at {since}:00 {took}" + (f"; your guess was {guess:g}" if asked else ""))
    display(_draw(replayed), "\n".join(lines))


def lateness(replayed: Replayed, hour: int) -> int | None:
    """Minutes from the first `hour` o'clock until there were more instances; None if that never came."""
    first = (hour * 60 - replayed.start) % DAY
    there = replayed.instances[first] if first < len(replayed.instances) else 0
    rest = enumerate(replayed.instances[first:])
    return next((minute for minute, count in rest if count > there), None)


def _span(replayed: Replayed) -> str:
    first = DAYS[replayed.start // DAY % 7]
    days = max(1, round(len(replayed.requests) / DAY))
    return first if days == 1 else f"{days} days from {first}"


def _clock(replayed: Replayed, minute: int) -> str:
    at = replayed.start + minute
    day = f"{DAYS[at // DAY % 7][:3]} " if len(replayed.requests) > DAY else ""
    return f"{day}{at % DAY // 60:02d}:{at % 60:02d}"


def _changes(replayed: Replayed) -> list[str]:
    counts = replayed.instances
    places = [0, *(place for place in range(1, len(counts)) if counts[place] != counts[place - 1])]
    lines = [
        f"  {_clock(replayed, place)}  {counts[place]} instance{'s' if counts[place] != 1 else ''}, "
        f"{replayed.requests[place] / 60:.1f} requests a second"
        for place in places[:_TOLD]
    ]
    return lines + ([f"  … and {len(places) - _TOLD} changes more"] if len(places) > _TOLD else [])


def _alarms(replayed: Replayed) -> dict[str, list[int]]:
    """The minutes in which each alarm stood in ALARM, by a short name."""
    found: dict[str, list[int]] = {}
    for minute, names in enumerate(replayed.alarms):
        for name in names:
            short = next((side for side in ("AlarmHigh", "AlarmLow") if f"-{side}-" in name), name)
            found.setdefault(short, []).append(minute)
    return dict(sorted(found.items()))


def _draw(replayed: Replayed) -> Any:
    alarms = _alarms(replayed)
    drawn, made = figure(4.6, 2, width=9.6)
    load, states = made
    hours = [(replayed.start % DAY + minute) / 60 for minute in range(len(replayed.requests))]
    capacity = [count * replayed.per_instance / 60 for count in replayed.instances]
    load.fill_between(hours, capacity, step="post", color=COLOURS[4], alpha=0.35, linewidth=0, label="what they answer")
    load.step(hours, capacity, where="post", color=COLOURS[0], linewidth=1.6)
    load.plot(hours, [count / 60 for count in replayed.requests], color=INK, linewidth=0.9, label="what came")
    mark_timeouts(load, replayed, hours)
    label(load, title=f"{_span(replayed)}: requests a second", y="requests a second")
    load.legend(fontsize=8.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for row, (_, minutes) in enumerate(alarms.items()):
        spans = [(hours[minute], 1 / 60) for minute in minutes]
        states.broken_barh(spans, (row - 0.35, 0.7), color=COLOURS[row % len(COLOURS)])
    states.set_yticks(range(len(alarms)), list(alarms))
    states.set_ylim(-0.6, max(len(alarms), 1) - 0.4)
    for axes in made:
        axes.set_xlim(hours[0], hours[-1])
        axes.set_xticks(range(0, int(hours[-1]) + 2, 2 if hours[-1] < 30 else 24))
    states.grid(axis="x", color=FAINT, linewidth=0.4)
    label(states, title="alarms in ALARM", x="hour")
    return drawn


def mark_timeouts(axes: Any, replayed: Replayed, hours: Sequence[float]) -> None:
    """Mark the minutes in which requests timed out. hours: where each minute lies on the axis."""
    lost = [minute for minute, count in enumerate(replayed.timeouts) if count]
    rates = [replayed.requests[minute] / 60 for minute in lost]
    where = [hours[minute] for minute in lost]
    axes.plot(where, rates, linestyle="", marker="v", markersize=4, color=COLOURS[5], label="some timed out")
