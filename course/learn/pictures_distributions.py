"""Two tables side by side, column by column: how each column's values are spread in the one and in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from course.learn.pictures_look import COLOURS, INK, NO_GUESS, display, figure, label, waits

if TYPE_CHECKING:
    import pandas

BINS = 24
QUANTILES = (0.1, 0.5, 0.9)
WIDE = 50  # a column whose values span more than this ratio is drawn on a log scale


def show_distributions(
    first: pandas.DataFrame | None,
    second: pandas.DataFrame | None,
    *,
    names: tuple[str, str] = ("first", "second"),
    guess: float | None = NO_GUESS,
) -> None:
    """Show the columns that two tables share, side by side.

    `names` say what the tables are, `guess` is how many columns are thought to differ.
    """
    if first is None or second is None:
        print(f"There are no two tables yet, {names[0]} and {names[1]}, to put side by side.")
        return
    if waits(guess):
        return
    columns = [column for column in first.columns if column in second.columns]
    if not columns:
        print(f"{names[0]} and {names[1]} have no column in common.")
        return
    width = max(len(name) for name in names)
    lines = ["Columns side by side: 10 %, 50 % and 90 % of the values lie below these; or each value's share"]
    for column in columns:
        lines.append(f"  {column}")
        lines += [
            f"    {name:<{width}}  {_told(table[column])}" for name, table in zip(names, (first, second), strict=True)
        ]
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was that {guess:g} of the {len(columns)} columns differ: look for yourself")
    display(_draw(first, second, columns, names), "\n".join(lines))


def _told(values: pandas.Series) -> str:
    if _is_number(values):
        low, middle, high = values.quantile(QUANTILES)
        missing = f", {values.isna().mean():.0%} missing" if values.isna().any() else ""
        return f"{_short(low)}  {_short(middle)}  {_short(high)}{missing}"
    shares = values.value_counts(normalize=True).sort_index()
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _is_number(values: pandas.Series) -> bool:
    return values.dtype.kind in "iuf"


def _draw(first: pandas.DataFrame, second: pandas.DataFrame, columns: Sequence[str], names: tuple[str, str]) -> Any:
    across = min(3, len(columns))
    rows = -(-len(columns) // across)
    drawn, _ = figure(0.5 + 1.75 * rows, rows, across, width=9.2)
    for axes, column in zip(drawn.axes, columns, strict=False):
        draw = _draw_numbers if _is_number(first[column]) and _is_number(second[column]) else _draw_names
        draw(axes, first[column].dropna(), second[column].dropna())
        label(axes, title=column, size=10)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.tick_params(labelsize=8)
    for axes in drawn.axes[len(columns) :]:
        axes.set_visible(False)
    from matplotlib.patches import Patch

    drawn.legend(
        [Patch(**_look(place)) for place in (0, 1)],
        names,
        loc="outside upper right",
        ncols=2,
        fontsize=9,
        frameon=False,
    )
    drawn.suptitle("Share of the rows by value", x=0.01, ha="left", fontsize=11, color=INK)
    return drawn


def _draw_numbers(axes: Any, first: pandas.Series, second: pandas.Series) -> None:
    import numpy as np

    both = np.concatenate([first, second]).astype(float)
    low, high = np.quantile(both, [0.001, 0.995])
    log = low > 0 and high / low > WIDE
    if np.all(both == both.round()) and not log:
        width = max(1, round((high - low) / BINS))  # whole numbers: every bar stands for as many of them
        edges = np.arange(np.floor(both.min()), np.ceil(high) + width + 1, width) - 0.5
    else:
        edges = np.geomspace(low, high, BINS) if log else np.linspace(low, high if high > low else low + 1, BINS)
    if log:
        axes.set_xscale("log")
    for place, values in enumerate((first, second)):
        shares, inside = np.ones(len(values)) / max(len(values), 1), np.clip(values.astype(float), edges[0], edges[-1])
        axes.hist(inside, edges, weights=shares, histtype="stepfilled", **_look(place))


def _draw_names(axes: Any, first: pandas.Series, second: pandas.Series) -> None:
    shares = [values.value_counts(normalize=True) for values in (first, second)]
    known = sorted(set(shares[0].index) | set(shares[1].index))
    for place, share in enumerate(shares):
        heights = [share.get(name, 0.0) for name in known]
        axes.bar([number + 0.4 * place - 0.2 for number in range(len(known))], heights, 0.4, **_look(place))
    turned = {"rotation": 30, "ha": "right"} if len(known) > 3 else {}
    axes.set_xticks(range(len(known)), known, **turned)


def _look(place: int) -> dict[str, Any]:
    """How the first and the second table are drawn: they differ by their hatching too."""
    colour = COLOURS[place]
    return {"facecolor": colour, "alpha": 0.5, "edgecolor": colour, "hatch": "///" if place else None}
