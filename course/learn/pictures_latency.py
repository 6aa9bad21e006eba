"""How an endpoint's answers ended, and how long they took: a strip of statuses, and a histogram of a load test."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from course.learn import screen
from course.learn.pictures_look import COLOURS, INK, NO_GUESS, PAPER, display, figure, label, waits

WORDS = {2: "answered", 4: "the caller's mistake: not to be sent again", 5: "the model's failure: may be sent again"}
_COLOUR = {2: COLOURS[2], 4: COLOURS[1], 5: COLOURS[5]}
_BINS = 30


def show_statuses(statuses: dict[str, int] | None = None, *, guess: float | None = NO_GUESS) -> None:
    """Show what became of requests: {what was asked: HTTP status of the container}.

    `guess` is how many are thought to be the caller's mistake.
    """
    if not statuses:
        print("There are no answers yet to look at.")
        return
    if waits(guess):
        return
    lines = ["What became of each request:"]
    lines += [
        f"  {asked}: {status}, {WORDS.get(status // 100, 'something else')}" for asked, status in statuses.items()
    ]
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was that {guess:g} of them are the caller's mistake")
    display(_strip(statuses), "\n".join(lines))


def _meaning(status: int) -> str:
    return WORDS.get(status // 100, "something else")


def _strip(statuses: dict[str, int]) -> Any:
    drawn, axes = figure(0.7 + 0.4 * len(statuses))
    for row, (asked, status) in enumerate(statuses.items()):
        colour = _COLOUR.get(status // 100, INK)
        box = {"facecolor": colour, "alpha": 0.25, "edgecolor": colour, "boxstyle": "round,pad=0.3"}
        axes.text(0.0, row, asked, fontsize=9.5, color=INK, va="center")
        axes.text(0.42, row, str(status), fontsize=9.5, color=INK, va="center", weight="bold", bbox=box)
        axes.text(0.5, row, _meaning(status), fontsize=9.5, color=INK, va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(len(statuses) - 0.4, -0.7)
    axes.set_axis_off()
    axes.set_facecolor(PAPER)
    label(axes, title="What became of each request")
    return drawn


def show_latency(times: Sequence[float] | None = None, p95: float | None = None) -> None:
    """Show how long each request of a load test took, as the caller saw it, in milliseconds.

    times: one for each request. p95: of ModelLatency, as CloudWatch has it, in milliseconds.
    Milliseconds are told only where somebody reads: they are never the same twice.
    """
    if not times:
        print("There is no load test yet to look at.")
        return
    seen = [float(time) for time in times]
    lines = [
        f"A load test of {len(seen)} requests, as the caller's own clock saw them: a histogram of milliseconds, with "
        "the median, the average and the p95, which 5 requests in 100 exceed."
    ]
    marks = {
        "median": statistics.median(seen),
        "average": statistics.fmean(seen),
        "p95": statistics.quantiles(seen, n=20, method="inclusive")[-1] if len(seen) > 1 else seen[0],
    }
    if p95 is not None:
        lines.append("  The fourth line is the p95 of ModelLatency: what the container took of that.")
        marks["p95 of ModelLatency"] = float(p95)
    if screen.has_reader():
        lines += [f"  {name}: {value:.1f} ms" for name, value in marks.items()]
    display(_histogram(seen, marks), "\n".join(lines))


def _histogram(seen: list[float], marks: dict[str, float]) -> Any:
    drawn, axes = figure(3.4)
    axes.hist(seen, bins=_BINS, color=COLOURS[4], edgecolor=PAPER)
    for (name, value), colour, style in zip(marks.items(), (2, 1, 5, 3), ("-", "--", "-.", ":"), strict=False):
        axes.axvline(value, color=COLOURS[colour], linestyle=style, linewidth=2, label=f"{name}: {value:.1f} ms")
    axes.legend(facecolor=PAPER, edgecolor="none", framealpha=1, fontsize=9)
    label(axes, title=f"{len(seen)} requests under load", x="milliseconds that the caller waited", y="requests")
    return drawn
