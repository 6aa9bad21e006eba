import pytest

from course.exercises import d3_06


def test_the_files_of_a_night_are_the_same_every_time_and_all_have_lines():
    first = dict(d3_06.tables(5))
    d3_06.tables(6)
    assert d3_06.tables(5) == first
    assert len(first) == d3_06.FILES
    assert {len(lines) for lines in first.values()} <= set(range(2, 20))


def test_faults_are_different_files_and_as_many_as_asked_for():
    torn, gone = d3_06.faults(5)
    assert 9 <= len(torn) <= 17
    assert 2 <= len(gone) <= 4
    assert not torn & gone
    assert [len(part) for part in d3_06.faults(5, 52, 8)] == [52, 8]
    assert d3_06.faults(5, 0, 0) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("scores", "right"),
    [
        ([0.1, 0.9], True),
        ((1, 0), True),
        ([0.1], False),
        ([0.1, 1.2], False),
        (None, False),
        ("ab", False),
        (["x", 1], False),
    ],
)
def test_scores_are_numbers_between_0_and_1_one_for_each_line(scores, right):
    assert d3_06._is_scored(scores, 2) is right
