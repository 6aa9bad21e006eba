"""course/cloud/cloudwatch/evaluation.py: the tables of the CloudWatch guide, row by row."""

import pytest

from course.cloud.cloudwatch.evaluation import ALARM, COMPARISONS, INSUFFICIENT_DATA, OK, TREATMENTS, state

KEEPS = None
_POINTS = {"0": False, "X": True, "-": None}


def outcomes(text, to_alarm, periods=3):
    """What each treatment makes of datapoints as the guide writes them: missing, ignore, breaching, notBreaching."""
    points = [_POINTS[sign] for sign in text.split()]
    return [state(points, periods, to_alarm, how) for how in ("missing", "ignore", "breaching", "notBreaching")]


@pytest.mark.parametrize(
    ("points", "states"),
    [
        ("0 - X - X", [OK, OK, OK, OK]),
        ("0 - - - -", [OK, OK, OK, OK]),
        ("- - - - -", [INSUFFICIENT_DATA, KEEPS, ALARM, OK]),
        ("0 X X - X", [ALARM, ALARM, ALARM, ALARM]),
        ("- - X - -", [ALARM, KEEPS, ALARM, OK]),
    ],
)
def test_three_out_of_three(points, states):
    assert outcomes(points, 3) == states


@pytest.mark.parametrize(
    ("points", "states"),
    [
        ("0 - X - X", [ALARM, ALARM, ALARM, ALARM]),
        ("0 0 X 0 X", [ALARM, ALARM, ALARM, ALARM]),
        ("0 - X - -", [OK, OK, ALARM, OK]),
        ("- - - - 0", [OK, OK, ALARM, OK]),
        ("- - - X -", [ALARM, KEEPS, ALARM, OK]),
    ],
)
def test_two_out_of_three(points, states):
    assert outcomes(points, 2) == states


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_an_alarm_is_not_premature(points):
    """The next datapoint may be within the threshold."""
    assert outcomes(points, 3)[:2] == [KEEPS, KEEPS]


@pytest.mark.parametrize("points", ["- - - X 0", "- - X - 0"])
def test_the_next_datapoint_was_within_the_threshold(points):
    assert outcomes(points, 3)[:2] == [OK, OK]


def test_older_datapoints_count_only_while_newer_ones_are_missing():
    assert outcomes("X X 0 0 0", 1)[0] == OK
    assert outcomes("X 0 0 - -", 1)[0] == ALARM


def test_one_out_of_one_looks_two_periods_further_back():
    assert outcomes("X - -", 1, periods=1) == [ALARM] * 4
    assert outcomes("- - -", 1, periods=1) == [INSUFFICIENT_DATA, KEEPS, ALARM, OK]


def test_the_tables_name_every_treatment():
    assert set(TREATMENTS) == {"missing", "ignore", "breaching", "notBreaching"}


@pytest.mark.parametrize(
    ("name", "breaching"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_comparisons(name, breaching):
    assert [COMPARISONS[name][0](value, 10) for value in (9, 10, 11)] == breaching
