"""What is told of gradings: the last change of the scores, and its reason."""

import pytest

from course.grading import history
from tests.grading import classes
from tests.grading.classes import ASSIGNMENT


@pytest.fixture
def course(tmp_path):
    made = classes.course(tmp_path)
    made.hand_in("ada", {"test-1": 3, "test-2": 1, "why": 2})
    return made


def read(course):
    with course.gradebook() as gradebook:
        return history.read(gradebook, ASSIGNMENT).get("ada", history.NOTHING)


def test_a_gradebook_without_our_table_has_no_history(course):
    assert read(course) == history.NOTHING


@pytest.mark.parametrize(
    ("audit", "because"),
    [
        ({"submission": "new", "assignment": "new"}, "new work was handed in"),
        ({"assignment": "new", "environment": "new"}, "the assignment's tests were mended"),
        ({"seeds": {"variant": 7}}, "it was graded with other seeds"),
        ({"limits": {"seconds": 9}}, "it was graded with other limits"),
        ({"environment": "new"}, "what runs the tests was brought up to date"),
        ({}, "it was asked for"),
    ],
)
def test_the_reason_is_what_has_changed_between_two_gradings(course, audit, because):
    old = {"submission": "s", "assignment": "a", "environment": "e", "limits": {}, "seeds": {"O-8 own": 1}}
    course.note("ada", {"test-1": 0, "test-2": 1}, **old)
    course.note("ada", {"test-1": 3, "test-2": 1}, **{**old, **audit})
    found = read(course).regraded
    assert found.because == because and found.sentence.startswith("This was graded again: 1 → 4 points")
    assert found.changed() == [((classes.NOTEBOOK, "test-1"), 0, 3)] and found.changed("other") == []


def test_a_grading_that_gave_the_same_hides_no_change_and_a_failed_one_is_none(course):
    course.note("ada", {"test-1": 1, "test-2": 1}, assignment="a")
    course.note("ada", {}, status="failed", message="hung")
    course.note("ada", {"test-1": 3, "test-2": 1}, assignment="b")
    course.note("ada", {"test-1": 3, "test-2": 1}, assignment="b", environment="new")
    assert read(course).regraded.because == "the assignment's tests were mended"
    assert read(course).stale == "", "the failure was before the grading that counts"
    course.note("bob", {"test-1": 3}, assignment="a")
    assert read(course).regraded is not None, "nobody else's gradings are looked at"


def test_one_grading_has_nothing_before_it(course):
    course.note("ada", {"test-1": 3, "test-2": 1}, repairs=["r"], flags=["f"])
    found = read(course)
    assert (found.regraded, found.repairs, found.flags) == (None, ["r"], ["f"])
