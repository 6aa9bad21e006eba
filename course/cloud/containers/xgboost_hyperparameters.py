"""The hyperparameters of the built-in XGBoost: AWS's names, each with what it may be.

Facts: developer guide, "XGBoost hyperparameters"; github.com/aws/sagemaker-xgboost-container
(algorithm_mode/hyperparameter_validation.py), from where the wording of the refusals comes too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any


class UserError(Exception):
    """What the job's owner can put right. It becomes a FailureReason that begins with ClientError."""


Check = Callable[[str], Any]
"""The value of a hyperparameter from its text. Raises ValueError for no value at all, UserError for a wrong one."""


class Number:
    """A number between two bounds, each of which may itself be excluded."""

    def __init__(
        self, kind: type, low: float = -math.inf, high: float = math.inf, *, above: bool = False, below: bool = False
    ) -> None:
        self._kind, self._low, self._high, self._above, self._below = kind, low, high, above, below

    def __call__(self, text: str) -> float:
        value = self._kind(text)
        too_low = value <= self._low if self._above else value < self._low
        too_high = value >= self._high if self._below else value > self._high
        if too_low or too_high or value != value:
            raise UserError(f"{value} is not in {self}")
        return value

    def __str__(self) -> str:
        return f"{'(' if self._above else '['}{self._low}, {self._high}{')' if self._below else ']'}"


class OneOf:
    """One of some words."""

    def __init__(self, *words: str) -> None:
        self._words = words

    def __call__(self, text: str) -> str:
        if text not in self._words:
            raise UserError(f"{text} is not in {list(self._words)}")
        return text


class Several(OneOf):
    """Some of some words, with commas between them. A metric may carry its threshold: error@0.3."""

    def __call__(self, text: str) -> list[str]:  # type: ignore[override]
        found = [word.strip() for word in text.split(",")]
        for word in found:
            super().__call__(word.partition("@")[0])
        return found


METRICS = (
    *("auc", "aucpr", "map", "ndcg", "error", "logloss", "merror", "mlogloss", "rmse", "rmsle", "mae", "mape", "mphe"),
    *("aft-nloglik", "cox-nloglik", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy"),
    *("poisson-nloglik", "tweedie-nloglik"),
)
"""The metrics of the library itself. Those that AWS's container adds (accuracy, f1, …) are not here."""
_SWITCH = Number(int, 0, 1)
_SHARE = Number(float, 0, 1)
_PART = Number(float, 0, 1, above=True)
_NOT_NEGATIVE = Number(float, 0)

HYPERPARAMETERS: dict[str, Check] = {
    "num_round": Number(int, 1),
    "alpha": _NOT_NEGATIVE,
    "base_score": _NOT_NEGATIVE,
    "booster": OneOf("gbtree", "gblinear", "dart"),
    "colsample_bylevel": _PART,
    "colsample_bynode": _PART,
    "colsample_bytree": _PART,
    "csv_weights": _SWITCH,
    "early_stopping_rounds": Number(int, 1),
    "eta": _SHARE,
    "eval_metric": Several(*METRICS),
    "gamma": _NOT_NEGATIVE,
    "grow_policy": OneOf("depthwise", "lossguide"),
    "interaction_constraints": str,
    "lambda": _NOT_NEGATIVE,
    "max_bin": Number(int, 2),
    "max_delta_step": _NOT_NEGATIVE,
    "max_depth": Number(int, 0),
    "max_leaves": Number(int, 0),
    "min_child_weight": _NOT_NEGATIVE,
    "monotone_constraints": str,
    "normalize_type": OneOf("tree", "forest"),
    "nthread": Number(int, 1),
    "num_class": Number(int, 2),
    "num_parallel_tree": Number(int, 1),
    "objective": OneOf(
        *("binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "multi:softmax", "multi:softprob"),
        *("rank:pairwise", "rank:ndcg", "rank:map", "reg:squarederror", "reg:logistic", "reg:gamma"),
        *("reg:pseudohubererror", "reg:squaredlogerror", "reg:tweedie", "survival:aft", "survival:cox"),
    ),
    "one_drop": _SWITCH,
    "process_type": OneOf("default", "update"),
    "rate_drop": _SHARE,
    "refresh_leaf": _SWITCH,
    "sample_type": OneOf("uniform", "weighted"),
    "save_model_on_termination": OneOf("true", "false"),
    "scale_pos_weight": Number(float, 0, above=True),
    "seed": Number(int, -(2**31), 2**31 - 1),
    "skip_drop": _SHARE,
    "subsample": _PART,
    "tree_method": OneOf("auto", "exact", "approx", "hist"),
    "tweedie_variance_power": Number(float, 1, 2, above=True, below=True),
    "updater": str,
    "verbosity": Number(int, 0, 3),
    "_tuning_objective_metric": str,
}


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """The hyperparameters with their types. Raises UserError, which names the one that is missing, unknown or wrong."""
    if "num_round" not in given:
        raise UserError("Missing required hyperparameter: num_round")
    values = {}
    for name, text in given.items():
        if name not in HYPERPARAMETERS:
            raise UserError(f"Extraneous hyperparameter found: {name}")
        try:
            values[name] = HYPERPARAMETERS[name](text)
        except UserError as error:
            raise UserError(f"Hyperparameter {name}: {error}") from None
        except ValueError as error:
            raise UserError(
                f"Hyperparameter {name}: could not parse value (caused by {type(error).__name__})"
            ) from None
    if values.get("objective", "").startswith("multi:") and "num_class" not in values:
        raise UserError("Require input for parameter 'num_class' for multi-classification")
    return values
