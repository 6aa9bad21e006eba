"""Scalable targets: registration, bounds, tags and what is refused."""

import json

import pytest
from botocore.exceptions import ClientError

ROLE = (
    "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


def refused(code: str, words: str = ""):
    return pytest.raises(ClientError, match=rf"{code}.*{words}")


def test_a_target_is_registered_described_and_forgotten(shop):
    arn = shop.aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]
    (target,) = shop.aas.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target | shop.target == target
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (1, 4, arn)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert target["RoleARN"].endswith(ROLE)
    role = shop.lab.cloud.client("iam").get_role(RoleName=ROLE.rpartition("/")[2])["Role"]
    assert role["Arn"] == target["RoleARN"]
    shop.aas.deregister_scalable_target(**shop.target)
    assert shop.aas.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    with refused("ObjectNotFoundException", "No scalable target registered for service namespace: sagemaker"):
        shop.aas.deregister_scalable_target(**shop.target)


def test_what_is_left_out_of_an_update_stays(registered):
    first = registered.aas.register_scalable_target(**registered.target, MaxCapacity=6)["ScalableTargetARN"]
    state = {"DynamicScalingInSuspended": True}
    assert (
        registered.aas.register_scalable_target(**registered.target, SuspendedState=state)["ScalableTargetARN"] == first
    )
    (target,) = registered.aas.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[registered.target["ResourceId"]]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 6)
    assert target["SuspendedState"]["DynamicScalingInSuspended"]
    assert not target["SuspendedState"]["DynamicScalingOutSuspended"]


def test_capacity_outside_the_bounds_is_brought_in_at_once_by_real_processes(shop):
    shop.make("bounds")
    target = {**shop.target, "ResourceId": "endpoint/bounds/variant/main"}
    shop.aas.register_scalable_target(**target, MinCapacity=3, MaxCapacity=4)
    shop.advance(1)
    assert shop.counts("bounds") == (3, 3)
    shop.aas.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    shop.advance(1)
    assert shop.counts("bounds") == (2, 2)
    later, earlier = shop.activities(ResourceId=target["ResourceId"])
    assert earlier["Description"] == "Setting desired instance count to 3."
    assert earlier["Cause"] == "minimum capacity was set to 3"
    assert earlier["StatusCode"] == "Successful"
    message = "Successfully set desired instance count to 3. Change successfully fulfilled by sagemaker."
    assert earlier["StatusMessage"] == message
    assert (later["Cause"], later["Description"]) == (
        "maximum capacity was set to 2",
        "Setting desired instance count to 2.",
    )
    shop.lab.gone("bounds")
    resources = [
        t["ResourceId"] for t in shop.aas.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    ]
    assert target["ResourceId"] not in resources


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"ServiceNamespace": "ecs"}, "ValidationException", "scales sagemaker only"),
        ({"ScalableDimension": "ecs:service:DesiredCount"}, "ValidationException", "Unsupported service namespace"),
        ({"ResourceId": "endpoint/shop"}, "ValidationException", "Unsupported service namespace"),
        ({"ResourceId": "endpoint/shop/variant/other"}, "ValidationException", "variant doesn't exist"),
        ({"ResourceId": "endpoint/nowhere/variant/main"}, "ValidationException", "variant doesn't exist"),
        (
            {
                "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
                "ResourceId": "inference-component/llm",
            },
            "ValidationException",
            "inference component doesn't exist",
        ),
        ({"MinCapacity": 5}, "ValidationException", "cannot be greater than maximum"),
        ({"MinCapacity": 0}, "ValidationException", "must be at least 1"),
        ({"MinCapacity": None}, "ValidationException", "must be specified"),
        ({"MaxCapacity": None}, "ValidationException", "must be specified"),
    ],
)
def test_what_cannot_be_registered_is_refused(shop, change, code, words):
    asked = {**shop.target, "MinCapacity": 1, "MaxCapacity": 4, **change}
    with refused(code, words):
        shop.aas.register_scalable_target(**{name: value for name, value in asked.items() if value is not None})


