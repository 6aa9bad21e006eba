"""Questions in a notebook: `quiz("O-7")` asks an exercise's items, `review()` those that come back.

Each is answered with how sure one is; once committed, every option is explained and the answer stands until a new
attempt, begin(…, again=True). Answers go to answers.json beside the notebook. Where nobody can click the questions are
shown as text with what answers.json holds, and `answer` takes answers there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from course.exam import bank
from course.exam.items import CASE, MATCHING, ORDERING, Item, Step
from course.exam.judging import judge, understood
from course.learn import answers, predicting, progress, progress_store, quiz_results, quiz_told, screen
from course.learn.answers import Answer
from course.learn.told import Told


@dataclass
class Asked:
    """One question as it is shown: in one wording and order, with what was committed, if anything was."""

    item: Item
    steps: tuple[Step, ...]
    parameters: dict[str, Any]
    choice: Any = None
    confidence: int | None = None
    keep: Callable[[str, Answer], None] = field(default=answers.give)

    @property
    def committed(self) -> bool:
        return self.choice is not None

    def commit(self, choice: Any, confidence: int | None) -> None:
        """Record an answer, once. Raises Told if it is not whole, or if it cannot be recorded."""
        if self.committed:
            return
        answer = understood(self.item, choice)
        if answer is None:
            raise Told(f"Not answered yet. {self.task}")
        if confidence not in quiz_told.CONFIDENCE:
            raise Told(f"Say how sure you are: {screen.listed(quiz_told.CONFIDENCE.values(), 'or')}.")
        self.keep(self.item.id, Answer(answer, self.item.version, self.parameters, confidence))
        self.choice, self.confidence = answer, confidence
        verdict = judge(self.item, answer)
        progress.answered(self.item, verdict.share if verdict else 0.0, confidence)

    @property
    def task(self) -> str:
        return quiz_told.task(self.item)


_shown: dict[str, Asked] = {}


def quiz(exercise: str) -> None:
    """Ask the questions of an exercise, or show what was answered."""
    asked = [_asked(marked) for marked in quiz_results.marked(exercise)]
    if not asked:
        raise Told(f"There are no questions for {exercise!r}; there are for {screen.listed(bank.exercises())}.")
    _ask(asked, f"{exercise}, question")


def review() -> None:
    """Ask the questions that come back in this sitting: missed ones, after 1 sitting, after 3 more and after 7 more."""
    noted = progress_store.read(progress_store.of_kernel())
    items = [item for id in progress.due() if (item := bank.find(id))]
    if not items:
        print("No question comes back today.")
        return
    seed = progress_store.sitting(noted)  # another wording each time
    asked = []
    for item in items:
        parameters = item.drawn(seed)
        filled = item.filled(parameters)
        asked.append(Asked(filled.shuffled(seed), filled.mixed_steps(seed), parameters, keep=lambda id, answer: None))
    _ask(asked, "Coming back, question")


def answer(id: str, choice: Any, sure: int | None = None) -> None:
    """Commit an answer without clicking: answer("o-1-format", "parquet", sure=75); sure is 25, 50, 75 or 95 per cent.

    Several options and orders are lists of ids, a matching or a case is a dict by prompt or question. A prediction is a
    number or a list of numbers: answer("o-3-curve", [0.9, 0.88, …]).
    """
    item = bank.find(id)
    if item is None:
        print(predicting.commit(id, choice))
        return
    asked = _shown.get(id) or _asked(quiz_results.mark(item))
    asked.commit(_whole(item, choice), sure)
    print(f"{id}: {quiz_told.explanation_text(asked.item, asked.choice)}")


def _asked(marked: quiz_results.Marked) -> Asked:
    item, seed = marked.item, quiz_results.seed_of(marked.item)
    asked = Asked(item.shuffled(seed), item.mixed_steps(seed), marked.parameters)
    if marked.answer is not None:
        asked.choice, asked.confidence = marked.answer.choice, marked.answer.confidence
    return asked


def _ask(asked: list[Asked], title: str) -> None:
    _shown.update({one.item.id: one for one in asked})
    if screen.has_reader():
        from course.learn import quiz_widget

        quiz_widget.show(asked, title)
        return
    for number, one in enumerate(asked, 1):
        place = f"{title} {number} of {len(asked)}"
        print(quiz_told.text_of(one.item, one.steps, one.choice, one.confidence, place), end="\n\n")
    print(finished(asked))


def finished(asked: list[Asked]) -> str:
    """How far a quiz is, in a sentence."""
    done = [one for one in asked if one.committed]
    if len(done) < len(asked):
        return f"{len(done)} of {len(asked)} answered."
    right = sum(verdict.right for one in done if (verdict := judge(one.item, one.choice)))
    return f"All {len(asked)} answered, {right} of them right in every part."


def _whole(item: Item, choice: Any) -> Any:
    """What was typed, in the form in which answers are kept: one id stands for a list of one."""
    if item.kind in (CASE, MATCHING) and isinstance(choice, dict):
        return {id: [value] if isinstance(value, str) else list(value) for id, value in choice.items()}
    if isinstance(choice, str) and item.kind != ORDERING:
        return [choice]
    return list(choice) if isinstance(choice, tuple) else choice
