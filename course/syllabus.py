"""The one list of assignments and exercises: `syllabus.toml`, read and proven sound.

    from course import syllabus
    syllabus.load().exercise("O-8").points

Stdlib only, so that a kernel, the server and the grader can all import it at once.
"""

import csv
import re
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TypeVar

from course.errors import CourseError

HERE = Path(__file__).resolve().parent
SYLLABUS = HERE / "syllabus.toml"
OBJECTIVES = HERE / "exam" / "objectives.csv"

MODES = ("exec", "sim", "quiz", "text")  # joined by "+" where an exercise is both
EXAMS = ("C01", "C02", "C01+C02", "MLS")  # MLA-C01, its successor, both, MLS-C01 only
EXERCISE_ID = re.compile(r"O-[1-9]|D[1-9]-\d\d")
ASSIGNMENT_NAME = re.compile(r"d\d(_[a-z]+)+")
Entry = TypeVar("Entry")


class SyllabusError(CourseError):
    """The syllabus contradicts itself; the message names the entry and the field."""


@dataclass(frozen=True)
class Assignment:
    """A notebook of the course: `source/<name>/<name>.ipynb`.

    `data` lists the further files of its folder that learners get, relative to that folder.
    """

    name: str
    title: str
    data: tuple[str, ...] = ()

    @property
    def notebook(self) -> str:
        return f"{self.name}.ipynb"


@dataclass(frozen=True)
class Exercise:
    """One exercise. `points` is the sum over its graded cells; `minutes` is a learner's honest time."""

    id: str
    assignment: str
    title: str
    bridge: tuple[int, ...]
    objectives: tuple[str, ...]
    minutes: int
    points: int
    mode: str
    exam: str
    replay: bool
    worlds: tuple[str, ...]

    @property
    def slug(self) -> str:
        """How cell ids begin: "o-8", "d3-07"."""
        return self.id.lower()

    @property
    def module(self) -> str:
        """How Python names it: "o_8", "d3_07"."""
        return self.slug.replace("-", "_")


@dataclass(frozen=True)
class Syllabus:
    assignments: tuple[Assignment, ...]
    exercises: tuple[Exercise, ...]

    def assignment(self, name: str) -> Assignment:
        """The assignment of that name; KeyError says which names there are."""
        for assignment in self.assignments:
            if assignment.name == name:
                return assignment
        raise KeyError(f"no assignment {name!r}: the syllabus has {', '.join(a.name for a in self.assignments)}")

    def exercise(self, id: str) -> Exercise:
        """The exercise of that id; KeyError says which ids there are."""
        for exercise in self.exercises:
            if exercise.id == id:
                return exercise
        raise KeyError(f"no exercise {id!r}: the syllabus has {', '.join(e.id for e in self.exercises)}")

    def of(self, assignment: str) -> tuple[Exercise, ...]:
        """An assignment's exercises in the order of its notebook."""
        return tuple(e for e in self.exercises if e.assignment == assignment)


@cache
def load(path: Path = SYLLABUS, objectives: Path = OBJECTIVES) -> Syllabus:
    """Read and prove the syllabus; raise SyllabusError with one sentence on the first thing that is wrong."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := sorted(set(table) - {"assignment", "exercise"}):
        raise SyllabusError(f"{path.name}: unknown table {unknown[0]!r}; it has [[assignment]] and [[exercise]] only")
    syllabus = Syllabus(
        tuple(_entry(Assignment, row, "name") for row in table.get("assignment", [])),
        tuple(_entry(Exercise, row, "id") for row in table.get("exercise", [])),
    )
    known = objective_ids(objectives)
    _prove_unique([a.name for a in syllabus.assignments], [e.id for e in syllabus.exercises])
    for assignment in syllabus.assignments:
        _need(bool(ASSIGNMENT_NAME.fullmatch(assignment.name)), assignment.name, "is not named as d0_orientation")
    for exercise in syllabus.exercises:
        _prove(exercise, {a.name for a in syllabus.assignments}, known)
    for assignment in syllabus.assignments:
        ids = [e.id for e in syllabus.of(assignment.name)]
        _need(ids == sorted(ids), assignment.name, f"has its exercises out of order: {', '.join(ids)}")
    return syllabus


def objective_ids(path: Path = OBJECTIVES) -> frozenset[str]:
    """The ids of the exam's objectives, such as "3.1-K2"."""
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row["id"] for row in csv.DictReader(file))


def _entry(kind: type[Entry], row: dict, key: str) -> Entry:
    """A table of the file as a dataclass; TOML's lists become tuples, every field must be there with its type."""
    name = str(row.get(key, f"[[{kind.__name__.lower()}]] without {key}"))
    types: dict[str, object] = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(row) - set(types)):
        raise SyllabusError(f"{name}: unknown field {unknown[0]!r}")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    for field, value in values.items():
        expected = next((plain for plain in (str, int, bool) if types[field] is plain), tuple)
        _need(type(value) is expected, name, f"field {field!r} must be {expected.__name__}, got {value!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise SyllabusError(f"{name}: {str(error).split(') ')[-1]}") from None


def _prove(exercise: Exercise, assignments: set[str], objectives: frozenset[str]) -> None:
    e = exercise
    _need(bool(EXERCISE_ID.fullmatch(e.id)), e.id, "is not an id such as O-8 or D3-07")
    _need(e.assignment in assignments, e.id, f"names an assignment that is not listed: {e.assignment!r}")
    # O- exercises belong to d0, D3- to d3: an id alone tells a learner where to look.
    _need(e.assignment[1] == (e.id[1] if e.id[0] == "D" else "0"), e.id, f"does not belong in {e.assignment}")
    _need(bool(e.bridge) and set(e.bridge) <= {1, 2, 3, 4, 5}, e.id, f"names no bridge of 1 to 5: {list(e.bridge)}")
    missing = [o for o in e.objectives if o not in objectives]
    _need(bool(e.objectives) and not missing, e.id, f"names unknown objectives: {missing or 'none at all'}")
    _need(5 <= e.minutes <= 60, e.id, f"has {e.minutes} minutes; an exercise takes 5 to 60")
    _need(1 <= e.points <= 20, e.id, f"has {e.points} points; an exercise has 1 to 20")
    _need(set(e.mode.split("+")) <= set(MODES), e.id, f"has mode {e.mode!r}; modes are {', '.join(MODES)}")
    _need(e.exam in EXAMS, e.id, f"has exam {e.exam!r}; exams are {', '.join(EXAMS)}")
    _need(len(set(e.worlds)) == len(e.worlds), e.id, "names a world twice")
    _need(e.replay or not e.worlds, e.id, "has replay = false and so cannot have hidden worlds")


def _prove_unique(*lists: list[str]) -> None:
    for names in lists:
        for name in names:
            _need(names.count(name) == 1, name, "stands in the syllabus more than once")


def _need(holds: bool, name: str, message: str) -> None:
    if not holds:
        raise SyllabusError(f"{name} {message}")
