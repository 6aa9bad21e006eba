"""What the answers beside the notebook are worth: every item of an exercise's quiz with its answer and its verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from course.exam import bank
from course.exam.items import Item
from course.exam.judging import Verdict, judge, understood
from course.learn import answers, seeds
from course.learn.answers import Answer


@dataclass(frozen=True)
class Marked:
    """An item in the wording that was shown. `answer` and `verdict` are None as long as nothing whole is committed."""

    item: Item
    parameters: dict[str, Any]
    answer: Answer | None
    verdict: Verdict | None


def marked(exercise: str) -> list[Marked]:
    """Every item of the exercise's quiz, in order. An answer to an older version of an item no longer counts."""
    return [mark(item) for item in bank.load(exercise)]


def mark(item: Item) -> Marked:
    """One item: in the wording that its answer names, else in that of the exercise's present seed."""
    answer = answers.given(item.id)
    if answer is not None and answer.version == item.version:
        parameters = dict(answer.parameters)
        filled = item.filled(parameters)
        choice = understood(filled, answer.choice)
        if choice is not None:
            return Marked(filled, parameters, replace(answer, choice=choice), judge(filled, choice))
    parameters = item.drawn(seed_of(item))
    return Marked(item.filled(parameters), parameters, None, None)


def seed_of(item: Item) -> int:
    """The seed of the wording and order in which this learner sees an item at the present attempt."""
    exercise = answers.exercise_of(item.id)
    return seeds.own_seed(answers.whose(exercise), exercise, answers.present_attempt(exercise))


def missing(exercise: str) -> str | None:
    """Why there is nothing to look at in an exercise's quiz, in words; None if any question is answered."""
    if not answers.handed_in():
        return "not handed in: there is no answers.json beside the notebook"
    return None if any(one.verdict for one in marked(exercise)) else "no question is answered"
