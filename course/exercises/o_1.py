"""O-1 Pretest and goal card: twelve questions before any teaching. That all are answered is what counts.

There is nothing to run, so the world stays empty.
"""

from __future__ import annotations

from typing import Any

from course.exam import bank
from course.learn import quiz_results
from course.learn.probe import NOT_HANDED_IN, Finding, Hint, found, probe
from course.learn.world import World


def start(aws: World, seed: int) -> dict[str, Any]:
    """Only how many questions there are."""
    return {"questions": len(bank.load("O-1"))}


@probe(points=1, hint="o-1-skipped")
def all_answered(world: World) -> Finding:
    """Every question is answered"""
    marked = quiz_results.marked("O-1")
    asked = {
        "looked": "your answers beside the notebook, not whether they are right",
        "expected": f"{len(marked)} answers",
    }
    if missing := quiz_results.missing("O-1"):
        return found(False, seen=missing, hint=NOT_HANDED_IN, **asked)
    open_ = [str(number) for number, one in enumerate(marked, 1) if one.verdict is None]
    done = len(marked) - len(open_)
    return found(not open_, seen=f"{done} answers" + (f"; open: {', '.join(open_)}" if open_ else ""), **asked)


@probe(points=1, hint="o-1-how-sure")
def all_with_confidence(world: World) -> Finding:
    """Each says how sure you were"""
    marked = quiz_results.marked("O-1")
    sure = [one for one in marked if one.answer is not None and one.answer.confidence is not None]
    asked = {"looked": "what stands beside each answer", "expected": f"how sure you were, {len(marked)} times"}
    if missing := quiz_results.missing("O-1"):
        return found(False, seen=missing, hint=NOT_HANDED_IN, **asked)
    return found(len(sure) == len(marked), seen=f"{len(sure)} times", **asked)


PROBES = (all_answered, all_with_confidence)

HINTS = {
    "o-1-skipped": Hint(
        "Answer the open ones too, a guess is enough. What you skip you will believe you knew.", "The questions"
    ),
    "o-1-how-sure": Hint(
        "Without how sure you were, the picture cannot tell what you know from what you guessed.", "The questions"
    ),
}
