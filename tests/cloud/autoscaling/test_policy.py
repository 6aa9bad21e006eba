"""Scaling policies through the API: alarms that target tracking makes, what is refused, real processes that follow."""

import pytest

from .test_step import steps
from .test_target import refused

PER_INSTANCE = {"PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}
OWN = {"CustomizedMetricSpecification": {"MetricName": "Load", "Namespace": "Shop", "Statistic": "Average"}}
SERVERLESS = "SageMakerVariantProvisionedConcurrencyUtilization"
CURRENT = "SageMakerVariantConcurrentRequestsPerModelHighResolution"


def track(shop, name="track", **configuration):
    configuration = {"TargetValue": 100.0, **configuration}
    return shop.aas.put_scaling_policy(
        **shop.target,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )


def step(shop, name="step", **configuration):
    configuration = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps((0, None, 1)), **configuration}
    return shop.aas.put_scaling_policy(
        **shop.target, PolicyName=name, PolicyType="StepScaling", StepScalingPolicyConfiguration=configuration
    )


def test_target_tracking_makes_two_alarms(registered):
    answer = track(registered, **PER_INSTANCE)
    arn = answer["PolicyARN"]
    assert arn.endswith(":resource/sagemaker/endpoint/shop/variant/main:policyName/track")
    high, low = registered.cw.describe_alarms()["MetricAlarms"]
    assert [high["AlarmName"], low["AlarmName"]] == [alarm["AlarmName"] for alarm in answer["Alarms"]]
    assert high["AlarmName"].startswith("TargetTracking-endpoint/shop/variant/main-AlarmHigh-")
    assert low["AlarmName"].startswith("TargetTracking-endpoint/shop/variant/main-AlarmLow-")
    said = ("ComparisonOperator", "Threshold", "EvaluationPeriods", "Period", "Statistic", "MetricName", "Namespace")
    assert [high[member] for member in said] == [
        "GreaterThanThreshold", 100.0, 3, 60, "Sum", "InvocationsPerInstance", "AWS/SageMaker",
    ]  # fmt: skip
    assert [low[member] for member in said][:4] == ["LessThanThreshold", 90.0, 15, 60]
    assert high["AlarmActions"] == low["AlarmActions"] == [arn]
    assert {d["Name"]: d["Value"] for d in high["Dimensions"]} == {"EndpointName": "shop", "VariantName": "main"}


def test_a_change_keeps_the_alarms_and_a_deletion_takes_them(registered):
    before = track(registered, **PER_INSTANCE)["Alarms"]
    assert track(registered, **PER_INSTANCE, **{"TargetValue": 50.0})["Alarms"] == before
    assert [alarm["Threshold"] for alarm in registered.cw.describe_alarms()["MetricAlarms"]] == [50.0, 45.0]
    assert track(registered, **PER_INSTANCE, DisableScaleIn=True)["Alarms"] == before[:1]
    (policy,) = registered.aas.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"]
    assert policy["Alarms"] == before[:1]
    registered.aas.delete_scaling_policy(**registered.target, PolicyName="track")
    assert registered.cw.describe_alarms()["MetricAlarms"] == []
    with refused("ObjectNotFoundException", "policy name: track"):
        registered.aas.delete_scaling_policy(**registered.target, PolicyName="track")


def test_a_step_policy_makes_no_alarm_and_keeps_what_an_update_leaves_out(registered):
    assert step(registered)["Alarms"] == []
    registered.aas.put_scaling_policy(
        **registered.target, PolicyName="step", StepScalingPolicyConfiguration={"Cooldown": 60}
    )
    (policy,) = registered.aas.describe_scaling_policies(
        ServiceNamespace="sagemaker", PolicyNames=["step", "other"], ResourceId=registered.target["ResourceId"]
    )["ScalingPolicies"]
    configuration = policy["StepScalingPolicyConfiguration"]
    assert (configuration["Cooldown"], configuration["AdjustmentType"]) == (60, "ChangeInCapacity")
    with refused("ValidationException", "can't be changed from StepScaling to TargetTrackingScaling"):
        track(registered, name="step", **PER_INSTANCE)


