import numpy as np
import pytest

from course.data import transactions, truth
from course.exercises import measures, o_2
from course.learn.probe import NOT_YET, PASSED


class Given:
    """A world with only what a learner handed over, and rows whose score is the truth itself."""

    seed, name = 5, None

    def __init__(self, **given):
        self.given = type("Handed", (), given)()
        self.memory = {"costs": (o_2.MISSED, o_2.REVIEW)}


@pytest.fixture
def rows(monkeypatch):
    month, week = transactions(5, o_2.MONTH, start_day=30), transactions(5, o_2.WEEK, start_day=60, days=7)
    tables = {"month": month.assign(score=truth(month)), "week": week.assign(score=truth(week))}
    monkeypatch.setattr(o_2, "scored", lambda world, seed: tables)
    return tables


def test_the_showcase_is_half_fraud():
    table = o_2.showcase(5)
    assert len(table) == o_2.SHOWCASE and table["fraud"].mean() == 0.5


def test_the_cut_that_follows_from_the_costs_passes_when_scores_are_chances(rows):
    finding = o_2.cheap_cut.run(Given(cut=o_2.REVIEW / o_2.MISSED))
    assert finding.status == PASSED and finding.points == 2


@pytest.mark.parametrize(
    ("cut", "hint"),
    [(1.0, "o-2-accuracy"), (0.5, "o-2-accuracy"), (0.001, "o-2-showcase"), (0.1, "o-2-dear"), (None, "o-2-no-cut"),
     ("high", "o-2-no-cut"), (float("nan"), "o-2-no-cut")],
)  # fmt: skip
def test_a_dear_cut_is_told_why(rows, cut, hint):
    finding = o_2.cheap_cut.run(Given(cut=cut))
    assert (finding.status, finding.hint) == (NOT_YET, hint)


def test_intervals_are_compared_end_by_end(rows):
    week = rows["week"]
    right = {"auc": measures.auc_interval(week["fraud"], week["score"], seed=1)}
    right |= measures.rate_intervals(week["fraud"], week["score"], o_2.CUT, seed=1)
    assert o_2.auc_interval.run(Given(intervals=right)).status == PASSED
    assert o_2.rate_intervals.run(Given(intervals={**right, "recall": right["recall"][::-1]})).status == PASSED
    middle = {name: (sum(ends) / 2,) * 2 for name, ends in right.items()}
    assert o_2.rate_intervals.run(Given(intervals=middle)).hint == "o-2-no-width"
    moved = {name: (low + 0.05, high + 0.05) for name, (low, high) in right.items()}
    assert o_2.auc_interval.run(Given(intervals=moved)).hint == "o-2-place"
    wide = {name: (low - 0.03, high + 0.03) for name, (low, high) in right.items()}
    assert o_2.rate_intervals.run(Given(intervals=wide)).hint == "o-2-width"


@pytest.mark.parametrize("given", [
    None, 3, "x", {}, {"auc": 0.9}, {"auc": (1, 2, 3)}, {"auc": ("a", "b")}, {"auc": (np.nan, np.nan)},
    {"auc": (0.9, np.inf)},
])  # fmt: skip
def test_what_is_no_interval_is_told_so(rows, given):
    assert o_2.auc_interval.run(Given(intervals=given)).hint == "o-2-no-intervals"


def test_costs_of_all_cuts_agree_with_the_cost_of_each():
    rng = np.random.default_rng(0)
    score, fraud = rng.random(200).round(2), rng.integers(0, 2, 200)
    cuts, costs = measures.costs(fraud, score, 120, 4)
    best = cuts[costs.argmin()]
    assert costs[0] == 120 * fraud.sum() and costs[-1] == 4 * 200
    assert measures.cost(fraud, score, best, 120, 4) <= costs[0]
