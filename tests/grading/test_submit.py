"""Handing in: bad input first, which nothing is done for; then a course of our own, from work/ to the feedback page.

Its notebook is the orientation with two exercises left in it: one that a check grades, one that a person grades too.
"""

import json
import os
import shutil
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest

from course import cli
from course.authoring import notebook, submissions
from course.errors import CourseError
from course.grading import submit as room
from course.grading.submit import submit
from course.learn.beside import parents
from course.learn.reflection import STUB

REPOSITORY = Path(__file__).resolve().parents[2]
NAME = "d0_orientation"
KEPT = ("O-7", "O-8")


def shortened():
    """The source with these two exercises."""
    node = notebook.read(REPOSITORY / "source" / NAME / f"{NAME}.ipynb").node
    node.cells = [cell for cell in node.cells if cell.metadata.get("course", {}).get("exercise") in (None, *KEPT)]
    return node


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course root with two real exercises and the real settings, and empty work."""
    root = tmp_path_factory.mktemp("course")
    (root / "source" / NAME).mkdir(parents=True)
    (root / "source" / NAME / f"{NAME}.ipynb").write_text(notebook.dumps(shortened()))
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    return root


@pytest.fixture
def work(course):
    """The learner's notebook file; its folder is made anew."""
    folder = course / "work" / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder / f"{NAME}.ipynb"


@pytest.fixture(scope="module")
def lab():
    """Warm parents beside all the grading here, as a lab would have them."""
    with parents() as environment:
        yield environment


def learners(submission=None):
    """The notebook as a learner has it: the release, with a submission's cells in it."""
    source = shortened()
    node = deepcopy(source)
    for cell in node.cells:
        stub = STUB if cell.cell_type == "markdown" else notebook.stub_of(cell)
        cell.source = stub if notebook.is_solution(cell) else notebook.public_of(cell)
        cell.pop("outputs", None)
    if submission:
        filled = {cell.id: cell.source for cell in submission.fill(source).cells}
        for cell in node.cells:
            if notebook.is_solution(cell) or cell.id in submission.cells:
                cell.source = filled[cell.id]
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return node


def refused(course, match, name=NAME):
    with pytest.raises(CourseError, match=match) as error:
        submit(course, name)
    assert "\n" not in str(error.value)
    assert not (course / "submitted").exists() and not (course / "gradebook.db").exists(), "nothing was touched"


