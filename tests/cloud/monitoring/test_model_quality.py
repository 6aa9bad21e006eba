"""course/cloud/monitoring/model_quality.py

Golden values: scikit-learn's functions, arithmetic by hand, and the examples of the developer guide,
model-monitor-model-quality-metrics (four rows, one of them positive; a confusion matrix of two classes).
"""

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.model_quality import metrics, scalars, statistics, suggest, violations
from course.cloud.monitoring.outcomes import Outcomes

BINARY, MULTI, REGRESSION = "BinaryClassification", "MulticlassClassification", "Regression"
LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"


def scored(n, seed=1, base=0.05):
    """Fraud-like outcomes: labels and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < base).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(0, 1.2, n) - 2.5 + 2.2 * labels)))
    return labels, scores, Outcomes([str(y) for y in labels], [], scores.tolist())


def test_the_guides_binary_example_but_for_its_best_accuracy():
    got = scalars(described := metrics(Outcomes(list("0001"), list("0111")), BINARY))
    assert described["confusion_matrix"] == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    expected = {
        "recall": 1.0,
        "precision": 1 / 3,
        "accuracy": 0.5,
        "recall_best_constant_classifier": 1.0,
        "precision_best_constant_classifier": 0.25,
        "accuracy_best_constant_classifier": 0.75,  # the guide prints .25, which is the always-positive answer's
        "true_positive_rate": 1.0,
        "true_negative_rate": 1 / 3,
        "false_positive_rate": 2 / 3,
        "false_negative_rate": 0.0,
        "f0_5": 0.3846153846153846,
        "f1": 0.5,
        "f2": 0.7142857142857143,
        "f0_5_best_constant_classifier": 0.29411764705882354,
        "f1_best_constant_classifier": 0.4,
        "f2_best_constant_classifier": 0.625,
    }
    assert got == pytest.approx(expected, abs=1e-12)


def test_binary_metrics_are_scikit_learns():
    labels, scores, outcomes = scored(3000)
    flagged = scores > 0.3
    described = metrics(outcomes, BINARY, threshold=0.3)
    got = scalars(described)
    assert got["recall"] == pytest.approx(reference.recall_score(labels, flagged), abs=1e-12)
    assert got["precision"] == pytest.approx(reference.precision_score(labels, flagged), abs=1e-12)
    assert got["accuracy"] == pytest.approx(reference.accuracy_score(labels, flagged), abs=1e-12)
    assert got["auc"] == pytest.approx(reference.roc_auc_score(labels, scores), abs=1e-12)
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        assert got[name] == pytest.approx(reference.fbeta_score(labels, flagged, beta=beta), abs=1e-12)
    matrix = reference.confusion_matrix(labels, flagged)
    assert described["confusion_matrix"] == {a: {p: matrix[int(a), int(p)] for p in "01"} for a in "01"}
    curve = described["receiver_operating_characteristic_curve"]
    area = np.trapezoid(curve["true_positive_rates"], curve["false_positive_rates"])
    assert area == pytest.approx(got["auc"], abs=1e-12)
    recalls = described["precision_recall_curve"]["recalls"]
    assert recalls == sorted(recalls) and recalls[0] == 0.0 and recalls[-1] == 1.0


def test_with_rare_fraud_a_constant_answer_has_the_better_accuracy():
    labels, _, outcomes = scored(5000, base=0.02)
    got = scalars(metrics(outcomes, BINARY, threshold=0.1))
    assert got["accuracy_best_constant_classifier"] == pytest.approx(1 - labels.mean())
    assert got["accuracy"] < got["accuracy_best_constant_classifier"]
    assert got["f2"] > got["f2_best_constant_classifier"]


def test_the_guides_multiclass_example():
    cells = {("0", "0"): 1180, ("0", "1"): 510, ("1", "0"): 268, ("1", "1"): 138}
    outcomes = Outcomes(
        [label for (label, _), count in cells.items() for _ in range(count)],
        [answer for (_, answer), count in cells.items() for _ in range(count)],
    )
    got = scalars(described := metrics(outcomes, MULTI))
    assert described["confusion_matrix"] == {"0": {"0": 1180, "1": 510}, "1": {"0": 268, "1": 138}}
    assert got["accuracy"] == pytest.approx(0.6288167938931297, abs=1e-12)
    assert got["weighted_recall"] == pytest.approx(0.6288167938931297, abs=1e-12)
    assert got["weighted_precision"] == pytest.approx(0.6983172269629505, abs=1e-12)
    assert got["weighted_f0_5"] == pytest.approx(0.6803947317178771, abs=1e-12)
    assert got["weighted_f1"] == pytest.approx(0.6571162346664904, abs=1e-12)
    assert got["weighted_f2"] == pytest.approx(0.6384024354394601, abs=1e-12)
    assert got["accuracy_best_constant_classifier"] == pytest.approx(1690 / 2096)


def test_multiclass_metrics_are_scikit_learns_for_many_classes():
    rng = np.random.default_rng(5)
    labels = rng.choice(list("abcd"), 500, p=(0.5, 0.3, 0.15, 0.05))
    answers = np.where(rng.random(500) < 0.6, labels, rng.choice(list("abc"), 500))  # nobody answers d by chance
    got = scalars(metrics(Outcomes(labels.tolist(), answers.tolist()), MULTI))
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        precision, recall, f, _ = reference.precision_recall_fscore_support(
            labels, answers, beta=beta, average="weighted", zero_division=0
        )
        assert got[f"weighted_{name}"] == pytest.approx(f, abs=1e-12)
    assert got["weighted_precision"] == pytest.approx(precision, abs=1e-12)
    assert got["weighted_recall"] == pytest.approx(recall, abs=1e-12)


def test_regression_metrics_are_scikit_learns():
    rng = np.random.default_rng(6)
    y = rng.normal(10, 3, 300)
    predicted = y + rng.normal(0.5, 1, 300)
    got = scalars(metrics(Outcomes([repr(v) for v in y.tolist()], [repr(v) for v in predicted.tolist()]), REGRESSION))
    assert got["mae"] == pytest.approx(reference.mean_absolute_error(y, predicted), abs=1e-12)
    assert got["mse"] == pytest.approx(reference.mean_squared_error(y, predicted), abs=1e-12)
    assert got["rmse"] == pytest.approx(math.sqrt(got["mse"]), abs=1e-12)
    assert got["r2"] == pytest.approx(reference.r2_score(y, predicted), abs=1e-12)


def test_deviations_begin_at_200_rows_and_are_the_same_every_time():
    for rows, known in ((199, False), (200, True)):
        _, _, outcomes = scored(rows, base=0.3)
        described = metrics(outcomes, BINARY)
        assert math.isnan(described["recall"]["standard_deviation"]) != known
        assert repr(metrics(outcomes, BINARY)) == repr(described)


def test_a_deviation_is_of_the_size_that_sampling_four_fifths_makes():
    """Of a share p on n of N rows: √(p(1-p)/n · (1-n/N)); five samples give it within a factor of 3, surely enough."""
    _, _, outcomes = scored(4000, base=0.3)
    described = metrics(outcomes, BINARY)
    p = described["accuracy"]["value"]
    theory = math.sqrt(p * (1 - p) / 3200 * 0.2)
    assert theory / 3 < described["accuracy"]["standard_deviation"] < theory * 3


def test_what_has_no_denominator_is_nan_and_violates_nothing():
    quiet = metrics(Outcomes(["0"] * 10, ["0"] * 10), BINARY)
    assert math.isnan(quiet["recall"]["value"]) and math.isnan(quiet["precision"]["value"])
    assert quiet["accuracy"]["value"] == 1.0
    limits = {"binary_classification_constraints": {"recall": {"threshold": 0.9, "comparison_operator": LESS}}}
    assert violations(quiet, limits, BINARY) == []
    assert violations(metrics(Outcomes(["1"] * 10, ["0"] * 10), BINARY), limits, BINARY)


def test_a_baseline_suggests_that_nothing_gets_worse():
    described = metrics(scored(1000)[2], BINARY)
    limits = suggest(described, BINARY)["binary_classification_constraints"]
    assert limits["recall"] == {"threshold": described["recall"]["value"], "comparison_operator": LESS}
    assert {name for name, limit in limits.items() if limit["comparison_operator"] == GREATER} == {
        "false_positive_rate",
        "false_negative_rate",
    }
    assert not [name for name in limits if name.endswith("_best_constant_classifier")]
    assert violations(described, {"binary_classification_constraints": limits}, BINARY) == []


def test_errors_may_not_grow_nor_r2_shrink():
    described = metrics(Outcomes(["1", "2", "4"], ["1", "2", "3"]), REGRESSION)
    limits = suggest(described, REGRESSION)["regression_constraints"]
    operators = {name: limit["comparison_operator"] for name, limit in limits.items()}
    assert operators == {"mae": GREATER, "mse": GREATER, "rmse": GREATER, "r2": LESS}


def test_a_violation_names_metric_value_and_threshold():
    described = metrics(Outcomes(list("0001"), list("0111")), BINARY)
    limits = {
        "binary_classification_constraints": {
            "precision": {"threshold": 0.5, "comparison_operator": LESS},
            "false_positive_rate": {"threshold": 0.5, "comparison_operator": GREATER},
            "recall": {"threshold": 1.0, "comparison_operator": LESS},
        }
    }
    assert violations(described, limits, BINARY) == [
        {
            "constraint_check_type": LESS,
            "description": f"Metric precision with {1 / 3} was LessThanThreshold '0.5'",
            "metric_name": "precision",
        },
        {
            "constraint_check_type": GREATER,
            "description": f"Metric false_positive_rate with {2 / 3} was GreaterThanThreshold '0.5'",
            "metric_name": "false_positive_rate",
        },
    ]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"regression_constraints": {}}, "binary_classification_constraints"),
        ({"binary_classification_constraints": {"gini": {"threshold": 1, "comparison_operator": LESS}}}, "gini"),
        ({"binary_classification_constraints": {"f1": {"threshold": 1, "comparison_operator": "Less"}}}, "f1"),
        ({"binary_classification_constraints": {"f1": {"comparison_operator": LESS}}}, "threshold"),
    ],
)
def test_a_constraint_that_cannot_be_evaluated_is_named(limits, words):
    described = metrics(Outcomes(list("0001"), list("0111")), BINARY)
    with pytest.raises(MonitoringError, match=words):
        violations(described, limits, BINARY)


def test_the_problem_type_must_fit_the_data():
    with pytest.raises(MonitoringError, match="'2'"):
        metrics(Outcomes(list("012"), list("011")), BINARY)
    with pytest.raises(MonitoringError, match="numbers"):
        metrics(Outcomes(["a"], ["1"]), REGRESSION)
    with pytest.raises(MonitoringError, match="inference_attribute"):
        metrics(Outcomes(["a"], [], [0.5]), MULTI)
    with pytest.raises(MonitoringError, match="Ranking"):
        metrics(Outcomes(["1"], ["1"]), "Ranking")


def test_the_section_of_the_file_is_named_after_the_problem():
    content = statistics({"f1": {"value": 1.0}}, MULTI, {"item_count": 3})
    assert content == {
        "version": 0.0,
        "dataset": {"item_count": 3},
        "multiclass_classification_metrics": {"f1": {"value": 1.0}},
    }
