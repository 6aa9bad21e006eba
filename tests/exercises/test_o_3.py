import json

import pytest

from course.exercises import o_3
from course.learn import answers
from course.learn.probe import PASSED

NOW = "2026-12-01T00:00:00+00:00"


class Metrics:
    """CloudWatch with one series per entry: (dimensions, [(average, count) by day])."""

    def __init__(self, *series):
        self.series = series

    def get_metric_statistics(self, *, Dimensions, **_):
        values = next(values for dimensions, values in self.series if dimensions == Dimensions)
        points = [{"Timestamp": n, "Average": a, "SampleCount": c} for n, (a, c) in enumerate(values)]
        return {"Datapoints": points[::-1]}


class Given:
    seed, name = 5, None

    def __init__(self, *series, first=None):
        self.metrics, self.given = Metrics(*series), type("Handed", (), {"first": first})()
        self.memory = {"measured": [0.9, 0.89, 0.9, 0.87, 0.8, 0.7]}

    def client(self, service):
        return self.metrics

    def control(self, verb, namespace=None):
        if verb == "metrics" and namespace == "TxGuard":
            return [{"name": name, "dimensions": d} for d, _ in self.metrics.series for name in ("Count", "AUC")]
        return {"now": NOW}


def once(*values, dimensions=()):
    return [*dimensions], [(value, 1) for value in values]


def test_each_month_has_its_own_point_under_any_dimensions():
    right = once(0.9, 0.89, 0.9, 0.87, 0.8, 0.7, dimensions=[{"Name": "EndpointName", "Value": "x"}])
    world = Given(once(0.5), right)
    assert o_3.six_points.run(world).points == 1 and o_3.each_its_own.run(world).points == 2


@pytest.mark.parametrize(("series", "six", "own"), [
    ([], "o-3-no-metric", "o-3-too-few"),
    ([once(0.9)], "o-3-too-few", "o-3-too-few"),
    ([([], [(0.85, 6)])], "o-3-one-moment", "o-3-too-few"),
    ([once(*[0.84] * 6)], None, "o-3-flat"),
    ([once(0.7, 0.8, 0.87, 0.9, 0.89, 0.9)], None, "o-3-not-auc"),
    ([once(0.9, 0.89, 0.9, 0.87, 0.8, 0.7, 0.7)], None, "o-3-not-auc"),
])  # fmt: skip
def test_a_wrong_series_is_told_why(series, six, own):
    world = Given(*series)
    assert o_3.six_points.run(world).hint == six and o_3.each_its_own.run(world).hint == own


@pytest.mark.parametrize(("handed_in", "seen"), [
    (None, "not handed in"),
    ({}, "nothing committed"),
    ({"o-3-curve": {"choice": 0.9}}, "nothing committed"),
    ({"o-3-curve": {"choice": [0.9] * 5}}, "nothing committed"),
    ({"o-3-curve": {"choice": [0.9] * 6, "attempt": 2}}, "nothing committed"),  # this is the first attempt
])  # fmt: skip
def test_a_curve_that_is_not_committed_costs_its_point(tmp_path, monkeypatch, handed_in, seen):
    monkeypatch.chdir(tmp_path)
    if handed_in is not None:
        (tmp_path / "answers.json").write_text(json.dumps({"answers": handed_in}))
    finding = o_3.curve_committed.run(Given())
    assert finding.points == 0 and finding.hint == "o-3-no-curve" and seen in finding.seen


@pytest.mark.parametrize("curve", [[0.9] * 6, [0.5, 0.6, 0.7, 0.8, 0.9, 1]])
def test_any_committed_curve_counts_true_or_not(tmp_path, monkeypatch, curve):
    monkeypatch.chdir(tmp_path)
    answers.give(o_3.CURVE, answers.Answer(curve))
    finding = o_3.curve_committed.run(Given())
    assert finding.status == PASSED and finding.points == 1 and finding.seen.startswith(f"{curve[0]:.2f} ")


@pytest.mark.parametrize(
    ("first", "hint"),
    [(None, "o-3-no-first"), ("restaurants", None), ("Latency", "o-3-never-moved"), ("unit tests", "o-3-never-moved"),
     ("AUC", "o-3-labels-come-later"), ("rain", "o-3-no-first")],
)  # fmt: skip
def test_what_moved_first(first, hint):
    finding = o_3.moved_first.run(Given(first=first))
    assert finding.hint == hint and (finding.status == PASSED) == (hint is None)


@pytest.mark.parametrize("ramp", [o_3.RAMP_DAYS, o_3.RAMP_DAYS // 2])
def test_the_input_moves_in_the_third_month_and_fraud_after_it(ramp):
    from course.data import truth
    from course.exercises import measures

    tables = o_3.months(8, ramp)
    assert [len(table) for table in tables] == [o_3.DAYS * o_3.ROWS_PER_DAY] * o_3.MONTHS
    restaurants = [(table["merchant"] == "restaurant").mean() for table in tables]
    assert max(restaurants[:2]) < 0.27 and min(restaurants[2:]) > 0.35
    known = [measures.auc(table["fraud"], truth(table)) for table in tables]
    assert min(known[:3]) > 0.88 and known[5] < 0.8 and known[4] < known[2]