def test_what_is_no_notebook_of_the_assignment_is_refused_in_one_sentence(course, work):
    refused(course, "no assignment 'd9_dreams': the syllabus has d0_orientation", "d9_dreams")
    refused(course, "is not there: start `course lab`")
    text = notebook.dumps(learners())
    for broken in ("", "hello", text[: len(text) // 2], "[1, 2]", '{"cells": 3}'):
        work.write_text(broken)
        refused(course, "is not a notebook, or only the beginning of one")
    work.write_bytes(b"\xff\xfe\x00")
    refused(course, "is not a notebook")
    other = learners()
    for cell in other.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"]["grade_id"] = "d1-01" + cell.metadata["nbgrader"]["grade_id"][3:]
            cell.metadata["course"]["exercise"] = "D1-01"
        else:
            cell.metadata.pop("course", None)
    work.write_text(notebook.dumps(other))
    refused(course, "a notebook of another assignment: it holds D1-01")
    work.write_text(notebook.dumps(nbformat.v4.new_notebook()))
    refused(course, "it holds none of its exercises")
    work.unlink()
    work.mkdir()
    refused(course, "is not there")


def test_a_course_without_the_source_says_so(tmp_path):
    refused(tmp_path, "has no source/d0_orientation/d0_orientation.ipynb")


def test_only_files_of_ones_own_are_handed_in_and_the_last_submission_is_kept_until_then(tmp_path, monkeypatch):
    work, submitted = tmp_path / "work", tmp_path / "submitted" / "ada" / NAME
    (work / ".ipynb_checkpoints").mkdir(parents=True)
    (work / "answers.json").write_text("{}")
    (work / "helper.py").write_text("1")
    (work / "link").symlink_to("/etc/passwd")
    (work / ".ipynb_checkpoints" / "old.ipynb").write_text("old")
    room.hand_in(work, submitted, [".*", "*.py"])
    assert {path.name for path in submitted.iterdir()} == {"answers.json", "timestamp.txt"}
    (work / "answers.json").write_text('{"a": 1}')
    room.hand_in(work, submitted, [".*", "*.py"])
    assert json.loads((submitted / "answers.json").read_text()) == {"a": 1}
    assert [path.name for path in submitted.parent.iterdir()] == [NAME]
    monkeypatch.setattr(room, "LARGEST", 3)
    with pytest.raises(CourseError, match="can be handed in"):
        room.hand_in(work, submitted, [])
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match=r"cannot be written .* Your work is kept"):
        room.hand_in(tmp_path, tmp_path / "file" / "ada" / NAME, ["work", "submitted"])


@pytest.mark.parametrize(
    ("name", "score", "hints", "total", "told"),
    [
        ("solution", 4, [], (8, 8, 6, 0), "8 of 8, and 6 to be graded by hand"),
        # Right in the learner's own world, and in no other.
        ("types_the_score", 3, ["o-8-score"], (7, 8, 6, 0), "7 of 8, and 6 to be graded by hand"),
        (None, 0, ["o-8-not-trained", "o-8-no-endpoint", "o-8-no-score"], (0, 8, 0, 6),
         "0 of 8, and 6 for a text that is not written yet"),
    ],
)  # fmt: skip
def test_from_work_to_the_feedback_page(course, work, lab, monkeypatch, capfd, name, score, hints, total, told):
    monkeypatch.setenv("COURSE_LAB_SOCKETS", lab["COURSE_LAB_SOCKETS"])
    stored = {s.name: s for s in submissions.stored(REPOSITORY, "O-8")} | {"solution": submissions.solution(4)}
    work.write_text(notebook.dumps(learners(stored[name] if name else None)))
    if name:
        shutil.copy(REPOSITORY / "tests" / "answers" / f"{NAME}.json", work.with_name("answers.json"))
    handed_in = work.read_bytes()
    path = os.environ["PATH"]
    report = submit(course, NAME)
    exercise = next(one for one in report.exercises if one.id == "O-8")
    assert (exercise.score, exercise.of, exercise.by_hand, list(exercise.hints)) == (score, 4, 0, hints)
    assert (report.score, report.of, report.by_hand, report.unwritten) == total
    assert report.student == "self-study" and cli._points(report) == told
    cli._print_report(report, course)
    by_hand = "and 6 to be graded by hand" if name else "and 6 for a text that is not written yet"
    assert f"O-7    {4 if name else 0} of 4, {by_hand}   Productionise, but not the model" in capfd.readouterr().out
    page = report.feedback.read_text()
    assert f"{score} of 4 points" in page and all(sentence in page for sentence in exercise.hints.values())
    assert work.read_bytes() == handed_in and os.environ["PATH"] == path
    assert not (course / "release").exists(), "the gradebook is enough"
    assert capfd.readouterr().err == ""


def test_when_nbgrader_fails_the_sentence_names_the_log(course, work, monkeypatch):
    work.write_text(notebook.dumps(learners()))

    class Broken:
        coursedir = type("CourseDir", (), {"root": str(course)})

        def generate_assignment(self, assignment):
            return {"success": False, "error": "Traceback\nValueError: no", "log": "[ERROR] no"}

    (course / "submitted").mkdir(exist_ok=True)
    with pytest.raises(CourseError, match="could not read the assignment") as error:
        room.grade(Broken(), NAME, "ada")
    assert str(course / "submitted" / "last-error.log") in str(error.value)
    assert "ValueError: no" in (course / "submitted" / "last-error.log").read_text()
