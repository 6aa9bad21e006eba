"""Kernel SHAP, by the library `shap`: what each feature adds to a prediction, against a baseline.

Facts: developer guide, "Configure the Analysis" (shap) and "SHAP Baselines for Explainability". For every row, expected
value + the row's SHAP values = the model's score (its logit with use_logit). Without a baseline it is the centres of
num_clusters clusters; how many AWS takes then is not documented, here it is one: each feature's mean, or its most
frequent value.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from course.cloud.clarify.analysis_config import ConfigError

AGGREGATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean_abs": lambda values: np.abs(values).mean(axis=0),
    "median": lambda values: np.median(values, axis=0),
    "mean_sq": lambda values: np.square(values).mean(axis=0),
}


@dataclass(frozen=True)
class Explanation:
    """labels: one name per score. local: (rows, features, labels). baseline: rows that stand for absent features."""

    features: list[str]
    labels: list[str]
    local: np.ndarray
    expected: np.ndarray
    baseline: pd.DataFrame
    aggregate: str

    def overall(self) -> dict[str, Any]:
        """The part explanations.kernel_shap of analysis.json."""
        values = AGGREGATES[self.aggregate](self.local)
        return {
            label: {
                "global_shap_values": dict(zip(self.features, values[:, n].tolist(), strict=True)),
                "expected_value": float(self.expected[n]),
            }
            for n, label in enumerate(self.labels)
        }

    def table(self) -> pd.DataFrame:
        """Local values as explanations_shap/out.csv has them: a column <feature>_<label> each."""
        return pd.DataFrame(
            {
                f"{feature}_{label}": self.local[:, column, n]
                for n, label in enumerate(self.labels)
                for column, feature in enumerate(self.features)
            }
        )


class Codes:
    """Features as numbers and back: a column that is not numeric becomes the positions of its values."""

    def __init__(self, features: pd.DataFrame, *others: pd.DataFrame) -> None:
        self._columns = list(features.columns)
        self._values: dict[str, list[Any]] = {}
        for name in self._columns:
            column = pd.concat([features[name], *(other[name] for other in others)])
            if not pd.api.types.is_numeric_dtype(column):
                self._values[name] = list(pd.unique(column))

    @property
    def categorical(self) -> list[str]:
        return list(self._values)

    def encode(self, features: pd.DataFrame) -> np.ndarray:
        numbers = {
            name: features[name].map(self._values[name].index) if name in self._values else features[name]
            for name in self._columns
        }
        return pd.DataFrame(numbers).to_numpy(float)

    def decode(self, numbers: np.ndarray) -> pd.DataFrame:
        table = pd.DataFrame(numbers, columns=self._columns)
        for name, values in self._values.items():
            table[name] = table[name].round().astype(int).map(dict(enumerate(values)))
        return table


def explain(
    features: pd.DataFrame,
    score: Callable[[pd.DataFrame], np.ndarray],
    settings: dict[str, Any],
    label_headers: list[Any] | None,
    given: pd.DataFrame | None,
) -> Explanation:
    """Explain every row. given: the baseline, if the configuration has one. Raises ConfigError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, while they are imported
        import shap as library
    logging.getLogger("shap").setLevel(logging.ERROR)

    codes = Codes(features) if given is None else Codes(features, given)
    seed = settings.get("seed")
    if seed is not None:
        np.random.seed(seed)
    numbers = codes.encode(features)
    background = _centres(numbers, codes, settings, seed) if given is None else codes.encode(given)
    explainer = library.KernelExplainer(
        lambda rows: score(codes.decode(rows)),
        background,
        link="logit" if settings.get("use_logit") else "identity",
    )
    local = explainer.shap_values(
        numbers,
        nsamples=settings.get("num_samples", "auto"),
        l1_reg=False,  # every feature gets its share
        silent=True,
    )
    local = np.asarray(local)
    expected = np.atleast_1d(explainer.expected_value)
    if local.ndim == 2:
        local = local[:, :, np.newaxis]
    labels = [str(name) for name in label_headers or [f"label{n}" for n in range(len(expected))]]
    if len(labels) != len(expected):
        raise ConfigError(f"predictor.label_headers has {len(labels)} names for {len(expected)} scores.")
    return Explanation(
        list(features.columns),
        labels,
        local,
        expected,
        codes.decode(background),
        settings.get("agg_method", "mean_abs"),
    )


def _centres(numbers: np.ndarray, codes: Codes, settings: dict[str, Any], seed: int | None) -> np.ndarray:
    clusters = settings.get("num_clusters", 1)
    if clusters == 1:
        table = codes.decode(numbers)
        centre = {
            name: table[name].mode().iloc[:1] if name in codes.categorical else [table[name].mean()] for name in table
        }
        return codes.encode(pd.DataFrame(centre))
    if codes.categorical:
        raise ConfigError(
            f"methods.shap.baseline is required: {', '.join(codes.categorical)} cannot be clustered, being no numbers."
        )
    if clusters > len(numbers):
        raise ConfigError(f"methods.shap.num_clusters {clusters} is more than the dataset's {len(numbers)} rows.")
    from sklearn.cluster import KMeans

    return KMeans(clusters, random_state=seed, n_init=10).fit(numbers).cluster_centers_
