"""D4-06's months: who has which incident, what a told owner changes, what a month costs."""

import numpy as np
import pytest

from course.data import LABEL
from course.exercises import d4_06_months as months
from course.exercises.d4_06_monitors import BATCH, lines
from course.exercises.d4_06_months import Country
from course.learn.seeds import own_seed


def country_of(seed, cause):
    return next(country for country in Country.all(seed) if country.cause == cause)


def test_each_country_has_one_cause_and_each_cause_one_country():
    assert sorted(months.causes(7).values()) == sorted(months.CAUSES)
    orders = {tuple(months.causes(own_seed("self-study", "D4-06", attempt)).values()) for attempt in range(1, 7)}
    assert len(orders) == 6


def test_no_two_countries_share_payments():
    amounts = [country.coming(True, part)[0]["amount"].tolist()[:50] for country in Country.all(3) for part in (0, 1)]
    assert len({tuple(some) for some in amounts}) == len(amounts)


@pytest.mark.parametrize("cause", ["broken feed", "unit bug"])
def test_a_feed_is_repaired_when_its_owner_hears_of_it_and_half_a_month_later_by_itself(cause):
    country = country_of(5, cause)
    (told, fraud), (untold, same) = country.coming(True), country.coming(False)
    half = len(told) // 2
    assert fraud.tolist() == same.tolist()
    column = "amount" if cause == "unit bug" else "km_from_home"
    assert told[column][half:].equals(untold[column][half:])
    if cause == "unit bug":
        assert (untold["amount"][:half] > 50 * told["amount"][:half]).all()
    else:
        assert untold[column][:half].isna().mean() > 0.25 > told[column].isna().mean()


def test_whom_one_tells_changes_nothing_that_happens_in_the_world():
    for cause in ("shifted cut", "concept drift", "population shift", "harmless drift"):
        country = country_of(5, cause)
        assert country.coming(True)[0].equals(country.coming(False)[0])


def test_nearly_all_labels_of_the_judged_day_are_there_when_it_is_judged():
    window = Country.all(2)[0].captured()
    assert (window.labels["label_day"] > months.NOW - 1).mean() < 0.005
    assert len(window.seen) % BATCH == 0


def test_what_the_pipeline_learns_from_has_its_labels():
    table = Country.all(2)[0].labelled()
    assert len(table) > 0.98 * months.LABELLED * months.LABELLED_DAYS
    assert set(table[LABEL].unique()) == {0, 1}


def test_a_month_costs_what_was_missed_looked_at_and_late():
    fraud, flagged = np.zeros(100, int), np.zeros(100, bool)
    fraud[:4] = 1
    assert months.cost(flagged, fraud) == 400
    flagged[:10] = True
    assert months.cost(flagged, fraud) == 50
    flagged[:20] = True
    assert months.cost(flagged, fraud) == pytest.approx(100 + months.LATE * (20 - 100 * months.CAPACITY))


def test_the_cut_at_the_plan_flags_the_plan():
    scores = np.linspace(0, 1, 1001)
    assert (scores >= months.cut_at(scores)).mean() == pytest.approx(months.PLAN, abs=0.002)


def test_a_line_is_what_was_said_and_what_was_asked():
    seen = Country.all(2)[0].captured().seen[:2]
    said, asked = lines(np.array([0.1, 0.2]), seen)[1]
    assert said == "0.200000,1"
    assert len(asked.split(",")) == 8
