"""The widget of a prediction: a field for a number; for a curve one upright slider per place.

The sliders are drawn with the mouse or moved with Tab and the arrow keys; the line above them is only their picture.
"""

from __future__ import annotations

import html
import math

import ipywidgets

from course.learn import answers, controls
from course.learn.answers import Answer
from course.learn.predicting import Guess, Question, prediction
from course.learn.told import Told

COLUMN, HEIGHT = 76, 150  # pixels


def show(question: Question, guess: Guess | None) -> None:
    """Display the widget; with a committed guess it only shows that."""
    status = ipywidgets.HTML()
    button = controls.button("Commit")
    entry = Curve(question, guess) if question.at else Number(question, guess)

    def settle(guess: Guess) -> None:
        entry.settle()
        button.disabled = True
        status.value = controls.status(f"Committed: {question.said(guess)}. Run the next cell.", "✓")

    def commit(_: ipywidgets.Button) -> None:
        try:
            settled = prediction(question.id, len(question.at))  # the same cell may stand open in another window
            if settled is None:
                settled = question.understood(entry.value)
                answers.give(question.id, Answer(settled))
            settle(settled)
        except Told as sentence:
            status.value = controls.status(str(sentence), "✗")

    button.on_click(commit)
    if guess is not None:
        settle(guess)
    controls.display(controls.panel(controls.prose(f"<p><strong>{html.escape(question.ask)}</strong></p>"),
                                    entry.box, ipywidgets.HBox([button]), status))  # fmt: skip


class Number:
    """A field for one number; empty at first, so that nothing suggests an answer."""

    def __init__(self, question: Question, guess: Guess | None) -> None:
        label = f"{question.unit or 'Number'} ({question.low:g} to {question.high:g})"
        self.field = ipywidgets.Text(value="" if guess is None else f"{guess:g}", placeholder="your number",
                                     description=label, style={"description_width": "initial"})  # fmt: skip
        self.box = self.field

    @property
    def value(self) -> float | None:
        try:
            return float(self.field.value.replace(",", "."))
        except ValueError:
            return None

    def settle(self) -> None:
        self.field.disabled = True


class Curve:
    """One upright slider per place, and above them the line through them."""

    def __init__(self, question: Question, guess: Guess | None) -> None:
        self.question = question
        decimals = max(0, -math.floor(math.log10(question.step)))
        middle = round((question.low + question.high) / 2 / question.step) * question.step
        values = guess if isinstance(guess, list) else [middle] * len(question.at)
        self.sliders = [
            ipywidgets.FloatSlider(
                value=value, min=question.low, max=question.high, step=question.step, description=place,
                orientation="vertical", readout_format=f".{decimals}f",
                layout=ipywidgets.Layout(width=f"{COLUMN}px", height="190px", margin="0"),
            )
            for place, value in zip(question.at, values, strict=True)
        ]  # fmt: skip
        self.line = ipywidgets.HTML()
        for slider in self.sliders:
            slider.observe(lambda _: self._draw(), "value")
        self._draw()
        self.box = ipywidgets.VBox([self.line, ipywidgets.HBox(self.sliders)])

    @property
    def value(self) -> list[float]:
        return [round(slider.value, 6) for slider in self.sliders]

    def settle(self) -> None:
        for slider in self.sliders:
            slider.disabled = True

    def _draw(self) -> None:
        self.line.value = drawn(self.question, self.value)


def drawn(question: Question, values: list[float]) -> str:
    """The curve as SVG in the page's own colour; each point stands above its slider."""
    span = question.high - question.low
    spots = [
        ((n + 0.5) * COLUMN, 12 + (HEIGHT - 24) * (question.high - value) / span) for n, value in enumerate(values)
    ]
    line = " ".join(f"{x:.0f},{y:.1f}" for x, y in spots)
    dots = "".join(f'<circle cx="{x:.0f}" cy="{y:.1f}" r="4" fill="#0072B2"/>' for x, y in spots)
    width = COLUMN * len(values)
    grid = "".join(
        f'<line x1="0" x2="{width}" y1="{y:.0f}" y2="{y:.0f}" stroke="currentColor" opacity=".25"/>'
        f'<text x="2" y="{y - 3:.0f}" font-size="11" fill="currentColor" opacity=".8">{value:g}</text>'
        for value, y in ((question.high, 12), (question.low, HEIGHT - 12))
    )
    told = html.escape(f"Your curve: {question.said(values)}")
    return (
        f'<svg role="img" aria-label="{told}" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
        f'style="font-family:var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color1,inherit)">{grid}'
        f'<polyline points="{line}" fill="none" stroke="#0072B2" stroke-width="2"/>{dots}</svg>'
    )
