"""`answers.json` beside the notebook: what a learner chose, and in which world each exercise stands.

    {"version": 1, "attempts": {"O-8": 2}, "students": {"O-8": "ada"},
     "answers": {"o-1-format": {"choice": ["parquet"], "version": 1, "confidence": 75, "attempt": 1}}}

It is part of a submission and holds no scores. A folder without it is at every exercise's first attempt and has
answered nothing. Quiz items, predictions and reflections are kept alike, by an id that begins with their exercise's.

Whose world. A diagnosis (O-4, the culprit of O-5) is graded in the world that the learner saw, and that world follows
from a name and the attempt. Where a lab is told its student (COURSE_STUDENT), `begin` notes the name here, under
`students` and by exercise; without a note it was the world of self-study. A grader knows the submission's folder: it
believes the note if it names that folder's student, and takes the world of self-study in every other case. So nobody
can ask for a third person's world. What a learner can choose by editing this file is the attempt, which
`begin(…, again=True)` gives as well, and the world of self-study; where a cohort is to have worlds of its own only,
`c.SandboxedExecute.beside = "course.beside:NamedCloud"` makes the folder's name count and no note.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.learn import setting
from course.learn.told import Told

NAME = "answers.json"
VERSION = 1
ITEM_ID = re.compile(r"(o-\d|d\d-\d\d)-[a-z0-9-]+")


@dataclass(frozen=True)
class Answer:
    """What was committed for an item: `parameters` are those of the wording that was shown, `confidence` a percentage.

    The file can be edited, so `choice` may be anything that JSON can hold; whoever reads it proves it.
    """

    choice: Any
    version: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)
    confidence: int | None = None


def attempt(exercise: str, folder: Path | None = None) -> int:
    """The attempt that an exercise stands at; 1 as long as nothing is recorded that could be one."""
    number = _table(_read(folder), "attempts").get(exercise)
    return number if type(number) is int and number > 0 else 1


def next_attempt(exercise: str, folder: Path | None = None) -> int:
    """Record one attempt more and return it. Raises Told if the folder cannot be written."""
    answers = _read(folder)
    number = attempt(exercise, folder) + 1
    answers["attempts"] = {**_table(answers, "attempts"), exercise: number}
    _write(answers, folder)
    return number


def handed_in(folder: Path | None = None) -> bool:
    """Whether there is a file of answers at all: a notebook that was handed in alone lacks it."""
    return _path(folder).is_file()


def given(item: str, folder: Path | None = None) -> Answer | None:
    """What was committed for an item at its exercise's present attempt; None if nothing was.

    An answer that names no attempt counts at each: authors' answers do, so that verify can run on several seeds.
    """
    entry = _table(_read(folder), "answers").get(item)
    if not isinstance(entry, dict) or "choice" not in entry:
        return None
    present = present_attempt(exercise_of(item), folder)
    if entry.get("attempt", present) != present:
        return None
    parameters, confidence = entry.get("parameters"), entry.get("confidence")
    return Answer(
        entry["choice"],
        entry.get("version", 1),
        parameters if isinstance(parameters, dict) else {},
        confidence if type(confidence) is int else None,
    )


def give(item: str, answer: Answer, folder: Path | None = None) -> None:
    """Record an answer at its exercise's present attempt, in place of an earlier one. Raises Told if it cannot."""
    answers = _read(folder)
    entry: dict[str, Any] = {"choice": answer.choice, "version": answer.version}
    if answer.parameters:
        entry["parameters"] = dict(answer.parameters)
    if answer.confidence is not None:
        entry["confidence"] = answer.confidence
    entry["attempt"] = present_attempt(exercise_of(item), folder)
    answers["answers"] = {**_table(answers, "answers"), item: entry}
    _write(answers, folder)


def present_attempt(exercise: str, folder: Path | None = None) -> int:
    """The attempt whose world and wording this kernel shows: an engine may override the recorded one."""
    return setting.read().attempt or attempt(exercise, folder)


def whose(exercise: str, folder: Path | None = None) -> str:
    """The student whose world and wording an exercise has here."""
    surroundings = setting.read()
    if surroundings.handed_in_by is None:
        return surroundings.student
    noted = noted_student(exercise, folder)
    return surroundings.handed_in_by if noted == surroundings.handed_in_by else setting.SELF_STUDY


def noted_student(exercise: str, folder: Path | None = None) -> str | None:
    """The student whose world the learner saw last in an exercise, by the note here; None if the lab was not told."""
    noted = _table(_read(folder), "students").get(exercise)
    return noted if isinstance(noted, str) else None


def note_whose(exercise: str, folder: Path | None = None) -> None:
    """Note whose world the learner sees now, if the lab was told. Raises Told if the folder cannot be written."""
    surroundings = setting.read()
    if surroundings.handed_in_by is not None:
        return  # a grader looks at the note and leaves it alone
    answers = _read(folder)
    students = _table(answers, "students")
    told = {} if surroundings.student == setting.SELF_STUDY else {exercise: surroundings.student}
    others = {id: student for id, student in students.items() if id != exercise}
    if others | told != students:
        answers["students"] = others | told
        _write(answers, folder)


def exercise_of(item: str) -> str:
    """The exercise that an item, prediction or reflection belongs to: "O-3" of "o-3-curve"."""
    match = ITEM_ID.fullmatch(item)
    if match is None:
        raise Told(f"There is nothing called {item!r} to answer: such a name begins with its exercise, as o-3-curve.")
    return match[1].upper()


def _path(folder: Path | None) -> Path:
    return (folder or Path.cwd()) / NAME  # a notebook's kernel starts in the notebook's folder


def _table(answers: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table of the file; empty if something else stands in its place."""
    table = answers.get(name)
    return table if isinstance(table, dict) else {}


def _read(folder: Path | None) -> dict[str, Any]:
    path = _path(folder)
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))
        return answers if isinstance(answers, dict) else {"version": VERSION}
    except FileNotFoundError:
        return {"version": VERSION}
    except (OSError, ValueError):
        raise Told(f"{path} cannot be read: rename it, and this exercise starts at its first attempt.") from None


def _write(answers: dict[str, Any], folder: Path | None) -> None:
    path = _path(folder)
    draft = path.with_name(f".{NAME}.new")
    try:
        draft.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(draft, path)  # a kernel killed here leaves the old answers whole
    except OSError as error:
        raise Told(f"{path} cannot be written ({error.strerror}): make its folder writable and try again.") from None
