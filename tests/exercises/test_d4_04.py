"""D4-04's traffic and what its check expects, without a world."""

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from course.cloud.monitoring import model_quality
from course.cloud.monitoring.outcomes import Outcomes
from course.exercises import d4_04, frozen
from course.exercises import d4_04_traffic as traffic
from course.exercises.d4_04_traffic import DAY, DAYS, ENOUGH, ROWS, Plan

FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_served_formula_answers_what_was_captured():
    spec = importlib.util.spec_from_file_location("serve_formula", frozen.SCRIPTS / d4_04.PROGRAM)
    served = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(served)
    payments, formula = traffic.traffic(Plan.of(3)), json.loads(json.dumps(traffic.formula()))
    answered = served.predict_fn(served.input_fn("\n".join(payments.lines), "text/csv"), formula)
    assert np.abs(np.round(answered, 4) - payments.score).max() < 2e-4


@pytest.mark.parametrize("later", [0, 2])
def test_the_wait_is_the_first_at_which_enough_labels_are_there(later):
    plan = Plan.of(11, later)
    for payments in (traffic.traffic(plan), traffic.past(plan)):
        days = payments.listed - payments.day
        assert (days <= plan.wait).mean() >= ENOUGH > (days <= plan.wait - 1).mean()


def test_every_label_is_on_one_list_and_on_none_before_it_was_known():
    plan = Plan.of(4)
    lists = traffic.lists(plan, FIRST)
    named = [id for one in lists for id, _, _ in one["labels"]]
    assert len(named) == len(set(named)) > 0.98 * DAYS * ROWS
    assert all(one["collected"] >= FIRST + (day + 7) * DAY for one in lists for _, day, _ in one["labels"])


def test_capture_holds_each_payment_in_the_folder_of_its_hour():
    plan = Plan.of(4)
    records = {hour: body.decode().splitlines() for hour, body in traffic.captures(plan, FIRST).items()}
    assert sum(map(len, records.values())) == DAYS * ROWS and len(records) == DAYS * len(traffic.HOURS)
    for hour, lines in records.items():
        times = [json.loads(line)["eventMetadata"]["inferenceTime"] for line in lines]
        assert {time[:13].replace("-", "/").replace("T", "/") for time in times} == {hour}
        assert times == sorted(times)
    assert traffic.within(FIRST, FIRST + DAY, FIRST + 2 * DAY) == range(ROWS, 2 * ROWS)
    assert traffic.within(FIRST, FIRST, FIRST + timedelta(hours=9)) == range(0)


def test_what_the_check_expects_is_what_the_analyser_says_of_the_same_rows(monkeypatch):
    plan = Plan.of(6)
    payments, cut = traffic.traffic(plan), traffic.cut(traffic.past(plan))
    monkeypatch.setattr(d4_04, "plan_of", lambda world: (plan, FIRST))
    due = FIRST + (3 + 1 + plan.wait) * DAY
    one = d4_04.Judged(due, FIRST + 4 * DAY, False, range(3 * ROWS, 4 * ROWS), 0, {})
    seen = d4_04.expected(SimpleNamespace(), one)
    rows = [n for n in one.payments if payments.listed[n] - payments.day[n] <= plan.wait]
    outcomes = Outcomes([str(payments.fraud[n]) for n in rows], [], [float(payments.score[n]) for n in rows])
    said = model_quality.metrics(outcomes, "BinaryClassification", cut)
    for name, (value, spread) in seen.items():
        assert (value, spread) == pytest.approx((said[name]["value"], said[name]["standard_deviation"]), abs=1e-12)
