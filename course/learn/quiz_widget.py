"""The widgets of a quiz: one question at a time, made of the browser's own radio buttons, boxes, lists and buttons.

Tab goes from one to the next, arrows and space choose, Enter presses. The button that commits then goes on to the next
question, so it can be pressed again; the focus then stands on that question's first option. What is said after an
answer stands in a live region, which screen readers read.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ipywidgets

from course.exam.items import CASE, CHOICE, MATCHING, ORDERING, Item, Option, Step
from course.learn import controls, quiz_told
from course.learn.quizzing import Asked, finished
from course.learn.told import Told


class Entry(Protocol):
    """Where an answer is given. `value` is whatever stands there, whole or not."""

    box: ipywidgets.Widget

    @property
    def value(self) -> Any: ...

    def lock(self) -> None: ...


def show(asked: list[Asked], title: str) -> None:
    """Display the questions, beginning at the first that is not answered."""
    controls.display(Pager(asked, title).box)


class Pager:
    """One question after the other."""

    def __init__(self, asked: list[Asked], title: str) -> None:
        self.asked, self.title = asked, title
        self.place = next((n for n, one in enumerate(asked) if not one.committed), 0)
        self.question = controls.prose("")
        self.slot = ipywidgets.VBox()
        self.slot.add_class(controls.SLOT)
        self.sure = controls.row([(words, value) for value, words in quiz_told.CONFIDENCE.items()])
        self.sure_row = ipywidgets.VBox([controls.prose("<strong>How sure are you?</strong>"), self.sure])
        self.go, self.back = controls.button("Commit"), controls.button("Back")
        self.status, self.told = ipywidgets.HTML(), controls.prose("")
        self.go.on_click(lambda _: self._forward())
        self.back.on_click(lambda _: self._turn(-1))
        self.entry: Entry
        self.box = controls.panel(self.question, self.slot, self.sure_row, controls.beside(self.go, self.back),
                                  self.status, self.told)  # fmt: skip
        self._draw()

    @property
    def one(self) -> Asked:
        return self.asked[self.place]

    def _forward(self) -> None:
        """Commit; or, if that is done, go on."""
        if self.one.committed:
            self._turn(1)
            return
        try:
            self.one.commit(self.entry.value, self.sure.value)
        except Told as sentence:
            self.status.value = controls.status(str(sentence))
            return
        self._explain()

    def _turn(self, step: int) -> None:
        self.place = (self.place + step) % len(self.asked)
        self._draw()

    def _draw(self) -> None:
        one, of = self.one, len(self.asked)
        self.question.value = (
            f"<p><em>{html.escape(self.title)} {self.place + 1} of {of}</em></p>"
            f"<p>{html.escape(one.item.stem)} <strong>{one.task}</strong></p>"
        )
        self.entry = entry(one.item, one.steps, one.choice)
        self.slot.children = [self.entry.box]
        self.sure.value, self.sure.disabled = one.confidence, one.committed
        self.back.disabled = self.place == 0
        self.status.value = self.told.value = ""
        self.go.description = "Commit"
        if one.committed:
            self._explain()

    def _explain(self) -> None:
        one = self.one
        self.entry.lock()
        self.sure.disabled = True
        verdict = quiz_told.summary(one.item, one.choice)
        sign = quiz_told.RIGHT if verdict == "Right." else quiz_told.WRONG
        last = self.place == len(self.asked) - 1
        self.status.value = controls.status(f"{verdict} {finished(self.asked)}", sign)
        self.told.value = quiz_told.explanation_page(one.item, one.choice)
        self.go.description = "First question" if last else "Next question"


def entry(item: Item, steps: Sequence[Step], choice: Any) -> Entry:
    """Where an item is answered, with what was committed already."""
    if item.kind == CASE:
        return Case(item, choice)
    if item.kind == MATCHING:
        return Matching(item, choice)
    if item.kind == ORDERING:
        return Ordering(item, steps, choice)
    return options(item.kind, item.options, choice)


def options(kind: str, options: Sequence[Option], choice: Any) -> Entry:
    return One(options, choice) if kind == CHOICE else Several(options, choice)


class One:
    """Radio buttons."""

    def __init__(self, options: Sequence[Option], choice: Any) -> None:
        self.radio = ipywidgets.RadioButtons(
            options=[(option.text, option.id) for option in options], value=choice[0] if choice else None,
            layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        self.box = self.radio

    @property
    def value(self) -> list[str] | None:
        return [self.radio.value] if self.radio.value else None

    def lock(self) -> None:
        self.radio.disabled = True


class Several:
    """A box to tick per option."""

    def __init__(self, options: Sequence[Option], choice: Any) -> None:
        self.boxes = {
            option.id: ipywidgets.Checkbox(
                value=option.id in (choice or ()), description=option.text, indent=False,
                layout=ipywidgets.Layout(width="auto"),
            )
            for option in options
        }  # fmt: skip
        self.box = ipywidgets.VBox(list(self.boxes.values()))

    @property
    def value(self) -> list[str]:
        return [id for id, box in self.boxes.items() if box.value]

    def lock(self) -> None:
        for box in self.boxes.values():
            box.disabled = True


class Ordering:
    """Rows with a button up and a button down. Buttons stay where they are, so the keyboard's focus does too."""

    def __init__(self, item: Item, steps: Sequence[Step], choice: Any) -> None:
        self.texts = {step.id: step.text for step in item.steps}
        self.order = list(choice or [step.id for step in steps])
        self.rows = [controls.prose("") for _ in self.order]
        self.said = ipywidgets.HTML()
        self.buttons = []
        lines = []
        for place, row in enumerate(self.rows):
            up, down = controls.button(f"Move {place + 1} up"), controls.button(f"Move {place + 1} down")
            up.on_click(self._moves(place, place - 1))
            down.on_click(self._moves(place, place + 1))
            up.disabled, down.disabled = place == 0, place == len(self.rows) - 1
            self.buttons += [up, down]
            lines.append(controls.beside(up, down, row))
        self.box = ipywidgets.VBox([*lines, self.said])
        self._draw()

    @property
    def value(self) -> list[str]:
        return self.order

    def lock(self) -> None:
        for button in self.buttons:
            button.disabled = True
        self.said.value = ""

    def _moves(self, place: int, to: int) -> Callable[[ipywidgets.Button], None]:
        def move(_: ipywidgets.Button) -> None:
            self.order[place], self.order[to] = self.order[to], self.order[place]
            self._draw()
            self.said.value = controls.status(f"{self.texts[self.order[to]]}: now {quiz_told.ORDINALS[to]}.")

        return move

    def _draw(self) -> None:
        for place, (row, id) in enumerate(zip(self.rows, self.order, strict=True), 1):
            row.value = f"{place}. {html.escape(self.texts[id])}"


