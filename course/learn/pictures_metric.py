"""A metric over time: beside a band that is agreed, beside what was guessed, and several of them one below another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.learn.pictures_look import COLOURS, FAINT, INK, MARKERS, NO_GUESS, display, figure, label, waits

YOURS = "your guess"


def show_metric(
    values: Sequence[float] | None,
    *,
    name: str,
    guess: Sequence[float] | None = NO_GUESS,
    band: tuple[float, float] | None = None,
    step: str = "month",
) -> None:
    """Show a metric's values, one per step of time. `guess` is drawn beside them, `band` (low, high) shaded behind."""
    if not values:
        print(f"There is no {name} to show yet.")
        return
    if waits(guess):
        return
    guess = None if guess is NO_GUESS else guess
    steps = range(1, max(len(values), len(guess or ())) + 1)
    width = max(len(name), len(step), len(YOURS))
    lines = [f"{name} by {step}", _told(step, steps, width, "{:d}"), _told(name, values, width)]
    if guess:
        lines.append(_told(YOURS, guess, width))
    if band:
        lines.append(f"  shaded: from {band[0]:g} to {band[1]:g}")
    display(_draw(list(values), name, guess, band, step), "\n".join(lines))


def show_signals(
    signals: Mapping[str, Sequence[float]], *, step: str = "month", limits: Mapping[str, float] | None = None
) -> None:
    """Show several signals over the same steps of time, one below another, each on its own scale.

    `limits` are alarms by signal: it is drawn from 0 to its limit, and the text says only whether it stayed below,
    because measured times differ from run to run.
    """
    limits = limits or {}
    longest = max((len(values) for values in signals.values()), default=0)
    if not longest:
        print("There are no signals to show yet.")
        return
    width = max(len(name) for name in (*signals, step))
    lines = [f"Signals by {step}", _told(step, range(1, longest + 1), width, "{:d}")]
    for name, values in signals.items():
        if name in limits:
            calm = (
                "below its alarm's limit all the time" if max(values, default=0) < limits[name] else "above its limit"
            )
            lines.append(f"  {name:<{width}}    {calm}")
        else:
            lines.append(_told(name, values, width))
    display(_draw_signals(signals, step, limits), "\n".join(lines))


def _told(name: str, values: Sequence[float], width: int, spelling: str = "{:.3f}") -> str:
    return f"  {name:<{width}}" + "".join(f"{spelling.format(value):>9}" for value in values)


def _draw(
    values: list[float], name: str, guess: Sequence[float] | None, band: tuple[float, float] | None, step: str
) -> Any:
    drawn, axes = figure(3.0)
    if band:
        axes.axhspan(*band, color=COLOURS[4], alpha=0.25, linewidth=0, label=f"{band[0]:g} to {band[1]:g}")
    axes.plot(range(1, len(values) + 1), values, color=COLOURS[0], marker="o", linewidth=2, label=name)
    if guess:
        axes.plot(range(1, len(guess) + 1), guess, color=COLOURS[5], marker="s", linestyle="--", label=YOURS)
    last = max(len(values), len(guess or ()))
    axes.set_xticks(range(1, last + 1))
    axes.set_xlim(0.7, last + 0.3)
    label(axes, title=f"{name} by {step}", x=step, y=name)
    axes.legend(fontsize=8.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return drawn


def _draw_signals(signals: Mapping[str, Sequence[float]], step: str, limits: Mapping[str, float]) -> Any:
    drawn, _ = figure(0.6 + 1.25 * len(signals), len(signals))
    longest = max(len(values) for values in signals.values())
    for number, (axes, name) in enumerate(zip(drawn.axes, signals, strict=True)):
        values = list(signals[name])
        mark = MARKERS[number % len(MARKERS)]
        axes.plot(range(1, len(values) + 1), values, color=COLOURS[number % len(COLOURS)], marker=mark, linewidth=2)
        if name in limits:
            axes.axhline(limits[name], color=COLOURS[5], linestyle="--", linewidth=1.2)
            axes.annotate("alarm above this", (1, limits[name]), (0, -11), textcoords="offset points", fontsize=8)
            axes.set_ylim(0, 1.15 * max([*values, limits[name]]))
        elif values:
            middle, spread = (max(values) + min(values)) / 2, max(values) - min(values)
            half = max(0.7 * spread, 0.1 * abs(middle), 1e-9)  # so that a flat signal looks flat
            axes.set_ylim(middle - half, middle + half)
            axes.axhline(values[0], color=FAINT, linewidth=0.8, linestyle=":")
        axes.set_xlim(0.7, longest + 0.3)
        axes.set_xticks(range(1, longest + 1))
        label(axes, title=name, x=step if number == len(signals) - 1 else "", size=10)
    drawn.suptitle(f"Signals by {step}, each on its own scale", x=0.01, ha="left", fontsize=11, color=INK)
    return drawn
