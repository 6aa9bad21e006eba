"""Cost against threshold: what it costs to review every payment that scores at least so much, for every cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course.learn import screen
from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, PAPER, display, figure, label, png, waits

if TYPE_CHECKING:
    import numpy
    import pandas

TOLD = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # the cuts that the text goes through
LEAST, MOST = 0.005, 0.9  # the slider's ends


@dataclass(frozen=True)
class Outcome:
    """What a cut does to labelled payments: a confusion matrix and what it costs."""

    caught: int
    missed: int
    alarms: int
    passed: int
    cost: float

    @property
    def rows(self) -> int:
        return self.caught + self.missed + self.alarms + self.passed

    @property
    def flagged(self) -> int:
        return self.caught + self.alarms

    @property
    def accuracy(self) -> float:
        return (self.caught + self.passed) / self.rows


def show_costs(table: pandas.DataFrame | None, missed: float, review: float, guess: float | None = NO_GUESS) -> None:
    """Show what each cut costs on a table with the columns score and fraud, and a slider to look about with.

    `missed` is what a fraud costs that scores below the cut, `review` what looking at a flagged payment costs, both in
    euros. `guess` marks the cut at which so many per cent of the payments are reviewed.
    """
    if table is None:
        print("There is no table to show yet.")
        return
    if waits(guess):
        return
    score, fraud = table["score"].to_numpy(), table["fraud"].to_numpy() == 1
    nothing = outcome(score, fraud, float("inf"), missed, review)
    lines = [f"What a cut costs on {nothing.rows:,} payments, {nothing.missed:,} of them fraud"]
    lines.append("     cut   reviewed   frauds missed   right in all      cost")
    lines += [_line(f"{value:g}", outcome(score, fraud, value, missed, review)) for value in TOLD]
    lines.append(_line("none", nothing))
    cut = None
    if guess not in (None, NO_GUESS):
        cut = cut_at(score, guess / 100)
        yours = outcome(score, fraud, cut, missed, review)
        lines.append(f"  your guess, {guess:g} % reviewed, is a cut of {cut:.3f} and costs € {yours.cost:,.0f}")
    display(_draw(score, fraud, missed, review, cut, "your guess"), "\n".join(lines))
    if screen.has_reader():
        from IPython.display import HTML
        from IPython.display import display as show

        from course.learn import controls

        show(_slider(score, fraud, missed, review, cut or 0.3))
        show(HTML(controls.again("move the cut")))


def cut_at(score: numpy.ndarray, share: float) -> float:
    """The cut that so large a share of the scores reaches."""
    import numpy as np

    return float(np.quantile(score, min(max(1 - share, 0.0), 1.0)))


def outcome(score: numpy.ndarray, fraud: numpy.ndarray, cut: float, missed: float, review: float) -> Outcome:
    """What comes of reviewing the payments that score at least `cut`."""
    flagged = score >= cut
    caught, alarms = int((flagged & fraud).sum()), int((flagged & ~fraud).sum())
    lost = int(fraud.sum()) - caught
    return Outcome(
        caught, lost, alarms, len(score) - caught - alarms - lost, missed * lost + review * (caught + alarms)
    )


def _line(cut: str, what: Outcome) -> str:
    return (
        f"  {cut:>6}   {what.flagged / what.rows:8.1%}   {what.missed:6,} of {what.caught + what.missed:<5,}"
        f"   {what.accuracy:12.1%}  € {what.cost:>8,.0f}"
    )


def _draw(
    score: numpy.ndarray, fraud: numpy.ndarray, missed: float, review: float, cut: float | None, name: str = "this cut"
) -> Any:
    import numpy as np

    cuts = np.geomspace(LEAST, MOST, 160)
    found = [outcome(score, fraud, value, missed, review) for value in cuts]
    nothing = outcome(score, fraud, float("inf"), missed, review)
    drawn, axes = figure(3.3)
    axes.plot(cuts, [what.cost / 1000 for what in found], color=COLOURS[0], linewidth=2, label="all in all")
    lost, looked = [missed * what.missed / 1000 for what in found], [review * what.flagged / 1000 for what in found]
    axes.plot(cuts, lost, color=COLOURS[5], linestyle="--", label="missed frauds")
    axes.plot(cuts, looked, color=COLOURS[2], linestyle=":", linewidth=2, label="reviews")
    axes.axhline(nothing.cost / 1000, color=FAINT, linewidth=1)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
    words = f"flag nothing: right in {nothing.accuracy:.1%}"
    axes.annotate(words, (LEAST, nothing.cost / 1000), fontsize=8.5, color=INK, bbox=box, va="center")
    if cut is not None:
        here = outcome(score, fraud, cut, missed, review)
        axes.plot(
            [max(cut, LEAST)], [here.cost / 1000], marker="D", color=INK, linestyle="none", markersize=7, label=name
        )
    axes.set_xscale("log")
    axes.set_xticks(TOLD, [f"{value:g}" for value in TOLD])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    label(
        axes, title="What a cut costs", x="cut (log scale): payments that score at least this are reviewed", y="1,000 €"
    )
    axes.legend(fontsize=8.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return drawn


def _slider(score: numpy.ndarray, fraud: numpy.ndarray, missed: float, review: float, cut: float) -> Any:
    """A slider for the cut with the confusion matrix beside it; arrow keys move it."""
    from ipywidgets import HTML, FloatLogSlider, Image, Layout, VBox

    ends = {"min": -2.3, "max": -0.05, "step": 0.01, "base": 10}
    slider = FloatLogSlider(
        value=cut, **ends, readout_format=".3f", description="cut", continuous_update=False, layout=Layout(width="60%")
    )
    words, picture = HTML(), Image(format="png", layout=Layout(max_width="100%", display="none"))

    def move(change: Any = None) -> None:
        words.value = _table(outcome(score, fraud, slider.value, missed, review), slider.value)
        if change is not None:  # drawn only for someone who moves it
            picture.value = png(_draw(score, fraud, missed, review, slider.value))
            picture.layout.display = "block"

    move()
    slider.observe(move, names="value")
    return VBox([slider, words, picture])


def _table(what: Outcome, cut: float) -> str:
    cell = 'style="padding:2px 14px 2px 0;text-align:left"'
    rows = (
        ("", "is fraud", "is honest"),
        ("reviewed", what.caught, what.alarms),
        ("let through", what.missed, what.passed),
    )
    body = "".join(
        f'<tr style="background:none"><th scope="row" {cell}>{head}</th>'
        + "".join(f"<td {cell}>{value if isinstance(value, str) else f'{value:,}'}</td>" for value in values)
        + "</tr>"
        for head, *values in rows
    )
    said = f"Cut {cut:.3f} costs € {what.cost:,.0f}; {what.accuracy:.1%} of the decisions are right."
    return f'<div aria-live="polite">{said}<table style="margin:.3em 0">{body}</table></div>'
