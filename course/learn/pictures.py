"""Two pictures of the world, each with its text equivalent: what state everything is in, and what it would have cost.

The text says all that the picture shows, but for moments of a few seconds that differ from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, INK, NO_GUESS, PAPER, waits
from course.learn.pictures_look import display as _display
from course.learn.pictures_look import figure as _figure

STATES = {
    "ready": ("#009E73", ("InService", "Completed", "Created")),
    "on its way": ("#56B4E9", ("Creating", "InProgress", "Updating", "Starting", "Training", "Uploading")),
    "going": ("#E69F00", ("Deleting", "Stopping", "RollingBack")),
    "failed": ("#D55E00", ("Failed", "Stopped", "OutOfService")),
}
OWN = "course-check-"  # what probes make for themselves begins so, and is no part of a learner's picture
GONE = "Deleted"
SHOWN = 0.005  # dollars: what was counted and costs less has no line
RECORDS = {"Action", "Artifact", "Context", "TrialComponent"}  # what lineage writes down: show_lineage draws it


@dataclass(frozen=True)
class Lane:
    """One resource: what it is and its states as (number of the change, state), in order."""

    label: str
    states: tuple[tuple[int, str], ...]


def show_timeline() -> None:
    """Show every resource's states in the order in which they changed."""
    current = world.current()
    events = [event for event in current.control("timeline") if _mine(current, event["kind"], event["name"])]
    lanes = _lanes(events)
    if not lanes:
        print("Nothing has been made here yet.")
        return
    text = "\n".join(
        [
            "States of what was made here, in order",
            *(f"  {lane.label}: {' → '.join(state for _, state in lane.states)}" for lane in lanes),
        ]
    )
    _display(_draw_timeline(lanes, _pauses(events), len(events)), text)


def show_meter(guess: float | None = NO_GUESS, *, by: str | None = None) -> None:
    """Show what it would have cost so far, by resource. `guess` in dollars is drawn beside it.

    by: the name of a tag; costs are shown by its values instead. What is counted or stored (requests, gigabytes) has a
    line of its own from half a cent on.
    """
    if waits(guess):
        return
    guess = None if guess is NO_GUESS else guess
    current = world.current()
    meter = current.control("meter")
    lines = [line for line in meter["lines"] if _mine(current, line["kind"], line["resource"])]
    counted = [
        entry
        for entry in (*meter["uses"], *meter["storage"])
        if entry["cost"] >= SHOWN and _mine(current, entry["kind"], entry["resource"])
    ]
    total = sum(entry["cost"] for entry in (*lines, *counted))
    rate = sum(line["price_per_hour"] for line in lines if not line["to"])
    label = _label if by is None else partial(_tag, by)
    text = ["What it would have cost (simulated prices)"]
    text += _by_resource(lines, counted) if by is None else _by_tag(by, [*lines, *counted])
    text.append(f"  total ${total:.2f}; from now on ${rate:.2f} per hour")
    if guess is not None:
        text.append(f"  your guess was ${guess:.2f}")
    since, until = datetime.fromisoformat(current.started), datetime.fromisoformat(current.control("now")["now"])
    _display(_draw_meter(lines, counted, label, since, until, guess), "\n".join(text))


def _by_resource(lines: list[dict[str, Any]], counted: list[dict[str, Any]]) -> list[str]:
    width = max((len(_label(entry)) for entry in (*lines, *counted)), default=0)
    return [
        f"  {_label(line):<{width}}  {line['hours']:6.1f} h at ${line['price_per_hour']:.2f} = ${line['cost']:.2f}"
        f"{'' if line['to'] else ', still running'}"
        for line in lines
    ] + [
        f"  {_label(entry):<{width}}  {entry['quantity']:,.1f} {entry['unit']}s at ${entry['price']:.5f} = "
        f"${entry['cost']:.2f}"
        for entry in counted
    ]


def _by_tag(tag: str, entries: list[dict[str, Any]]) -> list[str]:
    costs: dict[str, float] = {}
    for entry in entries:
        costs[_tag(tag, entry)] = costs.get(_tag(tag, entry), 0.0) + entry["cost"]
    width = max(map(len, costs), default=0)
    return [f"  {name:<{width}}  ${cost:.2f}" for name, cost in sorted(costs.items(), key=lambda item: -item[1])]


def _tag(tag: str, entry: dict[str, Any]) -> str:
    return f"{tag} {entry['tags'][tag]}" if tag in entry["tags"] else f"no {tag}"


