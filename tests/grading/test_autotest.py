"""AUTOTEST: what is run are the tests that nbgrader makes of such lines, for a batch and for a file."""

import gc

import nbformat
import pytest
from nbgrader import api

from course.errors import CourseError
from course.grading import autotest, batch, directory
from course.grading.repair import repair
from tests.grading.cells import notebook, test, work

# nbgrader leaves its connections open, and where a solution fails forgets its kernel before that has ended.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Unclosed:ResourceWarning",
    "ignore:subprocess:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
TEMPLATES = """
python3:
    setup: "from hashlib import sha1"
    hash: 'sha1({{snippet}}.encode("utf-8")+b"{{salt}}").hexdigest()'
    dispatch: "type({{snippet}})"
    normalize: "str({{snippet}})"
    check: 'assert {{snippet}} == "{{value}}", "{{message}}"'
    templates:
        default:
            - test: "{{snippet}}"
              fail: "value of {{snippet}} is not correct"
"""
SOLUTION = "### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION"
TESTS = {"t1": "# AUTOTEST double(4)", "t2": "### HASHED AUTOTEST double(21)"}


def make_course(root, templates="autotests.yml", **cells):
    (root / "source" / "a1").mkdir(parents=True)
    tests = [test(source, id) for id, source in (cells or TESTS).items()]
    nbformat.write(notebook(work(SOLUTION), *tests), root / "source" / "a1" / "p1.ipynb")
    if templates:
        (root / templates).write_text(TEMPLATES)
    return directory.find(root)


def hand_in(root, student, answer):
    """The released notebook, with an answer in it."""
    node = nbformat.read(root / "source" / "a1" / "p1.ipynb", as_version=4)
    node = autotest.instantiated(directory.find(root), "a1", node)
    node.cells[0].source = answer
    folder = root / "submitted" / student / "a1"
    folder.mkdir(parents=True)
    nbformat.write(node, folder / "p1.ipynb")


def graded(root, **more):
    results = []
    tally = batch.run(directory.find(root), "a1", told=results.append, workers=1, progress=False, **more)
    return tally, {result["student"]: result for result in results}


@pytest.mark.parametrize("where", ["source/a1/autotests.yml"])
def test_right_work_passes_and_wrong_work_fails_tests_that_nbgrader_made(tmp_path, where):
    make_course(tmp_path, where)
    hand_in(tmp_path, "ada", "def double(x):\n    return x + x")
    hand_in(tmp_path, "bob", "def double(x):\n    return 8")
    tally, results = graded(tmp_path)
    assert {who: result["score"] for who, result in results.items()} == {"ada": 2, "bob": 1}
    assert results["ada"]["flags"] == results["ada"]["repairs"] == []
    [failed] = [cell for cell in results["bob"]["cells"] if cell["status"] == "failed"]
    assert (failed["grade_id"], failed["message"]) == ("t2", "AssertionError: value of double(21) is not correct")
    with api.Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        assert {row.student_id: row.score for row in book.assignment_submissions("a1")} == {"ada": 2, "bob": 1}
    executed = nbformat.read(tmp_path / "autograded" / "ada" / "a1" / "p1.ipynb", as_version=4)
    assert 'assert str(double(4)) == "8"' in executed.cells[1].source
    assert graded(tmp_path)[0].unchanged == 2, "made anew, the tests are the same"
    (tmp_path / where).write_text(TEMPLATES.replace("is not correct", "is wrong"))
    tally, results = graded(tmp_path)
    assert tally.graded == 2, "other templates, other tests"
    assert results["bob"]["cells"][1]["message"].endswith("is wrong")


def test_a_single_file_meets_the_same_tests(tmp_path):
    course = make_course(tmp_path)
    hand_in(tmp_path, "bob", "def double(x):\n    return 8")
    result = batch.file(tmp_path / "submitted" / "bob" / "a1" / "p1.ipynb", course)
    assert (result["score"], result["max_score"]) == (1, 2)


def test_hashed_tests_are_those_of_the_release_whatever_header_the_course_has(tmp_path):
    course = make_course(tmp_path)
    nbformat.write(notebook(work("import math", "header")), tmp_path / "header.ipynb")
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.IncludeHeaderFooter.header = "header.ipynb"\n')
    course = directory.find(tmp_path)
    node = nbformat.read(course.source("a1") / "p1.ipynb", as_version=4)
    made = autotest.instantiated(course, "a1", node)
    assert len(made.cells) == 3 and "AUTOTEST" in node.cells[1].source, "source itself stays as it is"
    with directory.grader(course) as grader:
        assert grader.generate_assignment("a1")["success"]
        released = nbformat.read(f"{course.directory.release_directory}/a1/p1.ipynb", as_version=4)
    assert [cell.source for cell in released.cells[2:]] == [cell.source for cell in made.cells[1:]]


def test_an_edited_test_is_put_right_without_a_charge_for_those_are_made_anew_each_time(tmp_path):
    course = make_course(tmp_path)
    made = autotest.instantiated(course, "a1", nbformat.read(course.source("a1") / "p1.ipynb", as_version=4))
    other = nbformat.reads(nbformat.writes(made), as_version=4)
    other.cells[1].source = "assert True"
    repaired = repair(made, nbformat.writes(other).encode(), name="p1")
    assert repaired.notebook.cells[1].source == made.cells[1].source and repaired.flags == ()


def test_what_cannot_be_made_is_said_in_a_sentence(tmp_path):
    make_course(tmp_path / "none", None)
    hand_in_raw = tmp_path / "none" / "submitted" / "ada" / "a1"
    hand_in_raw.mkdir(parents=True)
    with pytest.raises(CourseError, match=r"a1 has AUTOTEST lines, and there is no autotests\.yml"):
        graded(tmp_path / "none")
    make_course(tmp_path / "broken", t1="# AUTOTEST doubel(4)")
    (tmp_path / "broken" / "submitted" / "ada" / "a1").mkdir(parents=True)
    with pytest.raises(
        CourseError, match=r"nbgrader cannot make tests of the AUTOTEST lines in a1 \(NameError: .*doubel"
    ):
        graded(tmp_path / "broken")
    gc.collect()  # the forgotten kernel, while warnings are off


def test_a_notebook_without_such_lines_is_left_alone(tmp_path):
    course = make_course(tmp_path, t1="assert double(2) == 4")
    node = nbformat.read(course.source("a1") / "p1.ipynb", as_version=4)
    assert autotest.instantiated(course, "a1", node) is node
