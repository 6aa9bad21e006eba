"""How far two distributions are apart.

Source: awslabs/deequ, analyzers/Distance.scala (Apache-2.0), which AWS's container calls. Numbers come as a pair of
arrays (values ascending, weights), as `statistics.Sketch` holds them; categories as counts by value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Weighted = tuple[NDArray[np.float64], NDArray[np.float64]]

CRITICAL = 1.8
"""Kolmogorov's critical value for alpha = 0.003, Deequ's default."""


def simple(live: Weighted, baseline: Weighted) -> float:
    """The largest gap between the two cumulative distributions, 0 to 1; NaN when either is empty."""
    (x, n), (y, m) = live, baseline
    if not len(x) or not len(y):
        return math.nan
    points = np.concatenate((x, y))
    return float(np.max(np.abs(_cumulative(x, n, points) - _cumulative(y, m, points))))


def _cumulative(values: NDArray, weights: NDArray, points: NDArray) -> NDArray:
    total = np.concatenate([[0.0], np.cumsum(weights)])
    return total[np.searchsorted(values, points, side="right")] / total[-1]


def correction(n: float, m: float) -> float:
    """What chance alone may make of the gap between samples of n and m rows: 1.8·√((n+m)/(n·m))."""
    return CRITICAL * math.sqrt((n + m) / (n * m))


def robust(live: Weighted, baseline: Weighted) -> float:
    """`simple` less `correction`, at least 0: with few live rows it fires late, and hardly ever for nothing."""
    gap = simple(live, baseline)
    return gap if math.isnan(gap) else max(0.0, gap - correction(live[1].sum(), baseline[1].sum()))


def l_infinity(live: Mapping[str, float], baseline: Mapping[str, float]) -> float:
    """The largest difference of a category's shares, 0 to 1; NaN when either is empty."""
    n, m = sum(live.values()), sum(baseline.values())
    if not n or not m:
        return math.nan
    return max(abs(live.get(name, 0) / n - baseline.get(name, 0) / m) for name in {*live, *baseline})


def chi_squared(live: Mapping[str, float], baseline: Mapping[str, float]) -> tuple[float, float]:
    """Pearson's goodness-of-fit test of the live counts against the baseline's shares: (statistic, p-value).

    Categories the baseline does not know are left out. Rare ones are pooled, smallest into next smallest, until at most
    a fifth of the expected counts is below 5 (Yates, Moore and McCabe 1999); with two categories, none below 10
    (Cochran 1952). NaN twice when fewer than two categories or no rows remain.
    """
    n, m = sum(live.get(name, 0) for name in baseline), sum(baseline.values())
    if not n or not m:
        return math.nan, math.nan
    table = {name: (count / m * n, float(live.get(name, 0))) for name, count in baseline.items()}
    while len(table) >= 2 and _too_many_are_rare(table):
        rare = min(table, key=lambda name: table[name][0])
        expected, observed = table.pop(rare)
        pool = min(table, key=lambda name: table[name][0])
        table[pool] = table[pool][0] + expected, table[pool][1] + observed
    if len(table) < 2:
        return math.nan, math.nan
    statistic = sum((observed - expected) ** 2 / expected for expected, observed in table.values())
    return statistic, chi_squared_tail(statistic, len(table) - 1)


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """The probability that a chi-squared variable of so many degrees of freedom exceeds `statistic`.

    Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1), from Q(1/2, x) = erfc(sqrt x) or Q(1, x) = e^-x (Abramowitz and
    Stegun 6.5.21, 26.4).
    """
    if statistic <= 0:
        return 1.0
    x = statistic / 2
    a, tail = (0.5, math.erfc(math.sqrt(x))) if degrees % 2 else (1.0, math.exp(-x))
    while a < degrees / 2:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return tail


def _too_many_are_rare(table: Mapping[str, tuple[float, float]]) -> bool:
    least, allowed = (5, int(0.2 * len(table))) if len(table) > 2 else (10, 0)
    return sum(expected < least for expected, _ in table.values()) > allowed
