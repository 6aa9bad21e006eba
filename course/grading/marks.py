"""The marks of an assignment as the gradebook has them: one mark per graded cell and learner, read in a few queries.

What is graded, and for how many points, comes from the gradebook's own list of cells (made from source/), never from a
submission.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from course.errors import CourseError
from course.grading import excuse
from course.grading.course_folder import grade_id

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

    from course.grading.course_folder import CourseFolder

Names = frozenset[tuple[str, str]]  # of cells: (notebook, id)
TEST, ANSWER, TASK = "test", "answer", "task"  # graded by a test; by a person; by a person, without a cell to fill


@dataclass(frozen=True)
class Cell:
    """A graded cell. `of` is what it is worth."""

    notebook: str
    id: str
    kind: str
    of: float


@dataclass(frozen=True)
class Mark:
    """What a learner got for a cell. `pending`: a person has yet to look at it, and `score` is 0 until then.

    `excused`: why it does not count; empty if it does.
    """

    cell: Cell
    score: float
    pending: bool = False
    excused: str = ""


@dataclass(frozen=True)
class Learner:
    """Who handed in. All but the id may be empty; `lms_id` is the learning platform's own id of them."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.id


@dataclass(frozen=True)
class Submission:
    """One learner's marks for an assignment, by (notebook, cell id), and what being late costs per notebook."""

    learner: Learner
    marks: dict[tuple[str, str], Mark]
    penalties: dict[str, float] = field(default_factory=dict)
    comments: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def counted(self) -> list[Mark]:
        """The marks of what is not excused."""
        return [mark for mark in self.marks.values() if not mark.excused]

    @property
    def excused(self) -> list[Mark]:
        return [mark for mark in self.marks.values() if mark.excused]

    @property
    def excused_from_all(self) -> bool:
        return bool(self.marks) and not self.counted

    @property
    def earned(self) -> float:
        return sum(mark.score for mark in self.counted)

    @property
    def penalty(self) -> float:
        return sum(self.penalties.values())

    @property
    def score(self) -> float:
        """What counts: the points without what being late costs, and never less than nothing."""
        return max(0.0, self.earned - self.penalty)

    @property
    def of(self) -> float:
        return sum(mark.cell.of for mark in self.counted)

    @property
    def pending(self) -> list[Mark]:
        return [mark for mark in self.counted if mark.pending]

    def score_of(self, most: float) -> float:
        """The score as if it were out of `most` points, for whoever has been excused from some of them."""
        return self.score * most / self.of if self.of and self.of != most else self.score

    def of_notebook(self, notebook: str) -> "Submission":
        """The same of one notebook alone."""
        return Submission(
            self.learner,
            {key: mark for key, mark in self.marks.items() if key[0] == notebook},
            {key: cost for key, cost in self.penalties.items() if key == notebook},
            {key: words for key, words in self.comments.items() if key[0] == notebook},
        )


@dataclass(frozen=True)
class Marks:
    """All of an assignment: its graded cells in the order of the notebook, and the submissions by learner's id.

    By (notebook, id): `fixed` are the cells that are no learner's to change, tests and locked ones; `answers` are those
    that learners fill; `excused` are those that count for nobody.
    """

    assignment: str
    cells: tuple[Cell, ...]
    submissions: tuple[Submission, ...]
    fixed: Names = frozenset()
    answers: Names = frozenset()
    excused: Names = frozenset()

    @property
    def of(self) -> float:
        """What the assignment is worth to those who are excused from nothing of their own."""
        return sum(cell.of for cell in self.cells if (cell.notebook, cell.id) not in self.excused)

    def submission(self, student: str) -> Submission:
        for submission in self.submissions:
            if submission.learner.id == student:
                return submission
        raise CourseError(f"The gradebook has no submission of {student} for {self.assignment}: grade it first.")


def read(gradebook: "Gradebook", assignment: str, student: str | None = None) -> Marks:
    """The marks of an assignment, of all who handed in or of one learner. CourseError if the gradebook has none."""
    from nbgrader import api

    found = gradebook.db.query(api.Assignment).filter_by(name=assignment).one_or_none()
    if found is None:
        raise CourseError(f"The gradebook has no assignment {assignment!r}: generate it with nbgrader first.")
    graded, fixed, answers = _cells(gradebook, found.id)
    learners = _learners(gradebook, found.id, student)
    handed_in: dict[str, Submission] = {id: Submission(learner, {}, {}, {}) for id, learner in learners.items()}
    query = (
        gradebook.db.query(
            api.SubmittedAssignment.student_id,
            api.SubmittedNotebook.id,
            api.Notebook.name,
            api.SubmittedNotebook.late_submission_penalty,
        )
        .select_from(api.SubmittedNotebook)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
        .filter(api.SubmittedAssignment.assignment_id == found.id)
    )
    if student is not None:
        query = query.filter(api.SubmittedAssignment.student_id == student)
    notebooks = {}
    for owner, id, name, penalty in query:
        notebooks[id] = (owner, name)
        handed_in[owner].penalties[name] = float(penalty or 0.0)
    for id, name, words in _comments(gradebook, found.id, student):
        if words:
            owner, notebook = notebooks[id]
            handed_in[owner].comments[(notebook, name)] = words
    rows: dict[tuple[str, str, str], tuple[float, bool]] = {}
    for id, notebook, score, pending in _grades(gradebook, found.id, student):
        if id in graded:
            owner, name = notebooks[notebook]
            rows[(owner, name, graded[id].id)] = (float(score or 0.0), bool(pending))
    cells = tuple(graded.values())
    excused = excuse.read(gradebook, assignment)
    for owner, submission in handed_in.items():
        reasons = excused.of(owner)
        for cell in cells:
            if (row := rows.get((owner, cell.notebook, cell.id))) is not None:
                submission.marks[(cell.notebook, cell.id)] = Mark(cell, *row, reasons.get((cell.notebook, cell.id), ""))
    for_all = frozenset(excused.of(excuse.EVERYONE))
    return Marks(assignment, cells, tuple(handed_in[id] for id in sorted(handed_in)), fixed, answers, for_all)


