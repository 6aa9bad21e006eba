"""The bias metrics of SageMaker Clarify.

Formulas: developer guide, "Measure Pre-training Bias" and "Measure Post-training Bias", one page each. What a metric is
where its formula has no value (an empty facet, a zero below the line) follows AWS's own library,
github.com/aws/amazon-sagemaker-clarify: 0/0 is 0, x/0 is infinite, equal infinities differ by 0, distances between
distributions look only at outcomes that both facets have, and an empty facet is an error.

In one thing the two disagree, and the guide is followed: FT. By the guide it is positive where members of facet d with
an unfavourable prediction have neighbours in facet a with a favourable one, like every other metric positive when d
fares worse; the library returns the negative of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

_NEIGHBOURS, _FEW = 5, 9  # of the flip test; one neighbour where facet a has no more rows than `_FEW`


class Undefined(ValueError):
    """A metric has no value on this sample; the text says why."""


@dataclass(frozen=True)
class Sample:
    """n rows, as what they mean for bias.

    disadvantaged: boolean, length n: the row is of facet d (the sensitive group), else of facet a.
    positive: boolean, length n: the observed label is the favourable outcome.
    predicted: boolean, length n: the predicted label is; None before training.
    group: length n, the subgroups of conditional demographic disparity; None if there are none.
    features: n rows of what the model sees without label and facet, for the flip test.
    """

    disadvantaged: np.ndarray
    positive: np.ndarray
    predicted: np.ndarray | None = None
    group: np.ndarray | None = None
    features: pd.DataFrame | None = None

    def facets(self) -> tuple[Confusion, Confusion]:
        """Facet a and facet d. Raises Undefined if one of them has no rows."""
        a, d = (Confusion.of(self, facet) for facet in (~self.disadvantaged, self.disadvantaged))
        if not d.n:
            raise Undefined("Facet set is empty.")
        if not a.n:
            raise Undefined("Negated facet set is empty.")
        return a, d


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix of one facet; without predictions, every label counts as predicted rightly."""

    tp: int
    fp: int
    fn: int
    tn: int

    @classmethod
    def of(cls, sample: Sample, facet: np.ndarray) -> Confusion:
        observed = sample.positive[facet]
        predicted = observed if sample.predicted is None else sample.predicted[facet]
        tp, hits, observed_positive = (int(np.sum(x)) for x in (observed & predicted, predicted, observed))
        return cls(tp, hits - tp, observed_positive - tp, len(observed) - hits - observed_positive + tp)

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def observed(self) -> int:
        """n(1), the rows whose observed label is favourable."""
        return self.tp + self.fn

    @property
    def predicted(self) -> int:
        """n'(1), the rows whose predicted label is favourable."""
        return self.tp + self.fp


def ratio(above: float, below: float) -> float:
    if below:
        return above / below
    return math.copysign(math.inf, above) if above else 0.0


def difference(x: float, y: float) -> float:
    return 0.0 if x == y else x - y


# Before training


def ci(sample: Sample) -> float:
    a, d = sample.facets()
    return (a.n - d.n) / (a.n + d.n)


def dpl(sample: Sample) -> float:
    a, d = sample.facets()
    return a.observed / a.n - d.observed / d.n


