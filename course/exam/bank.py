"""The question bank: items in TOML files under `items/`, one file per exercise, proven sound when they are read.

    [[item]]
    id = "o-1-format"                  # begins with the exercise whose quiz asks it
    version = 1                        # raised whenever an old answer could mean something else
    kind = "multiple-choice"           # or multiple-response, ordering, matching, case-study
    objectives = ["1.1-S2"]            # of objectives.csv
    exercise = "D1-01"                 # where to return to
    exam = "C01+C02"
    stem = "Every query reads {few} of {many} columns. …"
    parameters = {few = [2, 3]}        # each placeholder takes one of its values …
    variant = [{many = 40}, {many = 60, right = ["avro"]}]      # … or goes with others; a clause may change the answer
    [[item.option]]
    id = "parquet"
    text = "Parquet"
    right = true
    why = "why it is right here"
    [[item.option]]
    id = "gzip"
    text = "Compressed CSV"
    tempting = "…"                     # why one takes it
    wrong = "…"                        # why it is wrong here
    when = "…"                         # when it would be right

An ordering has `[[item.step]]`s in their right order, each with `why` it stands there. A matching names facets of its
file (`[[facet]]`, with `choice`s that say `when` each is right) and has `[[item.prompt]]`s whose `answer` names one
choice of each. A case study has a scenario as its stem and `[[item.question]]`s with options. The five kinds and their
numbers are those of the exam guide of MLA-C01.
"""

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.exam.items import (
    CASE,
    CHOICE,
    KINDS,
    MATCHING,
    ORDERING,
    PLACEHOLDER,
    RESPONSE,
    Choice,
    Facet,
    Item,
    Option,
    Part,
    Prompt,
    Question,
    Step,
)

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "items"
OBJECTIVES = HERE / "objectives.csv"
EXAMS = ("C01", "C02", "C01+C02", "MLS")
ITEM_ID = re.compile(r"(o-\d|d\d-\d\d)(-[a-z0-9]+)+")
PART_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
EXERCISE_ID = re.compile(r"O-\d|D\d-\d\d")


class ItemError(CourseError):
    """An item is not as it must be; the message names the item and what is wrong."""


@cache
def load(exercise: str, folder: Path = FOLDER) -> tuple[Item, ...]:
    """The items of an exercise's quiz in their order; none if it has no file. ItemError says what is not sound."""
    path = folder / f"{exercise.lower().replace('-', '_')}.toml"
    return read(path) if path.is_file() else ()


def find(id: str, folder: Path = FOLDER) -> Item | None:
    """The item of that id, or None: an old answer may name one that is gone."""
    match = ITEM_ID.fullmatch(id)
    return next((item for item in load(match[1].upper(), folder) if item.id == id), None) if match else None


def exercises(folder: Path = FOLDER) -> list[str]:
    """The ids of the exercises that have items."""
    return [path.stem.upper().replace("_", "-") for path in sorted(folder.glob("*.toml"))]


def read(path: Path) -> tuple[Item, ...]:
    """The items of a file, proven sound."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ItemError(f"{path.name} cannot be read as TOML: {error}") from None
    _need(set(table) <= {"item", "facet"}, path.name, "holds [[item]] and [[facet]] only")
    facets = {facet.id: facet for facet in (_facet(row, path.name) for row in table.get("facet", []))}
    items = tuple(_item(row, facets) for row in table.get("item", []))
    _need(bool(items), path.name, "has no item")
    for item in items:
        slug = path.stem.replace("_", "-")
        _need(item.id.startswith(f"{slug}-"), item.id, f"stands in {path.name}, so its id begins with {slug}-")
    _prove_unique([item.id for item in items], path.name)
    return items


# Reading

ROWS = {"option": "options", "step": "steps", "prompt": "prompts", "question": "questions", "variant": "variants"}


def _item(row: dict[str, Any], facets: Mapping[str, Facet]) -> Item:
    name = str(row.get("id", "an item without id"))
    values: dict[str, Any] = {ROWS.get(key, key): value for key, value in row.items()}
    values["options"] = tuple(_part(Option, option, name) for option in row.get("option", []))
    values["steps"] = tuple(_part(Step, step, name) for step in row.get("step", []))
    values["prompts"] = tuple(_part(Prompt, prompt, name) for prompt in row.get("prompt", []))
    values["questions"] = tuple(_question(question, name) for question in row.get("question", []))
    unknown = [id for id in row.get("facets", []) if id not in facets]
    _need(not unknown, name, f"names facets that its file lacks: {', '.join(unknown)}")
    values["facets"] = tuple(facets[id] for id in row.get("facets", []))
    values["variants"] = tuple(row.get("variant", []))
    values["parameters"] = {key: tuple(allowed) for key, allowed in row.get("parameters", {}).items()}
    item = _part(Item, values, name)
    _prove(item)
    return item


def _question(row: dict[str, Any], name: str) -> Question:
    values = {key: value for key, value in row.items() if key != "option"}
    values["options"] = tuple(_part(Option, option, name) for option in row.get("option", []))
    return _part(Question, values, name)


def _facet(row: dict[str, Any], name: str) -> Facet:
    choices = tuple(_part(Choice, choice, name) for choice in row.get("choice", []))
    values = {"choices" if key == "choice" else key: value for key, value in row.items()}
    facet = _part(Facet, {**values, "choices": choices}, name)
    _need(len(choices) >= 2, facet.id, "has fewer than two choices")
    _prove_unique([choice.id for choice in choices], facet.id)
    return facet


def _part(kind: type[Part], row: Mapping[str, Any], name: str) -> Part:
    """A table as a dataclass: every field there, none unknown, texts not empty, lists as tuples."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    _need(set(row) <= set(known), name, f"has the unknown field {(sorted(set(row) - set(known)) or [''])[0]!r}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    for key, value in values.items():
        if known[key].type in (str, int, bool):
            _need(type(value) is known[key].type, name, f"has a {key} that is no {known[key].type.__name__}")  # type: ignore[union-attr]
            values[key] = " ".join(value.split()) if isinstance(value, str) else value
    try:
        return kind(**values)
    except TypeError as error:
        raise ItemError(f"{name} lacks a field: {str(error).split(') ')[-1]}") from None


