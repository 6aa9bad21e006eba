"""An asynchronous endpoint with Application Auto Scaling: to zero when idle, and back for a single request."""

from datetime import timedelta

import pytest

from .async_lab import AsyncLab

INSTANCES = "sagemaker:variant:DesiredInstanceCount"


@pytest.fixture(scope="module")
def queued(lab):
    made = AsyncLab(lab)
    made.scaling = lab.cloud.client("application-autoscaling")
    made.alarms = lab.cloud.client("cloudwatch")
    return made


def register(queued, name, least=0, most=4):
    target = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{name}/variant/AllTraffic"}
    target["ScalableDimension"] = INSTANCES
    queued.scaling.register_scalable_target(**target, MinCapacity=least, MaxCapacity=most)
    queued.scaling.put_scaling_policy(
        **target,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0,
            "CustomizedMetricSpecification": {
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Namespace": "AWS/SageMaker",
                "Dimensions": [{"Name": "EndpointName", "Value": name}],
                "Statistic": "Average",
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        },
    )
    return target


def wake(queued, name, target):
    """A step of one instance as soon as there is a backlog and nobody to work on it."""
    policy = queued.scaling.put_scaling_policy(
        **target,
        PolicyName="wake",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )["PolicyARN"]
    queued.alarms.put_metric_alarm(
        AlarmName=f"{name}-waits",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=[{"Name": "EndpointName", "Value": name}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[policy],
    )


def instances(queued, name):
    return queued.sm.describe_endpoint(EndpointName=name)["ProductionVariants"][0]["CurrentInstanceCount"]


def trace(queued, name, minutes):
    """The number of instances at the end of each of the next minutes."""
    found = []
    for _ in range(minutes):
        queued.advance(minutes=1)
        found.append(instances(queued, name))
    return found


def test_from_zero_to_many_and_back_to_zero(queued, lab):
    queued.deploy("tide", client={"MaxConcurrentInvocationsPerInstance": 2})
    wake(queued, "tide", register(queued, "tide"))
    assert trace(queued, "tide", 30)[-1] == 0  # idle from the first minute
    queued.cloud.control("work", seconds=60)
    asked = [queued.ask("tide", f"file {i}") for i in range(60)]
    capacities = trace(queued, "tide", 45)
    queued.cloud.control("work", seconds=0)
    assert 1 in capacities[:4]
    assert max(capacities) == 4
    assert capacities[-1] == 0
    assert all(queued.read(answer.OutputLocation) for answer in asked)
    lab.gone("tide")


def test_a_single_request_wakes_the_endpoint_within_three_minutes_with_the_step_policy_only(queued, lab):
    for name in ("never", "woken"):
        queued.deploy(name)
        target = register(queued, name)
        if name == "woken":
            wake(queued, name, target)
    queued.advance(minutes=30)
    assert [instances(queued, name) for name in ("never", "woken")] == [0, 0]
    asked = {name: queued.ask(name) for name in ("never", "woken")}
    queued.advance(minutes=3)
    assert [instances(queued, name) for name in ("never", "woken")] == [0, 1]
    queued.advance(minutes=1)
    assert queued.read(asked["woken"].OutputLocation) == "answer to hello"
    queued.advance(hours=2)
    assert [instances(queued, name) for name in ("never", "woken")] == [0, 0]
    assert queued.read(asked["never"].OutputLocation) is None
    queued.advance(hours=4)
    assert "RequestTTLSeconds" in queued.read(asked["never"].FailureLocation)
    for name in asked:
        lab.gone(name)


def test_target_tracking_alone_wakes_it_once_the_backlog_exceeds_the_target(queued, lab):
    queued.deploy("crowd")
    register(queued, "crowd")
    queued.advance(minutes=30)
    asked = [queued.ask("crowd", f"{i}") for i in range(6)]
    capacities = trace(queued, "crowd", 6)
    assert capacities[1] == 0
    assert capacities[-1] > 0
    assert all(queued.read(answer.OutputLocation) for answer in asked)
    lab.gone("crowd")


def test_a_minute_costs_little(queued, lab):
    """A simulated day of one idle asynchronous endpoint has its 1,440 points of each metric."""
    queued.deploy("idle")
    start = queued.now()
    queued.advance(hours=24)
    found = queued.alarms.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ApproximateBacklogSize",
        Dimensions=[{"Name": "EndpointName", "Value": "idle"}],
        StartTime=start,
        EndTime=start + timedelta(hours=24),
        Period=3600,
        Statistics=["SampleCount", "Maximum"],
    )["Datapoints"]
    assert sum(point["SampleCount"] for point in found) == pytest.approx(1440, abs=1)
    assert {point["Maximum"] for point in found} == {0}
    lab.gone("idle")
