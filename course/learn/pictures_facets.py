"""How a model treats groups: what is flagged, who is flagged wrongly, what is caught, and how often it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course.learn.pictures_look import COLOURS, INK, NO_GUESS, display, figure, label, waits

if TYPE_CHECKING:
    import pandas

SHARES = ("flagged", "honest, flagged", "frauds caught", "accuracy")


def show_facets(counts: pandas.DataFrame | None, guess: float | None = NO_GUESS) -> None:
    """Show groups beside each other, each share in a panel of its own.

    counts: rows by group (index), how many of each (fraud, flagged); the columns are (0, 0), (0, 1), (1, 0), (1, 1).
    guess: percent of the last group's honest payments that are thought to be flagged.
    """
    if counts is None or not len(counts):
        print("There are no groups to show yet.")
        return
    if waits(guess):
        return
    guess = None if guess is NO_GUESS else guess
    shares = {str(group): _shares(row) for group, row in counts.iterrows()}
    width = max(len("group"), *map(len, shares))
    lines = ["What happens to the groups' payments"]
    lines.append(f"  {'group':<{width}}{'payments':>10}" + "".join(f"{name:>17}" for name in SHARES))
    for group, found in shares.items():
        told = "".join(f"{found[name]:>17.1%}" for name in SHARES)
        lines.append(f"  {group:<{width}}{int(counts.loc[group].sum()):>10,}{told}")
    if guess is not None:
        lines.append(f"  your guess for {list(shares)[-1]}, honest, flagged: {guess / 100:.1%}")
    display(_draw(shares, guess), "\n".join(lines))


def _shares(row: pandas.Series) -> dict[str, float]:
    """The four shares of a group's counts; a share of nothing is 0."""
    count = {pair: float(row.get(pair, 0)) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))}
    honest, fraud = count[0, 0] + count[0, 1], count[1, 0] + count[1, 1]
    parts = (
        (count[0, 1] + count[1, 1], honest + fraud),
        (count[0, 1], honest),
        (count[1, 1], fraud),
        (count[0, 0] + count[1, 1], honest + fraud),
    )
    return {name: part / whole if whole else 0.0 for name, (part, whole) in zip(SHARES, parts, strict=True)}


def _draw(shares: dict[str, dict[str, float]], guess: float | None) -> Any:
    drawn, _ = figure(2.6, 1, len(SHARES))
    for axes, name in zip(drawn.axes, SHARES, strict=True):
        values = [100 * found[name] for found in shares.values()]
        bars = axes.bar(list(shares), values, color=[COLOURS[n % len(COLOURS)] for n in range(len(shares))], width=0.6)
        axes.bar_label(bars, fmt="%.1f", fontsize=9, color=INK)
        if guess is not None and name == SHARES[1]:
            axes.axhline(guess, color=INK, linestyle="--", linewidth=1.2)
            axes.annotate("your guess", (-0.4, guess), (0, 3), textcoords="offset points", fontsize=8, color=INK)
            values.append(guess)
        axes.set_ylim(0, 1.18 * max(*values, 1.0))
        label(axes, title=name, y="percent" if name == SHARES[0] else "", size=10)
    return drawn
