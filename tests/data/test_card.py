"""The data card says what is so: every column, coefficient and figure in it is compared with the generator."""

import re
from dataclasses import astuple, fields
from importlib.resources import files

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from course.data import COLUMNS, FEATURES, INCIDENTS, SKEWS, TRUTH, transactions, truth
from course.data.transactions import CHANNELS, MERCHANTS

CARD = (files("course.data") / "card.md").read_text(encoding="utf-8")
WITHIN = {"AUC": 0.03, "retrained": 0.03, "precision": 0.07}


def table(first_column: str) -> list[dict[str, str]]:
    """The rows of all of the card's tables whose first column is so called."""
    rows = []
    for block in re.findall(r"(?:^\|.*\n)+", CARD, re.MULTILINE):
        head, _, *body = [[cell.strip() for cell in line.strip("| \n").split(" | ")] for line in block.splitlines()]
        if head[0] == first_column:
            rows += [dict(zip(head, line, strict=True)) for line in body]
    return rows


@pytest.fixture(scope="module", params=[301, 302])
def measured(request, judge) -> dict[str, float]:
    """Every figure of the card, measured on a seed that it was not written from."""
    rows = transactions(request.param)
    fraud, delay = rows["fraud"], rows["label_day"] - rows["day"]
    night, young = rows["hour"] < 6, rows["customer_age"] < 26
    evidence = judge.evidence(rows, fraud)
    return {
        "share of fraud": fraud.mean(),
        "share of fraud, 0 to 5 o'clock": fraud[night].mean(),
        "share of fraud, other hours": fraud[~night].mean(),
        "share of fraud, below 26 years": fraud[young].mean(),
        "share of fraud, from 26 years on": fraud[~young].mean(),
        "share of payments, below 26 years": young.mean(),
        "share of payments, 0 to 5 o'clock": night.mean(),
        "share of km_from_home missing": rows["km_from_home"].isna().mean(),
        "median amount": rows["amount"].median(),
        "mean km_from_home": rows["km_from_home"].mean(),
        "mean tx_24h": rows["tx_24h"].mean(),
        "mean tenure_days": rows["tenure_days"].mean(),
        "mean days until the label arrives": delay.mean(),
        "share of labels there after 14 days": (delay <= 14).mean(),
        "AUC of the truth, the best that any model can have": roc_auc_score(fraud, truth(rows)),
        "AUC of the model": evidence.auc,
        "share flagged by the model": evidence.flagged,
        "precision of the model": evidence.precision,
        "recall of the model": evidence.recall,
        "CI, class imbalance, ideal 0": evidence.ci,
        "DPL, difference in labels, ideal 0": evidence.dpl,
        "DPPL, difference in predicted labels, ideal 0": evidence.dppl,
        "DI, disparate impact, ideal 1": evidence.di,
    }


def test_every_figure_holds(measured):
    stated = {row["figure"]: (float(row["value"]), float(row["within"])) for row in table("figure")}
    assert stated.keys() == measured.keys()
    wrong = {
        name: f"got {measured[name]:.4f}, stated {value} within {within}"
        for name, (value, within) in stated.items()
        if abs(measured[name] - value) > within
    }
    assert not wrong


def test_every_column_is_described_in_order():
    assert tuple(row["column"] for row in table("column")) == COLUMNS
    assert ", ".join(FEATURES) in CARD.replace("\n", " ")


def test_the_described_ranges_hold():
    rows = transactions(303)
    assert rows["customer_age"].between(18, 84).all()
    assert rows["tenure_days"].max() <= 7300
    assert rows["amount"].min() >= 0.5
    assert np.log(rows["amount"]).std() == pytest.approx(1, abs=0.02)
    cards = {row["column"]: row for row in table("column")}
    for name, shares in {"merchant": MERCHANTS, "channel": CHANNELS}.items():
        assert cards[name]["unit, values"] == ", ".join(shares)
        assert cards[name]["how it is drawn"] == "shares " + " ".join(f"{s:.2f}"[1:] for s in shares.values())
        assert rows[name].value_counts(normalize=True).to_dict() == pytest.approx(shares, abs=0.01)


def test_every_coefficient_is_stated():
    stated = {row["coefficient"]: row for row in table("coefficient")}
    for name, row in stated.items():
        assert float(row["value"]) == getattr(TRUTH, name)
    numbers = {f.name for f, value in zip(fields(TRUTH), astuple(TRUTH), strict=True) if isinstance(value, float)}
    assert stated.keys() == {name for name in numbers if not name.endswith("_at")}
    for name in numbers - stated.keys():
        centre = f"{getattr(TRUTH, name):,.1f}".removesuffix(".0")
        assert stated[name.removesuffix("_at")]["times"].split(";")[0].endswith(f" - {centre}")
    assert stated["merchant"]["times"] == f"1 in {' and '.join(TRUTH.merchants)}"
    assert stated["channel"]["times"] == f"1 by {' and '.join(TRUTH.channels)}"
    assert stated["hour"]["times"] == f"1 from {TRUTH.hours[0]} to {TRUTH.hours[-1]} o'clock"


def test_the_incident_table_lists_them_all():
    rows = {row["incident"]: row["remedy"] for row in table("incident")}
    assert rows == {"none": "none"} | {i.name: str(i.remedy) for i in (*INCIDENTS, *SKEWS)}


@pytest.mark.parametrize(
    "incident", [None, *dict.fromkeys((*INCIDENTS, *SKEWS))], ids=lambda i: i.name if i else "none"
)
def test_every_incident_has_the_stated_evidence(incident, judge, window, retrained):
    name = incident.name if incident else "none"
    stated = next(row for row in table("incident") if row["incident"] == name)
    span = window(incident)
    evidence = judge.evidence(span.seen, span.labels["fraud"])
    again = retrained(incident).predict_proba(span.seen[list(FEATURES)])[:, 1]
    got = {
        "numbers": evidence.numbers,
        "categories": evidence.categories,
        "km present": evidence.km_present,
        "AUC": evidence.auc,
        "precision": evidence.precision,
        "flagged": evidence.flagged,
        "DPPL": evidence.dppl,
        "retrained": roc_auc_score(span.labels["fraud"], again),
    }
    within = WITHIN | ({"precision": 0.25} if name == "velocity zero" else {})
    wrong = {
        key: (value, stated[key])
        for key, value in got.items()
        if abs(value - float(stated[key])) > within.get(key, 0.03)
    }
    assert not wrong
