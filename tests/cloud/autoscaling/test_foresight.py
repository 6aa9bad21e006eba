"""course/cloud/autoscaling/foresight.py: what is foreseen is what comes, and nothing happens meanwhile."""

import asyncio
import itertools

import pytest

from course.cloud.autoscaling import foresight
from course.cloud.sagemaker.replay import Plan

from .simulation import Simulation

LIMIT = 60.0
RUSH = [20] * 20 + [150] * 30 + [20] * 60  # requests a minute: a rush of half an hour
STEPS = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 300}
MORE = {**STEPS, "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]}
LESS = {**STEPS, "StepAdjustments": [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}]}


def foreseen(here, counts, cooldowns=None, **more):
    here.world.seed = 7
    plan = Plan(endpoint="shop", variant="main", limit=LIMIT, counts=counts, **more)
    return asyncio.run(foresight.foresee(here.world, plan, cooldowns or {}))


def stepped(here):
    here.step(MORE, "more", threshold=48.0)
    here.step(LESS, "less", threshold=30.0, comparison="LessThanThreshold")
    return here


def changes(instances):
    return [
        (minute, after) for minute, (before, after) in enumerate(itertools.pairwise(instances), 1) if before != after
    ]


def test_what_is_foreseen_is_what_a_replay_with_real_processes_then_sees(registered):
    """A target, a step with an alarm of one's own and a schedule, each of which does something."""
    shop, control = registered, registered.lab.cloud.control
    kind = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    tracking = {"TargetValue": 40.0, "PredefinedMetricSpecification": kind, "ScaleInCooldown": 60}
    shop.aas.put_scaling_policy(
        **shop.target,
        PolicyName="keep",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    made = shop.aas.put_scaling_policy(
        **shop.target, PolicyName="more", PolicyType="StepScaling", StepScalingPolicyConfiguration=MORE
    )
    shop.cw.put_metric_alarm(
        AlarmName="rush",
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": "EndpointName", "Value": "shop"}, {"Name": "VariantName", "Value": "main"}],
        **{"Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 140.0},
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[made["PolicyARN"]],
    )
    shop.aas.put_scheduled_action(
        **shop.target,
        ScheduledActionName="late",
        Schedule="rate(80 minutes)",
        ScalableTargetAction={"MinCapacity": 3},
    )
    asked = {"endpoint": "shop", "variant": "main", "counts": RUSH, "limit": LIMIT}
    before, counts = control("now")["now"], shop.counts()
    first = control("foresee", **asked)
    assert shop.counts() == counts
    assert control("now")["now"][:16] <= before[:14] + "59"  # of the same hour: no time passed but the real one
    then = control("replay", **asked)
    for what in ("instances", "timeouts", "alarms", "minutes", "status"):
        assert first[what] == then[what], what
    assert (
        {3, 4} <= set(first["instances"])
        and sum(first["timeouts"])
        and any("rush" in names for names in first["alarms"])
    )
    shop.cw.delete_alarms(AlarmNames=["rush"])


def test_other_cooldowns_than_those_that_stand_there():
    here = stepped(Simulation())
    slow, quick = (foreseen(here, RUSH, {"more": {"Cooldown": wait}}) for wait in (600, 0))
    as_it_stands = foreseen(here, RUSH)
    # An alarm every minute from the end of minute 20 on; a further instance each 10, 1 and 5 minutes.
    assert changes(slow["instances"])[:3] == [(21, 2), (31, 3), (41, 4)]
    assert changes(quick["instances"])[:3] == [(21, 2), (22, 3), (23, 4)]
    assert changes(as_it_stands["instances"])[:3] == [(21, 2), (26, 3), (31, 4)]
    assert sum(slow["timeouts"]) > sum(as_it_stands["timeouts"]) > sum(quick["timeouts"])
    assert here.variant.desired == 1 and not here.activities
    assert here.target.policies["more"].configuration["Cooldown"] == 300


def test_it_begins_when_it_is_told_to():
    here = Simulation(start="2027-03-22T00:00:00+00:00")
    here.world.scaling.put_action(here.target, "up", None, "cron(30 9 ? * THU *)", {"MinCapacity": 3}, None, None, None)
    seen = foreseen(here, [1] * 60, start="2027-03-25T09:00:00+00:00")
    assert seen["start"] == "2027-03-25T09:00:00+00:00"
    assert changes(seen["instances"]) == [(30, 3)]


def test_only_what_leads_to_a_policy_is_taken_along():
    here = stepped(Simulation())
    [alarm] = [alarm for alarm in here.world.alarms.all() if alarm.name == "for more"]
    told = {**alarm.parameters, "AlarmActions": [*alarm.actions("ALARM"), "arn:aws:sns:us-east-1:000000000000:nobody"]}
    here.world.alarms.put(told)
    here.world.alarms.put({**told, "AlarmName": "mail", "AlarmActions": told["AlarmActions"][1:]})
    seen = foreseen(here, RUSH)
    assert {name for names in seen["alarms"] for name in names} == {"for more", "for less"}


def test_what_cannot_be_foreseen_is_refused():
    here = stepped(Simulation())
    with pytest.raises(ValueError, match="no policy keep"):
        foreseen(here, RUSH, {"keep": {"ScaleInCooldown": 0}})
    here.world.scaling.deregister(here.target)
    with pytest.raises(ValueError, match="no scalable target"):
        foreseen(here, RUSH)
