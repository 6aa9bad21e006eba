"""Excuse an exercise, for one learner or for all: it counts neither for nor against.

nbgrader has no place for that, so it stands beside its tables, in `course_excused`: a row per graded cell and learner.
Scores stay as they were found; who reads them (course.grading.marks, `course grade --json`) leaves out what is excused,
of the points and of what they are out of. To count it again, a row is taken away: nothing is graded again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from course.errors import CourseError

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

    from course.grading.course_folder import CourseFolder

EVERYONE = ""
NO_REASON = "your teacher has excused it"

Key = tuple[str, str]  # of a graded cell: (notebook, id)


@dataclass(frozen=True)
class Excused:
    """What is excused in an assignment: by learner (or EVERYONE) and cell, why."""

    reasons: Mapping[str, Mapping[Key, str]]

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "Excused":
        """From rows of course_excused."""
        reasons: dict[str, dict[Key, str]] = {}
        for row in rows:
            reasons.setdefault(row["student"], {})[(row["notebook"], row["cell"])] = row["because"]
        return cls(reasons)

    def of(self, student: str) -> Mapping[Key, str]:
        """What is excused for a learner, and why."""
        return {**self.reasons.get(EVERYONE, {}), **self.reasons.get(student, {})}


NOTHING = Excused({})


def read(gradebook: "Gradebook", assignment: str) -> Excused:
    """What is excused in an assignment."""
    from sqlalchemy import inspect, select

    from course.grading.gradebook import EXCUSED as table

    if not inspect(gradebook.engine).has_table(table.name):
        return NOTHING
    rows = gradebook.db.execute(select(table).where(table.c.assignment == assignment))
    return Excused.of_rows(row._mapping for row in rows)


def change(
    folder: "CourseFolder",
    assignment: str,
    exercise: str,
    students: Sequence[str] = (),
    because: str = "",
    *,
    undo: bool = False,
) -> str:
    """Excuse an exercise for `students`, or for everyone if there are none; or, to `undo` that, have it count again.

    exercise: as source/ names it (cell metadata `course.exercise`), or a grade id. Returns what was done, in a
    sentence. CourseError if there is no such exercise or learner.
    """
    from sqlalchemy import delete, insert

    from course.grading import marks
    from course.grading.gradebook import EXCUSED as table

    with folder.gradebook() as gradebook:
        found = marks.read(gradebook, assignment)
        cells = marks.exercises(folder, found)
        chosen = cells.get(exercise) or [cell for cell in found.cells if cell.id == exercise]
        if not chosen:
            raise CourseError(f"{assignment} has no exercise {exercise!r}: it has {', '.join(cells)}.")
        known = {student.id for student in gradebook.students}
        for student in students:
            if student not in known and not folder.submitted(student, assignment).is_dir():
                raise CourseError(f"Nobody here is called {student!r}: neither the gradebook nor submitted/ has them.")
        table.create(gradebook.engine, checkfirst=True)
        whom, was = ", ".join(students) or "everyone", 0
        for student in students or [EVERYONE]:
            for cell in chosen:
                row = {"assignment": assignment, "notebook": cell.notebook, "cell": cell.id, "student": student}
                same = [table.c[name] == value for name, value in row.items()]
                was += gradebook.db.execute(delete(table).where(*same)).rowcount
                if not undo:
                    noted = {"because": because or NO_REASON, "at": datetime.now(UTC).replace(tzinfo=None)}
                    gradebook.db.execute(insert(table).values(**row, **noted))
        if undo and not was:
            raise CourseError(f"{exercise} was not excused for {whom}.")
        gradebook.db.commit()
    points = f"{sum(cell.of for cell in chosen):g} points"
    return f"{exercise} ({points}) {'counts again' if undo else 'is excused'} for {whom}."


def apply(result: Mapping[str, Any], excused: Mapping[Key, str]) -> dict[str, Any]:
    """A result (docs/grading.md) without the points of what is excused, and out of as many fewer."""
    cells = [
        {**cell, "score": None, "status": "excused", "message": f"Excused: {why}."}
        if (why := excused.get((cell["notebook"], cell["grade_id"])))
        else cell
        for cell in result["cells"]
    ]
    counted = [cell for cell in cells if cell["status"] != "excused"]
    return {
        **result,
        "score": sum(cell["score"] or 0.0 for cell in counted),
        "max_score": sum(cell["max_score"] for cell in counted),
        "cells": cells,
    }
