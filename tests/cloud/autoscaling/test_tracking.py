"""Target tracking on simulated days: order, asymmetry and cool-downs."""

import pytest

from course.cloud.sagemaker import endpoint as endpoints

from . import simulation
from .simulation import Simulation


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    monkeypatch.setattr(endpoints, "rescale", simulation.rescale, raising=False)


def jump(at, before, after):
    return lambda minute: before if minute < at else after


def changes(capacities):
    """(minute, capacity) of each change, the first minute included."""
    return [(n, c) for n, c in enumerate(capacities) if n == 0 or c != capacities[n - 1]]


def test_out_after_three_minutes_in_after_fifteen():
    here = Simulation(instances=1)
    here.track(100.0)
    capacities = here.run(120, lambda minute: 400 if 10 <= minute < 40 else 50)
    assert changes(capacities) == [(0, 1), (12, 4), (54, 1)]


def test_the_capacity_is_proportional_and_rounded_up():
    here = Simulation(instances=2)
    here.track(100.0)
    assert here.run(5, lambda minute: 510)[-1] == 6  # 255 each: ceil(2 x 255 / 100)
    assert Simulation(instances=2).run(5, lambda minute: 510)[-1] == 2  # nobody asked for anything


def test_bounds_hold_and_the_reason_is_told():
    here = Simulation(instances=1, most=3)
    here.track(100.0)
    here.run(30, lambda minute: 1000)
    assert here.variant.desired == 3
    assert here.left() == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}]
    here.run(40, lambda minute: 0)
    assert here.variant.desired == 1
    assert here.left()[-1] == {"Code": "AlreadyAtMinCapacity", "MinCapacity": 1}


def test_between_nine_tenths_and_the_target_nothing_happens():
    here = Simulation(instances=2)
    here.track(100.0)
    here.run(60, lambda minute: 190)
    assert here.activities == []


def test_what_would_swing_back_is_not_done():
    here = Simulation(instances=2)
    here.track(100.0)
    here.run(30, lambda minute: 170)  # 85 each; one alone would have 170
    assert here.variant.desired == 2
    assert here.left() == [{"Code": "AutoScalingAnticipatedFlapping"}]


def test_a_lull_within_a_busy_quarter_of_an_hour_takes_nothing_away():
    here = Simulation(instances=4)
    here.track(100.0)
    capacities = here.run(60, lambda minute: 40 if minute % 15 else 350)
    assert set(capacities) == {4}


def test_the_scale_out_cooldown_lets_a_larger_one_through():
    here = Simulation(instances=1, most=20)
    here.track(100.0, ScaleOutCooldown=600)
    capacities = here.run(16, jump(8, 200, 1500))
    # 2 at minute 2 (1 more). 15 would be 13 more; the one more of before counts: 14.
    assert changes(capacities) == [(0, 1), (2, 2), (10, 14)]


def test_the_scale_out_cooldown_holds_back_one_that_is_no_larger():
    def capacities(cooldown):
        here = Simulation(instances=1, most=20)
        here.track(100.0, ScaleOutCooldown=cooldown)
        return changes(here.run(20, jump(8, 200, 290)))

    assert capacities(0) == [(0, 1), (2, 2), (10, 3)]
    assert capacities(900) == [(0, 1), (2, 2), (17, 3)]


def test_the_scale_in_cooldown_holds_back_the_next_scale_in():
    def capacities(cooldown):
        here = Simulation(instances=6)
        here.track(100.0, ScaleInCooldown=cooldown)
        return changes(here.run(60, jump(18, 350, 150)))

    quick, slow = capacities(0), capacities(1800)
    assert [capacity for _, capacity in quick] == [capacity for _, capacity in slow] == [6, 4, 2]
    assert quick[1] == slow[1]
    assert slow[2][0] == slow[1][0] + 30 > quick[2][0]


def test_a_scale_out_cuts_the_scale_in_cooldown_short():
    here = Simulation(instances=3)
    here.track(100.0, ScaleInCooldown=3000)
    capacities = here.run(80, lambda minute: 150 if minute < 20 else 500 if minute < 30 else 80)
    assert changes(capacities) == [(0, 3), (14, 2), (22, 5), (44, 1)]


