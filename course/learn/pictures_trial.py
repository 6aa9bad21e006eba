"""A trial of a new variant against the old one, answer by answer, and the funnel that chance alone stays in."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from course.learn.pictures_look import COLOURS, FAINT, INK, display, figure, label

if TYPE_CHECKING:
    import pandas

FIRST = 20  # answers of the new variant before which nothing is drawn: any share is possible there
USUAL = 0.05  # what somebody who peeks would call surprising


def show_trial(
    seen: pandas.DataFrame | None, *, n: float | None = None, alpha: float = USUAL, old: str = "old", new: str = "new"
) -> None:
    """Show how far the new variant is ahead after each of its answers.

    seen: what `send_traffic` returned. n: the answers that were planned. The funnel is where a variant that is no
    better stays with probability 1 - alpha, at each single moment; a narrower one is that of 5 %.
    """
    if seen is None or not {old, new} <= set(seen["variant"]):
        print("There is no trial to show yet.")
        return
    ahead = _ahead(seen, old, new)
    if len(ahead) <= FIRST:
        print(f"There are {len(ahead)} answers of {new} so far: too few to show.")
        return
    wide, narrow = (NormalDist().inv_cdf(1 - rate) for rate in (alpha, USUAL))
    above = [number for number, (gain, error) in enumerate(ahead, 1) if number >= FIRST and gain > narrow * error]
    text = [f"How far {new} is ahead of {old}, by its answers", "  answers  ahead by  chance stays below"]
    moments = sorted(
        {50, len(ahead), *([round(n)] if n and FIRST <= n <= len(ahead) else [])} & {*range(1, len(ahead) + 1)}
    )
    for number in moments:
        gain, error = ahead[number - 1]
        mark = "  as many as planned" if n and number == round(n) else ""
        text.append(f"  {number:>7}  {gain:+8.3f}  {wide * error:19.3f}{mark}")
    outside = f"outside the 5 % funnel at {len(above)} of {len(ahead) - FIRST + 1} moments"
    text.append(f"  peeking: {outside}")
    display(_draw(ahead, n, (wide, narrow), alpha, new), "\n".join(text))


def _ahead(seen: pandas.DataFrame, old: str, new: str) -> list[tuple[float, float]]:
    """After each answer of `new`: the difference of the shares of right answers, and its standard error if none is."""
    right, count, found = {old: 0, new: 0}, {old: 0, new: 0}, []
    for variant, is_right in zip(seen["variant"], seen["right"], strict=True):
        right[variant] += bool(is_right)
        count[variant] += 1
        if variant == new and count[old]:
            share = (right[old] + right[new]) / (count[old] + count[new])
            error = sqrt(share * (1 - share) * (1 / count[old] + 1 / count[new]))
            found.append((right[new] / count[new] - right[old] / count[old], error))
    return found


def _draw(
    ahead: list[tuple[float, float]], n: float | None, bounds: tuple[float, float], alpha: float, new: str
) -> Any:
    drawn, axes = figure(3.6)
    numbers = range(FIRST, len(ahead) + 1)
    shown = ahead[FIRST - 1 :]
    for bound, shade, said in zip(bounds, ("#E8E8E8", "#CFCFCF"), (f"{alpha:.2%}", f"{USUAL:.0%}"), strict=True):
        edges = [bound * error for _, error in shown]
        axes.fill_between(numbers, [-edge for edge in edges], edges, color=shade, label=f"no better: funnel of {said}")
    axes.plot(numbers, [gain for gain, _ in shown], color=COLOURS[0], linewidth=1.6, label=f"{new}, ahead by")
    axes.axhline(0, color=FAINT, linewidth=0.8)
    if n:
        axes.axvline(n, color=INK, linestyle="--", linewidth=1, label=f"planned: {round(n)}")
    axes.set_xlim(FIRST, max(len(ahead), n or 0) * 1.02)
    label(axes, title="Ahead, or chance?", x=f"answers of {new}", y="difference of the shares of right answers")
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    return drawn
