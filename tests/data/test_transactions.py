"""The generator: the same rows by the same seed everywhere, and labels that follow the stated truth."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from course.data import COLUMNS, FEATURES, TRUTH, transactions, truth

DIGEST = (
    "import hashlib; from course.data import transactions;"
    "print(hashlib.sha256(transactions(5, 3000, start_day=3, days=7).to_csv(index=False).encode()).hexdigest())"
)


def test_same_seed_same_rows_in_another_process():
    here = hashlib.sha256(transactions(5, 3000, start_day=3, days=7).to_csv(index=False).encode()).hexdigest()
    there = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_another_seed_gives_other_rows():
    assert not transactions(1, 500)["amount"].equals(transactions(2, 500)["amount"])


def test_known_rows():
    """A change of these figures changes every learner's data: it must be meant."""
    rows = transactions(2026, 3, start_day=1, days=1)
    assert rows["amount"].tolist() == [96.62, 458.78, 100.98]
    assert rows["merchant"].tolist() == ["fuel", "gaming", "fuel"]
    assert rows["timestamp"].astype(str).tolist() == [
        f"2026-01-02 {time}" for time in ("13:10:45", "18:16:34", "21:43:57")
    ]


def test_columns_types_and_order_of_time():
    rows = transactions(3, 6000, start_day=2, days=4)
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == 6000
    assert rows["transaction_id"].is_unique
    assert rows["timestamp"].is_monotonic_increasing
    assert rows["day"].value_counts().to_dict() == {2: 1500, 3: 1500, 4: 1500, 5: 1500}
    assert (rows["timestamp"].dt.hour == rows["hour"]).all()
    assert ((rows["timestamp"] - pd.Timestamp("2026-01-01")).dt.days == rows["day"]).all()
    assert rows.drop(columns="km_from_home").notna().all(axis=None)


def test_rows_that_do_not_divide_evenly_are_all_there():
    rows = transactions(3, 100, days=7)
    assert len(rows) == 100
    assert set(rows["day"].value_counts()) == {14, 15}


def test_a_day_is_the_same_alone_and_in_a_longer_history():
    month = transactions(4, 30_000, days=30)
    alone = transactions(4, 1000, start_day=17, days=1)
    pd.testing.assert_frame_equal(month[month["day"] == 17].reset_index(drop=True), alone)


def test_a_customer_keeps_age_and_tenure():
    rows = transactions(6, 30_000)
    assert (rows.groupby("customer_id")[["customer_age", "tenure_days"]].nunique() == 1).all(axis=None)
    assert rows["customer_id"].between(100_000, 119_999).all()


def test_csv_keeps_the_truth():
    rows = transactions(7, 2000)
    again = pd.read_csv(StringIO(rows.to_csv(index=False)))
    np.testing.assert_array_equal(truth(again), truth(rows))


def test_truth_is_the_stated_sum():
    row = pd.DataFrame(
        {
            "amount": [np.exp(4.4)], "hour": [3], "merchant": ["gaming"], "channel": ["web"], "customer_age": [25],
            "km_from_home": [21.7], "tx_24h": [2.6], "tenure_days": [250.0],
        }
    )  # fmt: skip
    odds = truth(row) / (1 - truth(row))
    assert np.log(odds) == pytest.approx(-5.75 + 1.35 + 0.55 + 0.75 + 1.6 + 1.1 + 1.6 + 0.8 + 1.6)
    assert truth(row.assign(km_from_home=np.nan)) == pytest.approx(truth(row.assign(km_from_home=11.7)))
    assert truth(row.assign(customer_age=26)) < truth(row)


def test_truth_takes_other_coefficients():
    rows = transactions(8, 2000)
    assert (truth(rows, replace(TRUTH, intercept=-4.0)) > truth(rows)).all()


def test_labels_follow_the_truth():
    """Calibration: in ten bins of the true probability the share of fraud is within four standard errors of it."""
    rows = pd.concat([transactions(seed) for seed in (30, 31, 32)])
    p = truth(rows)
    for part in np.array_split(np.argsort(p), 10):
        error = np.sqrt((p[part] * (1 - p[part])).sum()) / len(part)
        assert abs(rows["fraud"].to_numpy()[part].mean() - p[part].mean()) < 4 * error


@pytest.mark.parametrize("column", FEATURES)
def test_every_feature_counts(column):
    """Without its effect the truth is a worse score: no feature is decoration."""
    rows = transactions(9)
    effect = {"km_from_home": "km", "tenure_days": "tenure", "customer_age": "young"}.get(column, column)
    assert roc_auc_score(rows["fraud"], truth(rows, replace(TRUTH, **{effect: 0.0}))) < (
        roc_auc_score(rows["fraud"], truth(rows)) - 0.0005
    )


def test_labels_arrive_from_the_seventh_day_on():
    rows = transactions(10, 20_000)
    delay = rows["label_day"] - rows["day"]
    assert delay.min() >= 7
    assert delay.std() == pytest.approx(3, abs=0.1)
    assert abs(np.corrcoef(delay, rows["fraud"])[0, 1]) < 0.03


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"days": 0}, {"start_day": -1}, {"seed": -1}])
def test_impossible_requests_are_refused_in_one_sentence(wrong):
    with pytest.raises(ValueError, match="got"):
        transactions(**({"seed": 1, "rows": 10} | wrong))