def test_scale_in_can_be_disabled_and_there_is_no_alarm_for_it_then():
    here = Simulation(instances=1)
    policy = here.track(100.0, DisableScaleIn=True)
    assert list(policy.alarms) == ["AlarmHigh"]
    capacities = here.run(60, lambda minute: 400 if minute < 10 else 0)
    assert capacities[-1] == 4


def test_missing_data_does_nothing():
    here = Simulation(instances=4)
    here.track(100.0)
    here.run(60, lambda minute: None)
    assert here.variant.desired == 4
    assert here.activities == []


def test_tracking_leaves_zero_only_above_the_target():
    """As an asynchronous endpoint does, whose backlog is a metric without any instance too."""

    def capacity(backlog):
        here = Simulation(instances=0, least=0)
        metric = {"MetricName": "Backlog", "Namespace": "X", "Statistic": "Average"}
        here.track(100.0, metric={"CustomizedMetricSpecification": metric})
        here.run(
            10, lambda minute: here.world.metrics.put("X", {}, {"Backlog": backlog}, at=here.start + minute * 60 + 30)
        )
        return here.variant.desired

    assert [capacity(backlog) for backlog in (0.0, 1.0, 100.0)] == [0, 0, 0]
    assert capacity(500.0) > 0


def test_the_largest_of_several_policies_wins_out_and_in():
    here = Simulation(instances=2)
    here.track(100.0, name="lazy")
    here.track(50.0, name="eager")
    capacities = here.run(60, lambda minute: 260 if minute < 20 else 130)
    assert capacities[10] == 6  # 130 each: lazy wants 3, eager 6
    assert capacities[-1] == 3  # lazy wants 2, eager 3
    causes = [cause.rpartition(" ")[2] for _, _, cause in here.done()]
    assert causes == ["eager", "eager"]


def test_target_tracking_takes_away_only_what_every_tracking_policy_can_spare():
    here = Simulation(instances=4)
    here.track(100.0, name="requests")
    other = {"CustomizedMetricSpecification": {"MetricName": "Cpu", "Namespace": "X", "Statistic": "Average"}}
    here.track(60.0, name="cpu", metric=other)

    def load(minute):
        cpu = 57.0 if minute < 40 else 10.0  # within its band first
        here.world.metrics.put("X", {}, {"Cpu": cpu}, at=here.start + minute * 60 + 30)
        return 100

    capacities = here.run(80, load)
    assert changes(capacities) == [(0, 4), (54, 1)]


def test_suspended_directions_do_nothing():
    for side, load, kept in (("Out", 500, 2), ("In", 0, 2)):
        here = Simulation(instances=2)
        here.target.suspended[f"DynamicScaling{side}Suspended"] = True
        here.track(100.0)
        here.run(30, lambda minute, load=load: load)
        assert here.variant.desired == kept
        assert here.done() == []


def test_an_endpoint_that_is_updating_is_left_alone_and_tried_again():
    here = Simulation(instances=1)
    here.track(100.0)
    here.endpoint.status = "Updating"
    here.run(10, lambda minute: 400)
    assert here.variant.desired == 1
    assert here.left() == [{"Code": "TargetServicePutResourceAsUnscalable"}]
    here.endpoint.status = "InService"
    here.run(1, lambda minute: 400)
    assert here.variant.desired == 4


def day(minute):
    """Requests of a day with a spike at nine."""
    hour = minute % 1440 / 60
    return 60 + 40 * (8 <= hour < 18) + 400 * (9 <= hour < 10)


def test_the_same_days_give_the_same_capacities_and_activities_and_one_climb_each():
    runs = []
    for _ in range(2):
        here = Simulation()
        here.track(100.0)
        runs.append((here.run(2 * 1440, day), here.done()))
    assert runs[0] == runs[1]
    climbs = [minute for minute, capacity in changes(runs[0][0]) if capacity == 5]
    assert climbs == [9 * 60 + 2, 1440 + 9 * 60 + 2]
