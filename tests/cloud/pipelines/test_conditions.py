"""Conditions: every type, and values of two kinds."""

import pytest

from course.cloud.pipelines.conditions import check, holds
from course.cloud.pipelines.fault import StepFailed


def compare(kind, left, right):
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        (compare("Equals", 1, 1.0), True),
        (compare("Equals", "1", 1), False),
        (compare("Equals", True, 1), False),
        (compare("GreaterThan", 0.81, 0.8), True),
        (compare("GreaterThan", 0.8, 0.8), False),
        (compare("GreaterThanOrEqualTo", 0.8, 0.8), True),
        (compare("LessThan", 1, 2), True),
        (compare("LessThanOrEqualTo", 3, 2), False),
        (compare("GreaterThan", "b", "a"), True),
        ({"Type": "In", "QueryValue": 2, "Values": [1, 2]}, True),
        ({"Type": "In", "QueryValue": "2", "Values": [1, 2]}, False),
        ({"Type": "Not", "Condition": compare("Equals", 1, 1)}, False),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 1, 1)]}, True),
        ({"Type": "Or", "Conditions": []}, False),
        ({"Type": "Not", "Condition": {"Type": "Or", "Conditions": [compare("LessThan", 2, 1)]}}, True),
    ],
)
def test_a_condition_holds_or_not(condition, outcome):
    check(condition, "Check")
    assert holds(condition) is outcome


@pytest.mark.parametrize(("left", "right"), [("0.9", 0.8), (True, 0), (None, 1), ([], 1)])
def test_values_of_two_kinds_have_no_order(left, right):
    with pytest.raises(StepFailed, match="can not compare"):
        holds(compare("LessThan", left, right))
