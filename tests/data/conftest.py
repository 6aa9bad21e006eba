"""The notebook model and what it shows on a window: the evidence that the card and the incidents are tested by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from course.data import FEATURES, Incident, Window, stream, transactions
from course.data.notebook_model import train

YOUNG = 26


@dataclass(frozen=True)
class Evidence:
    """What the monitors of one window would say."""

    auc: float
    precision: float
    recall: float
    flagged: float
    numbers: float  # largest Robust distance to the reference
    categories: float  # largest L-infinity distance to the reference
    km_present: float
    ci: float
    dpl: float
    dppl: float
    di: float


class Judge:
    """The model nobody may improve, its cut, and the reference its windows are compared with."""

    def __init__(self) -> None:
        learned = transactions(2026, 20_000)
        self.model: Pipeline = train.build().fit(learned[train.FEATURES], learned["fraud"])
        self.cut = np.quantile(self.score(transactions(2027)), 0.95)
        self.reference = transactions(2026)

    def score(self, rows) -> NDArray[np.float64]:
        return self.model.predict_proba(rows[train.FEATURES])[:, 1]

    def auc(self, rows, fraud) -> float:
        return roc_auc_score(fraud, self.score(rows))

    def evidence(self, rows, fraud) -> Evidence:
        fraud = np.asarray(fraud)
        score = self.score(rows)
        flagged = score >= self.cut
        d = np.asarray(rows["customer_age"] < YOUNG)  # the facet; favourable is 0, not fraud and not flagged
        return Evidence(
            auc=roc_auc_score(fraud, score),
            precision=fraud[flagged].mean(),
            recall=flagged[fraud == 1].mean(),
            flagged=flagged.mean(),
            numbers=max(robust(rows[name], self.reference[name]) for name in train.NUMBERS),
            categories=max(l_infinity(rows[name], self.reference[name]) for name in train.CATEGORIES),
            km_present=rows["km_from_home"].notna().mean(),
            ci=(~d).mean() - d.mean(),
            dpl=(1 - fraud[~d]).mean() - (1 - fraud[d]).mean(),
            dppl=(~flagged[~d]).mean() - (~flagged[d]).mean(),
            di=(~flagged[d]).mean() / (~flagged[~d]).mean(),
        )


def robust(live, reference) -> float:
    """Deequ's two-sample Kolmogorov distance less its critical value: awslabs/deequ, analyzers/Distance.scala."""
    a, b = np.sort(live.dropna()), np.sort(reference.dropna())
    at = np.concatenate([a, b])
    distance = np.abs(np.searchsorted(a, at, "right") / len(a) - np.searchsorted(b, at, "right") / len(b)).max()
    return max(0.0, distance - 1.8 * np.sqrt((len(a) + len(b)) / (len(a) * len(b))))


def l_infinity(live, reference) -> float:
    """The largest difference between the shares of one category."""
    shares = live.value_counts(normalize=True), reference.value_counts(normalize=True)
    return shares[0].sub(shares[1], fill_value=0).abs().max()


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="session")
def window() -> Callable[[Incident | None, int], Window]:
    """window(incident, seed): 8,000 rows of four days during the incident, or of the same days without one."""

    @cache
    def make(incident: Incident | None, seed: int = 21) -> Window:
        return stream(seed, 4, 2000, [incident] if incident else [], start_day=40).window(40, 44)

    return make


@pytest.fixture(scope="session")
def retrained() -> Callable[[Incident | None], Pipeline]:
    """retrained(incident): the same kind of model, trained on 20,000 rows of the incident, all labels there."""

    @cache
    def make(incident: Incident | None) -> Pipeline:
        span = stream(71, 4, 5000, [incident] if incident else [], start_day=40).window(40, 44)
        return train.build().fit(span.seen[list(FEATURES)], span.labels["fraud"])

    return make
