"""How good the predictions were: statistics.json, constraints.json and violations of the model-quality monitor.

Names and form: developer guide, model-monitor-model-quality-metrics. A rate whose denominator is 0 (the recall of a
window without fraud) is NaN, is written as "NaN" and violates nothing.

`_best_constant_classifier` is the best value that any constant answer reaches, of each metric on its own: always
positive for recall, precision and F, the more frequent class for accuracy. The guide's example agrees but for accuracy,
where it prints .25 for data with one positive in four rows; that is what always-positive reaches, not the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.outcomes import Outcomes

SECTIONS = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}
CONSTANT = "_best_constant_classifier"
BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
ROWS_FOR_DEVIATION, RESAMPLES, SHARE = 200, 5, 0.8
HIGHER_IS_WORSE = frozenset(("false_positive_rate", "false_negative_rate", "mae", "mse", "rmse"))
LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"

Metrics = dict[str, float]


def metrics(outcomes: Outcomes, problem_type: str, threshold: float = 0.5) -> dict[str, Any]:
    """The metrics of statistics.json, each {"value", "standard_deviation"}, with confusion matrix and curves.

    threshold: a probability above it is a positive prediction, where no prediction is given.
    standard_deviation: of the metric on five random samples of 80 % of the rows, from 200 rows on, else NaN. The
    samples are the same for the same number of rows. Raises MonitoringError for data that are not of the problem
    type.
    """
    measure, extra = _measures(outcomes, problem_type, threshold)
    rows = len(outcomes)
    values = measure(np.arange(rows))
    samples: list[Metrics] = []
    if rows >= ROWS_FOR_DEVIATION:
        rng = np.random.default_rng(rows)
        samples = [measure(rng.permutation(rows)[: int(SHARE * rows)]) for _ in range(RESAMPLES)]
    described: dict[str, Any] = dict(extra)
    for name, value in values.items():
        spread = float(np.std([sample[name] for sample in samples], ddof=1)) if samples else math.nan
        described[name] = {"value": value, "standard_deviation": spread}
    return described


def statistics(described: Mapping[str, Any], problem_type: str, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The content of statistics.json. dataset: item_count, start_time, end_time, evaluation_time."""
    return {"version": 0.0, "dataset": dict(dataset), f"{SECTIONS[problem_type]}_metrics": dict(described)}


def scalars(described: Mapping[str, Any]) -> Metrics:
    """The metrics that are one number."""
    return {name: entry["value"] for name, entry in described.items() if "value" in entry}


def suggest(described: Mapping[str, Any], problem_type: str) -> dict[str, Any]:
    """The content of constraints.json for a baseline: nothing may be worse than it was there."""
    limits = {
        name: {"threshold": value, "comparison_operator": GREATER if name in HIGHER_IS_WORSE else LESS}
        for name, value in scalars(described).items()
        if not name.endswith(CONSTANT) and not math.isnan(value)
    }
    return {"version": 0.0, f"{SECTIONS[problem_type]}_constraints": limits}


def violations(described: Mapping[str, Any], constraints: Mapping[str, Any], problem_type: str) -> list[dict[str, str]]:
    """The violations of constraints.json. Raises MonitoringError for a constraint that cannot be evaluated."""
    section = f"{SECTIONS[problem_type]}_constraints"
    if section not in constraints:
        raise MonitoringError(f"The baseline constraints have no {section}: they are not of a {problem_type} baseline.")
    found = []
    for name, limit in constraints[section].items():
        if "value" not in described.get(name, {}):
            raise MonitoringError(f"The constraint {name} is on a metric that this analysis does not give.")
        value, spread = described[name]["value"], described[name]["standard_deviation"]
        operator, threshold = limit.get("comparison_operator"), limit.get("threshold")
        if operator not in (LESS, GREATER) or not isinstance(threshold, (int, float)):
            raise MonitoringError(f"The constraint {name} needs a threshold and {LESS} or {GREATER}; got {limit}.")
        if value < threshold if operator == LESS else value > threshold:
            around = "" if math.isnan(spread) else f" +/- {spread}"
            text = f"Metric {name} with {value}{around} was {operator} '{threshold}'"
            found.append({"constraint_check_type": operator, "description": text, "metric_name": name})
    return found


Measure = Callable[[NDArray[np.int64]], Metrics]  # the metrics of some of the rows, by their numbers


def _measures(outcomes: Outcomes, problem_type: str, threshold: float) -> tuple[Measure, dict[str, Any]]:
    if problem_type == "Regression":
        return _regression(outcomes), {}
    if problem_type == "MulticlassClassification":
        return _multiclass(outcomes)
    if problem_type == "BinaryClassification":
        return _binary(outcomes, threshold)
    raise MonitoringError(f"problem_type must be one of {', '.join(SECTIONS)}; got {problem_type!r}.")


def _regression(outcomes: Outcomes) -> Measure:
    try:
        truth = np.array(outcomes.labels, dtype=float)
        predicted = np.array(outcomes.predictions or outcomes.probabilities, dtype=float)
    except ValueError as error:
        raise MonitoringError(f"Regression needs numbers: {error}") from None

    def measure(rows: NDArray[np.int64]) -> Metrics:
        y, miss = truth[rows], truth[rows] - predicted[rows]
        mse, variance = float(np.mean(miss**2)), float(np.var(y))
        return {
            "mae": float(np.mean(np.abs(miss))),
            "mse": mse,
            "rmse": math.sqrt(mse),
            "r2": 1.0 - _ratio(mse, variance),
        }

    return measure


