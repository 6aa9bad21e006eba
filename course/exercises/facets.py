"""Two facets' confusion matrices and the bias metrics of them; positive is the favourable outcome.

Formulas: SageMaker's developer guide, "Measure Post-training Data and Model Bias", one page for each metric. A test
holds them against those of the cloud. GUIDE holds the matrices with which the course's golden values were computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Counts = Mapping[str, int]  # of TN, FN, FP and TP

NEAR = 1e-4  # between two values of a metric
GUIDE: tuple[Counts, Counts] = (
    {"TN": 20, "FN": 5, "FP": 10, "TP": 65},
    {"TN": 18, "FN": 7, "FP": 5, "TP": 20},
)
OUTCOMES = {"TN": (0, 0), "FN": (1, 0), "FP": (0, 1), "TP": (1, 1)}  # observed and predicted, 1 is favourable
OPPOSITE = {"TN": "TP", "FN": "FP", "FP": "FN", "TP": "TN"}  # the same rows if the other outcome is the favourable one
DIFFERENCES, RATIOS = ("DPPL", "DI", "AD", "RD", "SD"), ("DCAcc", "TE")


@dataclass(frozen=True)
class Facet:
    """What the metrics compare. No count may be 0."""

    predicted: float  # the share predicted favourable
    accuracy: float
    recall: float
    specificity: float
    acceptance: float  # observed favourable to predicted favourable
    treatment: float  # false negatives to false positives

    @classmethod
    def of(cls, counts: Counts) -> Facet:
        tn, fn, fp, tp = (counts[cell] for cell in OUTCOMES)
        n = tn + fn + fp + tp
        return cls((tp + fp) / n, (tp + tn) / n, tp / (tp + fn), tn / (tn + fp), (tp + fn) / (tp + fp), fn / fp)


def metrics(a: Counts, d: Counts) -> dict[str, float]:
    """The seven metrics of facet a's and facet d's confusion matrices."""
    one, other = Facet.of(a), Facet.of(d)
    return {
        "DPPL": one.predicted - other.predicted,
        "DI": other.predicted / one.predicted,
        "AD": one.accuracy - other.accuracy,
        "RD": one.recall - other.recall,
        "SD": other.specificity - one.specificity,
        "DCAcc": one.acceptance - other.acceptance,
        "TE": other.treatment - one.treatment,
    }


def hidden_tables(seed: int) -> list[tuple[Counts, Counts]]:
    """The guide's table and two that nobody has seen."""
    import numpy as np

    drawn = np.random.default_rng([seed, 12]).integers(4, 90, (2, 2, len(OUTCOMES))).tolist()
    return [GUIDE, *((dict(zip(OUTCOMES, a, strict=True)), dict(zip(OUTCOMES, d, strict=True))) for a, d in drawn)]


def slip(name: str, given: Any, a: Counts, d: Counts) -> str:
    """What went wrong with a metric: "inverted", "swapped", "sign", "other-outcome", or "formula" if nothing known."""
    backwards = metrics(d, a)[name]
    other = metrics(*({OPPOSITE[cell]: count for cell, count in one.items()} for one in (a, d)))[name]
    if name == "DI" and is_near(given, backwards):
        return "inverted"
    if name == "TE" and (is_near(given, other) or is_near(given, -other)):
        return "swapped"
    if is_near(given, backwards):
        return "sign"
    return "other-outcome" if is_near(given, other) or is_near(given, -other) else "formula"


def is_near(given: Any, right: float, tolerance: float = NEAR) -> bool:
    """Whether something is a number and close."""
    try:
        return abs(float(given) - right) <= tolerance
    except (TypeError, ValueError):
        return False


def told(counts: Counts) -> str:
    """A confusion matrix in words."""
    return " ".join(f"{cell} {count}" for cell, count in counts.items())