# Proving


def _prove(item: Item) -> None:
    _need(bool(ITEM_ID.fullmatch(item.id)), item.id, "is not an id such as o-1-format")
    _need(item.kind in KINDS, item.id, f"has the kind {item.kind!r}; kinds are {', '.join(KINDS)}")
    _need(item.version >= 1, item.id, "has a version below 1")
    _need(bool(EXERCISE_ID.fullmatch(item.exercise)), item.id, f"returns to {item.exercise!r}, which is no exercise id")
    _need(item.exam in EXAMS, item.id, f"has the exam {item.exam!r}; exams are {', '.join(EXAMS)}")
    missing = [objective for objective in item.objectives if objective not in objectives()]
    _need(bool(item.objectives) and not missing, item.id, f"names unknown objectives: {missing or 'none at all'}")
    wanted = {CHOICE: "options", RESPONSE: "options", ORDERING: "steps", MATCHING: "prompts", CASE: "questions"}
    for name in set(wanted.values()):
        _need(bool(getattr(item, name)) == (wanted[item.kind] == name), item.id,
              f"is of kind {item.kind}: it has {wanted[item.kind]} and nothing else to answer")  # fmt: skip
    _prove_placeholders(item)
    for number in range(max(1, len(item.variants))):
        wording = item.filled({"variant": number})
        _prove_options(wording.options, item.kind, item.id)
        for question in wording.questions:
            _prove_options(question.options, question.kind, f"{item.id}, {question.id},")
    parts: tuple[Any, ...] = (*item.steps, *item.prompts, *item.questions)
    _prove_unique([part.id for part in parts], item.id)
    _prove_texts([*parts, *item.options], item.id)
    _need(item.kind != ORDERING or 3 <= len(item.steps) <= 5, item.id, "has not 3 to 5 steps")
    _need(item.kind != CASE or len(item.questions) >= 2, item.id, "has fewer than two questions")
    _need(bool(item.facets) == (item.kind == MATCHING), item.id, "has facets if and only if it is a matching")
    _need(item.kind != MATCHING or 3 <= len(item.prompts) <= 7, item.id, "has not 3 to 7 prompts")
    for prompt in item.prompts:
        fits = len(prompt.answer) == len(item.facets) and all(
            answer in {choice.id for choice in facet.choices}
            for answer, facet in zip(prompt.answer, item.facets, strict=True)
        )
        _need(fits, item.id, f"has the prompt {prompt.id}, whose answer is not one choice of each facet")


def _prove_options(options: tuple[Option, ...], kind: str, name: str) -> None:
    if not options:
        return
    right = [option for option in options if option.right]
    _prove_unique([option.id for option in options], name)
    _need(kind in (CHOICE, RESPONSE), name, f"is of kind {kind}, which has no options")
    if kind == CHOICE:
        _need(len(options) == 4 and len(right) == 1, name, "has not one right of four options")
    else:
        _need(len(options) >= 5 and 2 <= len(right) < len(options), name, "has not two or more right of five or more")
    for option in options:
        if option.right:
            _need(bool(option.why), name, f"does not say why {option.id} is right")
        else:
            for explained in ("tempting", "wrong", "when"):
                _need(bool(getattr(option, explained)), name, f"does not explain {option.id}: {explained} is missing")


def _prove_placeholders(item: Item) -> None:
    """Every placeholder gets a value in every variant, and every value is used."""
    parts = [item, *item.options, *item.steps, *item.prompts, *item.questions]
    parts += [option for question in item.questions for option in question.options]
    texts = [value for part in parts for value in vars(part).values() if isinstance(value, str)]
    named = {name for text in texts for name in PLACEHOLDER.findall(text)}
    for variant in item.variants or ({},):
        known = {*item.parameters, *variant} - {"right"}
        _need(named == known, item.id, f"and its values do not agree on {', '.join(sorted(named ^ known))}")
    _need(all(item.parameters.values()), item.id, "has a parameter without values")


def _prove_texts(parts: Iterable[Any], name: str) -> None:
    for part in parts:
        _need(bool(PART_ID.fullmatch(part.id)), name, f"has a part called {part.id!r}: use lower case and hyphens")
        for text in ("text", "stem", "why"):
            empty = getattr(part, text, "-") == "" and not isinstance(part, Option)
            _need(not empty, name, f"has the part {part.id} without {text}")


def _prove_unique(ids: list[str], name: str) -> None:
    for id in ids:
        _need(ids.count(id) == 1, name, f"has {id} more than once")


@cache
def objectives(path: Path = OBJECTIVES) -> frozenset[str]:
    """The ids of the exam's objectives."""
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row["id"] for row in csv.DictReader(file))


def _need(holds: bool, name: str, message: str) -> None:
    if not holds:
        raise ItemError(f"{name} {message}")
