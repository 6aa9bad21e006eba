"""The gradebook: nbgrader's own database, written one submission at a time, each in one transaction.

What a submission's rows look like afterwards is what `nbgrader autograde` leaves: formgrader, export and feedback read
them. Scores, extra credit and comments that a person gave stay. Beside nbgrader's tables stands one of ours,
`course_gradings`: a row per grading, never changed but for its two marks. (`course_sources` says which source/ the
gradebook's cells are from.)

    current  the row whose scores nbgrader's tables hold; a submission has at most one
    stale    a later grading of the same submission failed: the scores are those of older work, or of an older check
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nbgrader import api
from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, IntegrityError, InterfaceError
from sqlalchemy.orm import Session

from course.errors import CourseError
from course.grading.autograded import Replacement
from course.grading.directory import alembic_on_path, quiet
from course.grading.excuse import Excused

PATIENCE = 60.0  # seconds that a database may be locked by someone else
PAUSE = 0.2  # seconds between two attempts
# SQLite, then PostgreSQL: lock not available, serialisation failure, deadlock, and a server that comes and goes.
PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40001", "40P01", "57P01", "57P02", "57P03")

OURS = MetaData()
GRADINGS = Table(
    "course_gradings", OURS,
    Column("id", Integer, primary_key=True),
    Column("assignment", String(128), nullable=False),
    Column("student", String(128), nullable=False),
    Column("submission_id", String(32)),  # nbgrader's submitted_assignment; none if nothing was entered there
    Column("key", String(64), nullable=False),  # what was graded, with what: an equal key needs no other grading
    Column("status", String(16), nullable=False),
    Column("current", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False, default=False),
    Column("message", Text),  # why it failed
    Column("score", Float),
    Column("max_score", Float),
    Column("environment", String(64)),
    Column("seeds", JSON),
    Column("limits", JSON),
    Column("repairs", JSON),
    Column("flags", JSON),
    Column("seconds", Float),
    Column("cpu_seconds", Float),
    Column("result", JSON),
    Column("finished_at", DateTime, nullable=False),  # UTC, as nbgrader's own times
)  # fmt: skip
SOURCES = Table(
    "course_sources", OURS,
    Column("assignment", String(128), primary_key=True),
    Column("source", String(64), nullable=False),  # the hash of its folder in source/ when it was entered last
)  # fmt: skip
EXCUSED = Table(
    "course_excused", OURS,  # course.grading.excuse
    Column("id", Integer, primary_key=True),
    Column("assignment", String(128), nullable=False),
    Column("notebook", String(128), nullable=False),
    Column("cell", String(128), nullable=False),
    Column("student", String(128), nullable=False),  # empty: everyone
    Column("because", Text, nullable=False),
    Column("at", DateTime, nullable=False),  # UTC
)  # fmt: skip
Index("course_gradings_of", GRADINGS.c.assignment, GRADINGS.c.student)
# SQLAlchemy's own partial indexes would import every database's dialect.
ONE_CURRENT = 'CREATE UNIQUE INDEX course_gradings_current ON course_gradings (assignment, student) WHERE "current"'
event.listen(GRADINGS, "after_create", DDL(ONE_CURRENT))

Late = Callable[[str, float, float], float | None]  # (student, score, seconds late) → penalty, as nbgrader's plugin


@dataclass(frozen=True)
class Graded:
    """A result with what the gradebook must know besides.

    key: see course_gradings. handed_in: names of the notebooks that were there. unanswered: per notebook, the ids of
    solution cells that are as they were released. timestamp: when it was handed in, UTC without a zone.
    """

    result: Mapping[str, Any]
    key: str
    handed_in: frozenset[str] = frozenset()
    unanswered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    timestamp: datetime | None = None


class Gradebook:
    """The one writer of an assignment's grades. A context manager.

    url: SQLAlchemy's, such as sqlite:////folder/gradebook.db or postgresql+psycopg://user@host/name.
    patience: seconds to wait for a locked database before CourseError says so; then nothing of that submission is
        written.
    """

    def __init__(self, url: str, course: str = "", *, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._engine = _engine(url)
        try:
            self._prepare(url, course)
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self, url: str, course: str) -> None:
        """Make the tables, nbgrader's by nbgrader."""

        def tables() -> None:
            if not inspect(self._engine).has_table(api.SubmittedAssignment.__tablename__):
                with alembic_on_path(), quiet():
                    api.Gradebook(url, course).close()
            OURS.create_all(self._engine)
            if self._engine.dialect.name != "sqlite":
                # nbgrader's courses are nameless by default, and it enters none without a name; SQLite lets that pass.
                with Session(self._engine) as session, session.begin():
                    if session.get(api.Course, course) is None:
                        session.add(api.Course(id=course))

        self._patiently(tables)

    def released(self, assignment: str) -> dict[str, dict[str, str]]:
        """{notebook: {grade id: checksum}} of the cells as they were released; empty if nbgrader knows no such name."""
        rows = self._read(
            select(api.Notebook.name, api.SourceCell.name, api.SourceCell.checksum)
            .join(api.SourceCell, api.SourceCell.notebook_id == api.Notebook.id)
            .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
            .where(api.Assignment.name == assignment)
        )
        checksums: dict[str, dict[str, str]] = {}
        for notebook, cell, checksum in rows:
            checksums.setdefault(notebook, {})[cell] = checksum
        return checksums

    def source(self, assignment: str) -> str | None:
        """The hash of source/ when the assignment was entered last, as far as we know."""
        rows = self._read(select(SOURCES.c.source).where(SOURCES.c.assignment == assignment))
        return rows[0].source if rows else None

    def note_source(self, assignment: str, source: str) -> None:
        """Remember what the assignment was entered from."""

        def note() -> None:
            with self._engine.begin() as connection:
                connection.execute(delete(SOURCES).where(SOURCES.c.assignment == assignment))
                connection.execute(insert(SOURCES).values(assignment=assignment, source=source))

        self._patiently(note)

    def keys(self, assignment: str) -> dict[str, str]:
        """{student: key} of every grading that nbgrader's tables hold."""
        return {row.student: row.key for row in self._current(assignment)}

    def stale(self, assignment: str) -> set[str]:
        """Students whose scores are older than their last grading, which failed."""
        return {row.student for row in self._current(assignment) if row.stale}

    def result(self, assignment: str, student: str) -> dict[str, Any] | None:
        """The result behind the scores that a submission has."""
        rows = self._read(select(GRADINGS.c.result).where(_of(assignment, student), GRADINGS.c.current))
        return rows[0].result if rows else None

    def gradings(self, assignment: str, student: str) -> list[Mapping[str, Any]]:
        """Every grading of a submission, oldest first: the rows of course_gradings."""
        rows = self._read(select(GRADINGS).where(_of(assignment, student)).order_by(GRADINGS.c.id))
        return [row._mapping for row in rows]

    def excused(self, assignment: str) -> Excused:
        """What is excused in an assignment."""
        rows = self._read(select(EXCUSED).where(EXCUSED.c.assignment == assignment))
        return Excused.of_rows(row._mapping for row in rows)

    def _current(self, assignment: str) -> Sequence[Any]:
        entered = api.SubmittedAssignment.id == GRADINGS.c.submission_id  # an instructor may have taken it out
        query = select(GRADINGS.c.student, GRADINGS.c.key, GRADINGS.c.stale).join(api.SubmittedAssignment, entered)
        return self._read(query.where(GRADINGS.c.assignment == assignment, GRADINGS.c.current))

    def _read(self, query: Any) -> Sequence[Any]:
        def rows() -> Sequence[Any]:
            with Session(self._engine) as session:
                return session.execute(query).all()

        return self._patiently(rows)

    # Writing ----------------------------------------------------------------------------------------------------------

    def write(self, graded: Graded, *, late: Late | None = None, replacement: Replacement | None = None) -> None:
        """Enter one submission's scores, and put its autograded folder in place, both or neither.

        A result that is not "graded" leaves nbgrader's tables and the folder as they are; it is noted, and the scores
        that the submission has are marked stale. late: nbgrader's late penalty.
        """
        self._patiently(lambda: self._write(graded, late, replacement))
        if replacement:
            replacement.finish()

    def _write(self, graded: Graded, late: Late | None, replacement: Replacement | None) -> None:
        result = graded.result
        of = _of(result["assignment"], result["student"])
        with Session(self._engine, autoflush=False) as session:  # rows are flushed when they are complete
            entered = None
            if result["status"] == "graded":
                entered = _enter(session, graded, late)
                session.execute(update(GRADINGS).where(of, GRADINGS.c.current).values(current=False))
            else:
                session.execute(update(GRADINGS).where(of, GRADINGS.c.current).values(stale=True))
            session.execute(insert(GRADINGS).values(**_row(graded, entered)))
            session.flush()
            try:
                if replacement and entered:
                    replacement.make()
                session.commit()
            except Exception:  # not Ctrl-C, which may come when all is committed: `recover` will tell
                if replacement:
                    replacement.undo()
                raise

    def _patiently(self, action: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return action()
            except DataError:  # what was to be written is at fault, not the database
                raise
            except (DatabaseError, InterfaceError) as error:
                where = self._engine.url.render_as_string(hide_password=True)
                if not _passes(error):
                    raise CourseError(
                        f"The gradebook {where} cannot be used: {_words(error)}. "
                        "Every grade that was entered is kept; put that right and run this again."
                    ) from None
                if time.monotonic() > deadline:
                    raise CourseError(
                        f"The gradebook {where} was locked by another program for {self.patience:g} s: "
                        "close what uses it (formgrader, another grading) and run this again; it goes on from here."
                    ) from None
            time.sleep(PAUSE)


def _enter(session: Session, graded: Graded, late: Late | None) -> str:
    """nbgrader's rows of one submission. Returns the id of its submitted_assignment."""
    result = graded.result
    assignment = session.scalar(select(api.Assignment).where(api.Assignment.name == result["assignment"]))
    if assignment is None:
        raise CourseError(f"The gradebook has no {result['assignment']}: run `nbgrader generate_assignment` for it.")
    student = session.get(api.Student, result["student"]) or api.Student(id=result["student"])
    submission = session.scalar(
        select(api.SubmittedAssignment).where(
            api.SubmittedAssignment.assignment_id == assignment.id, api.SubmittedAssignment.student_id == student.id
        )
    )
    if submission is None:
        submission = api.SubmittedAssignment(assignment_id=assignment.id, student=student)
        session.add(submission)
    if graded.timestamp:
        submission.timestamp = graded.timestamp
    scores = {(cell["notebook"], cell["grade_id"]): cell["score"] for cell in result["cells"]}
    rows = {row.notebook_id: row for row in submission.notebooks}
    for notebook in assignment.notebooks:
        row = rows.get(notebook.id)
        if row is None:
            row = api.SubmittedNotebook(notebook_id=notebook.id, assignment=submission)
        _enter_cells(row, notebook, graded, scores)
        session.add(row)  # and its cells with it
    session.flush()
    submission.assignment = assignment
    for row in submission.notebooks:
        if late and row.notebook.name in graded.handed_in:
            row.late_submission_penalty = _penalty(session, row, late)
    return submission.id


def _enter_cells(
    row: api.SubmittedNotebook, notebook: api.Notebook, graded: Graded, scores: Mapping[tuple[str, str], float | None]
) -> None:
    """Grades and comments of one notebook: what nbgrader's add_submission, SaveAutoGrades and init_assignment do."""
    grades = {grade.cell_id: grade for grade in row.grades}
    comments = {comment.cell_id: comment for comment in row.comments}
    unanswered = graded.unanswered.get(notebook.name, frozenset())
    handed_in = notebook.name in graded.handed_in
    for cell in notebook.grade_cells + notebook.task_cells:
        grade = grades.get(cell.id) or api.Grade(cell_id=cell.id, notebook=row)
        if not handed_in:
            grade.auto_score, grade.needs_manual_grade = 0, False
        elif isinstance(cell, api.GradeCell):
            grade.auto_score = scores[notebook.name, cell.name]
            # A person looks again at what a person has graded before, as with nbgrader.
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
    for cell in notebook.solution_cells + notebook.task_cells:
        comment = comments.get(cell.id) or api.Comment(cell_id=cell.id, notebook=row)
        if handed_in:
            comment.auto_comment = "No response." if cell.name in unanswered else None


def _penalty(session: Session, row: api.SubmittedNotebook, late: Late) -> float | None:
    """The late penalty of a notebook whose grades are in the database, between nothing and its score."""
    submission = row.assignment
    seconds = submission.total_seconds_late if submission.assignment.duedate else 0
    if seconds <= 0:
        return None
    session.refresh(row, ["score"])
    penalty = late(submission.student_id, row.score, seconds)
    return None if penalty is None else max(0, min(penalty, row.score))


def _row(graded: Graded, submission_id: str | None) -> dict[str, Any]:
    result = graded.result
    audit = result.get("audit", {})
    copied = ("assignment", "student", "status", "score", "max_score", "repairs", "flags", "seconds", "cpu_seconds")
    failed = result["status"] != "graded"
    why = next((cell["message"] for cell in result["cells"] if cell["message"]), "")
    why = why.replace("\0", "").encode("utf-8", "replace").decode()  # what a column of text can hold
    return {name: result[name] for name in copied} | {
        "submission_id": submission_id,
        "key": graded.key,
        "current": not failed,
        "stale": False,
        "message": why if failed else None,
        "environment": audit.get("environment"),
        "seeds": audit.get("seeds"),
        "limits": audit.get("limits"),
        "result": dict(result),
        "finished_at": datetime.now(UTC).replace(tzinfo=None),
    }


def _of(assignment: str, student: str) -> Any:
    return (GRADINGS.c.assignment == assignment) & (GRADINGS.c.student == student)


def _engine(url: str) -> Engine:
    try:
        engine = create_engine(url)
    except ModuleNotFoundError as error:
        raise CourseError(
            f"The gradebook {url.partition('://')[0]}://… needs the Python package {error.name}, which is not "
            "installed; for PostgreSQL: pip install 'psycopg[binary]'."
        ) from None
    except ArgumentError as error:
        raise CourseError(
            f"{url!r} is no database URL ({error}): write one like sqlite:////folder/gradebook.db."
        ) from None
    if engine.dialect.name == "sqlite":
        # pysqlite would begin a transaction at the first write only: two writers could then stand in each other's way.
        @event.listens_for(engine, "connect")
        def _ours_begin(connection: Any, _: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout = 1000")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    if engine.dialect.name == "postgresql":

        @event.listens_for(engine, "connect")
        def _wait_shortly(connection: Any, _: object) -> None:
            connection.execute("SET lock_timeout = '1s'")
            connection.commit()

    return engine


def _passes(error: DatabaseError) -> bool:
    """Whether it may be otherwise in a moment: a lock, or a row that someone else has just entered."""
    if isinstance(error, IntegrityError):
        return True
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or code.startswith(PASSING)


def _words(error: DatabaseError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".")
