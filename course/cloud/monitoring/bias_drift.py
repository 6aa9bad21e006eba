"""Drift of a bias metric (developer guide, clarify-model-monitor-bias-drift).

The baseline's value says how far from the ideal the metric may be, to either side. A window violates that when its
whole bootstrap interval lies outside: with few rows the interval is wide, and chance alone does not fire.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOOTSTRAPS = 200
NORMAL_95 = 1.96

Interval = tuple[float, float]


@dataclass(frozen=True)
class Metric:
    """A bias metric and where it was measured. ideal: its value without bias, 1 for DI and 0 for the others."""

    facet: str
    facet_value: str
    name: str
    ideal: float = 0.0


def allowed(baseline: float, ideal: float = 0.0) -> Interval:
    """The values that are no worse than the baseline's."""
    slack = abs(baseline - ideal)
    return ideal - slack, ideal + slack


def interval(value_of: Callable[[NDArray[np.int64]], float], rows: int, seed: int = 0) -> Interval:
    """The 95 % normal bootstrap interval of a metric.

    value_of: the metric of some of the rows, by their numbers, each as often as it occurs; NaN or infinite where those
    rows give none. Such samples are left out. The interval is unbounded when fewer than half of them give a value, or
    the rows themselves do not.
    """
    rng = np.random.default_rng(seed)
    value = value_of(np.arange(rows))
    samples = [value_of(rng.integers(0, rows, rows)) for _ in range(BOOTSTRAPS)]
    known = [sample for sample in samples if math.isfinite(sample)]
    if not math.isfinite(value) or len(known) < BOOTSTRAPS / 2:
        return -math.inf, math.inf
    spread = NORMAL_95 * float(np.std(known, ddof=1))
    return value - spread, value + spread


def violation(
    metric: Metric, baseline: float, value_of: Callable[[NDArray[np.int64]], float], rows: int, seed: int = 0
) -> dict[str, str] | None:
    """The entry of constraint_violations.json, or None while interval and allowed values overlap."""
    least, most = allowed(baseline, metric.ideal)
    low, high = interval(value_of, rows, seed)
    if low <= most and high >= least:
        return None
    value = value_of(np.arange(rows))
    return {
        "facet": metric.facet,
        "facet_value": metric.facet_value,
        "metric_name": metric.name,
        "constraint_check_type": "bias_drift_check",
        "description": f"Value {value} does not meet the constraint requirement",
    }
