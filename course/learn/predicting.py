"""Predict, then run: a number or a drawn curve is committed before the result shows.

    predict("o-3-curve", "AUC in each of the six months", at=["Jan", "Feb", …], low=0.5, high=1.0)   # one cell
    show_months(guess=committed("o-3-curve"))                                                       # the next one

The commitment goes to answers.json; it is what counts, not whether it came true. Nothing waits for a click: in a
notebook that an engine runs, `committed` is what answers.json holds, or None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course.learn import answers, screen
from course.learn.answers import Answer
from course.learn.told import Told

Guess = float | list[float]


@dataclass(frozen=True)
class Question:
    """What is to be predicted: one number, or one at each of the places `at`, from `low` to `high`."""

    id: str
    ask: str
    at: tuple[str, ...]
    low: float
    high: float
    step: float
    unit: str

    def understood(self, choice: Any) -> Guess:
        """The choice as a number or numbers within the range. Raises Told, with what is asked for, if it is none."""
        guess = _guess(choice, len(self.at))
        if guess is None:
            wanted = f"a list of {len(self.at)} numbers" if self.at else "one number"
            raise Told(f"{self.ask}: this prediction is {wanted} from {self.low:g} to {self.high:g}.")
        values = guess if isinstance(guess, list) else [guess]
        if not all(self.low <= value <= self.high for value in values):
            raise Told(f"{self.ask}: a prediction here lies between {self.low:g} and {self.high:g}.")
        return guess

    def said(self, guess: Guess) -> str:
        """The guess in words: "Jan 0.9, Feb 0.88", "2.9 dollars"."""
        if isinstance(guess, list):
            return ", ".join(f"{place} {value:g}" for place, value in zip(self.at, guess, strict=True)) + self._unit()
        return f"{guess:g}{self._unit()}"

    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


_shown: dict[str, Question] = {}


def predict(
    id: str, ask: str, *, at: Sequence[str] = (), low: float, high: float, step: float | None = None, unit: str = ""
) -> None:
    """Ask for a prediction and record it when it is committed. `at` names the places of a curve; without it, a number.

    A committed prediction stands until a new attempt, begin(…, again=True).
    """
    span = high - low
    question = Question(id, ask, tuple(at), low, high, step or 10.0 ** math.floor(math.log10(span / 10)), unit)
    answers.exercise_of(id)
    _shown[id] = question
    if screen.has_reader():
        from course.learn import predict_widget

        predict_widget.show(question, prediction(id, len(at)))
    else:
        print(said(question))


def commit(id: str, choice: Any) -> str:
    """Record a prediction without its widget; returns what there is to say. Raises Told if it is not what was asked."""
    if id not in _shown:
        raise Told(f"Run the cell that asks for {id} first.")
    question = _shown[id]
    if prediction(id, len(question.at)) is None:
        answers.give(id, Answer(question.understood(choice)))
    return said(question)


def said(question: Question) -> str:
    """The question and what was committed, as text."""
    guess = prediction(question.id, len(question.at))
    if guess is None:
        told = f'nothing committed yet; without the sliders, answer("{question.id}", …) does it'
    else:
        told = f"you predicted {question.said(guess)}"
    return screen.wrapped(f"{question.ask}: {told}.", hang="  ")


def committed(id: str) -> Guess | None:
    """What was committed. A reader who has not committed is told so and gets None, and so does the picture."""
    guess = prediction(id, len(_shown[id].at) if id in _shown else None)
    if guess is None and screen.has_reader():
        print("Commit your prediction above first, then run this cell again.")
    return guess


def prediction(id: str, places: int | None = None) -> Guess | None:
    """What answers.json holds for a prediction, if it is a number (`places` 0) or that many numbers; else None."""
    answer = answers.given(id)
    return None if answer is None else _guess(answer.choice, places)


def _guess(choice: Any, places: int | None) -> Guess | None:
    """A finite number, or a list of `places` of them; `places` None takes either."""
    if isinstance(choice, list | tuple):
        values = [_guess(value, 0) for value in choice]
        if not values or None in values or places not in (None, len(values)):
            return None
        return values  # type: ignore[return-value]
    if isinstance(choice, bool) or not isinstance(choice, int | float) or places:
        return None
    try:
        return float(choice) if math.isfinite(choice) else None
    except OverflowError:
        return None
