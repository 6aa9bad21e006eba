"""Step policies, schedules and bounds on simulated days."""

from datetime import UTC, datetime

import pytest

from course.cloud.sagemaker import endpoint as endpoints

from . import simulation
from .simulation import Simulation
from .test_step import policy
from .test_tracking import changes


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    monkeypatch.setattr(endpoints, "rescale", simulation.rescale, raising=False)


UP = policy((0, 50, 1), (50, None, 3), Cooldown=300)


def test_a_step_policy_acts_at_once_and_again_after_its_cooldown():
    here = Simulation(instances=1, most=20)
    here.step(UP)
    capacities = here.run(20, lambda minute: 120 * here.variant.desired)  # 120 each, whatever is added
    assert changes(capacities) == [(0, 2), (5, 3), (10, 4), (15, 5)]


def test_what_was_added_counts_when_a_higher_step_comes_during_the_cooldown():
    here = Simulation(instances=2, most=20)
    here.step(UP)
    capacities = here.run(4, lambda minute: (120 if minute < 2 else 160) * here.variant.desired)
    assert changes(capacities) == [(0, 3), (2, 5)]  # 2 + 1, then 2 + 3


def test_a_step_down_is_counted_from_what_there_is_and_waits_for_its_own_cooldown():
    here = Simulation(instances=2, most=20)
    here.step(UP, name="up")
    here.step(policy((None, 0, -1), Cooldown=600), name="down", threshold=50.0, comparison="LessThanThreshold")
    capacities = here.run(20, lambda minute: (160 if minute < 1 else 10) * here.variant.desired)
    assert changes(capacities) == [(0, 5), (1, 4), (11, 3)]


def test_a_breach_that_no_step_is_for_does_nothing():
    here = Simulation(instances=2)
    here.step(policy((None, 0, -1)), threshold=100.0)
    here.run(5, lambda minute: 500)
    assert here.activities == []


def test_a_step_wakes_what_sleeps_at_zero():
    here = Simulation(instances=0, least=0)
    here.step(policy((0, None, 1)))
    here.world.alarms.put(
        {
            "AlarmName": "backlog",
            "Namespace": "X",
            "MetricName": "HasBacklogWithoutCapacity",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 2,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [next(iter(here.target.policies.values())).arn],
        }
    )

    def backlog(minute):
        here.world.metrics.put("X", {}, {"HasBacklogWithoutCapacity": 1.0}, at=here.start + minute * 60 + 30)

    assert changes(here.run(3, backlog)) == [(0, 0), (1, 1)]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def plan(here, name, schedule, timezone=None, start=None, end=None, **bounds):
    here.world.scaling.put_action(here.target, name, None, schedule, bounds, timezone, start, end)


def test_a_schedule_moves_the_bounds_and_the_capacity_follows():
    here = Simulation(instances=1, most=4)
    plan(here, "up", "cron(45 8 ? * MON-FRI *)", MinCapacity=3, MaxCapacity=6)
    plan(here, "down", "cron(0 10 ? * MON-FRI *)", MinCapacity=1, MaxCapacity=2)
    capacities = here.run(6 * 1440, lambda minute: None)
    expected = [(0, 1)]
    for weekday in range(5):
        expected += [(weekday * 1440 + 8 * 60 + 44, 3), (weekday * 1440 + 10 * 60 - 1, 2)]
    # At ten the maximum is 2; the minimum alone takes nothing away.
    assert changes(capacities) == expected
    first = here.done()[:4]
    assert [(description, cause) for _, description, cause in first] == [
        ("Setting min capacity to 3 and max capacity to 6", "scheduled action name up was triggered"),
        ("Setting desired instance count to 3.", "minimum capacity was set to 3"),
        ("Setting min capacity to 1 and max capacity to 2", "scheduled action name down was triggered"),
        ("Setting desired instance count to 2.", "maximum capacity was set to 2"),
    ]


def test_without_a_second_action_the_minimum_stays_up():
    here = Simulation(instances=1)
    here.track(100.0)
    plan(here, "up", "cron(45 8 ? * MON-FRI *)", MinCapacity=4)
    assert here.run(1440, lambda minute: 10)[-1] == 4


