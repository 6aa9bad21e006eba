"""The harness behind the rates in the docstrings of O-2, O-3, O-4 and D4-06, on a few worlds."""

import pytest

from tests.exercises import calibrate


def test_the_interval_of_a_rate_is_the_exact_one():
    low, high = calibrate.exact(0, 30)
    assert low == 0 and high == pytest.approx(1 - 0.025 ** (1 / 30))
    assert calibrate.exact(30, 30) == pytest.approx((1 - high, 1))


@pytest.mark.parametrize(("exercise", "least"), [("O-2", 19), ("O-3", 16), ("O-4", 20), ("D4-06", 30)])
def test_right_work_passes_and_every_stored_kind_of_mistake_is_caught(exercise, least):
    found = calibrate.measured(exercise, range(501, 503), repeats=1)
    assert len(found) >= least
    for name, (passed, tried) in found.items():
        assert tried >= 2 and passed == (tried if ", right" in name else 0), name
