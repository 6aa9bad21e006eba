import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from course.exercises import measures


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    fraud = (rng.random(3_000) < 0.1).astype(int)
    return fraud, rng.normal(fraud * 1.5, 1.0)


@pytest.mark.parametrize("decimals", [1, 3, 12])
def test_auc_is_scikit_learns_with_ties_too(rows, decimals):
    fraud, score = rows[0], rows[1].round(decimals)
    assert measures.auc(fraud, score) == pytest.approx(roc_auc_score(fraud, score), abs=1e-12)


def test_the_auc_interval_is_that_of_a_plain_bootstrap(rows):
    fraud, score = rows
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(fraud), len(fraud)) for _ in range(1_000)]
    plain = np.quantile([measures.auc(fraud[rows], score[rows]) for rows in drawn], [0.025, 0.975])
    assert measures.auc_interval(fraud, score) == pytest.approx(plain, abs=0.004)


def test_rate_intervals_hold_the_rates_and_have_the_width_of_a_binomial(rows):
    fraud, score = rows
    found = measures.rate_intervals(fraud, score, 1.5)
    flagged = score >= 1.5
    for name, rate, of in (("recall", flagged[fraud == 1].mean(), fraud.sum()),
                           ("precision", fraud[flagged].mean(), flagged.sum())):  # fmt: skip
        low, high = found[name]
        assert low < rate < high
        assert high - low == pytest.approx(2 * 1.96 * np.sqrt(rate * (1 - rate) / of), rel=0.1)


def test_a_cut_that_flags_nothing_has_a_precision_all_the_same(rows):
    assert measures.rate_intervals(*rows, cut=99.0)["precision"] == (0.0, 0.0)
