"""What was noted of a submission's gradings: repairs and flags, and the scores before it was graded again.

Read from `course_gradings`, in the same database as nbgrader's scores. A grading that nbgrader's own tools have
overwritten is told no more: its scores are not the gradebook's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

Result = Mapping[str, Any]
Scores = dict[tuple[str, str], float | None]

# What a grading rests on, by the audit's words, and what a change of it says: the first that has changed is told.
REASONS = (
    ("submission", "new work was handed in"),
    ("assignment", "the assignment's tests were mended"),
    ("variant", "it was graded with other seeds"),
    ("limits", "it was graded with other limits"),
    ("environment", "what runs the tests was brought up to date"),
)
ASKED = "it was asked for"


@dataclass(frozen=True)
class Regraded:
    """Two gradings that gave different scores, one after the other."""

    before: Result
    now: Result

    @property
    def because(self) -> str:
        """Why there was a second one, as the end of a sentence."""
        for name, words in REASONS:
            if _rests_on(self.before, name) != _rests_on(self.now, name):
                return words
        return ASKED

    @property
    def sentence(self) -> str:
        return (
            f"This was graded again: {_number(self.before['score'])} → {_number(self.now['score'])} points of the "
            f"tests, because {self.because}."
        )

    def changed(self, notebook: str | None = None) -> list[tuple[tuple[str, str], float | None, float | None]]:
        """((notebook, cell), before, now) of each cell whose points differ; None: it was not there."""
        old, new = scores(self.before), scores(self.now)
        keys = [key for key in [*new, *(key for key in old if key not in new)] if notebook in (None, key[0])]
        return [(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


@dataclass(frozen=True)
class History:
    """A submission's gradings. `result` is the one whose scores the gradebook holds.

    `stale`: why a later one failed, as a sentence; empty if none did.
    """

    result: Result | None = None
    regraded: Regraded | None = None
    stale: str = ""

    @property
    def repairs(self) -> Sequence[str]:
        return (self.result or {}).get("repairs") or ()

    @property
    def flags(self) -> Sequence[str]:
        return (self.result or {}).get("flags") or ()

    def cells(self, notebook: str) -> list[Result]:
        """The result's cells of one notebook."""
        return [cell for cell in (self.result or {}).get("cells") or () if cell.get("notebook", notebook) == notebook]


NOTHING = History()


def read(gradebook: "Gradebook", assignment: str, student: str | None = None) -> dict[str, History]:
    """The history of each submission by learner's id, or of one learner's; empty where nothing was ever noted."""
    from sqlalchemy import inspect, select

    from course.grading.gradebook import GRADINGS as table

    if not inspect(gradebook.engine).has_table(table.name):
        return {}
    query = select(table.c.student, table.c.status, table.c.current, table.c.stale, table.c.message, table.c.result)
    query = query.where(table.c.assignment == assignment).order_by(table.c.id)
    if student is not None:
        query = query.where(table.c.student == student)
    rows: dict[str, list[Any]] = {}
    for row in gradebook.db.execute(query):
        rows.setdefault(row.student, []).append(row)
    held = _held(gradebook, assignment, student)
    return {name: _history(found, held.get(name, {})) for name, found in rows.items()}


def scores(result: Result) -> Scores:
    """The points of each cell of a result that a test gives, by (notebook, cell)."""
    return {
        (cell["notebook"], cell["grade_id"]): cell["score"]
        for cell in result.get("cells") or ()
        if cell["status"] != "manual"
    }


def _history(rows: Sequence[Any], held: Scores) -> History:
    """From a submission's rows, oldest first, and the points that nbgrader's tables hold."""
    current = next((n for n, row in enumerate(rows) if row.current), None)
    if current is None:
        return NOTHING
    result = rows[current].result
    if any(key in held and held[key] != score for key, score in scores(result).items()):
        return NOTHING
    graded = [row.result for row in rows[: current + 1] if row.status == "graded"]
    differing = [pair for pair in pairwise(graded) if scores(pair[0]) != scores(pair[1])]
    failure = next((row.message for row in reversed(rows) if row.status != "graded"), "") if rows[current].stale else ""
    return History(result, Regraded(*differing[-1]) if differing else None, failure or "")


def _held(gradebook: "Gradebook", assignment: str, student: str | None) -> dict[str, Scores]:
    """What tests gave each learner, by nbgrader's tables."""
    from nbgrader import api

    query = (
        gradebook.db.query(
            api.SubmittedAssignment.student_id, api.Notebook.name, api.BaseCell.name, api.Grade.auto_score
        )
        .select_from(api.Grade)
        .join(api.BaseCell, api.Grade.cell_id == api.BaseCell.id)
        .join(api.SubmittedNotebook, api.Grade.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
        .join(api.Assignment, api.SubmittedAssignment.assignment_id == api.Assignment.id)
        .filter(api.Assignment.name == assignment)
    )
    if student is not None:
        query = query.filter(api.SubmittedAssignment.student_id == student)
    held: dict[str, Scores] = {}
    for owner, notebook, cell, score in query:
        held.setdefault(owner, {})[(notebook, cell)] = score
    return held


def _rests_on(result: Result, name: str) -> Any:
    audit = result.get("audit") or {}
    return (audit.get("seeds") or {}).get("variant") if name == "variant" else audit.get(name)


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