def test_a_step_policy_shows_the_alarm_that_triggers_it(registered):
    arn = step(registered)["PolicyARN"]
    registered.cw.put_metric_alarm(
        AlarmName="mine",
        Namespace="Shop",
        MetricName="Load",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )
    (policy,) = registered.aas.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in policy["Alarms"]] == ["mine"]
    registered.aas.delete_scaling_policy(**registered.target, PolicyName="step")
    assert [alarm["AlarmName"] for alarm in registered.cw.describe_alarms()["MetricAlarms"]] == ["mine"]
    registered.cw.delete_alarms(AlarmNames=["mine"])


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({}, "Exactly one of"),
        ({**PER_INSTANCE, **OWN}, "Exactly one of"),
        ({**PER_INSTANCE, "TargetValue": 0.0}, "greater than 0"),
        ({**PER_INSTANCE, "ScaleInCooldown": -1}, "must not be negative"),
        (
            {
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
                }
            },
            "only supports the following predefined metric types",
        ),
        ({"PredefinedMetricSpecification": {"PredefinedMetricType": "InvocationsPerInstance"}}, "enum value set"),
        ({"PredefinedMetricSpecification": {"PredefinedMetricType": CURRENT}}, f"does not support .* {CURRENT}"),
        (
            {"PredefinedMetricSpecification": {**PER_INSTANCE["PredefinedMetricSpecification"], "ResourceLabel": "x"}},
            "ResourceLabel can't be specified",
        ),
        ({"CustomizedMetricSpecification": {"MetricName": "Load"}}, "needs a MetricName, a Namespace and a Statistic"),
        (
            {
                "CustomizedMetricSpecification": {
                    "Metrics": [{"Id": "a", "Expression": "1"}, {"Id": "b", "Expression": "2"}]
                }
            },
            "Exactly one metric data query must return data",
        ),
        ({"CustomizedMetricSpecification": {"Metrics": [{"Id": "a"}]}}, "either an Expression or a MetricStat"),
    ],
)
def test_what_is_no_tracking_policy_is_refused(registered, configuration, words):
    with refused("ValidationException", words):
        track(registered, **configuration)
    assert registered.aas.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []


def test_predictive_scaling_is_refused_by_name(registered):
    with refused("ValidationException", "PredictiveScaling"):
        registered.aas.put_scaling_policy(**registered.target, PolicyName="p", PolicyType="PredictiveScaling")


def test_a_policy_needs_a_target_and_its_own_configuration(shop):
    with refused("ObjectNotFoundException", "No scalable target registered"):
        track(shop, **PER_INSTANCE)
    shop.aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)
    with refused("ValidationException", "must be specified"):
        shop.aas.put_scaling_policy(**shop.target, PolicyName="p", PolicyType="TargetTrackingScaling")
    with refused("ValidationException", "takes TargetTrackingScalingPolicyConfiguration only"):
        shop.aas.put_scaling_policy(
            **shop.target, PolicyName="p", PolicyType="TargetTrackingScaling", StepScalingPolicyConfiguration={}
        )
    with refused("ValidationException", "can't have gaps"):
        step(shop, StepAdjustments=steps((0, 50, 1), (60, None, 3)))
    shop.aas.deregister_scalable_target(**shop.target)


def put(shop, value: float) -> None:
    shop.cw.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Load", "Value": value}])
    shop.advance(60)


def test_tracking_scales_real_processes_out_and_in_and_tells_why(registered):
    track(registered, **OWN, TargetValue=100.0, ScaleInCooldown=0)
    shop = registered
    for _ in range(4):
        put(shop, 190.0)
    assert shop.counts() == (4, 4)
    answer = shop.lab.runtime.invoke_endpoint(EndpointName="shop", ContentType="text/csv", Body=b"1")
    assert answer["Body"].read() == b"1"
    for _ in range(18):
        put(shop, 20.0)
    assert shop.counts() == (1, 1)
    told = shop.activities(ResourceId=shop.target["ResourceId"], IncludeNotScaledActivities=True)
    scaled = [a for a in told if "NotScaledReasons" not in a]
    assert [a["Description"] for a in scaled[:2]] == [
        "Setting desired instance count to 1.",
        "Setting desired instance count to 4.",
    ]
    assert scaled[1]["Cause"].startswith("monitor alarm TargetTracking-endpoint/shop/variant/main-AlarmHigh-")
    assert scaled[1]["Cause"].endswith(" in state ALARM triggered policy track")
    assert [a["NotScaledReasons"] for a in told[:3] if "NotScaledReasons" in a] == [
        [{"Code": "AlreadyAtMinCapacity", "MinCapacity": 1}],
        [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 4}],
    ]
    assert {a["StatusCode"] for a in scaled} == {"Successful"}


def test_a_metric_math_expression_can_be_tracked(registered):
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Load"}, "Stat": "Average"}
    queries = [
        {"Id": "load", "MetricStat": stat, "ReturnData": False},
        {"Id": "half", "Expression": "load / 2", "ReturnData": True},
    ]
    track(registered, TargetValue=100.0, CustomizedMetricSpecification={"Metrics": queries}, ScaleOutCooldown=0)
    before = registered.counts()[0]
    for _ in range(4):
        put(registered, 190.0)
    assert registered.counts()[0] == before  # 95 each
    for _ in range(4):
        put(registered, 390.0)
    assert registered.counts()[0] > before
