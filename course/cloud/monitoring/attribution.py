"""Drift of feature attributions (developer guide, clarify-model-monitor-feature-attribution-drift)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from course.cloud.monitoring.errors import MonitoringError

THRESHOLD = 0.90


def ndcg(baseline: Mapping[str, float], live: Mapping[str, float]) -> float:
    """How much of the baseline's attribution the live ranking of the features keeps at the top, 0 to 1.

    DCG sums the baseline's attributions in the order of the live ones, the i-th divided by log2(i + 1); it is divided
    by the best there can be. Attributions are global ones, by feature, and 0 or more; features that tie live share
    the mean of theirs, as in scikit-learn's ndcg_score. NaN when the baseline's are all 0. Raises MonitoringError
    when the features differ.
    """
    if baseline.keys() != live.keys():
        raise MonitoringError(f"Attributions of other features: {sorted(baseline.keys() ^ live.keys())}.")
    names = list(baseline)
    gains, scores = np.abs([baseline[name] for name in names]), np.abs([live[name] for name in names])
    discounts = 1.0 / np.log2(np.arange(len(names)) + 2)
    ideal = float(np.sort(gains)[::-1] @ discounts)
    if not ideal:
        return math.nan
    _, tie = np.unique(-scores, return_inverse=True)
    shared = np.bincount(tie, weights=gains) / np.bincount(tie)
    return float(shared[np.sort(tie)] @ discounts / ideal)


def violations(
    baseline: Mapping[str, Mapping[str, float]], live: Mapping[str, Mapping[str, float]], threshold: float = THRESHOLD
) -> list[dict[str, str]]:
    """The entries of constraint_violations.json. Both arguments: global SHAP values by feature, by label."""
    found = []
    for label, attributions in baseline.items():
        if label not in live:
            raise MonitoringError(f"The analysis has no attributions for the label {label}.")
        score = ndcg(attributions, live[label])
        if score < threshold:
            found.append(
                {
                    "label": label,
                    "metric_name": "shap",
                    "constraint_check_type": "feature_attribution_drift_check",
                    "description": f"Feature attribution drift {score} exceeds threshold {threshold}",
                }
            )
    return found
