"""Each incident does what it says, no more, and its remedy is the one that helps."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from course.data import FEATURES, INCIDENTS, SKEWS, Remedy, stream
from course.data.incidents import (
    BIGGER_TICKETS,
    CENTS,
    CLOCK_SHIFT,
    CODED_PER_BATCH,
    CONCEPT_DRIFT,
    FEED_BREAK,
    MERCHANT_MIX,
    NEW_FRAUD,
    POPULATION_SHIFT,
    VELOCITY_ZERO,
)
from course.data.transactions import TRUTH, truth

ALL = dict.fromkeys((*INCIDENTS, *SKEWS))
CHANGED = {
    MERCHANT_MIX: {"merchant"},
    BIGGER_TICKETS: {"amount", "km_from_home"},
    CONCEPT_DRIFT: set(),
    FEED_BREAK: {"km_from_home", "merchant"},
    CENTS: {"amount"},
    POPULATION_SHIFT: {"customer_age", "tenure_days", "channel"},
    CODED_PER_BATCH: {"merchant", "channel"},
    VELOCITY_ZERO: {"tx_24h"},
    CLOCK_SHIFT: {"hour"},
}


@pytest.mark.parametrize("incident", ALL, ids=lambda i: i.name)
def test_it_changes_the_columns_it_says_and_starts_when_it_says(incident):
    clean = list(stream(1, 3, 400))
    broken = list(stream(1, 3, 400, [incident.starting(1)]))
    pd.testing.assert_frame_equal(broken[0].seen, clean[0].seen)
    pd.testing.assert_frame_equal(broken[0].labels, clean[0].labels)
    changed = {name for name in FEATURES if not broken[1].seen[name].equals(clean[1].seen[name])}
    assert changed == CHANGED[incident]
    assert broken[1].seen.dtypes.equals(clean[1].seen.dtypes)


@pytest.mark.parametrize("incident", [i for i in ALL if i.feed], ids=lambda i: i.name)
def test_a_wrong_feed_changes_nothing_that_happens(incident):
    clean, broken = stream(2, 1, 2000).window(0, 1), stream(2, 1, 2000, [incident]).window(0, 1)
    pd.testing.assert_frame_equal(broken.labels, clean.labels)
    np.testing.assert_array_equal(broken.truth, clean.truth)


@pytest.mark.parametrize("incident", [i for i in ALL if i.world], ids=lambda i: i.name)
def test_another_world_keeps_the_truth(incident):
    w = stream(3, 1, 2000, [incident]).window(0, 1)
    np.testing.assert_array_equal(w.truth, truth(w.seen))


def test_concept_drift_is_another_truth_and_the_same_base_rate(window):
    w = window(CONCEPT_DRIFT)
    np.testing.assert_array_equal(w.truth, truth(w.seen, NEW_FRAUD))
    assert w.truth.mean() == pytest.approx(truth(w.seen, TRUTH).mean(), abs=0.006)


def test_a_creeping_incident_touches_more_rows_every_day():
    creeping = VELOCITY_ZERO.starting(2, ramp_days=4)
    assert [creeping.strength(day) for day in range(8)] == pytest.approx([0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1])
    zeros = [(w.seen["tx_24h"] == 0).mean() for w in stream(4, 8, 2000, [creeping])]
    assert zeros[2] < zeros[3] < zeros[4] < zeros[5] < zeros[6] == 1
    half = stream(4, 1, 2000, [CONCEPT_DRIFT.starting(0, ramp_days=1)]).window(0, 1)
    np.testing.assert_allclose(half.truth, (truth(half.seen) + truth(half.seen, NEW_FRAUD)) / 2)


def test_an_incident_that_ends_leaves_no_trace():
    repaired = stream(5, 4, 300, [CENTS.starting(1, end_day=3)])
    clean = stream(5, 4, 300)
    pd.testing.assert_frame_equal(repaired.window(3, 4).seen, clean.window(3, 4).seen)
    assert not repaired.window(2, 3).seen["amount"].equals(clean.window(2, 3).seen["amount"])


def test_incidents_combine():
    both = stream(6, 1, 1000, [FEED_BREAK, CENTS]).window(0, 1).seen
    pd.testing.assert_series_equal(both["amount"], stream(6, 1, 1000, [CENTS]).window(0, 1).seen["amount"])
    pd.testing.assert_series_equal(both["merchant"], stream(6, 1, 1000, [FEED_BREAK]).window(0, 1).seen["merchant"])
    season = stream(6, 1, 1000, [BIGGER_TICKETS, CENTS]).window(0, 1)
    np.testing.assert_allclose(
        season.seen["amount"], stream(6, 1, 1000, [BIGGER_TICKETS]).window(0, 1).seen["amount"] * 100
    )
    np.testing.assert_array_equal(season.truth, stream(6, 1, 1000, [BIGGER_TICKETS]).window(0, 1).truth)


def test_newcomers_are_new_and_keep_their_age():
    seen = stream(7, 3, 4000, [POPULATION_SHIFT]).window(0, 3).seen
    new = seen[seen["customer_id"] >= 120_000]
    assert new["customer_age"].between(18, 25).all()
    assert new["tenure_days"].between(1, 90).all()
    assert (seen.groupby("customer_id")[["customer_age", "tenure_days"]].nunique() == 1).all(axis=None)


@pytest.mark.parametrize(
    "wrong", [{"start_day": -1}, {"start_day": 3, "end_day": 3}, {"start_day": 0, "ramp_days": -1}]
)
def test_impossible_times_are_refused(wrong):
    with pytest.raises(ValueError, match="starts on day 0 or later"):
        CENTS.starting(**wrong)


def test_retraining_is_the_remedy_of_one_incident_in_six():
    assert len(INCIDENTS) == 6
    assert [i.name for i in INCIDENTS if i.remedy is Remedy.RETRAIN] == ["concept drift"]
    assert all(i.remedy is Remedy.FIX_FEED for i in SKEWS)


def test_concept_drift_lowers_auc_without_any_distance_and_retraining_restores_it(judge, window, retrained):
    clean, drifted = window(None), window(CONCEPT_DRIFT)
    evidence = judge.evidence(drifted.seen, drifted.labels["fraud"])
    assert evidence.numbers == 0
    assert evidence.categories < 0.03
    before = judge.auc(clean.seen, clean.labels["fraud"])
    assert evidence.auc < before - 0.15
    assert retrained_auc(retrained(CONCEPT_DRIFT), drifted) > before - 0.02


def test_cents_ruin_precision_a_fixed_feed_restores_it_and_a_retrained_model_breaks_then(judge, window, retrained):
    fixed, broken = window(None), window(CENTS)
    evidence = judge.evidence(broken.seen, broken.labels["fraud"])
    assert evidence.precision < 0.15
    assert evidence.flagged > 0.3
    assert judge.evidence(fixed.seen, fixed.labels["fraud"]).precision > 0.4
    on_cents = retrained(CENTS)
    assert retrained_auc(on_cents, broken) > 0.88  # looks like a cure
    assert retrained_auc(on_cents, fixed) < 0.85  # until the feed is repaired


def test_bigger_tickets_flood_the_reviewers_though_precision_does_not_fall(judge, window, retrained):
    clean, season = window(None), window(BIGGER_TICKETS)
    evidence = judge.evidence(season.seen, season.labels["fraud"])
    assert evidence.flagged > 0.12
    assert evidence.precision >= judge.evidence(clean.seen, clean.labels["fraud"]).precision
    assert retrained_auc(retrained(BIGGER_TICKETS), season) < evidence.auc + 0.025  # little to gain
    best_cut = np.quantile(judge.score(season.seen), 0.95)
    assert (judge.score(season.seen) >= best_cut).mean() == pytest.approx(0.05, abs=0.002)


def test_harmless_drift_moves_a_distance_and_nothing_that_matters(judge, window):
    clean, mixed = window(None), window(MERCHANT_MIX)
    before, after = (judge.evidence(w.seen, w.labels["fraud"]) for w in (clean, mixed))
    assert after.categories > 0.15
    assert after.auc == pytest.approx(before.auc, abs=0.01)
    assert after.precision == pytest.approx(before.precision, abs=0.04)
    pd.testing.assert_frame_equal(mixed.labels, clean.labels)


def test_a_broken_feed_shows_in_completeness_and_in_an_unknown_name(judge, window):
    broken = window(FEED_BREAK)
    evidence = judge.evidence(broken.seen, broken.labels["fraud"])
    assert evidence.km_present < 0.7
    assert set(broken.seen["merchant"]) - set(judge.reference["merchant"]) == {"delivery"}
    assert evidence.auc > 0.88


def test_a_population_shift_moves_the_bias_metrics_and_not_auc(judge, window):
    clean, young = window(None), window(POPULATION_SHIFT)
    before, after = (judge.evidence(w.seen, w.labels["fraud"]) for w in (clean, young))
    assert after.auc == pytest.approx(before.auc, abs=0.02)
    assert (before.ci, after.ci) == (pytest.approx(0.64, abs=0.04), pytest.approx(0.1, abs=0.05))
    assert after.dpl > before.dpl + 0.03
    assert after.dppl > before.dppl + 0.03
    assert after.di < before.di - 0.03


@pytest.mark.parametrize("skew", SKEWS, ids=lambda i: i.name)
def test_every_skew_costs_more_auc_than_its_exercise_allows(judge, window, skew):
    clean, live = window(None), window(skew)
    assert judge.auc(live.seen, live.labels["fraud"]) < judge.auc(clean.seen, clean.labels["fraud"]) - 0.02


def test_clipping_amounts_does_not_cure_cents(judge, window):
    live = window(CENTS)
    clipped = live.seen.assign(amount=live.seen["amount"].clip(upper=judge.reference["amount"].max()))
    assert judge.auc(clipped, live.labels["fraud"]) < judge.auc(window(None).seen, window(None).labels["fraud"]) - 0.04


def retrained_auc(model, window) -> float:
    return roc_auc_score(window.labels["fraud"], model.predict_proba(window.seen[list(FEATURES)])[:, 1])
