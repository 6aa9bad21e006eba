"""Traffic that is only counted."""

from datetime import datetime, timedelta
from urllib.error import HTTPError

import pytest

from ..autoscaling.conftest import archived, lab, shop

__all__ = ["archived", "lab", "shop"]


def replay(shop, counts, limit=100.0, endpoint="shop"):
    return shop.lab.cloud.control("replay", endpoint=endpoint, variant="main", counts=counts, limit=limit)


def test_minutes_pass_and_cloudwatch_counts_what_came(shop):
    before = datetime.fromisoformat(shop.lab.cloud.control("now")["now"])
    answer = replay(shop, [120, 250, 0, 90])
    assert answer["instances"] == [2, 2, 2, 2]
    assert answer["timeouts"] == [0, 50, 0, 0]
    after = datetime.fromisoformat(shop.lab.cloud.control("now")["now"])
    assert timedelta(minutes=3) <= after - before <= timedelta(minutes=4, seconds=30)

    def sums(name):
        points = shop.cw.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": "shop"}, {"Name": "VariantName", "Value": "main"}],
            StartTime=before - timedelta(minutes=2),
            EndTime=after + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return [point["Sum"] for point in sorted(points, key=lambda point: point["Timestamp"])]

    assert sums("Invocations") == [120, 250, 90]
    assert sums("InvocationsPerInstance") == [60, 125, 45]
    assert sums("Invocation5XXErrors") == [0, 50, 0]


def test_scaling_answers_it_with_real_processes(shop):
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    shop.aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)
    shop.aas.put_scaling_policy(
        **shop.target,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 70.0, "PredefinedMetricSpecification": metric},
    )
    answer = replay(shop, [250] * 6 + [50] * 20)
    assert answer["instances"] == [2, 2, 2, *[4] * 18, *[1] * 5]
    assert answer["timeouts"] == [50, 50, 50, *[0] * 23]
    assert [len(names) for names in answer["alarms"]][:5] == [0, 0, 1, 0, 0]
    assert "AlarmHigh" in answer["alarms"][2][0]
    assert shop.counts() == (1, 1)
    shop.aas.deregister_scalable_target(**shop.target)


def test_there_must_be_such_a_variant(shop):
    with pytest.raises(HTTPError, match="400"):
        replay(shop, [1], endpoint="nowhere")
