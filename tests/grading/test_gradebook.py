"""The gradebook: the rows of plain `nbgrader autograde`, what a person gave, stale marks, locks."""

import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from nbgrader import api
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy import create_engine, text

from course.errors import CourseError
from course.grading import batch, directory, submission
from course.grading.gradebook import Gradebook, Graded

from . import assignments
from .assignments import NAME

LATE = "c.LateSubmissionPlugin.penalty_method = 'zero'"
TABLES = {
    "course": "SELECT id FROM course",
    "student": "SELECT * FROM student",
    "assignment": "SELECT name, duedate, course_id FROM assignment",
    "submitted_assignment": "SELECT name, student_id, timestamp, extension FROM submitted_assignment s "
    "JOIN assignment a ON a.id = s.assignment_id",
    "submitted_notebook": "SELECT student_id, n.name, flagged, late_submission_penalty FROM submitted_notebook s "
    "JOIN submitted_assignment a ON a.id = s.assignment_id JOIN notebook n ON n.id = s.notebook_id",
    "grade": "SELECT student_id, n.name, c.name, c.type, auto_score, manual_score, extra_credit, needs_manual_grade "
    "FROM grade g JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook s ON s.id = g.notebook_id "
    "JOIN submitted_assignment a ON a.id = s.assignment_id JOIN notebook n ON n.id = s.notebook_id",
    "comment": "SELECT student_id, n.name, c.name, c.type, auto_comment, manual_comment "
    "FROM comment g JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook s ON s.id = g.notebook_id "
    "JOIN submitted_assignment a ON a.id = s.assignment_id JOIN notebook n ON n.id = s.notebook_id",
    "source_cell": "SELECT n.name, s.name, cell_type, locked, source, checksum FROM source_cell s "
    "JOIN notebook n ON n.id = s.notebook_id",
}


