"""What D3-07 promises of its numbers, computed exactly: who is right is seldom told otherwise."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from course.exercises import d3_07

RATES = [0.53, 0.55, 0.57]


def promoted(old: float, new: float, n: int, *, pooled: bool) -> float:
    """How often the test says that new is better, with n answers of it and nineteen times as many of old."""
    many = 19 * n
    first, second = np.arange(many + 1)[:, None], np.arange(n + 1)[None, :]
    a, b = first / many, second / n
    if pooled:
        q = (first + second) / (many + n)
        error = np.sqrt(q * (1 - q) * (1 / many + 1 / n))
    else:
        error = np.sqrt(a * (1 - a) / many + b * (1 - b) / n)
    weight = binom.pmf(first, many, old) * binom.pmf(second, n, new)
    return float((weight * (b - a > norm.isf(d3_07.ALPHA) * error)).sum())


def seed_of(rate: float) -> int:
    return next(seed for seed in range(5) if d3_07.rate(seed) == rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("pooled", [True, False])
def test_right_work_is_told_so_in_all_but_one_of_a_thousand_worlds(rate, pooled):
    n = d3_07.planned(seed_of(rate))
    assert promoted(rate, rate, n, pooled=pooled) < (0.0005 if pooled else 0.0009)
    assert promoted(rate, rate + d3_07.GAIN, n, pooled=pooled) > 1 - 1e-7


@pytest.mark.parametrize("rate", RATES)
def test_the_smallest_plan_that_passes_still_finds_the_better_one(rate):
    least = int(d3_07.LEAST * d3_07.planned(seed_of(rate)))
    assert promoted(rate, rate + d3_07.GAIN, least, pooled=True) > 0.9998


def test_the_plan_is_the_textbooks():
    """55 % to 85 %, risks of 1 in 2,000 either way: (2 · 3.2905)² · (0.2475 + 0.1275) / 0.09 = 180.5."""
    assert d3_07.rate(2) == 0.55
    assert d3_07.planned(2) == 181


def test_the_interval_of_the_split_errs_in_one_of_ten_thousand():
    low, high = d3_07._interval(3_600)
    assert binom.cdf(low - 1, 3_600, 0.05) + binom.sf(high, 3_600, 0.05) <= 1e-4
    assert not low <= round(3_600 * 10 / 105) <= high  # 95 and 10 lie far outside


@pytest.mark.parametrize("better", [True, False])
def test_payments_are_decided_rightly_as_often_as_the_world_says(better):
    rows = np.array([line.split(",") for line in d3_07.payments(3, better).split()], dtype=float)
    label = rows[:, 2]
    for column, rate in ((0, 0.56), (1, 0.86 if better else 0.56)):
        right = int(((rows[:, column] > 0.5) == label).sum())
        low, high = binom.interval(1 - 1e-4, len(rows), rate)
        assert low <= right <= high
    assert d3_07.payments(3, better) == d3_07.payments(3, better)
