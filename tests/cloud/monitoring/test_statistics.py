"""course/cloud/monitoring/statistics.py"""

import json
from collections import Counter

import numpy as np
import pytest

from course.cloud.monitoring import statistics
from course.cloud.monitoring.dataset import CHUNK, Chunk, Dataset, Format
from course.cloud.monitoring.statistics import (
    Column,
    baseline_categories,
    baseline_numbers,
    profile,
    sketch,
    weighted,
)
from course.data import FEATURES, transactions
from tests.cloud.monitoring.records import write_csv


def column(*texts):
    made = Column()
    made.add(texts)
    return made


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", "+3", ""], "Integral"),
        (["1", "2.0"], "Fractional"),
        (["1e3", "nan", "null"], "Fractional"),
        (["1", "x"], "String"),
        (["inf"], "String"),
        (["true", "false"], "String"),
        (["", "NaN", "null"], "Unknown"),
        ([], "Unknown"),
    ],
)
def test_the_type_of_a_column_goes_by_its_texts(texts, kind):
    assert column(*texts).type == kind


def test_shares_of_a_type_leave_missing_values_out():
    mixed = column("1", "2", "2.5", "x", "", "")
    assert (mixed.share_of("Integral"), mixed.share_of("Fractional"), mixed.share_of("String")) == (0.5, 0.75, 0.25)
    assert mixed.completeness == pytest.approx(4 / 6)


def test_statistics_of_a_numerical_column_by_hand():
    entry = column("1", "2", "2", "", "7").describe("n")
    numbers = entry["numerical_statistics"]
    assert entry["inferred_type"] == "Integral"
    assert numbers["common"] == {"num_present": 4, "num_missing": 1}
    assert (numbers["mean"], numbers["sum"], numbers["min"], numbers["max"]) == (3.0, 12.0, 1.0, 7.0)
    assert numbers["std_dev"] == pytest.approx(np.sqrt((4 + 1 + 1 + 16) / 4))  # of the population, as in Deequ
    buckets = numbers["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == [1.0, 2.0, 0, 0, 0, 0, 0, 0, 0, 1.0]
    assert buckets[0]["lower_bound"] == 1.0 and buckets[9]["upper_bound"] == 7.0
    assert buckets[3]["upper_bound"] == buckets[4]["lower_bound"] == pytest.approx(1 + 0.6 * 4)


def test_statistics_of_a_text_column_by_hand():
    entry = column("a", "b", "a", "").describe("s")
    assert entry == {
        "name": "s",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": 3, "num_missing": 1},
            "distinct_count": 2,
            "distribution": {"categorical": {"buckets": [{"value": "a", "count": 2}, {"value": "b", "count": 1}]}},
        },
    }


def test_a_text_of_many_values_has_no_distribution():
    entry = column(*(f"id-{n}" for n in range(121))).describe("id")
    assert entry["string_statistics"]["distinct_count"] == 121
    assert "distribution" not in entry["string_statistics"]


