"""What is excused counts neither for nor against, wherever scores are shown, and counts again when that is undone."""

import csv
import io

import jsonschema
import pytest

from course import cli
from course.errors import CourseError
from course.grading import excuse, export, feedback, marks, report
from tests.grading import assignments, classes
from tests.grading.classes import ASSIGNMENT
from tests.grading.test_batch import SCHEMA, grade


@pytest.fixture
def course(tmp_path):
    """Of 6 points, E-1 (test-1) gives 3, E-2 (test-2 and why) 3."""
    made = classes.course(tmp_path)
    made.hand_in("ada", {"test-1": 0, "test-2": 1, "why": 1})
    made.hand_in("bob", {"test-1": 3, "test-2": 1, "why": 1})
    return made


def read(course):
    with course.gradebook() as gradebook:
        found = marks.read(gradebook, ASSIGNMENT)
    return found, {one.learner.id: (one.score, one.of) for one in found.submissions}


def page(course, student):
    with course.folder.gradebook() as gradebook:
        [path] = feedback.write(course.folder, gradebook, ASSIGNMENT, student)
    return path.read_text(encoding="utf-8")


def test_one_learner_is_excused_and_then_not(course, tmp_path, capsys):
    words = ["excuse", "E-1", "--course", str(tmp_path), "--assignment", ASSIGNMENT, "--student", "ada"]
    assert cli.main([*words, "--because", "you were ill <b>"]) == 0
    assert capsys.readouterr().out == "E-1 (3 points) is excused for ada.\n"
    assert cli.main([*words, "--because", "you were ill"]) == 0, "another reason takes the place of the first"
    found, scores = read(course)
    assert scores == {"ada": (2, 3), "bob": (5, 6)} and found.of == 6
    said = page(course, "ada")
    assert "Score: 2 of 3 points" in said and "excused: it does not count" in said
    assert "Excused: you were ill. It counts neither for nor against you." in said
    assert "Excused" not in page(course, "bob")
    report.write(course.folder, ASSIGNMENT, tmp_path / "report.html", roster=True)
    assert "1 learner excused from more: their scores are shown out of 6 too." in (tmp_path / "report.html").read_text()
    assert "lowest 4," in (tmp_path / "report.html").read_text(), "2 of 3 is 4 of 6"
    assert "excused from <bdi>test-1</bdi>" in (tmp_path / "report-roster.html").read_text()
    assert cli.main([*words, "--undo"]) == 0
    assert capsys.readouterr().out.endswith("E-1 (3 points) counts again for ada.\n")
    assert read(course)[1] == {"ada": (2, 6), "bob": (5, 6)}


def test_everyone_is_excused_of_a_group_or_a_single_cell(course):
    assert excuse.change(course.folder, ASSIGNMENT, "E-2") == "E-2 (3 points) is excused for everyone."
    found, scores = read(course)
    assert scores == {"ada": (0, 3), "bob": (3, 3)} and found.of == 3
    assert excuse.NO_REASON in page(course, "bob")
    excuse.change(course.folder, ASSIGNMENT, "why", undo=True)
    assert read(course)[1] == {"ada": (1, 5), "bob": (4, 5)}


def test_a_text_that_waits_for_a_person_waits_no_more_when_it_is_excused(course):
    course.hand_in("cy", {"test-1": 3, "test-2": 1, "why": None})
    excuse.change(course.folder, ASSIGNMENT, "why", ["cy"])
    assert "this score is not final" not in page(course, "cy")


def test_exports_give_the_share_of_what_counts_or_say_that_all_is_excused(course):
    excuse.change(course.folder, ASSIGNMENT, "E-1", ["ada"], "ill")
    for exercise in ("E-1", "E-2"):
        excuse.change(course.folder, ASSIGNMENT, exercise, ["bob"])
    found, _ = read(course)
    rows = {row[3]: row[-1] for row in csv.reader(io.StringIO(export.canvas(found, "PS 1")))}
    assert (rows["ada"], rows["bob"], rows[""]) == ("4", "EX", "6")
    moodle = list(csv.reader(io.StringIO(export.moodle(found, "PS 1"))))
    assert [(row[2], row[-1]) for row in moodle[1:]] == [("ada", "4")]
    told = export.gradescope(found.submission("ada"), most=found.of)
    assert told["score"] == 4 and told["tests"][0] == {
        "name": "test-1", "max_score": 0.0, "visibility": "visible", "score": 0.0, "output": "Excused: ill."
    }  # fmt: skip


def test_what_is_not_there_is_said_in_a_sentence(course):
    with pytest.raises(CourseError, match="has no exercise 'E-9': it has E-1, E-2"):
        excuse.change(course.folder, ASSIGNMENT, "E-9")
    with pytest.raises(CourseError, match="Nobody here is called 'adda'"):
        excuse.change(course.folder, ASSIGNMENT, "E-1", ["adda"])
    with pytest.raises(CourseError, match="E-1 was not excused for ada"):
        excuse.change(course.folder, ASSIGNMENT, "E-1", ["ada"], undo=True)
    assert read(course)[1] == {"ada": (2, 6), "bob": (5, 6)}


def test_statistics_leave_out_who_is_excused(course, tmp_path):
    excuse.change(course.folder, ASSIGNMENT, "E-1", ["ada"])
    [path] = report.write(course.folder, ASSIGNMENT, tmp_path / "report.html")
    row = path.read_text().split("<bdi>E-1</bdi></th>")[1].split("</tr>")[0]
    assert '<td class="figure">1</td><td class="figure">100%</td>' in row, "bob alone"


def test_results_are_told_without_what_is_excused_and_nothing_is_graded_again(tmp_path):
    root = assignments.make_course(tmp_path)
    for student in ("ada", "bob"):
        assignments.hand_in(root, student, "wrong")
    before = grade(root)[1]
    from course.grading.course_folder import open_folder

    excuse.change(open_folder(root), assignments.NAME, "square-test", ["ada"], "ill")
    tally, results = grade(root)
    assert (tally.graded, tally.unchanged) == (0, 2) and results["bob"] == before["bob"]
    jsonschema.validate(list(results.values()), SCHEMA, jsonschema.Draft202012Validator)
    ada = results["ada"]
    assert (ada["score"], ada["max_score"]) == (before["ada"]["score"], before["ada"]["max_score"] - 2)
    cell = next(cell for cell in ada["cells"] if cell["grade_id"] == "square-test")
    assert (cell["status"], cell["score"], cell["message"]) == ("excused", None, "Excused: ill.")
