"""Difficulty and discrimination, against values computed by hand."""

import pytest

from course.grading.item_statistics import correlation, items
from course.grading.marks import Cell, Learner, Mark, Marks, Submission

A, B, C = (Cell("n", name, "test", of) for name, of in (("a", 1.0), ("b", 4.0), ("c", 2.0)))


def graded(rows, pending=()):
    """Marks of learners whose points in a, b and c are the rows."""
    submissions = tuple(
        Submission(
            Learner(str(n)),
            {
                ("n", cell.id): Mark(cell, score, (n, cell.id) in pending)
                for cell, score in zip((A, B, C), row, strict=True)
            },
        )
        for n, row in enumerate(rows)
    )
    return Marks("ps1", (A, B, C), submissions)


def test_correlation_by_hand():
    # Both means are 2.5; products -1.5*-1.5 + -0.5*0.5 + 0.5*-0.5 + 1.5*1.5 = 4; squares 5 and 5.
    assert correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert correlation([1, 1, 1], [1, 2, 3]) is None and correlation([1], [2]) is None


def test_point_biserial_by_hand():
    # a is right for the first five of ten; the others' points are 6 6 6 6 6 and 1 1 1 1 6.
    rows = [(1, 4, 2)] * 5 + [(0, 1, 0)] * 4 + [(0, 4, 2)]
    found = {item.name: item for item in items(graded(rows), {"a": [A], "b": [B], "c": [C]})}
    # (M1 - M0) / s * sqrt(p q): M1 = 6, M0 = 2, all: mean 4, s² = (6*4 + 4*9) / 10 = 6, sqrt(p q) = 0.5.
    assert found["a"].discrimination == pytest.approx(4 / 6**0.5 * 0.5)
    assert (found["a"].difficulty, found["a"].n, found["a"].of) == (0.5, 10, 1.0)
    assert found["b"].difficulty == pytest.approx((6 * 4 + 4 * 1) / 40)
    # b against a + c: six have 4, four have 1; a + c is 3 3 3 3 3, 0 0 0 0, 2.
    # Means 2.8 and 1.7; products 5*1.2*1.3 + 4*1.8*1.7 + 1.2*0.3 = 20.4;
    # squares 6*1.44 + 4*3.24 = 21.6 and 5*1.69 + 4*2.89 + 0.09 = 20.1.
    assert found["b"].discrimination == pytest.approx(20.4 / (21.6 * 20.1) ** 0.5)


def test_items_taken_together_are_one_item():
    rows = [(1, 4, 2)] * 5 + [(0, 1, 0)] * 5
    [both] = items(graded(rows), {"both": [A, B]})
    assert both.of == 5 and both.difficulty == pytest.approx((5 * 5 + 5 * 1) / 50)
    assert both.discrimination == pytest.approx(1.0)


def test_under_ten_learners_there_is_no_discrimination():
    assert items(graded([(1, 4, 2), (0, 1, 0)] * 4 + [(1, 4, 2)]), {"a": [A]})[0].discrimination is None
    assert items(graded([(1, 4, 2), (0, 1, 0)] * 5), {"a": [A]})[0].discrimination == pytest.approx(1.0)


def test_what_a_person_has_yet_to_grade_counts_nowhere():
    rows = [(1, 4, 0), (0, 1, 0)] * 6
    found = items(graded(rows, {(0, "c"), (1, "c")}), {"a": [A], "c": [C]})
    assert found[1].n == 10 and found[1].difficulty == 0 and found[1].discrimination is None
    assert found[0].discrimination == pytest.approx(1.0), "c is no part of the total"
    assert items(graded([(1, 1, 1)], {(0, "c")}), {"c": [C]})[0].difficulty is None


def test_mistakes_count_each_learner_once_and_come_in_order():
    [item] = items(graded([(1, 1, 1)]), {"a": [A]}, {"a": [["x", "x", "y"], ["y"], ["y", "z"]]})
    assert item.mistakes == (("y", 3), ("x", 1), ("z", 1))