class Matching:
    """A prompt and its lists."""

    def __init__(self, item: Item, choice: Any) -> None:
        self.lists: dict[str, list[ipywidgets.Dropdown]] = {}
        rows: list[ipywidgets.Widget] = []
        for prompt in item.prompts:
            given = (choice or {}).get(prompt.id) or [None] * len(item.facets)
            self.lists[prompt.id] = [
                controls.choose([(c.text, c.id) for c in facet.choices], facet.text, prompt.text, value)
                for facet, value in zip(item.facets, given, strict=True)
            ]
            wrapping = ipywidgets.Layout(flex_flow="row wrap")
            rows.append(controls.prose(f"<p>{html.escape(prompt.text)}</p>"))
            rows.append(ipywidgets.HBox(self.lists[prompt.id], layout=wrapping))
        self.box = ipywidgets.VBox(rows)

    @property
    def value(self) -> dict[str, list[str | None]]:
        return {prompt: [one.value for one in lists] for prompt, lists in self.lists.items()}

    def lock(self) -> None:
        for lists in self.lists.values():
            for one in lists:
                one.disabled = True


class Case:
    """Several questions about one case."""

    def __init__(self, item: Item, choice: Any) -> None:
        self.entries: dict[str, Entry] = {}
        rows: list[ipywidgets.Widget] = []
        for number, question in enumerate(item.questions, 1):
            self.entries[question.id] = options(question.kind, question.options, (choice or {}).get(question.id))
            task = f"<strong>{quiz_told.task(question)}</strong>"
            rows += [
                controls.prose(f"<p>{number}. {html.escape(question.stem)} {task}</p>"),
                self.entries[question.id].box,
            ]
        self.box = ipywidgets.VBox(rows)

    @property
    def value(self) -> dict[str, Any]:
        return {id: one.value for id, one in self.entries.items()}

    def lock(self) -> None:
        for one in self.entries.values():
            one.lock()
