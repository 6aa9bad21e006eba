"""course/cloud/cloudwatch/distribution.py"""

import random

import pytest

from course.cloud.cloudwatch.distribution import DISTINCT, Distribution


def test_a_percentile_is_a_value_that_was_measured():
    found = Distribution.of({float(n): 1.0 for n in range(1, 101)})
    assert (found.count, found.total, found.minimum, found.maximum) == (100, 5050, 1, 100)
    assert [found.share_below(p) for p in (1, 50, 90, 99, 99.9, 100)] == [1, 50, 90, 99, 100, 100]


def test_counts_weigh_the_values():
    assert Distribution.of({1.0: 99, 1000.0: 1}).share_below(99) == 1
    assert Distribution.of({1.0: 98, 1000.0: 2}).share_below(99) == 1000


def test_sets_join():
    found = Distribution.of({1.0: 2})
    found.add(Distribution.of({5.0: 1, 1.0: 1}))
    assert found == Distribution(4, 8, 1, 5, ((1.0, 3.0), (5.0, 1.0)))


def test_a_set_without_values_has_no_percentile_unless_all_are_equal():
    assert Distribution.of_set(10, 50, 1, 9).share_below(50) is None
    assert Distribution.of_set(10, 50, 5, 5).share_below(50) == 5
    joined = Distribution.of({5.0: 1})
    joined.add(Distribution.of_set(10, 50, 1, 9))
    assert joined.share_below(50) is None
    assert joined.count == 11


def test_negative_values_have_no_percentile():
    assert Distribution.of({-1.0: 1, 2.0: 1}).share_below(50) is None


def test_many_values_are_bounded_and_percentiles_stay_near():
    draw = random.Random(1)
    values = [draw.lognormvariate(8, 1) for _ in range(5000)]
    found = Distribution.of(dict.fromkeys(values, 1.0))
    assert len(found.values) <= DISTINCT
    assert found.total == pytest.approx(sum(values))
    for percent in (10, 50, 90, 99):
        exact = sorted(values)[int(len(values) * percent / 100) - 1]
        assert found.share_below(percent) == pytest.approx(exact, rel=0.08)


def test_up_to_the_bound_values_are_exact():
    found = Distribution.of({float(n): 1.0 for n in range(DISTINCT)})
    assert [value for value, _ in found.values] == list(range(DISTINCT))


def test_a_trimmed_mean_leaves_the_tails_out():
    found = Distribution.of({1.0: 1, 2.0: 1, 3.0: 1, 1000.0: 1})
    assert found.trimmed(0, 75) == 2
    assert found.trimmed(25, 75) == 2.5
