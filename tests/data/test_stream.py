"""The stream: the generator's rows day by day, and labels that are late."""

import numpy as np
import pandas as pd
import pytest

from course.data import incidents, stream, transactions, truth

LATE = ["fraud", "label_day"]


def test_without_incidents_it_holds_the_generator_s_rows():
    s = stream(seed=1, days=10, rows_per_day=300, start_day=5)
    w = s.window(5, 15)
    rows = transactions(1, 3000, start_day=5, days=10)
    pd.testing.assert_frame_equal(w.seen, rows.drop(columns=LATE))
    pd.testing.assert_frame_equal(w.labels, rows[["transaction_id", *LATE]])
    np.testing.assert_array_equal(w.truth, truth(rows))


def test_one_window_a_day_and_any_span_is_their_concatenation():
    s = stream(seed=2, days=6, rows_per_day=200, incidents=[incidents.CENTS.starting(3)])
    days = list(s)
    assert [(w.first_day, w.end_day) for w in days] == [(n, n + 1) for n in range(6)]
    assert len(s) == 6
    pd.testing.assert_frame_equal(s.window(2, 5).seen, pd.concat([days[n].seen for n in (2, 3, 4)], ignore_index=True))
    assert [(w.first_day, w.end_day) for w in s.windows(4)] == [(0, 4), (4, 6)]


def test_what_the_model_may_see_holds_no_label():
    assert not set(LATE) & set(stream(3, 1, 50).window(0, 1).seen.columns)


def test_labels_arrive_late():
    s = stream(seed=4, days=30, rows_per_day=500)
    assert s.labels_known_by(6.99).empty
    assert len(s.labels_known_by(1000)) == 15_000
    known = s.labels_known_by(20)
    assert known["label_day"].max() <= 20
    day = known["transaction_id"] // 1_000_000
    share = day.value_counts().reindex(range(30), fill_value=0) / 500
    assert share[0] > 0.98  # 13 days after exp(-13/3)
    assert share[10] == pytest.approx(1 - np.exp(-1), abs=0.1)  # three days after the seventh
    assert (share[14:] == 0).all()


def test_a_training_set_as_of_a_day_holds_only_what_was_known_then():
    w = stream(seed=5, days=20, rows_per_day=100).window(0, 20)
    known = w.labelled_by(15)
    assert known["transaction_id"].tolist() == w.labels_known_by(15)["transaction_id"].tolist()
    assert set(known.columns) == {*w.seen.columns, *LATE}
    assert known["day"].max() <= 8


def test_days_outside_the_stream_are_refused():
    s = stream(seed=6, days=5, rows_per_day=10, start_day=10)
    for first, end in ((9, 12), (12, 16), (12, 12)):
        with pytest.raises(ValueError, match="holds the days 10 to 14"):
            s.window(first, end)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"days": 0}, {"rows_per_day": 0}, {"start_day": -1}])
def test_impossible_streams_are_refused(wrong):
    with pytest.raises(ValueError, match="A stream needs"):
        stream(**({"seed": 1, "days": 1, "rows_per_day": 1} | wrong))
