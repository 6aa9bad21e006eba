"""course/cloud/monitoring/distance.py

Golden values marked Deequ are those of awslabs/deequ, src/test/scala/com/amazon/deequ/KLL/KLLDistanceTest.scala.
"""

import math

import numpy as np
import pytest
from scipy.stats import chi2, chisquare, ks_2samp

from course.cloud.monitoring.distance import chi_squared, chi_squared_tail, correction, l_infinity, robust, simple


def points(*values):
    return np.sort(np.array(values, dtype=float)), np.ones(len(values))


def test_simple_is_deequs():
    assert simple(points(1, 2, 3, 4), points(2, 3, 4, 5)) == 0.25


def test_robust_is_deequs():
    assert robust(points(1, 2, 3, 4), points(2, 3, 4, 5)) == 0.0


def test_simple_is_the_two_sample_kolmogorov_smirnov_statistic():
    rng = np.random.default_rng(1)
    for n, m in ((200, 5000), (317, 317), (1, 40)):
        x, y = rng.poisson(2.0, n).astype(float), rng.gamma(2.0, 1.0, m).round(1)
        assert simple(points(*x), points(*y)) == pytest.approx(ks_2samp(x, y).statistic, abs=1e-12)


def test_a_weight_stands_for_as_many_rows():
    values, weights = np.array([1.0, 2.0]), np.array([3.0, 1.0])
    assert simple((values, weights), points(0, 5)) == simple(points(1, 1, 1, 2), points(0, 5))


@pytest.mark.parametrize(
    ("n", "m", "size"),
    [(200, 10_000, 0.1285), (400, 10_000, 0.0918), (1000, 60_000, 0.0574), (4000, 60_000, 0.0294), (324, 324, 0.1414)],
)
def test_the_correction_for_few_rows(n, m, size):
    assert correction(n, m) == pytest.approx(size, abs=5e-5)


def test_with_324_rows_the_raw_distance_must_exceed_a_fifth():
    assert correction(324, 10**9) == pytest.approx(0.100, abs=5e-4)
    baseline = np.arange(100_000) / 100_000, np.ones(100_000)
    for shift, fires in ((0.18, False), (0.22, True)):
        live = (np.arange(324) + 0.5) / 324 + shift, np.ones(324)
        assert simple(live, baseline) == pytest.approx(shift, abs=0.005)
        assert (robust(live, baseline) > 0.1) == fires


@pytest.mark.parametrize(
    ("baseline", "distance"),
    [
        ({"a": 11, "b": 20, "c": 25, "d": 10, "e": 10}, 0.06015037593984962),
        ({"f": 11, "a": 20, "c": 25, "d": 10, "e": 10}, 0.2857142857142857),
    ],
)
def test_l_infinity_is_deequs(baseline, distance):
    assert l_infinity({"a": 10, "b": 20, "c": 25, "d": 10, "e": 5}, baseline) == pytest.approx(distance, abs=1e-15)


DEEQU = [
    (
        {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25, "g": 13},
        {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13, "f": 15},
        28.175042782458068,
        3.3640191298478506e-5,
    ),
    (
        {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25},
        {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13},
        None,
        0.013227994814265176,
    ),
    (
        {"a": 100, "b": 20, "c": 25, "d": 10, "e": 5, "f": 2},
        {"a": 100, "b": 22, "c": 25, "d": 5, "e": 13, "f": 2},
        8.789790456457125,
        None,
    ),
    ({"a": 100, "b": 40, "c": 30, "d": 10}, {"a": 100, "b": 40, "c": 30, "e": 4}, 0.38754325259515626, None),
    ({"a": 100, "b": 4, "c": 3, "d": 27}, {"a": 100, "b": 4, "c": 3, "d": 34}, 1.1507901668129925, None),
    (
        {"a": 100, "b": 4, "c": 3, "d": 27, "e": 20, "f": 20, "g": 20, "h": 20},
        {"a": 100, "b": 2, "c": 1, "d": 34, "e": 20, "f": 20, "g": 20, "h": 20},
        6.827423492761593,
        None,
    ),
    ({"a": 30}, {"a": 20, "b": 20}, None, 4.3204630539861455e-8),
]


@pytest.mark.parametrize(("live", "baseline", "statistic", "p"), DEEQU)
def test_chi_squared_is_deequs(live, baseline, statistic, p):
    got = chi_squared(live, baseline)
    for value, expected in zip(got, (statistic, p), strict=True):
        assert expected is None or value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("live", "baseline"),
    [
        ({"a": 100, "b": 4, "c": 3}, {"a": 100, "b": 4, "c": 3}),
        ({"a": 10, "b": 20}, {"b": 20}),
        ({"a": 15, "b": 20}, {"c": 20, "d": 20}),
    ],
)
def test_chi_squared_has_no_answer_for_less_than_two_categories(live, baseline):
    assert all(map(math.isnan, chi_squared(live, baseline)))


def test_chi_squared_is_scipys_where_nothing_is_rare():
    live, baseline = {"a": 60, "b": 90, "c": 50}, {"a": 3000, "b": 5000, "c": 2000}
    expected = [count / 50 for count in baseline.values()]
    reference = chisquare(list(live.values()), expected)
    assert chi_squared(live, baseline) == pytest.approx((reference.statistic, reference.pvalue), rel=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 119])
def test_the_tail_of_chi_squared_is_scipys(degrees):
    for statistic in (0.0, 0.1, 3.0, 25.0, 300.0):
        assert chi_squared_tail(statistic, degrees) == pytest.approx(chi2.sf(statistic, degrees), rel=1e-9)


def test_nothing_is_at_no_distance():
    assert math.isnan(simple(points(), points(1))) and math.isnan(robust(points(1), points()))
    assert math.isnan(l_infinity({}, {"a": 1}))
