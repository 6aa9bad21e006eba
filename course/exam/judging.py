"""What an answer to an item is worth. Answers come from files that people can edit, so anything may stand in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.exam.items import CASE, MATCHING, ORDERING, Item, Option


@dataclass(frozen=True)
class Verdict:
    """Whether each part of an answer is right: one part, or one per prompt or question, by id."""

    parts: Mapping[str, bool]

    @property
    def share(self) -> float:
        """The share of the parts that are right, 0 to 1."""
        return sum(self.parts.values()) / len(self.parts)

    @property
    def right(self) -> bool:
        return all(self.parts.values())


def understood(item: Item, choice: Any) -> Any:
    """A complete answer in its plain form; None for what is incomplete or no answer to this item at all.

    options  a list of option ids, as many as are right      ordering  every step id, in the order given
    matching {prompt id: a list of one choice id per facet}  case      {question id: a list of option ids}
    """
    if item.kind == CASE:
        return _each(choice, {q.id: q.options for q in item.questions}, _chosen)
    if item.kind == MATCHING:
        allowed = [{c.id for c in facet.choices} for facet in item.facets]
        return _each(choice, {prompt.id: allowed for prompt in item.prompts}, _matched)
    if item.kind == ORDERING:
        return choice if _texts(choice) and sorted(choice) == sorted(step.id for step in item.steps) else None
    return _chosen(choice, item.options)


def judge(item: Item, choice: Any) -> Verdict | None:
    """What a choice is worth, or None if it is not a complete answer. Exam items are all or nothing, part by part."""
    answer = understood(item, choice)
    if answer is None:
        return None
    if item.kind == CASE:
        return Verdict({q.id: set(answer[q.id]) == _right(q.options) for q in item.questions})
    if item.kind == MATCHING:
        return Verdict({prompt.id: answer[prompt.id] == list(prompt.answer) for prompt in item.prompts})
    if item.kind == ORDERING:
        return Verdict({item.id: answer == [step.id for step in item.steps]})
    return Verdict({item.id: set(answer) == _right(item.options)})


def facets_right(item: Item, choice: Any) -> dict[str, list[bool]] | None:
    """Of a matching, for each facet in turn whether each prompt is right in it; None if the answer is incomplete."""
    answer = understood(item, choice)
    if answer is None or item.kind != MATCHING:
        return None
    return {
        facet.id: [answer[prompt.id][n] == prompt.answer[n] for prompt in item.prompts]
        for n, facet in enumerate(item.facets)
    }


def solution(item: Item) -> Any:
    """The right answer, in the form that `understood` gives."""
    if item.kind == CASE:
        return {q.id: [o.id for o in q.options if o.right] for q in item.questions}
    if item.kind == MATCHING:
        return {prompt.id: list(prompt.answer) for prompt in item.prompts}
    if item.kind == ORDERING:
        return [step.id for step in item.steps]
    return [option.id for option in item.options if option.right]


def _right(options: tuple[Option, ...]) -> set[str]:
    return {option.id for option in options if option.right}


def _chosen(choice: Any, options: tuple[Option, ...]) -> list[str] | None:
    if isinstance(choice, str):
        choice = [choice]
    if not _texts(choice) or len(set(choice)) != len(choice) or len(choice) != len(_right(options)):
        return None
    order = [option.id for option in options]
    return sorted(choice, key=order.index) if set(choice) <= set(order) else None


def _matched(choice: Any, allowed: list[set[str]]) -> list[str] | None:
    if isinstance(choice, str):
        choice = [choice]
    fits = _texts(choice) and len(choice) == len(allowed)
    return list(choice) if fits and all(c in ids for c, ids in zip(choice, allowed, strict=True)) else None


def _each(choice: Any, wanted: Mapping[str, Any], one: Any) -> dict[str, list[str]] | None:
    if not isinstance(choice, dict) or set(choice) != set(wanted):
        return None
    answer = {id: one(choice[id], wanted[id]) for id in wanted}
    return None if None in answer.values() else answer


def _texts(choice: Any) -> bool:
    return isinstance(choice, list) and bool(choice) and all(isinstance(id, str) for id in choice)