def _distributions(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Pa and Pd: the shares of the outcomes that both facets have."""
    shares = []
    for facet in (~sample.disadvantaged, sample.disadvantaged):
        favourable = float(np.mean(sample.positive[facet])) if facet.any() else math.nan
        shares.append(np.array([1 - favourable, favourable]))
    both = (shares[0] > 0) & (shares[1] > 0)
    if not both.any():
        raise Undefined("No instance of common facet found, dataset may be too small")
    return shares[0][both], shares[1][both]


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.sum(p * np.log(p / q)))


def kl(sample: Sample) -> float:
    return _divergence(*_distributions(sample))


def js(sample: Sample) -> float:
    a, d = _distributions(sample)
    middle = (a + d) / 2
    return (_divergence(a, middle) + _divergence(d, middle)) / 2


def _norm(sample: Sample, order: float) -> float:
    a, d = _distributions(sample)
    return float(np.linalg.norm(a - d, order))


def lp(sample: Sample) -> float:
    return _norm(sample, 2)


def tvd(sample: Sample) -> float:
    return _norm(sample, 1) / 2


def ks(sample: Sample) -> float:
    return _norm(sample, np.inf)


def _conditional_disparity(sample: Sample, accepted: np.ndarray) -> float:
    """The mean over the groups, weighted by their size, of d's share of the rejected less its share of the accepted."""
    if sample.group is None:
        raise Undefined("Group variable is empty or not provided")
    if not accepted.any():
        raise Undefined("No positive labels in set")
    if accepted.all():
        raise Undefined("No negative labels in set")
    total = 0.0
    for value in pd.unique(sample.group):
        here = sample.group == value
        shares = []
        for outcome in (here & ~accepted, here & accepted):
            count = int(outcome.sum())
            shares.append(int((outcome & sample.disadvantaged).sum()) / count if count else 0.0)
        total += int(here.sum()) * (shares[0] - shares[1])
    return total / len(accepted)


def cddl(sample: Sample) -> float:
    return _conditional_disparity(sample, sample.positive)


# After training


def dppl(sample: Sample) -> float:
    a, d = sample.facets()
    return a.predicted / a.n - d.predicted / d.n


def di(sample: Sample) -> float:
    a, d = sample.facets()
    return ratio(d.predicted / d.n, a.predicted / a.n)


def dca(sample: Sample) -> float:
    a, d = sample.facets()
    return difference(ratio(a.observed, a.predicted), ratio(d.observed, d.predicted))


def dcr(sample: Sample) -> float:
    a, d = sample.facets()
    return difference(
        ratio(d.n - d.observed, d.n - d.predicted),
        ratio(a.n - a.observed, a.n - a.predicted),
    )


def sd(sample: Sample) -> float:
    a, d = sample.facets()
    return ratio(d.tn, d.tn + d.fp) - ratio(a.tn, a.tn + a.fp)


def rd(sample: Sample) -> float:
    a, d = sample.facets()
    return ratio(a.tp, a.observed) - ratio(d.tp, d.observed)


def dar(sample: Sample) -> float:
    a, d = sample.facets()
    return ratio(a.tp, a.predicted) - ratio(d.tp, d.predicted)


def drr(sample: Sample) -> float:
    a, d = sample.facets()
    return ratio(d.tn, d.tn + d.fn) - ratio(a.tn, a.tn + a.fn)


def ad(sample: Sample) -> float:
    a, d = sample.facets()
    return (a.tp + a.tn) / a.n - (d.tp + d.tn) / d.n


def te(sample: Sample) -> float:
    a, d = sample.facets()
    return difference(ratio(d.fn, d.fp), ratio(a.fn, a.fp))


def cddpl(sample: Sample) -> float:
    return _conditional_disparity(sample, _predicted(sample))


def ft(sample: Sample) -> float:
    """The flip test: would the neighbours in facet a have been decided differently? See the module on its sign."""
    from sklearn.neighbors import KNeighborsClassifier

    a, d = sample.facets()
    features = sample.features
    if features is None or features.select_dtypes([np.number, bool]).shape[1] != features.shape[1]:
        raise Undefined("FlipTest does not support non-numeric columns")
    predicted, rows = _predicted(sample), features.to_numpy(float)
    if predicted[~sample.disadvantaged].all() or not predicted[~sample.disadvantaged].any():
        neighbours = np.full(d.n, a.predicted > 0)  # whoever they are
    else:
        nearest = KNeighborsClassifier(_NEIGHBOURS if a.n > _FEW else 1)
        nearest.fit(rows[~sample.disadvantaged], predicted[~sample.disadvantaged])
        neighbours = nearest.predict(rows[sample.disadvantaged])
    own = predicted[sample.disadvantaged]
    return (int((neighbours & ~own).sum()) - int((own & ~neighbours).sum())) / d.n


def ge(sample: Sample) -> float:
    """Generalized entropy of the benefit b = y' - y + 1 over all rows, alpha 2."""
    benefit = _predicted(sample).astype(float) - sample.positive + 1
    if not benefit.any():
        raise Undefined(
            "All predicted labels are false negatives. There should be at least one prediction that is not false "
            "negative."
        )
    return float(np.sum((benefit / benefit.mean()) ** 2 - 1) / (2 * len(benefit)))


def _predicted(sample: Sample) -> np.ndarray:
    if sample.predicted is None:
        raise Undefined("Predicted labels are not provided")
    return sample.predicted


@dataclass(frozen=True)
class Metric:
    """A metric by the name that Clarify's files have for it."""

    name: str
    description: str
    value: Callable[[Sample], float]


PRE_TRAINING = (
    Metric("CDDL", "Conditional Demographic Disparity in Labels (CDDL)", cddl),
    Metric("CI", "Class Imbalance (CI)", ci),
    Metric("DPL", "Difference in Positive Proportions in Labels (DPL)", dpl),
    Metric("JS", "Jensen-Shannon Divergence (JS)", js),
    Metric("KL", "Kullback-Liebler Divergence (KL)", kl),
    Metric("KS", "Kolmogorov-Smirnov Distance (KS)", ks),
    Metric("LP", "L-p Norm (LP)", lp),
    Metric("TVD", "Total Variation Distance (TVD)", tvd),
)
POST_TRAINING = (
    Metric("AD", "Accuracy Difference (AD)", ad),
    Metric("CDDPL", "Conditional Demographic Disparity in Predicted Labels (CDDPL)", cddpl),
    Metric("DAR", "Difference in Acceptance Rates (DAR)", dar),
    Metric("DCA", "Difference in Conditional Acceptance (DCA)", dca),  # the guide's own page calls it DCAcc
    Metric("DCR", "Difference in Conditional Rejection (DCR)", dcr),
    Metric("DI", "Disparate Impact (DI)", di),
    Metric("DPPL", "Difference in Positive Proportions in Predicted Labels (DPPL)", dppl),
    Metric("DRR", "Difference in Rejection Rates (DRR)", drr),
    Metric("FT", "Flip Test (FT)", ft),
    Metric("GE", "Generalized Entropy (GE)", ge),
    Metric("RD", "Recall Difference (RD)", rd),
    Metric("SD", "Specificity Difference (SD)", sd),
    Metric("TE", "Treatment Equality (TE)", te),
)


def measure(metric: Metric, sample: Sample) -> dict[str, object]:
    """A metric as analysis.json has it: name, description, value (null with an error where there is none)."""
    entry: dict[str, object] = {"name": metric.name, "description": metric.description}
    try:
        value = metric.value(sample)
    except Undefined as error:
        return {**entry, "value": None, "error": str(error)}
    return {**entry, "value": str(value).replace("inf", "Infinity") if math.isinf(value) else value}
