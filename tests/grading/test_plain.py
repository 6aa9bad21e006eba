"""Data crosses whole, and nothing else does."""

import collections
import datetime
import decimal
import fractions
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from course.grading import plain

DAYS = pd.date_range("2026-01-01", periods=2, tz="Europe/Vienna")
VALUES = [
    None, True, 7, 2**70, -(2**70), -3.5, "text", "\ud800", b"\x00\xff", bytearray(b"a"), 1 + 2j, Ellipsis,
    [1, [2, (3, {4}), frozenset({5})]], {"a": 1, 2: [3], (1, 2): None}, range(1, 9, 2), slice(None, 3, None),
    collections.Counter("aab"), collections.OrderedDict(b=1, a=2), collections.deque([1, 2]),
    datetime.datetime(2026, 11, 21, 9, 30, tzinfo=datetime.UTC), datetime.date(2026, 11, 21),
    datetime.time(9, 30), datetime.timedelta(days=-1, seconds=5), decimal.Decimal("1.10"), fractions.Fraction(1, 3),
    Path("a/b"), np.int64(3), np.float32(2.5), np.bool_(True), np.str_("x"), np.datetime64("2026-01-01"), int,
    ValueError, np.float64,
]  # fmt: skip
TABLES = [
    np.arange(6.0).reshape(2, 3), np.array([], dtype="int32"), np.array(["a", "bc"]), np.array(5),
    np.array([1, "x", None], dtype=object), np.array(["2026-01-01"], dtype="datetime64[D]"), pd.DataFrame(),
    pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, math.nan]}, index=DAYS),
    pd.DataFrame({"k": pd.Categorical(["p", "q", "p"])}), pd.DataFrame([[1, 2]], columns=["a", "a"]),
    pd.Series([1, 2], index=["u", "v"], name="n"), pd.Series(pd.array([1, None], dtype="Int64")), pd.Series(DAYS),
    pd.Index([1, 2], name="i"), pd.RangeIndex(2, 8, 3),
    pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", "y"]),
    pd.DataFrame({"a": [1, 1], "v": [2, 3]}).groupby("a").sum(),
]  # fmt: skip


def refused(value: object) -> dict:
    raise plain.NotPlain(type(value).__name__)


def crossed(value: object) -> object:
    return plain.unpack(json.loads(json.dumps(plain.pack(value, refused))), refused)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_crosses_as_it_is(value):
    there = crossed(value)
    assert type(there) is type(value)
    assert there == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, np.float64("nan"), math.nan])
def test_numbers_that_json_lacks_cross(value):
    assert repr(crossed(value)) == repr(value)


@pytest.mark.parametrize("value", TABLES, ids=lambda value: f"{type(value).__name__}")
def test_a_table_crosses_as_it_is(value):
    there = crossed(value)
    assert type(there) is type(value)
    if isinstance(value, np.ndarray):
        assert there.dtype == value.dtype
        assert np.array_equal(there, value)
    else:
        check = {pd.DataFrame: pd.testing.assert_frame_equal, pd.Series: pd.testing.assert_series_equal}
        check.get(type(value), pd.testing.assert_index_equal)(there, value)


def test_missing_values_stay_what_they_are():
    assert crossed(pd.NA) is pd.NA
    assert crossed(pd.NaT) is pd.NaT


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Cup(dict):
    pass


@pytest.mark.parametrize("value", [Liar(3), Cup(), object(), len, lambda: 0, Liar, open, eval, iter([])])
def test_what_could_behave_otherwise_stays_in_its_process(value):
    with pytest.raises(plain.NotPlain):
        crossed([value])


def test_too_deep_and_too_much_are_refused():
    deep: list = []
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(plain.NotPlain):
        crossed(deep)
    with pytest.raises(plain.NotPlain):
        crossed([0] * (plain.MOST + 1))
    with pytest.raises(plain.NotPlain):
        crossed(10**50_000)


BROKEN = [
    {}, {"t": "tuple"}, {"t": "no such thing", "v": 1}, {"t": "int", "v": "x"},
    {"t": "array", "v": ["O8", [1], "AAAA"]},
    {"t": "array", "v": ["|O", [1], "AAAAAAAAAAA="]}, {"t": "array", "v": ["<f8", [1 << 60], ""]},
    {"t": "class", "v": "os:system"}, {"t": "class", "v": "builtins:eval"}, {"t": "class", "v": "numpy:memmap"},
    {"t": "set", "v": [[1]]}, {"t": "frame", "v": [[], [], []]}, {"t": "index", "v": ["multi", [], 3]},
    {"t": "Timestamp", "v": "no"}, {"t": "range", "v": [1, 2, 0]}, {"t": "deque", "v": 5}, {"t": ["list"], "v": []},
]  # fmt: skip


@pytest.mark.parametrize("message", BROKEN, ids=repr)
def test_a_forged_message_is_broken_and_nothing_else(message):
    def resolve(message: dict) -> object:
        raise plain.Broken(message["t"])

    with pytest.raises(plain.Broken):
        plain.unpack(message, resolve)