def test_target_tracking_goes_on_between_the_bounds():
    here = Simulation(instances=1)
    here.track(100.0)
    plan(here, "up", "at(2027-03-22T01:00:00)", MinCapacity=3)
    capacities = here.run(120, lambda minute: 500 if 70 <= minute < 80 else 10)
    assert changes(capacities) == [(0, 1), (59, 3), (72, 5), (94, 3)]


def test_a_time_zone_is_kept_through_the_change_of_clocks():
    here = Simulation(instances=1, start="2027-03-27T00:00:00+00:00")  # clocks in Paris go forward on the 28th
    plan(here, "up", "cron(0 9 * * ? *)", "Europe/Paris", MinCapacity=2)
    plan(here, "down", "cron(0 10 * * ? *)", "Europe/Paris", MinCapacity=1, MaxCapacity=1)
    plan(here, "room", "cron(30 8 * * ? *)", "Europe/Paris", MaxCapacity=4)
    ups = [minute for minute, capacity in changes(here.run(3 * 1440, lambda minute: None)) if capacity == 2]
    assert ups == [8 * 60 - 1, 1440 + 7 * 60 - 1, 2 * 1440 + 7 * 60 - 1]


def test_a_recurring_action_begins_at_its_start_and_ends_with_its_end():
    here = Simulation(instances=1)
    start, end = at("2027-03-22T00:30:00"), at("2027-03-22T02:15:00")
    plan(here, "often", "rate(30 minutes)", start=start, end=end, MinCapacity=2)
    here.run(240, lambda minute: None)
    assert [minute for minute, description, _ in here.done() if "min capacity" in description] == [30, 60, 90, 120]


def test_an_action_that_was_replaced_or_deleted_does_not_fire():
    here = Simulation(instances=1)
    plan(here, "up", "at(2027-03-22T00:30:00)", MinCapacity=2)
    plan(here, "up", "at(2027-03-22T00:40:00)", MinCapacity=3)
    assert changes(here.run(60, lambda minute: None)) == [(0, 1), (39, 3)]
    plan(here, "later", "at(2027-03-22T01:30:00)", MinCapacity=5)
    del here.target.schedules["later"]
    assert set(here.run(60, lambda minute: None)) == {3}


def test_suspended_schedules_do_not_fire():
    here = Simulation(instances=1)
    plan(here, "up", "rate(10 minutes)", MinCapacity=2)
    here.target.suspended["ScheduledScalingSuspended"] = True
    here.run(30, lambda minute: None)
    assert here.activities == []


def test_bounds_that_would_cross_fail_and_change_nothing():
    here = Simulation(instances=1, most=4)
    plan(here, "up", "at(2027-03-22T00:30:00)", MinCapacity=5)
    here.run(40, lambda minute: None)
    (failed,) = here.activities
    assert failed.status == "Failed"
    assert "Minimum capacity cannot be greater" in failed.message
    assert (here.target.least, here.target.most, here.variant.desired) == (1, 4, 1)


def test_bounds_set_while_the_endpoint_updates_are_enforced_when_it_is_back():
    here = Simulation(instances=1)
    here.endpoint.status = "Updating"
    here.target.least = 3
    here.world.scaling.settle(here.target)
    here.run(2, lambda minute: None)
    assert here.variant.desired == 1
    here.endpoint.status = "InService"
    here.world.store.note(here.endpoint, "InService")
    here.run(1, lambda minute: None)
    assert here.variant.desired == 3


def test_an_endpoint_that_goes_takes_its_target_and_alarms_with_it():
    here = Simulation(instances=1)
    here.track(100.0)
    assert len(here.world.alarms.all()) == 2
    here.world.store.remove(here.endpoint)
    assert here.world.scaling.targets == {}
    assert here.world.alarms.all() == []


def test_a_change_that_fails_is_told_and_starts_no_cooldown(monkeypatch):
    from course.cloud.errors import ValidationFailed

    tries = []

    async def refuse(world, endpoint, counts):
        tries.append(counts)
        raise ValidationFailed("The account-level service limit is exceeded.")

    monkeypatch.setattr(endpoints, "rescale", refuse)
    here = Simulation(instances=1)
    here.track(100.0)
    here.run(5, lambda minute: 400)
    assert len(tries) == 3
    assert here.activities[0].status == "Failed"
    assert "service limit" in here.activities[0].message
