"""The pictures of a report: labelled axes, Okabe and Ito's colours, a white ground of their own.

Each is a PNG as bytes; the tables beside them say the same in words.
"""

import io
from collections.abc import Sequence
from typing import Any

from course.grading.item_statistics import Item

# Okabe and Ito's palette: told apart by colour-blind readers, on white and in grey.
INK, PAPER, FAINT = "#222222", "#FFFFFF", "#999999"
BLUE, ORANGE = "#0072B2", "#D55E00"
LONGEST = 60  # characters of a label
ROWS = 60  # bars in one picture; the table has them all


def difficulty(items: Sequence[Item]) -> bytes:
    """Bars: the mean share of points per item, in the items' order."""
    shown = [item for item in items if item.difficulty is not None][:ROWS]
    drawn, axes = _bars([item.name for item in shown], [item.difficulty or 0.0 for item in shown], "{:.0%}")
    axes.set_xlim(0, 1.12)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if value <= 1 else "")
    return _png(drawn, axes, "How much of the points was earned", "mean share of the points (low: hard)")


def discrimination(items: Sequence[Item]) -> bytes:
    """Bars: the corrected item-total correlation per item; below 0.2 in another colour and hatched."""
    shown = [item for item in items if item.discrimination is not None][:ROWS]
    values = [item.discrimination or 0.0 for item in shown]
    drawn, axes = _bars([item.name for item in shown], values, "{:.2f}", weak=[value < 0.2 for value in values])
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlim(min(-0.1, *values) - 0.12, 1.12)
    title = "How well each item tells learners apart (hatched: below 0.2, look at it)"
    return _png(drawn, axes, title, "correlation with the points of all other items")


def scores(totals: Sequence[float], of: float) -> bytes:
    """A histogram of total scores."""
    drawn, axes = _figure(3.2)
    bins = [of * step / 10 for step in range(11)] if of else 10
    axes.hist(totals, bins=bins, color=BLUE, edgecolor=PAPER)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel("learners", fontsize=9, color=INK)
    return _png(drawn, axes, "Scores", f"points of {of:g}")


def mistakes(said: Sequence[tuple[str, int]]) -> bytes:
    """Bars: how many learners each mistake was told to."""
    shown = said[:15]
    drawn, axes = _bars([words for words, _ in shown], [float(count) for _, count in shown], "{:.0f}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return _png(drawn, axes, "What went wrong most often", "learners")


def _bars(names: Sequence[str], values: Sequence[float], form: str, weak: Sequence[bool] = ()) -> tuple[Any, Any]:
    drawn, axes = _figure(1.2 + 0.32 * len(names))
    bars = axes.barh(range(len(names)), values, color=BLUE, height=0.65)
    for bar, is_weak in zip(bars, weak, strict=False):
        if is_weak:
            bar.set(color=ORANGE, hatch="//", edgecolor=PAPER)
    axes.bar_label(bars, [form.format(value) for value in values], padding=3, fontsize=9, color=INK)
    # A name is text: no $ in it begins a formula.
    axes.set_yticks(range(len(names)), [_label(name) for name in names], parse_math=False)
    axes.invert_yaxis()
    return drawn, axes


def _figure(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # without pyplot: no global state

    drawn = Figure(figsize=(8.4, height), dpi=110, facecolor=PAPER, layout="constrained")
    axes = drawn.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    return drawn, axes


def _png(drawn: Any, axes: Any, title: str, x: str) -> bytes:
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel(x, fontsize=9, color=INK)
    picture = io.BytesIO()
    drawn.savefig(picture, format="png")
    return picture.getvalue()


def _label(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
