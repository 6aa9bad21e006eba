"""course/cloud/sagemaker/replay_load.py"""

import random
from statistics import mean, pstdev

import pytest

from course.cloud.sagemaker.replay_load import TIMEOUT, outcome, poisson, split


def percentile(found, share):
    seen, wanted = 0.0, share * sum(found.latencies.values())
    for seconds, times in sorted(found.latencies.items()):
        seen += times
        if seen >= wanted - 1e-9:
            return seconds
    raise AssertionError


def test_a_light_load_waits_for_next_to_nothing():
    found = outcome(10, 2, 600, 0.05)
    assert (found.served, found.lost) == (10, 0)
    assert sum(found.latencies.values()) == pytest.approx(10)
    assert found.mean == pytest.approx(0.05, rel=0.02)


def test_half_the_capacity_waits_as_the_formula_has_it():
    """M/D/1 at 0.5: half the time between two answers, 60 / 1200 s; told in twenty parts it is 2 % less."""
    found = outcome(600, 2, 600, 0.0)
    assert found.mean == pytest.approx(0.5 * 60 / 1200, rel=0.03)
    assert percentile(found, 0.95) > 2 * percentile(found, 0.5)


def test_waits_grow_with_the_load():
    waits = [outcome(count, 1, 600, 0.05).mean for count in (60, 300, 540, 594, 600, 700, 1200)]
    assert waits == sorted(waits)
    assert waits[-1] > 20


def test_what_is_beyond_the_capacity_times_out():
    found = outcome(900, 1, 600, 0.05)
    assert (found.served, found.lost) == (600, 300)
    assert found.latencies[TIMEOUT] == 300
    assert percentile(found, 1.0) == TIMEOUT
    assert found.mean < TIMEOUT


def test_no_requests_and_no_instances():
    assert outcome(0, 2, 600, 0.05) == outcome(0, 0, 600, 0.05)
    nothing = outcome(50, 0, 600, 0.05)
    assert (nothing.served, nothing.lost, nothing.latencies, nothing.mean) == (0, 50, {}, 0)


@pytest.mark.parametrize("expected", [0.0, 0.7, 8.0, 29.0, 30.0, 500.0])
def test_counts_spread_as_poisson_has_it(expected):
    """5,000 draws: a mean beyond 5 standard errors comes once in a million."""
    source = random.Random(1)
    drawn = [poisson(source, expected) for _ in range(5000)]
    assert abs(mean(drawn) - expected) <= 5 * (expected / 5000) ** 0.5
    assert pstdev(drawn) == pytest.approx(expected**0.5, rel=0.1, abs=0.01)


@pytest.mark.parametrize("count", [50, 1000])
def test_requests_are_split_by_weight(count):
    source = random.Random(2)
    drawn = [split(source, count, [1.0, 8.0, 1.0]) for _ in range(2000)]
    assert all(sum(parts) == count and min(parts) >= 0 for parts in drawn)
    for place, share in enumerate((0.1, 0.8, 0.1)):
        error = (count * share * (1 - share) / 2000) ** 0.5
        assert abs(mean(parts[place] for parts in drawn) - count * share) <= 5 * error
        assert pstdev(parts[place] for parts in drawn) == pytest.approx((count * share * (1 - share)) ** 0.5, rel=0.1)


def test_a_variant_without_weight_gets_nothing():
    source = random.Random(3)
    assert split(source, 500, [0.0, 1.0]) == [0, 500]
    assert split(source, 50, [1.0, 0.0]) == [50, 0]
    assert split(source, 7, [1.0]) == [7]