def _binary(outcomes: Outcomes, threshold: float) -> tuple[Measure, dict[str, Any]]:
    if strange := sorted({*outcomes.labels, *outcomes.predictions} - {"0", "1"}):
        raise MonitoringError(f"BinaryClassification needs labels 0 and 1; got {strange[0]!r}.")
    truth = np.array(outcomes.labels) == "1"
    scores = np.array(outcomes.probabilities)
    predicted = np.array(outcomes.predictions) == "1" if outcomes.predictions else scores > threshold

    def measure(rows: NDArray[np.int64]) -> Metrics:
        y, flagged = truth[rows], predicted[rows]
        tp, fp = float(np.sum(y & flagged)), float(np.sum(~y & flagged))
        fn, tn = float(np.sum(y)) - tp, float(np.sum(~y)) - fp
        base = float(np.mean(y))
        found: Metrics = {
            "recall": _ratio(tp, tp + fn),
            "precision": _ratio(tp, tp + fp),
            "accuracy": (tp + tn) / len(rows),
            f"recall{CONSTANT}": 1.0 if base else math.nan,
            f"precision{CONSTANT}": base,
            f"accuracy{CONSTANT}": max(base, 1.0 - base),
            "true_positive_rate": _ratio(tp, tp + fn),
            "true_negative_rate": _ratio(tn, tn + fp),
            "false_positive_rate": _ratio(fp, tn + fp),
            "false_negative_rate": _ratio(fn, tp + fn),
        }
        if len(scores):
            found["auc"] = _auc(y, scores[rows])
        for name, beta in BETAS.items():
            found[name] = _f(beta, tp, fp, fn)
        for name, beta in BETAS.items():
            found[f"{name}{CONSTANT}"] = _f(beta, float(np.sum(y)), float(np.sum(~y)), 0.0)
        return found

    y, flagged = truth, predicted
    cells = {a: {p: int(np.sum((y == (a == "1")) & (flagged == (p == "1")))) for p in "01"} for a in "01"}
    extra: dict[str, Any] = {"confusion_matrix": cells}
    if len(scores) and 0 < y.sum() < len(y):
        extra |= _curves(y, scores)
    return measure, extra


def _multiclass(outcomes: Outcomes) -> tuple[Measure, dict[str, Any]]:
    if not outcomes.predictions:
        raise MonitoringError("MulticlassClassification needs inference_attribute.")
    classes = sorted({*outcomes.labels, *outcomes.predictions})
    code = {name: n for n, name in enumerate(classes)}
    truth = np.array([code[name] for name in outcomes.labels])
    predicted = np.array([code[name] for name in outcomes.predictions])

    def table(rows: NDArray[np.int64], answers: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(truth[rows] * len(classes) + answers, minlength=len(classes) ** 2).reshape(len(classes), -1)

    def measure(rows: NDArray[np.int64]) -> Metrics:
        constant = np.full(len(rows), np.bincount(truth[rows]).argmax())
        return {
            **_weighted(table(rows, predicted[rows])),
            **{f"{name}{CONSTANT}": value for name, value in _weighted(table(rows, constant)).items()},
        }

    counts = table(np.arange(len(truth)), predicted)
    cells = {a: {p: int(counts[code[a], code[p]]) for p in classes} for a in classes}
    return measure, {"confusion_matrix": cells}


def _weighted(counts: NDArray[np.int64]) -> Metrics:
    """Metrics of a confusion matrix (rows: the truth), classes weighted by their rows; one never predicted adds 0."""
    right, actual, predicted = np.diag(counts).astype(float), counts.sum(1), counts.sum(0)
    recall = np.divide(right, actual, out=np.zeros_like(right), where=actual > 0)
    precision = np.divide(right, predicted, out=np.zeros_like(right), where=predicted > 0)
    weight = actual / actual.sum()
    found = {
        "accuracy": float(right.sum() / actual.sum()),
        "weighted_recall": float(weight @ recall),
        "weighted_precision": float(weight @ precision),
    }
    for name, beta in BETAS.items():
        below = beta**2 * actual + predicted
        f = np.divide((1 + beta**2) * right, below, out=np.zeros_like(right), where=below > 0)
        found[f"weighted_{name}"] = float(weight @ f)
    return found


def _f(beta: float, tp: float, fp: float, fn: float) -> float:
    return _ratio((1 + beta**2) * tp, (1 + beta**2) * tp + beta**2 * fn + fp)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _auc(y: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score  # here: data quality has no need of it

    return float(roc_auc_score(y, scores)) if 0 < y.sum() < len(y) else math.nan


def _curves(y: NDArray[np.bool_], scores: NDArray[np.float64]) -> dict[str, dict[str, Sequence[float]]]:
    from sklearn.metrics import precision_recall_curve, roc_curve

    false_positive, true_positive, _ = roc_curve(y, scores)
    precision, recall, _ = precision_recall_curve(y, scores, drop_intermediate=True)
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": false_positive.tolist(),
            "true_positive_rates": true_positive.tolist(),
        },
        "precision_recall_curve": {"precisions": precision[::-1].tolist(), "recalls": recall[::-1].tolist()},
    }