def tables(url: str) -> dict[str, list[Any]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {name: sorted(connection.execute(text(query)).all(), key=str) for name, query in TABLES.items()}
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose assignment nbgrader has released, due on a day in March, with three submissions."""
    root = assignments.make_course(tmp_path_factory.mktemp("course"), LATE)
    course = directory.find(root)
    with directory.alembic_on_path(), directory.quiet():
        from nbgrader.apps.api import NbGraderAPI

        assert NbGraderAPI(course.directory, config=course.config).generate_assignment(NAME)["success"]
        with api.Gradebook(course.database) as book:
            book.update_or_create_assignment(NAME, duedate="2026-03-01 12:00:00 UTC")
    assignments.hand_in(root, "ada", why="", timestamp="2026-03-01 11:00:00.5 UTC")
    assignments.hand_in(root, "bob", "partly", missing=["b"])
    assignments.hand_in(root, "cy", "wrong", timestamp="2026-03-01 13:30:00 CET")
    assignments.hand_in(root, "dan", timestamp="2026-03-01 15:30:00 CET")
    return root


def copied(root: Path, to: Path) -> directory.Course:
    shutil.copytree(root, to)
    return directory.find(to)


def exported(course: directory.Course, path: Path) -> str:
    with api.Gradebook(course.database) as book:
        CsvExportPlugin(to=str(path), config=course.config).export(book)
    return path.read_text()


def test_the_rows_are_those_of_plain_nbgrader_and_its_tools_go_on_from_them(entered: Path, tmp_path: Path) -> None:
    theirs, ours = copied(entered, tmp_path / "theirs"), copied(entered, tmp_path / "ours")
    with directory.grader(theirs) as plain:
        for student in theirs.students(NAME):
            said = plain.autograde(NAME, student)
            assert said["success"], said
    tally = batch.run(ours, NAME, workers=1, examine=assignments.examine)
    assert (tally.graded, tally.failed) == (4, [])
    expected, found = tables(theirs.database), tables(ours.database)
    for name in TABLES:
        assert found[name] == expected[name] and found[name], name
    penalties = {row[0]: row[3] for row in found["submitted_notebook"] if row[1] == "a"}
    assert penalties == {"ada": None, "bob": None, "cy": 1.5, "dan": 7.0}
    with directory.grader(theirs) as plain, directory.grader(ours) as mended:
        mine = [_without_ids(row) for row in mended.get_submissions(NAME)]
        assert mine == [_without_ids(row) for row in plain.get_submissions(NAME)]
        assert all(row["autograded"] for row in mine)
        assert mended.generate_feedback(NAME, "bob")["success"]
    files = [sorted(str(p.relative_to(c.autograded("ada", NAME))) for p in c.autograded("ada", NAME).rglob("*"))
             for c in (theirs, ours)]  # fmt: skip
    assert files[0] == files[1]
    modes = {p.stat().st_mode & 0o777 for p in ours.autograded("ada", NAME).iterdir()}
    assert modes == {0o444}
    page = (tmp_path / "ours" / "feedback" / "bob" / NAME / "a.html").read_text()
    assert "square-share" in page and "AssertionError" in page
    mine, plain_csv = exported(ours, tmp_path / "ours.csv"), exported(theirs, tmp_path / "theirs.csv")
    assert mine == plain_csv and mine.count("\n") == 5


def _without_ids(value: Any) -> Any:
    return {name: inner for name, inner in value.items() if name != "id"}


# One submission, without any worker -----------------------------------------------------------------------------------


@pytest.fixture
def course(entered: Path, tmp_path: Path) -> directory.Course:
    return copied(entered, tmp_path / "course")


def graded(course: directory.Course, student: str = "ada", status: str = "graded", **scores: float) -> Graded:
    """A submission as if it had been examined: full marks but for `scores`."""
    plan = submission.Plan(NAME, batch.read_source(course, NAME), {}, course.source(NAME), "a" * 64, "e" * 64)
    result = submission.absent(plan, student, status, "It broke." if status == "failed" else "")
    if status == "graded":
        for cell in result["cells"]:
            manual = cell["grade_id"] in ("why", "draw")
            cell["score"] = None if manual else scores.get(cell["grade_id"].replace("-", "_"), cell["max_score"])
            cell["status"] = "manual" if manual else "passed"
        result["score"] = sum(cell["score"] or 0 for cell in result["cells"])
    return Graded(result, f"{status}-{sorted(scores.items())}", frozenset(plan.notebooks))


def grade_of(course: directory.Course, cell: str, student: str = "ada") -> dict[str, Any]:
    with api.Gradebook(course.database) as book:
        return book.find_grade(cell, "a", NAME, student).to_dict()


def test_what_a_person_gave_is_kept_and_looked_at_again(course: directory.Course) -> None:
    with Gradebook(course.database) as book:
        book.write(graded(course))
        with api.Gradebook(course.database) as theirs:
            grade = theirs.find_grade("square-test", "a", NAME, "ada")
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.25, False
            theirs.find_comment("square", "a", NAME, "ada").manual_comment = "Nice."
            theirs.db.commit()
        book.write(graded(course, square_test=0.0))
    grade = grade_of(course, "square-test")
    assert (grade["auto_score"], grade["manual_score"], grade["extra_credit"]) == (0.0, 1.5, 0.25)
    assert grade["needs_manual_grade"] is True and grade_of(course, "square-hidden")["needs_manual_grade"] is False
    with api.Gradebook(course.database) as theirs:
        assert theirs.find_comment("square", "a", NAME, "ada").comment == "Nice."
        assert theirs.find_submission(NAME, "ada").score == 1.75 + 2 + 3 + 2


def test_a_failed_regrade_leaves_the_scores_and_marks_them_stale(course: directory.Course) -> None:
    with Gradebook(course.database) as book:
        book.write(graded(course))
        before = tables(course.database)
        book.write(graded(course, status="failed"))
        assert tables(course.database) == before
        assert book.stale(NAME) == {"ada"} and book.keys(NAME) == {"ada": "graded-[]"}
        assert book.result(NAME, "ada")["score"] == 9
        book.write(graded(course, square_test=1.0))
        assert book.stale(NAME) == set()
        rows = book.gradings(NAME, "ada")
    assert [(r["status"], r["current"], r["stale"], r["score"]) for r in rows] == [
        ("graded", False, True, 9.0), ("failed", False, False, 0.0), ("graded", True, False, 8.0)]  # fmt: skip
    assert rows[1]["message"] == "It broke." and rows[0]["environment"] == "e" * 64


def test_a_failed_first_grading_enters_nothing_into_nbgraders_tables(course: directory.Course) -> None:
    with Gradebook(course.database) as book:
        book.write(graded(course, status="failed"))
        assert [row["current"] for row in book.gradings(NAME, "ada")] == [False]
    assert not any(tables(course.database)[name] for name in ("student", "submitted_assignment", "grade"))


def test_a_submission_that_was_taken_out_of_the_gradebook_counts_as_not_graded(course: directory.Course) -> None:
    with Gradebook(course.database) as book:
        book.write(graded(course))
        with api.Gradebook(course.database) as theirs:
            theirs.remove_submission(NAME, "ada")
        assert book.keys(NAME) == {}
        book.write(graded(course))
        assert len(book.keys(NAME)) == 1


def database_file(course: directory.Course) -> str:
    return course.database.removeprefix("sqlite:///")


def test_a_locked_gradebook_is_waited_for_and_then_told_with_nothing_half_written(course: directory.Course) -> None:
    with Gradebook(course.database, patience=1.0) as book:
        other = sqlite3.connect(database_file(course), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match=r"locked by another program for 1 s: .* run this again"):
            book.write(graded(course))
        other.execute("ROLLBACK")
        assert tables(course.database)["grade"] == [] and book.gradings(NAME, "ada") == []
        book.write(graded(course))
        other.close()
    assert len(tables(course.database)["grade"]) == 6


def test_a_lock_that_is_released_in_time_costs_nothing(course: directory.Course) -> None:
    other = sqlite3.connect(database_file(course), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(2.5, other.execute, ["ROLLBACK"])
    release.start()
    with Gradebook(course.database, patience=60) as book:
        book.write(graded(course))
        assert [row["current"] for row in book.gradings(NAME, "ada")] == [True]
    release.join()
    other.close()


def test_a_gradebook_that_is_none_is_one_sentence(course: directory.Course, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"not a database" * 100)
    for url, words in (
        ("nonsense", "is no database URL"),
        (f"sqlite:///{broken}", "file is not a database"),
        (f"sqlite:///{tmp_path}/none/x.db", "unable to open database file"),
    ):
        with pytest.raises(CourseError, match=words) as told:
            Gradebook(url).close()
        assert "\n" not in str(told.value)
