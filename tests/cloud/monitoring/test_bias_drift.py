"""course/cloud/monitoring/bias_drift.py"""

import math

import numpy as np
import pytest

from course.cloud.monitoring.bias_drift import Metric, allowed, interval, violation

DPPL = Metric("customer_age", "26", "DPPL")


def dppl(disadvantaged, favourable):
    """q'a - q'd of some rows (developer guide, clarify-post-training-bias-metric-dppl)."""

    def value_of(rows):
        d, positive = disadvantaged[rows], favourable[rows]
        if d.all() or not d.any():
            return math.nan
        return positive[~d].mean() - positive[d].mean()

    return value_of


def window(rows, gap, seed):
    """30 % in facet d; facet a is favoured by `gap`."""
    rng = np.random.default_rng(seed)
    d = rng.random(rows) < 0.3
    return dppl(d, rng.random(rows) < np.where(d, 0.9 - gap, 0.9))


def test_the_allowed_values_are_no_worse_than_the_baseline():
    assert allowed(0.1) == allowed(-0.1) == (-0.1, 0.1)
    assert allowed(0.8, ideal=1.0) == pytest.approx((0.8, 1.2))


def test_the_interval_has_the_width_that_the_binomial_gives():
    """Standard error of a difference of shares; 200 bootstraps know it within a fifth, surely enough."""
    low, high = interval(window(4000, 0.1, seed=1), 4000)
    error = math.sqrt(0.9 * 0.1 / 2800 + 0.8 * 0.2 / 1200)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.2)
    assert low < 0.1 < high


def test_the_same_gap_fires_on_many_rows_and_not_on_eighty():
    """A gap of .12 against .03 allowed: 80 rows fire on a few of 40 seeds at most, 4,000 rows on every one."""
    few = [violation(DPPL, 0.03, window(80, 0.12, seed), 80) for seed in range(40)]
    many = [violation(DPPL, 0.03, window(4000, 0.12, seed), 4000) for seed in range(40)]
    assert sum(found is not None for found in few) <= 12
    assert all(many)


def test_no_worse_than_the_baseline_is_no_violation():
    found = [violation(DPPL, 0.1, window(1000, 0.05, seed), 1000) for seed in range(20)]
    assert not any(found)


def test_a_violation_speaks_as_the_guide_prints_it():
    rows = window(4000, 0.2, seed=3)
    assert violation(DPPL, 0.03, rows, 4000) == {
        "facet": "customer_age",
        "facet_value": "26",
        "metric_name": "DPPL",
        "constraint_check_type": "bias_drift_check",
        "description": f"Value {rows(np.arange(4000))} does not meet the constraint requirement",
    }


def test_a_metric_without_a_value_fires_for_nothing():
    nobody = dppl(np.zeros(100, dtype=bool), np.ones(100, dtype=bool))
    assert interval(nobody, 100) == (-math.inf, math.inf)
    assert violation(DPPL, 0.0, nobody, 100) is None
