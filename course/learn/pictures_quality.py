"""How good a model was, day by day, over how many of the day's labels are there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from course.learn.pictures_look import COLOURS, FAINT, MARKERS, NO_GUESS, display, figure, label, waits

CONSTANT = "_best_constant_classifier"


def show_quality(
    measured: Mapping[int, Mapping[str, Any]] | None,
    labelled: Mapping[int, float],
    metrics: Sequence[str] = ("auc",),
    limit: float | None = None,
    guess: float | None = NO_GUESS,
) -> None:
    """Show metrics of each day that was judged, and behind them how mature the day's labels are.

    measured: the metrics of statistics.json by the number of the day, each with value and standard_deviation; none
    yet is a picture too. labelled: the share of the day's labels that are there, 0 to 1. metrics: which to draw.
    limit: a line below which a violation is reported. guess: the day on which it was thought to be.
    """
    if waits(guess):
        return
    measured = measured or {}
    days = sorted({*labelled, *measured})
    if not days:
        print("There are no days to show yet.")
        return
    lines = [f"{len(measured)} of {len(days)} days judged"]
    for day in days:
        words = [_words(name, measured[day]) for name in metrics if day in measured]
        below = [name for name in metrics if _below(measured.get(day, {}), name, limit)]
        told = ", ".join(words) or "not judged"
        mark = "  below the limit" if below else ""
        lines.append(f"  day {day}: {labelled.get(day, 0.0):.0%} of the labels, {told}{mark}")
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was {guess:g}")
    display(_drawn(measured, labelled, days, metrics, limit), "\n".join(lines))


def _value(entry: Mapping[str, Any], name: str, part: str) -> float:
    """A number of a report; NaN where there is none (a report writes "NaN")."""
    return float(entry.get(name, {}).get(part, math.nan))


def _words(name: str, entry: Mapping[str, Any]) -> str:
    value, spread = (_value(entry, name, part) for part in ("value", "standard_deviation"))
    return f"{_spoken(name)} {value:.3f}" + ("" if math.isnan(spread) else f" ± {spread:.3f}")


def _spoken(name: str) -> str:
    plain = name.removesuffix(CONSTANT)
    return plain if plain == name else f"{plain} of the best constant answer"


def _below(entry: Mapping[str, Any], name: str, limit: float | None) -> bool:
    return limit is not None and _value(entry, name, "value") < limit


def _drawn(
    measured: Mapping[int, Mapping[str, Any]],
    labelled: Mapping[int, float],
    days: Sequence[int],
    metrics: Sequence[str],
    limit: float | None,
) -> Any:
    drawn, axes = figure(3.4)
    for day in days:
        axes.axvspan(day - 0.5, day + 0.5, color=FAINT, alpha=0.45 * labelled.get(day, 0.0), linewidth=0)
    judged = [day for day in days if day in measured]
    for name, colour, mark in zip(metrics if judged else (), COLOURS, MARKERS, strict=False):
        values, spreads = (
            [_value(measured[day], name, part) for day in judged] for part in ("value", "standard_deviation")
        )
        known = [0.0 if math.isnan(spread) else spread for spread in spreads]
        axes.errorbar(
            judged, values, yerr=known, color=colour, marker=mark, markersize=5, capsize=3, label=_spoken(name)
        )
    if limit is not None:
        axes.axhline(limit, color=COLOURS[5], linestyle="--", linewidth=1.2, label="limit")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=True, loc="lower left")
    axes.set_xlim(min(days) - 0.5, max(days) + 0.5)
    axes.set_xticks(days)
    if not judged:
        axes.set_yticks([])
    title = "How good the answers were; the darker a day, the more of its labels are there"
    plain = dict.fromkeys(name.removesuffix(CONSTANT) for name in metrics)
    label(axes, title=title, x="day of the payments", y=", ".join(plain), size=10)
    return drawn
