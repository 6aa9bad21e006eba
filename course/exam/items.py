"""What a question is: five kinds, those of the exam guide of MLA-C01. `bank` reads them from their files."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

CHOICE, RESPONSE, ORDERING, MATCHING, CASE = (
    "multiple-choice", "multiple-response", "ordering", "matching", "case-study",
)  # fmt: skip
KINDS = (CHOICE, RESPONSE, ORDERING, MATCHING, CASE)
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
Part = TypeVar("Part")


@dataclass(frozen=True)
class Option:
    """One answer of a multiple choice or response: explained by `why` where right, by the other three where wrong."""

    id: str
    text: str
    right: bool = False
    why: str = ""
    tempting: str = ""
    wrong: str = ""
    when: str = ""


@dataclass(frozen=True)
class Step:
    """One step of an ordering."""

    id: str
    text: str
    why: str


@dataclass(frozen=True)
class Choice:
    """What a prompt can be matched with; `when` says what it is right for."""

    id: str
    text: str
    when: str


@dataclass(frozen=True)
class Facet:
    """One list of choices; a matching has one, or several that are all to be told of each prompt."""

    id: str
    text: str
    choices: tuple[Choice, ...]

    def choice(self, id: str) -> Choice:
        return next(choice for choice in self.choices if choice.id == id)


@dataclass(frozen=True)
class Prompt:
    """What is to be matched: `answer` has one choice id per facet."""

    id: str
    text: str
    answer: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Question:
    """One question of a case study."""

    id: str
    kind: str
    stem: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Item:
    """An item as its file has it, or with its placeholders filled (`filled`)."""

    id: str
    version: int
    kind: str
    objectives: tuple[str, ...]
    exercise: str
    exam: str
    stem: str
    options: tuple[Option, ...] = ()
    steps: tuple[Step, ...] = ()
    facets: tuple[Facet, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    questions: tuple[Question, ...] = ()
    parameters: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    variants: tuple[Mapping[str, Any], ...] = ()

    @property
    def domain(self) -> int:
        """The exam's domain, 1 to 4: that of its first objective."""
        return int(self.objectives[0][0])

    def drawn(self, seed: int) -> dict[str, Any]:
        """The parameters that a seed gives: {} if the item has none."""
        draw = random.Random(f"{seed}:{self.id}")
        values = {name: draw.choice(values) for name, values in self.parameters.items()}
        return {**values, "variant": draw.randrange(len(self.variants))} if self.variants else values

    def filled(self, parameters: Mapping[str, Any]) -> "Item":
        """The item in one wording. What `parameters` lacks, or what the item does not know, is its first value."""
        values = {name: _allowed(parameters.get(name), allowed) for name, allowed in self.parameters.items()}
        right = None
        if self.variants:
            number = parameters.get("variant")
            known = type(number) is int and 0 <= number < len(self.variants)
            values |= self.variants[number if known else 0]  # type: ignore[index]
            right = values.pop("right", None)

        def fill(part: Part) -> Part:
            return replace(part, **{  # type: ignore[type-var]
                name: PLACEHOLDER.sub(lambda match: str(values[match[1]]), value)
                for name, value in vars(part).items() if isinstance(value, str)
            })  # fmt: skip

        options = tuple(fill(o if right is None else replace(o, right=o.id in right)) for o in self.options)
        questions = tuple(replace(fill(q), options=tuple(map(fill, q.options))) for q in self.questions)
        steps, prompts = tuple(map(fill, self.steps)), tuple(map(fill, self.prompts))
        return replace(fill(self), options=options, steps=steps, prompts=prompts, questions=questions)

    def shuffled(self, seed: int) -> "Item":
        """The item with its options and prompts in a seed's order. Steps keep theirs, which is the right one."""
        draw = random.Random(f"{seed}:{self.id}:order")
        questions = tuple(replace(q, options=_mixed(q.options, draw)) for q in self.questions)
        return replace(
            self, options=_mixed(self.options, draw), prompts=_mixed(self.prompts, draw), questions=questions
        )

    def mixed_steps(self, seed: int) -> tuple[Step, ...]:
        """The steps as they are shown: in a seed's order that is not the right one."""
        draw = random.Random(f"{seed}:{self.id}:order")
        steps = _mixed(self.steps, draw)
        while steps and steps == self.steps:
            steps = _mixed(self.steps, draw)
        return steps


def _mixed(parts: tuple[Part, ...], draw: random.Random) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda _: draw.random()))


def _allowed(value: Any, allowed: tuple[Any, ...]) -> Any:
    return next((known for known in allowed if type(known) is type(value) and known == value), allowed[0])
