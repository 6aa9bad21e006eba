"""Measures of a score, in NumPy alone: a check has no time to import scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2_000
CHUNK = 250  # resamples at a time: enough to be quick, few enough to be small

Interval = tuple[float, float]


def auc(fraud: ArrayLike, score: ArrayLike) -> float:
    """The share of (fraud, honest) pairs in which the fraud scores higher; equal scores count half."""
    labels = np.asarray(fraud)
    _, place, times = np.unique(np.asarray(score, dtype=float), return_inverse=True, return_counts=True)
    rank = (np.cumsum(times) - (times - 1) / 2)[place]
    positive = labels.sum()
    pairs = positive * (len(labels) - positive)
    return float((rank[labels == 1].sum() - positive * (positive + 1) / 2) / pairs)


def auc_interval(fraud: ArrayLike, score: ArrayLike, seed: int = 0) -> Interval:
    """The 95 % percentile interval of the AUC over RESAMPLES bootstrap samples of the rows.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. Equal scores are told apart by their
    place, which shifts nothing where scores are as fine as a model's.
    """
    rng = np.random.default_rng(seed)
    labels = np.asarray(fraud)[np.argsort(np.asarray(score, dtype=float), kind="stable")]
    found = [_aucs(rng, labels, min(CHUNK, RESAMPLES - begin)) for begin in range(0, RESAMPLES, CHUNK)]
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return float(low), float(high)


def _aucs(rng: np.random.Generator, labels: NDArray[np.int64], resamples: int) -> NDArray[np.float64]:
    """AUCs of so many bootstrap samples of rows whose labels stand in order of score."""
    rows = len(labels)
    drawn = rng.integers(0, rows, (resamples, rows)) + rows * np.arange(resamples)[:, None]
    times = np.bincount(drawn.ravel(), minlength=resamples * rows).reshape(resamples, rows)
    honest = times * (labels == 0)
    below = np.cumsum(honest, axis=1)
    frauds = times * (labels == 1)
    pairs = frauds.sum(axis=1) * honest.sum(axis=1)
    return (frauds * below).sum(axis=1) / pairs


def rate_intervals(fraud: ArrayLike, score: ArrayLike, cut: float, seed: int = 0) -> dict[str, Interval]:
    """95 % bootstrap intervals of recall and precision of the rows that score at least `cut`.

    A bootstrap sample's counts of hits, misses, false alarms and the rest are multinomial, so they are drawn at once,
    ten times RESAMPLES of them.
    """
    labels, flagged = np.asarray(fraud) == 1, np.asarray(score, dtype=float) >= cut
    counts = [np.sum(labels & flagged), np.sum(labels & ~flagged), np.sum(~labels & flagged)]
    shares = np.array([*counts, len(labels) - sum(counts)]) / len(labels)
    drawn = np.random.default_rng(seed).multinomial(len(labels), shares, 10 * RESAMPLES)
    hit, miss, alarm, _ = drawn.T
    found = {"recall": hit / np.maximum(hit + miss, 1), "precision": hit / np.maximum(hit + alarm, 1)}
    return {name: tuple(np.quantile(values, [0.025, 0.975]).tolist()) for name, values in found.items()}


def costs(chance: ArrayLike, score: ArrayLike, missed: float, review: float) -> tuple[NDArray, NDArray]:
    """The cost of every cut: (cuts, costs), each of n + 1, in order of falling cut.

    Row i is fraud with probability chance[i], or for certain where chance holds labels. A row that scores at least the
    cut costs `review`, any other `missed` times its chance. The first cut, infinity, flags nothing.
    """
    chances, values = np.asarray(chance, dtype=float), np.asarray(score, dtype=float)
    order = np.argsort(-values, kind="stable")
    caught = np.concatenate([[0.0], np.cumsum(chances[order])])
    cuts = np.concatenate([[np.inf], values[order]])
    return cuts, missed * (chances.sum() - caught) + review * np.arange(len(cuts))


def cost(chance: ArrayLike, score: ArrayLike, cut: float, missed: float, review: float) -> float:
    """The cost of one cut; as `costs`."""
    flagged = np.asarray(score, dtype=float) >= cut
    return float(missed * np.asarray(chance, dtype=float)[~flagged].sum() + review * flagged.sum())