def _mine(current: world.World, kind: str, name: str) -> bool:
    name = name.split("/")[0]  # the meter counts an endpoint per variant
    return (kind, name) not in current.before and not name.startswith(OWN) and kind not in RECORDS


def _label(line: dict[str, Any]) -> str:
    return f"{line['kind']} {line['resource'].split('/')[0]}"


def _lanes(events: Sequence[dict[str, Any]]) -> list[Lane]:
    found: dict[str, list[tuple[int, str]]] = {}
    for number, event in enumerate(events):
        found.setdefault(f"{event['kind']} {event['name']}", []).append((number, event["status"]))
    return [Lane(label, tuple(states)) for label, states in found.items()]


def _pauses(events: Sequence[dict[str, Any]]) -> list[tuple[int, timedelta]]:
    """Where half an hour or more of cloud time passed before a change: (number of the change, how long)."""
    times = [datetime.fromisoformat(event["at"]) for event in events]
    gaps = [(n, later - earlier) for n, (earlier, later) in enumerate(pairwise(times), 1)]
    return [(number, gap) for number, gap in gaps if gap >= timedelta(minutes=30)]


def _colour(state: str) -> str:
    return next((colour for colour, names in STATES.values() if state in names), "#999999")


def _draw_timeline(lanes: list[Lane], pauses: list[tuple[int, timedelta]], changes: int) -> Any:
    figure, axes = _figure(0.9 + 0.42 * len(lanes))
    for row, lane in enumerate(lanes):
        ends = [number for number, _ in lane.states[1:]] + [changes]
        for (begin, state), end in zip(lane.states, ends, strict=True):
            if state == GONE:
                axes.plot(begin, row, marker="x", color=INK, markersize=6)
                continue
            axes.barh(row, end - begin, left=begin, height=0.62, color=_colour(state), edgecolor=PAPER)
            axes.text(begin + 0.08, row, state, va="center", ha="left", fontsize=7.5, color="black", clip_on=True)
    for number, gap in pauses:
        axes.axvline(number - 0.5, color=INK, linestyle=":", linewidth=1)
        words = f"{gap / timedelta(hours=1):.0f} h pass"
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
        axes.annotate(words, (number - 0.5, -0.75), fontsize=8, ha="center", color=INK, bbox=box)
    axes.set_yticks(range(len(lanes)), [lane.label for lane in lanes])
    axes.set_ylim(len(lanes) - 0.4, -1.0)
    axes.set_xlim(0, changes + 0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("changes of state, in order (not to the scale of time; a cross is the end)", fontsize=9, color=INK)
    axes.set_title("What was made here, and its states", loc="left", fontsize=11, color=INK)
    return figure


def _draw_meter(
    lines: list[dict[str, Any]],
    counted: list[dict[str, Any]],
    label: Callable[[dict[str, Any]], str],
    since: datetime,
    until: datetime,
    guess: float | None,
) -> Any:
    """Costs stacked by `label`. When what is only counted was used is not known: it is spread over the time."""
    figure, axes = _figure(3.0)
    span = max((until - since) / timedelta(hours=1), 1 / 60)
    hours = [span * step / 200 for step in range(201)]
    stacked: dict[str, list[float]] = {}
    for entry in (*lines, *counted):
        if "hours" in entry:
            begin = (datetime.fromisoformat(entry["from"]) - since) / timedelta(hours=1)
            grown = [entry["price_per_hour"] * min(max(hour - begin, 0.0), entry["hours"]) for hour in hours]
        else:
            grown = [entry["cost"] * hour / span for hour in hours]
        name = label(entry)
        stacked[name] = [a + b for a, b in zip(stacked.get(name, [0.0] * len(hours)), grown, strict=True)]
    costs, labels = list(stacked.values()), [f"{name}: ${grown[-1]:.2f}" for name, grown in stacked.items()]
    if costs:
        axes.stackplot(hours, costs, labels=labels, colors=[COLOURS[n % len(COLOURS)] for n in range(len(costs))])
    if guess is not None:
        axes.axhline(guess, color=INK, linestyle="--", linewidth=1, label=f"your guess: ${guess:.2f}")
    axes.set_xlim(0, span)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("hours on the cloud's clock since begin", fontsize=9, color=INK)
    axes.set_ylabel("dollars (simulated prices)", fontsize=9, color=INK)
    axes.set_title("What it would have cost", loc="left", fontsize=11, color=INK)
    if costs or guess is not None:
        axes.legend(loc="upper left", fontsize=8, frameon=False)
    return figure
