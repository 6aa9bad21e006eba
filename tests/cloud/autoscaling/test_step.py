"""Step scaling: which step a breach means, and what it adds."""

import pytest

from course.cloud.autoscaling.step import check, wanted
from course.cloud.errors import ValidationFailed


def steps(*parts):
    """(lower, upper, adjustment) as StepAdjustments."""
    return [
        {
            **({} if low is None else {"MetricIntervalLowerBound": low}),
            **({} if high is None else {"MetricIntervalUpperBound": high}),
            "ScalingAdjustment": adjustment,
        }
        for low, high, adjustment in parts
    ]


def policy(*parts, type_="ChangeInCapacity", **more):
    return {"AdjustmentType": type_, "StepAdjustments": steps(*parts), **more}


UP = policy((0, 50, 1), (50, None, 3))
DOWN = policy((-50, 0, -1), (None, -50, -3))


@pytest.mark.parametrize(("metric", "capacity"), [(149, 5), (150, 7), (100, 5), (1000, 7), (99, None)])
def test_the_worked_example_alarm_100_metric_149_takes_the_first_step_150_the_second(metric, capacity):
    assert wanted(UP, [metric], 100, 4) == capacity


@pytest.mark.parametrize(("metric", "capacity"), [(51, 9), (50, 7), (100, 9), (0, 7), (101, None)])
def test_below_the_threshold_the_upper_bound_counts_and_the_lower_does_not(metric, capacity):
    assert wanted(DOWN, [metric], 100, 10) == capacity


def test_a_metric_at_the_threshold_belongs_to_the_step_above_if_there_is_one():
    assert wanted(policy((None, 0, -1), (0, None, 1)), [100], 100, 4) == 5


@pytest.mark.parametrize(("aggregation", "capacity"), [(None, 5), ("Average", 5), ("Maximum", 7), ("Minimum", None)])
def test_values_are_aggregated_as_the_policy_says(aggregation, capacity):
    more = {"MetricAggregationType": aggregation} if aggregation else {}
    assert wanted({**UP, **more}, [90.0, 120.0, 180.0], 100, 4) == capacity


@pytest.mark.parametrize(
    ("percent", "least", "capacity", "after"),
    [
        (25, None, 4, 5),
        (25, 2, 4, 6),  # AWS's own example: 25 % of 4 is 1, but at least 2
        (10, None, 4, 5),  # 0.4 becomes 1
        (33, None, 38, 50),  # 12.54 becomes 12
        (-10, None, 4, 3),
        (-10, 3, 4, 1),
        (-33, None, 20, 14),  # -6.6 becomes -6
        (50, None, 0, 0),
        (50, 2, 0, 2),
        (0, 2, 4, 4),
    ],
)
def test_percentages_are_rounded_towards_zero_but_move_something(percent, least, capacity, after):
    more = {"MinAdjustmentMagnitude": least} if least else {}
    assert wanted(policy((0, None, percent), type_="PercentChangeInCapacity", **more), [200], 100, capacity) == after


def test_exact_capacity_is_what_it_says():
    assert wanted(policy((0, None, 6), type_="ExactCapacity"), [200], 100, 2) == 6


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"AdjustmentType": "ChangeInCapacity"}, "At least one StepAdjustment"),
        ({"StepAdjustments": steps((0, None, 1))}, "AdjustmentType must be specified"),
        (policy((0, 50, 1), (40, None, 3)), "can't overlap"),
        (policy((0, 50, 1), (60, None, 3)), "can't have gaps"),
        (policy((0, None, 1), (50, None, 3)), "At most one StepAdjustment may have an unspecified upper"),
        (policy((None, -50, -3), (None, 0, -1)), "At most one StepAdjustment may have an unspecified lower"),
        (policy((None, None, 1)), "must have a lower bound or an upper bound"),
        (policy((50, 50, 1)), "must be greater than its lower bound"),
        (policy((0, 50, 1)), "unspecified upper bound when one StepAdjustment has a positive upper bound"),
        (policy((-50, 0, -1)), "unspecified lower bound when one StepAdjustment has a negative lower bound"),
        (policy((0, None, -1), type_="ExactCapacity"), "must not be negative"),
        (policy((0, None, 1), MinAdjustmentMagnitude=2), "is not supported by the AdjustmentType"),
        (policy((0, None, 1), type_="PercentChangeInCapacity", MinAdjustmentMagnitude=0), "at least 1"),
        (policy((0, None, 1), Cooldown=-1), "must not be negative"),
        (policy(*((n, n + 1 if n < 20 else None, 1) for n in range(21))), "at most 20 step adjustments"),
    ],
)
def test_what_is_no_step_policy_is_refused(configuration, words):
    with pytest.raises(ValidationFailed, match=words):
        check(configuration)


@pytest.mark.parametrize(
    "configuration", [UP, policy((None, 0, -1)), policy((None, -50, -3), (-50, 0, -1), (0, None, 1))]
)
def test_a_whole_line_of_steps_is_accepted(configuration):
    check(configuration)