def exercises(folder: "CourseFolder", marks: Marks) -> dict[str, list[Cell]]:
    """Graded cells by exercise, in the order of the notebooks of source/; a cell that names none is one by itself."""
    place: dict[tuple[str, str], tuple[int, str]] = {}
    for name, node in folder.sources(marks.assignment).items():
        for cell in node.cells:
            if id := grade_id(cell):
                place[(name, id)] = (len(place), cell.metadata.get("course", {}).get("exercise") or id)
    last = (len(place), "")
    ordered = sorted(marks.cells, key=lambda cell: place.get((cell.notebook, cell.id), last)[0])
    grouped: dict[str, list[Cell]] = {}
    for cell in ordered:
        grouped.setdefault(place.get((cell.notebook, cell.id), last)[1] or cell.id, []).append(cell)
    return grouped


def _cells(gradebook: "Gradebook", assignment: str) -> tuple[dict[str, Cell], Names, Names]:
    """Graded cells by their rows' ids, in the order in which they stand; what nobody may change, and answers."""
    from nbgrader import api

    where = {
        id: name
        for id, name in gradebook.db.query(api.Notebook.id, api.Notebook.name).filter_by(assignment_id=assignment)
    }
    answers = {
        (notebook, name)
        for notebook, name in gradebook.db.query(api.SolutionCell.notebook_id, api.SolutionCell.name)
        if notebook in where
    }
    sources = [
        (notebook, name, locked)
        for notebook, name, locked in gradebook.db.query(
            api.SourceCell.notebook_id, api.SourceCell.name, api.SourceCell.locked
        )
        if notebook in where
    ]
    graded = []
    for kind, table in ((TEST, api.GradeCell), (TASK, api.TaskCell)):
        for id, notebook, name, most in gradebook.db.query(table.id, table.notebook_id, table.name, table.max_score):
            if notebook in where:
                by_hand = kind == TEST and (notebook, name) in answers
                graded.append((id, Cell(where[notebook], name, ANSWER if by_hand else kind, float(most))))
    order = {(where[notebook], name): n for n, (notebook, name, _) in enumerate(sources)}
    graded.sort(key=lambda pair: (pair[1].notebook, order.get((pair[1].notebook, pair[1].id), len(order)), pair[1].id))
    tests = {(cell.notebook, cell.id) for _, cell in graded if cell.kind == TEST}
    locked = {(where[notebook], name) for notebook, name, is_locked in sources if is_locked}
    return dict(graded), frozenset(tests | locked), frozenset((where[notebook], name) for notebook, name in answers)


def _learners(gradebook: "Gradebook", assignment: str, student: str | None) -> dict[str, Learner]:
    from nbgrader import api

    query = (
        gradebook.db.query(api.Student)
        .join(api.SubmittedAssignment, api.SubmittedAssignment.student_id == api.Student.id)
        .filter(api.SubmittedAssignment.assignment_id == assignment)
    )
    if student is not None:
        query = query.filter(api.Student.id == student)
    return {
        one.id: Learner(one.id, one.first_name or "", one.last_name or "", one.email or "", one.lms_user_id or "")
        for one in query
    }


def _grades(gradebook: "Gradebook", assignment: str, student: str | None) -> list[tuple[str, str, float, bool]]:
    from nbgrader import api

    query = (
        gradebook.db.query(api.Grade.cell_id, api.Grade.notebook_id, api.Grade.score, api.Grade.needs_manual_grade)
        .join(api.SubmittedNotebook, api.Grade.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .filter(api.SubmittedAssignment.assignment_id == assignment)
    )
    if student is not None:
        query = query.filter(api.SubmittedAssignment.student_id == student)
    return [tuple(row) for row in query]


def _comments(gradebook: "Gradebook", assignment: str, student: str | None) -> list[tuple[str, str, str]]:
    from nbgrader import api

    query = (
        gradebook.db.query(api.Comment.notebook_id, api.BaseCell.name, api.Comment.comment)
        .join(api.BaseCell, api.Comment.cell_id == api.BaseCell.id)
        .join(api.SubmittedNotebook, api.Comment.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .filter(api.SubmittedAssignment.assignment_id == assignment)
    )
    if student is not None:
        query = query.filter(api.SubmittedAssignment.student_id == student)
    return [tuple(row) for row in query]
