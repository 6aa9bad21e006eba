"""The widget of a reflection: score the own text, open the model answer, score it again."""

from __future__ import annotations

import html

import ipywidgets

from course.exam.reflections import Reflection
from course.learn import controls
from course.learn import reflection as reflecting
from course.learn.reflection import AFTER, BEFORE
from course.learn.told import Told

WORDS = {
    BEFORE: "Read your own text once more and score it. Then the model answer opens.",
    AFTER: "Score your text again, now that you have read another.",
}


def show(reflection: Reflection, words: int, aside: str) -> None:
    """Display the rubric; the model answer opens when the own text is scored."""
    controls.display(Rubric(reflection, words, aside).box)


class Rubric:
    """Sliders from 0 to 2 with what their value means in words beside them."""

    def __init__(self, reflection: Reflection, words: int, aside: str) -> None:
        self.reflection = reflection
        opening = f"<p>Your saved text has {words} words.</p>"
        opening += f"<p>“{html.escape(aside)}” {html.escape(reflection.back)}</p>" if aside else ""
        self.task, self.model = controls.prose(""), controls.prose("")
        self.sliders, self.meanings = {}, {}
        rows = []
        for row in reflection.rows:
            slider = ipywidgets.IntSlider(
                min=0, max=2, description=row.text, readout=False, style={"description_width": "15em"},
                layout=ipywidgets.Layout(width="23em", flex="none"),
            )  # fmt: skip
            slider.observe(lambda _: self._mean(), "value")
            self.sliders[row.id], self.meanings[row.id] = slider, controls.prose("")
            rows.append(controls.beside(slider, self.meanings[row.id]))
        self.keep, self.status = controls.button("Keep these scores"), ipywidgets.HTML()
        self.keep.on_click(lambda _: self._keep())
        self.box = controls.panel(controls.prose(opening), self.model, self.task, *rows,
                                  ipywidgets.HBox([self.keep]), self.status)  # fmt: skip
        self._draw()

    def _draw(self) -> None:
        """Before the first scores, between, or after the second."""
        before, after = (reflecting.scores(self.reflection, when) for when in (BEFORE, AFTER))
        for id, slider in self.sliders.items():
            slider.value = (after or before or {}).get(id, 0)
            slider.disabled = after is not None
        self.model.value = reflecting.as_page(self.reflection) if before else ""
        full = f"{self.reflection.full} in all is a full answer."
        self.task.value = f"<p><strong>{WORDS[AFTER if before else BEFORE]}</strong> {full}</p>"
        self.keep.disabled = after is not None
        self._mean()
        if before:
            said = f"Before the model answer: {reflecting.total(before)}."
            said += f" After it: {reflecting.total(after)}." if after else " The model answer stands above the sliders."
            self.status.value = controls.status(said)

    def _mean(self) -> None:
        for row in self.reflection.rows:
            score = self.sliders[row.id].value
            self.meanings[row.id].value = f"<strong>{score}</strong> {html.escape(row.levels[score])}"

    def _keep(self) -> None:
        when = AFTER if reflecting.scores(self.reflection, BEFORE) else BEFORE
        try:
            reflecting.score(self.reflection, when, {id: slider.value for id, slider in self.sliders.items()})
        except Told as sentence:
            self.status.value = controls.status(str(sentence), "✗")
            return
        self._draw()
