"""Columns left out of an analysis, by name and by place."""

import pytest

from course.cloud.monitoring.dataset import Chunk
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.exclusion import Exclusion

NAMES = ["amount", "hour", "shop"]
ROWS = [["1", "2", "a"], ["3", "4", "b"]]
BASELINE = {"version": 0, "features": [{"name": name} for name in NAMES]}


@pytest.mark.parametrize("text", ["amount,shop", " 0, 2", "shop,0"])
@pytest.mark.parametrize("names", [None, tuple(NAMES)])
def test_columns_and_their_features_go_by_name_or_by_place(text, names):
    excluded = Exclusion(text, NAMES)
    [chunk] = excluded.chunks([Chunk(names, ROWS)])
    assert chunk == Chunk(names and ("hour",), [["2"], ["4"]])
    assert excluded.features(BASELINE) == {"version": 0, "features": [{"name": "hour"}]}


def test_named_columns_may_come_in_another_order():
    [chunk] = Exclusion("shop", NAMES).chunks([Chunk(("shop", "hour", "amount"), [["a", "2", "1"]])])
    assert chunk == Chunk(("hour", "amount"), [["2", "1"]])


def test_nothing_is_left_out_of_an_empty_text():
    excluded = Exclusion("", NAMES)
    assert list(excluded.chunks([Chunk(None, ROWS)])) == [Chunk(None, ROWS)]
    assert excluded.features(BASELINE) == BASELINE


@pytest.mark.parametrize("text", ["country", "3"])
def test_a_column_that_is_not_there_is_an_error(text):
    with pytest.raises(MonitoringError, match=f"no column {text}"):
        list(Exclusion(text, NAMES).chunks([Chunk(None, ROWS)]))