def test_a_column_of_one_value_still_has_ten_buckets():
    buckets = column("3", "3").describe("n")["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert len(buckets) == 10 and sum(bucket["count"] for bucket in buckets) == 2.0


def test_an_empty_column_is_listed():
    assert column("", "").describe("n") == {"name": "n", "inferred_type": "Unknown"}


@pytest.fixture(scope="module")
def transactions_profile(tmp_path_factory):
    frame = transactions(7, 25_000)[list(FEATURES)]
    path = write_csv(tmp_path_factory.mktemp("data") / "a.csv", frame)
    return frame, profile(Dataset(path, Format.read('{"csv": {"header": true}}')).chunks())


def test_a_real_dataset_is_described_as_pandas_does(transactions_profile):
    frame, whole = transactions_profile
    content = whole.statistics()
    assert content["version"] == 0.0 and content["dataset"] == {"item_count": len(frame)}
    assert len(frame) > 2 * CHUNK  # several chunks
    for entry in content["features"]:
        series = frame[entry["name"]]
        if entry["inferred_type"] == "String":
            assert baseline_categories(entry) == series.value_counts().to_dict()
            continue
        numbers = entry["numerical_statistics"]
        assert numbers["common"] == {"num_present": series.count(), "num_missing": series.isna().sum()}
        assert numbers["mean"] == pytest.approx(series.mean(), rel=1e-12)
        assert numbers["std_dev"] == pytest.approx(series.std(ddof=0), rel=1e-9)
        assert (numbers["min"], numbers["max"]) == (series.min(), series.max())
        counts = [bucket["count"] for bucket in numbers["distribution"]["kll"]["buckets"]]
        assert counts == np.histogram(series.dropna(), 10)[0].tolist()
    assert [entry["inferred_type"] for entry in content["features"]] == [
        "Fractional", "Integral", "String", "String", "Integral", "Fractional", "Integral", "Integral",
    ]  # fmt: skip
    json.dumps(content, allow_nan=False)


def test_the_sketch_of_a_file_gives_its_numbers_back(transactions_profile):
    frame, whole = transactions_profile
    entries = {entry["name"]: entry for entry in whole.statistics()["features"]}
    values, weights = baseline_numbers(entries["amount"])
    exact = np.sort(frame["amount"])
    assert weights.sum() == len(exact)
    assert len(values) <= statistics.SKETCH_K + 20
    below = np.searchsorted(exact, values, side="right") / len(exact)
    assert np.abs(np.cumsum(weights) / weights.sum() - below).max() < 1 / 1024  # half of it is the point's own weight


@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 2049, 60_000, 100_001])
def test_a_sketch_stands_for_every_value(n):
    values = np.arange(n, dtype=float)
    levels = sketch((values, np.ones(n)))
    got, weights = weighted(levels)
    assert weights.sum() == n
    assert len(got) <= 2048 + 20
    if n <= 2048:
        assert got.tolist() == values.tolist()


def test_beyond_a_million_numbers_a_column_keeps_quantiles(monkeypatch):
    monkeypatch.setattr(statistics, "EXACT_NUMBERS", 4000)
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=30_000)
    made = Column()
    for piece in np.split(numbers, 30):
        made.add(map(repr, piece.tolist()))
    values, weights = made.numbers
    assert len(values) <= 4000 + 1000 and weights.sum() == 30_000
    shares = np.cumsum(weights) / 30_000
    assert np.abs(shares - np.searchsorted(np.sort(numbers), values, side="right") / 30_000).max() < 0.02
    entry = made.describe("n")["numerical_statistics"]
    assert entry["mean"] == pytest.approx(numbers.mean(), rel=1e-9)
    assert entry["std_dev"] == pytest.approx(numbers.std(), rel=1e-9)


def test_beyond_the_exact_values_known_ones_still_count(monkeypatch):
    monkeypatch.setattr(statistics, "EXACT_VALUES", 3)
    made = Column()
    for texts in (["a", "b", "c"], ["a", "d"]):
        made.add(texts)
    assert made.values == Counter(a=2, b=1, c=1) and made.present == 5


def test_columns_that_come_late_or_stay_away_are_missing_in_the_other_rows():
    whole = profile([Chunk(("a",), [["1"], ["2"]]), Chunk(("b",), [["x"]]), Chunk(("a", "b"), [["3", "y"]])])
    assert {name: (c.present, c.missing) for name, c in whole.columns.items()} == {"a": (3, 1), "b": (2, 2)}


def test_rows_without_names_take_the_baselines_and_may_be_shorter():
    whole = profile([Chunk(None, [["1", "2", "9"], ["1"]])], names=("score", "amount"))
    assert {name: (c.present, c.missing) for name, c in whole.columns.items()} == {
        "score": (2, 0),
        "amount": (1, 1),
        "_c2": (1, 1),
    }
