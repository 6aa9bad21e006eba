"""O-7 Productionise, but not the model: eight cases, six about the system around a model and two about the model."""

from __future__ import annotations

from typing import Any

from course.exam import bank
from course.exam.reflections import load
from course.learn import quiz_results
from course.learn.probe import NOT_HANDED_IN, Finding, Hint, found, probe
from course.learn.quiz_results import Marked
from course.learn.world import World

MODEL = frozenset({"o-7-new-trick", "o-7-not-good-yet"})  # what really is about the model
SLIPS = 1  # allowed among the six others


def start(aws: World, seed: int) -> dict[str, Any]:
    """Only how many cases there are, and how many words open the model answer."""
    reflection = load("O-7")
    return {"cases": len(bank.load("O-7")), "words": reflection.words if reflection else 0}


@probe(points=2, hint="o-7-model-first")
def system_cases(world: World) -> Finding:
    """Where the system is at fault, you change the system"""
    return _cases([one for one in quiz_results.marked("O-7") if one.item.id not in MODEL], SLIPS)


@probe(points=2, hint="o-7-never-the-model")
def model_cases(world: World) -> Finding:
    """Where the model is at fault, you change the model"""
    return _cases([one for one in quiz_results.marked("O-7") if one.item.id in MODEL], 0)


PROBES = (system_cases, model_cases)


def _cases(cases: list[Marked], slips: int) -> Finding:
    """Whether all but `slips` of these cases are right."""
    wanted = f"at least {len(cases) - slips} of {len(cases)} right" if slips else f"{len(cases)} of {len(cases)} right"
    asked = {"looked": "your answers to the cases", "expected": wanted}
    if missing := quiz_results.missing("O-7"):
        return found(False, seen=missing, hint=NOT_HANDED_IN, **asked)
    verdicts = [one.verdict for one in cases]
    right, open_ = sum(verdict is not None and verdict.right for verdict in verdicts), verdicts.count(None)
    seen = f"{right} right" + (f", {open_} open" if open_ else "")
    enough = right >= len(cases) - slips
    return found(enough, seen=seen, hint="o-7-open" if open_ and not enough else None, **asked)


HINTS = {
    "o-7-open": Hint("Some cases are not answered yet.", "The cases"),
    "o-7-model-first": Hint(
        "In these cases nobody shows that the model is at fault. Before you change it, name the measurement that says "
        "so; if there is none, look at what stands around it.",
        "The principle",
    ),
    "o-7-never-the-model": Hint(
        "“Always the infrastructure” is a rule for guessing. In two of the cases everything around the model had been "
        "checked and was sound, and the measurements point at the model.",
        "The trap",
    ),
}
