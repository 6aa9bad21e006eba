"""Exports as other gradebooks read them: golden files, and names that a spreadsheet would take for formulas."""

import csv
import io
import json

import pytest

from course import cli
from course.errors import CourseError
from course.grading.export import export
from tests.grading import classes
from tests.grading.classes import ASSIGNMENT, failure

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Problem set 1 (42)\r\n"
    "    Points Possible,,,,,6\r\n"
    '"Lovelace, Ada",77,,ada,,4.5\r\n'
    "'=HYPERLINK(1),,,bob,,0\r\n"
)
MOODLE = (
    "First name,Last name,ID number,Email address,ps1\r\n"
    "Ada,Lovelace,77,ada@example.org,4.5\r\n"
    "'=HYPERLINK(1),,bob,'+bob@example.org,0\r\n"
)
GRADESCOPE = {
    "score": 4.5,
    "output_format": "text",
    "tests": [
        {
            "name": "test-1", "max_score": 3.0, "visibility": "visible", "score": 2.0, "status": "failed",
            "output": "What the test asserts does not hold.\n  looked at: a test that you do not see",
        },
        {
            "name": "test-2", "max_score": 1.0, "visibility": "visible", "score": 1.0, "status": "passed",
            "output": "Everything that this test looked at is as it should be.",
        },
        {
            "name": "why", "max_score": 2.0, "visibility": "visible", "score": 2.0, "status": "passed",
            "output": "Well said.",
        },
    ],
    "output": "It came late: 0.5 points are taken off.",
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    made = classes.course(tmp_path_factory.mktemp("course"))
    node = classes.notebook()
    node.cells[2].outputs = [failure("assert squares(977) == SECRET")]
    made.hand_in(
        "ada", {"test-1": 2, "test-2": 1, "why": 2}, node, late=0.5, comments={"why": "Well said."},
        first_name="Ada", last_name="Lovelace", email="ada@example.org", lms_user_id="77",
    )  # fmt: skip
    made.hand_in(
        "bob", {"test-1": 0, "test-2": 0, "why": None}, late=1, first_name="=HYPERLINK(1)", email="+bob@example.org"
    )
    with made.gradebook() as gradebook:
        gradebook.update_or_create_student("absent")
    return made


def test_canvas(course, tmp_path):
    assert export(course.folder, ASSIGNMENT, "canvas", tmp_path / "a" / "x.csv", "Problem set 1 (42)") == 2
    assert (tmp_path / "a" / "x.csv").read_bytes().decode() == CANVAS


def test_moodle(course, tmp_path):
    export(course.folder, ASSIGNMENT, "moodle", tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes().decode() == MOODLE


def test_gradescope(course, tmp_path):
    assert export(course.folder, ASSIGNMENT, "gradescope", tmp_path) == 2
    assert json.loads((tmp_path / "ada" / "results.json").read_text()) == GRADESCOPE
    pending = json.loads((tmp_path / "bob" / "results.json").read_text())["tests"][2]
    assert pending == {
        "name": "why", "max_score": 2.0, "visibility": "visible", "output": "A person will grade this.",
    }  # fmt: skip
    assert "977" not in (tmp_path / "ada" / "results.json").read_text()


def test_a_test_of_which_nothing_is_public_waits_for_publication(tmp_path):
    source = classes.notebook()
    source.cells[2].source = "### BEGIN HIDDEN TESTS\nassert squares(977)\n### END HIDDEN TESTS"
    made = classes.course(tmp_path, source)
    made.hand_in("ada", {"test-1": 0, "test-2": 1, "why": 0}, source)
    export(made.folder, ASSIGNMENT, "gradescope", tmp_path / "out")
    tests = json.loads((tmp_path / "out" / "ada" / "results.json").read_text())["tests"]
    assert [test["visibility"] for test in tests] == ["after_published", "visible", "visible"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\n=1", "\uff1d1", '=cmd|"/c calc"!A1', "-2+3;=1"]
)
def test_no_name_is_a_formula(tmp_path, name):
    made = classes.course(tmp_path)
    made.hand_in(
        "ada", {"test-1": 0, "test-2": 0, "why": 0}, first_name=name, last_name=name, email=name, lms_user_id=name
    )
    for to in ("canvas", "moodle"):
        export(made.folder, ASSIGNMENT, to, tmp_path / "x.csv", name)
        rows = list(csv.reader(io.StringIO((tmp_path / "x.csv").read_bytes().decode(), newline="")))
        fields = [field for row in rows for field in row]
        assert not [field for field in fields if field.strip()[:1] in set("=+-@\uff1d\uff0b\uff0d\uff20")]
        assert all(len(row) == len(rows[0]) for row in rows) and not [f for f in fields if "\n" in f or "\t" in f]


def test_the_verb_says_what_it_wrote_and_what_it_cannot(course, tmp_path, capsys):
    there = ["export", "--course", str(course.root), "--to", "canvas", "--out", str(tmp_path / "x.csv")]
    assert cli.main([*there, "--assignment", ASSIGNMENT]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'x.csv'}: 2 submissions\n"
    assert cli.main([*there, "--assignment", "ps9"]) == 1
    assert "no assignment 'ps9'" in capsys.readouterr().err
    with pytest.raises(CourseError, match="Nobody's ps1"):
        export(classes.course(tmp_path / "empty").folder, ASSIGNMENT, "moodle", tmp_path / "y.csv")