def test_an_endpoint_must_be_in_service(shop):
    code = shop.lab.put_code("code/broken.tar.gz", serve__py="raise SystemExit(1)")
    container = shop.lab.sm.describe_model(ModelName="shop")["PrimaryContainer"]
    container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] = code
    shop.lab.sm.create_model(ModelName="broken", ExecutionRoleArn=shop.lab.role, PrimaryContainer=container)
    variant = {"VariantName": "main", "ModelName": "broken", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    shop.lab.sm.create_endpoint_config(EndpointConfigName="broken", ProductionVariants=[variant])
    shop.lab.sm.create_endpoint(EndpointName="broken", EndpointConfigName="broken")
    assert shop.lab.settle("broken")["EndpointStatus"] == "Failed"
    with refused("ValidationException", "broken is Failed; .* must be InService"):
        shop.aas.register_scalable_target(
            **{**shop.target, "ResourceId": "endpoint/broken/variant/main"}, MinCapacity=1, MaxCapacity=2
        )


def test_provisioned_concurrency_is_scaled_by_real_processes(shop):
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 4, "ProvisionedConcurrency": 1}
    variant = {"VariantName": "main", "ModelName": "shop", "ServerlessConfig": serverless}
    shop.lab.sm.create_endpoint_config(EndpointConfigName="light", ProductionVariants=[variant])
    shop.lab.sm.create_endpoint(EndpointName="light", EndpointConfigName="light")
    assert shop.lab.settle("light")["EndpointStatus"] == "InService"
    target = {**shop.target, "ResourceId": "endpoint/light/variant/main"}
    with refused("ValidationException", "has no desired instance count"):
        shop.aas.register_scalable_target(**target, MinCapacity=2, MaxCapacity=3)
    target["ScalableDimension"] = "sagemaker:variant:DesiredProvisionedConcurrency"
    with refused("ValidationException", "has no desired provisioned concurrency"):
        shop.aas.register_scalable_target(
            **{**target, "ResourceId": "endpoint/shop/variant/main"}, MinCapacity=2, MaxCapacity=3
        )
    shop.aas.register_scalable_target(**target, MinCapacity=2, MaxCapacity=3)
    shop.advance(1)
    (variant,) = shop.lab.sm.describe_endpoint(EndpointName="light")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 2
    (activity,) = shop.activities(ResourceId=target["ResourceId"])
    assert activity["Description"] == "Setting desired provisioned concurrency to 2."
    metric = {"PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"}
    made = shop.aas.put_scaling_policy(
        **target,
        PolicyName="use",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 0.7, "PredefinedMetricSpecification": metric},
    )
    assert len(made["Alarms"]) == 2
    shop.lab.gone("light")


def test_tags(shop):
    arn = shop.aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4, Tags={"team": "fraud"})
    arn = arn["ScalableTargetARN"]
    shop.aas.tag_resource(ResourceARN=arn, Tags={"stage": "test"})
    assert shop.aas.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "fraud", "stage": "test"}
    shop.aas.untag_resource(ResourceARN=arn, TagKeys=["team", "unknown"])
    assert shop.aas.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "test"}
    with refused("ValidationException", "use TagResource"):
        shop.aas.register_scalable_target(**shop.target, Tags={"a": "b"})
    with refused("TooManyTagsException"):
        shop.aas.tag_resource(ResourceARN=arn, Tags={str(n): "" for n in range(50)})
    shop.aas.deregister_scalable_target(**shop.target)
    with refused("ResourceNotFoundException"):
        shop.aas.list_tags_for_resource(ResourceARN=arn)


def test_pages_and_filters(registered):
    with refused("ValidationException", "MaxResults must be between 1 and 50"):
        registered.aas.describe_scalable_targets(ServiceNamespace="sagemaker", MaxResults=51)
    with refused("InvalidNextTokenException"):
        registered.aas.describe_scalable_targets(ServiceNamespace="sagemaker", NextToken="x")
    with refused("ValidationException", "ResourceIds must be specified"):
        registered.aas.describe_scalable_targets(
            ServiceNamespace="sagemaker", ScalableDimension=registered.target["ScalableDimension"]
        )
    none = registered.aas.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=["endpoint/x/variant/y"])
    assert none["ScalableTargets"] == []


def test_iam_is_asked_and_sees_the_conditions(shop):
    iam = shop.lab.cloud.client("iam")
    iam.create_user(UserName="scaler")
    key = iam.create_access_key(UserName="scaler")["AccessKey"]
    aas = shop.lab.cloud.client("application-autoscaling", (key["AccessKeyId"], key["SecretAccessKey"]))
    with refused("AccessDeniedException", "application-autoscaling:RegisterScalableTarget"):
        aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)
    condition = {"StringEquals": {"application-autoscaling:scalable-dimension": shop.target["ScalableDimension"]}}
    allowed = {"Effect": "Allow", "Action": "application-autoscaling:*", "Resource": "*", "Condition": condition}
    iam.put_user_policy(UserName="scaler", PolicyName="p", PolicyDocument=json.dumps({"Statement": [allowed]}))
    aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)
    other = {**shop.target, "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}
    with refused("AccessDeniedException"):
        aas.register_scalable_target(**other, MinCapacity=1, MaxCapacity=4)
    shop.aas.deregister_scalable_target(**shop.target)


def test_the_trail_tells(registered):
    trail = registered.lab.cloud.client("cloudtrail")
    (event,) = trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "RegisterScalableTarget"}], MaxResults=1
    )["Events"]
    assert event["EventSource"] == "autoscaling.amazonaws.com"
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["maxCapacity"] == 4
