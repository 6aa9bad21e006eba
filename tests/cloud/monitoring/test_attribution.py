"""course/cloud/monitoring/attribution.py"""

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from course.cloud.monitoring.attribution import ndcg, violations
from course.cloud.monitoring.errors import MonitoringError

TRAIN = {"SAT": 0.70, "GPA": 0.50, "rank": 0.05}
LIVE = {"rank": 0.70, "GPA": 0.20, "SAT": 0.10}
"""The example of the developer guide, clarify-model-monitor-feature-attribution-drift."""


def test_the_guides_example():
    by_hand = (0.05 / math.log2(2) + 0.50 / math.log2(3) + 0.70 / math.log2(4)) / (
        0.70 / math.log2(2) + 0.50 / math.log2(3) + 0.05 / math.log2(4)
    )
    assert ndcg(TRAIN, LIVE) == pytest.approx(by_hand, abs=1e-12)
    assert ndcg(TRAIN, LIVE) == pytest.approx(0.68764, abs=5e-6)


def test_it_is_scikit_learns_score_with_ties_too():
    rng = np.random.default_rng(3)
    for _ in range(50):
        baseline, live = rng.gamma(1.0, 1.0, 9), rng.integers(0, 4, 9).astype(float)
        names = "abcdefghi"
        got = ndcg(dict(zip(names, baseline, strict=True)), dict(zip(names, live, strict=True)))
        assert got == pytest.approx(ndcg_score([baseline], [live]), abs=1e-12)


def test_the_sign_of_an_attribution_does_not_matter():
    assert ndcg(TRAIN, {name: -value for name, value in LIVE.items()}) == ndcg(TRAIN, LIVE)


def test_the_same_ranking_scores_one_and_no_attribution_none():
    assert ndcg(TRAIN, {name: value * 3 for name, value in TRAIN.items()}) == 1.0
    assert math.isnan(ndcg(dict.fromkeys(TRAIN, 0.0), LIVE))


def test_a_score_below_the_threshold_is_a_violation():
    (found,) = violations({"label0": TRAIN, "label1": TRAIN}, {"label0": LIVE, "label1": TRAIN})
    assert found == {
        "label": "label0",
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
        "description": f"Feature attribution drift {ndcg(TRAIN, LIVE)} exceeds threshold 0.9",
    }


def test_other_features_or_labels_are_refused():
    with pytest.raises(MonitoringError, match="GPA"):
        ndcg(TRAIN, {"SAT": 1.0, "rank": 0.0})
    with pytest.raises(MonitoringError, match="label0"):
        violations({"label0": TRAIN}, {})
