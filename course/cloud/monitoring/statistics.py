"""statistics.json: a profile of every column (developer guide, model-monitor-interpreting-statistics).

Types go by the text of a value, as in Deequ: 12 is Integral, 12.0 Fractional, anything else String; a column is String
if any value is, else Fractional if any is, else Integral, and Unknown when it is empty. A value is missing when it is
empty, null or not a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.cloud.monitoring.dataset import Chunk
from course.cloud.monitoring.distance import Weighted

BUCKETS = 10
FEW = 120
"""Up to so many distinct values a String column is categorical: Deequ's threshold for low cardinality."""
SKETCH_K = 2048
EXACT_NUMBERS = 1 << 20  # beyond so many distinct numbers a column keeps evenly spaced quantiles instead
EXACT_VALUES = 100_000  # beyond so many distinct texts a column counts only those it has met before
MISSING = frozenset(("", "null", "NULL", "nan", "NaN"))


class Column:
    """What is known of one column after any number of values."""

    def __init__(self, missing: int = 0) -> None:
        self.missing = missing
        self.integral = self.fractional = self.string = 0
        self.values: Counter[str] = Counter()
        self.total = 0.0
        self.least, self.most = np.inf, -np.inf
        self._numbers: list[Weighted] = []
        self._held = 0
        self._mean = self._squares = 0.0  # of all numbers, by Chan's update
        self._count = 0

    @property
    def present(self) -> int:
        return self.integral + self.fractional + self.string

    @property
    def completeness(self) -> float:
        """The share of rows that have a value, 0 to 1."""
        rows = self.present + self.missing
        return self.present / rows if rows else 0.0

    @property
    def type(self) -> str:
        """Integral, Fractional, String or Unknown."""
        if self.string:
            return "String"
        return "Fractional" if self.fractional else "Integral" if self.integral else "Unknown"

    @property
    def is_categorical(self) -> bool:
        return self.type == "String" and len(self.values) <= FEW

    def share_of(self, expected: str) -> float:
        """The share of present values of that type, 0 to 1; a whole number is Fractional too."""
        count = {"Integral": self.integral, "Fractional": self.integral + self.fractional, "String": self.string}
        return count.get(expected, self.present) / self.present if self.present else 1.0

    def add(self, texts: Iterable[str]) -> None:
        """Take in values as text."""
        counts = Counter(texts)  # whatever is looked at, is looked at once for every distinct value
        self.missing += sum(counts.pop(text, 0) for text in MISSING)
        numbers: list[float] = []
        times: list[int] = []
        for (text, count), number in zip(counts.items(), _numbers(counts), strict=True):
            if not isfinite(number):
                self.string += count
                continue
            if text.isdecimal() or (text[0] in "-+" and text[1:].isdecimal()):
                self.integral += count
            else:
                self.fractional += count
            numbers.append(number)
            times.append(count)
        if len(self.values) < EXACT_VALUES:
            self.values.update(counts)
        elif self.string:
            self.values.update({text: count for text, count in counts.items() if text in self.values})
        if numbers:
            self._take(np.array(numbers), np.array(times, dtype=float))

    def _take(self, numbers: NDArray[np.float64], times: NDArray[np.float64]) -> None:
        n, total = int(times.sum()), float(numbers @ times)
        both, apart = self._count + n, total / n - self._mean
        self._squares += float((numbers - total / n) ** 2 @ times) + apart**2 * self._count * n / both
        self._mean += apart * n / both
        self._count = both
        self.total += total
        self.least, self.most = min(self.least, float(numbers.min())), max(self.most, float(numbers.max()))
        self._numbers.append((numbers, times))
        self._held += len(numbers)
        if self._held > EXACT_NUMBERS:
            self._numbers = [weighted(sketch(self.numbers, EXACT_NUMBERS // 8))]
            self._held = len(self._numbers[0][0])

    @property
    def numbers(self) -> Weighted:
        """The column's numbers in ascending order, and how many times each is there."""
        if len(self._numbers) != 1:
            parts = self._numbers or [(np.empty(0), np.empty(0))]
            self._numbers = [(np.concatenate([v for v, _ in parts]), np.concatenate([n for _, n in parts]))]
        values, times = self._numbers[0]
        order = np.argsort(values)
        return values[order], times[order]

    def describe(self, name: str) -> dict[str, Any]:
        """The column's entry in statistics.json."""
        entry: dict[str, Any] = {"name": name, "inferred_type": self.type}
        common = {"num_present": self.present, "num_missing": self.missing}
        if self.type == "String":
            entry["string_statistics"] = {"common": common, "distinct_count": len(self.values)}
            if self.is_categorical:
                buckets = [{"value": value, "count": count} for value, count in self.values.most_common()]
                entry["string_statistics"]["distribution"] = {"categorical": {"buckets": buckets}}
        elif self.type != "Unknown":
            entry["numerical_statistics"] = {
                "common": common,
                "mean": self._mean,
                "sum": self.total,
                "std_dev": float(np.sqrt(self._squares / self._count)),  # of the population, as Deequ has it
                "min": self.least,
                "max": self.most,
                "distribution": {"kll": _distribution(self.numbers, self.least, self.most)},
            }
        return entry


class Profile:
    """All columns of a dataset, chunk by chunk.

    names: what the columns of data without names are called, by position (the baseline's features); further ones are
    _c7, _c8, … as in Spark.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._names = tuple(names)
        self.columns: dict[str, Column] = {}
        self.rows = 0

    def add(self, chunk: Chunk) -> None:
        """Take in a chunk; a column that it lacks is missing in all its rows."""
        width = len(chunk.names) if chunk.names else max(map(len, chunk.rows), default=0)
        names = chunk.names or [*self._names[:width], *(f"_c{n}" for n in range(len(self._names), width))]
        rows: Iterable[Sequence[str]] = chunk.rows
        if any(len(row) != width for row in chunk.rows):
            rows = ([*row, *[""] * (width - len(row))] for row in chunk.rows)
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        for name, column in self.columns.items():
            if name not in columns:
                column.missing += len(chunk.rows)
        for name, texts in columns.items():
            self.columns.setdefault(name, Column(missing=self.rows)).add(texts)
        self.rows += len(chunk.rows)

    def statistics(self) -> dict[str, Any]:
        """The content of statistics.json."""
        features = [column.describe(name) for name, column in self.columns.items()]
        return {"version": 0.0, "dataset": {"item_count": self.rows}, "features": features}


def profile(chunks: Iterable[Chunk], names: Sequence[str] = ()) -> Profile:
    """The profile of a whole dataset."""
    whole = Profile(names)
    for chunk in chunks:
        whole.add(chunk)
    return whole


def sketch(numbers: Weighted, k: int = SKETCH_K) -> list[list[float]]:
    """At most about k + 20 evenly spaced quantiles of the numbers, in the form of a KLL sketch.

    The items of level i stand for 2**i values each; all items together stand for as many values as there are. Up to k
    values the sketch holds them all.
    """
    values, weights = numbers
    ranks = np.cumsum(weights)
    n = int(ranks[-1]) if len(ranks) else 0
    top = max(0, int(np.ceil(np.log2(n / k)))) if n > k else 0
    levels: list[list[float]] = [[] for _ in range(top + 1)]
    done = 0
    for level in range(top, -1, -1):
        size = 1 << level
        blocks = (n - done) // size
        middles = done + size * np.arange(blocks) + (size - 1) // 2
        levels[level] = values[np.searchsorted(ranks, middles, side="right")].tolist()
        done += blocks * size
    return levels


def weighted(levels: Iterable[Sequence[float]]) -> Weighted:
    """The numbers that a sketch stands for."""
    levels = list(levels)
    values = np.concatenate([np.empty(0), *(np.array(level, dtype=float) for level in levels)])
    weights = np.repeat([float(1 << n) for n in range(len(levels))], [len(level) for level in levels])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def baseline_numbers(entry: Mapping[str, Any]) -> Weighted | None:
    """The numbers behind a feature of statistics.json; None when it has no numerical distribution."""
    kll = entry.get("numerical_statistics", {}).get("distribution", {}).get("kll", {})
    levels = kll.get("sketch", {}).get("data")
    return weighted(levels) if levels else None


def baseline_categories(entry: Mapping[str, Any]) -> dict[str, int] | None:
    """The counts by value of a feature of statistics.json; None when it has none."""
    categorical = entry.get("string_statistics", {}).get("distribution", {}).get("categorical")
    return {bucket["value"]: bucket["count"] for bucket in categorical["buckets"]} if categorical else None


def _distribution(numbers: Weighted, least: float, most: float) -> dict[str, Any]:
    edges = np.linspace(least, most, BUCKETS + 1)
    counts, _ = np.histogram(numbers[0], edges, weights=numbers[1])
    buckets = [
        {"lower_bound": float(lower), "upper_bound": float(upper), "count": float(count)}
        for lower, upper, count in zip(edges, edges[1:], counts, strict=False)
    ]
    parameters = {"c": 0.64, "k": float(SKETCH_K)}
    return {"buckets": buckets, "sketch": {"parameters": parameters, "data": sketch(numbers)}}


def _numbers(texts: Collection[str]) -> list[float]:
    """The number that each text stands for; not a finite one for text that is none, inf among it, as in Deequ."""
    try:
        return list(map(float, texts))
    except ValueError:
        return [_number(text) for text in texts]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan
