"""The base behind its one file: each replacement has a probe that shows why it is there and that it works."""

import importlib
import io
import json
import zipfile
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from course.cloud import client
from course.cloud.base import REPLACEMENTS
from course.cloud.images import SCIKIT_LEARN


@pytest.mark.parametrize("path", REPLACEMENTS)
def test_what_is_replaced_exists_in_the_base(path):
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name) is REPLACEMENTS[path]


def test_authenticate_probe_long_term_keys_outlive_a_jump_of_the_clock(open_cloud):
    """The base checks a signature's age against its own clock alone: after a week every call would be too old."""
    cloud = open_cloud()
    cloud.control("advance", seconds=7 * 86_400)
    for service, call in (("sts", "get_caller_identity"), ("iam", "list_users"), ("s3", "list_buckets")):
        getattr(cloud.client(service), call)()
    cloud.handle.close()


def test_policies_are_evaluated_with_their_conditions(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(
        UserName="reader",
        PolicyName="one-prefix",
        PolicyDocument=json.dumps(
            {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "s3:ListBucket",
                        "Resource": "arn:aws:s3:::conditions",
                        "Condition": {"StringLike": {"s3:prefix": "open/*"}},
                    }
                ]
            }
        ),
    )
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    cloud.client("s3").create_bucket(Bucket="conditions")
    reader = cloud.client("s3", (key["AccessKeyId"], key["SecretAccessKey"]))
    reader.list_objects_v2(Bucket="conditions", Prefix="open/x")
    for denied in ({"Prefix": "closed/x"}, {}):
        with pytest.raises(ClientError) as failure:
            reader.list_objects_v2(Bucket="conditions", **denied)
        assert failure.value.response["Error"]["Code"] == "AccessDenied"


def test_a_key_that_is_switched_off_stops_at_once(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="leaver")
    iam.attach_user_policy(UserName="leaver", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    leaver = cloud.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"]))
    leaver.list_models()
    iam.detach_user_policy(UserName="leaver", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:ListModels"):
        leaver.list_models()
    iam.update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="security token"):
        leaver.list_models()


def test_numeric_keys_open_no_other_account(cloud):
    """The base takes any twelve digits for the root of that account."""
    with pytest.raises(ClientError):
        cloud.client("sts", ("210987654321", "test")).get_caller_identity()
    assert cloud.client("sts").get_caller_identity()["Account"] == client.ACCOUNT


def test_record_metric_probe_what_a_function_measures_is_in_cloudwatch(cloud):
    """The base keeps its functions' metrics to itself: CloudWatch is not its own here."""
    functions, metrics = cloud.client("lambda"), cloud.client("cloudwatch")
    role = cloud.role("Measured")
    with io.BytesIO() as packed:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("measured.py", "def handle(event, context):\n    return 1\n")
        code = {"ZipFile": packed.getvalue()}
    functions.create_function(
        FunctionName="measured", Runtime="python3.11", Role=role, Handler="measured.handle", Code=code
    )
    assert functions.invoke(FunctionName="measured")["Payload"].read() == b"1"
    now = datetime.fromisoformat(cloud.control("now")["now"])
    [point] = metrics.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": "measured"}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert (point["Sum"], point["Unit"]) == (1, "Count")


def test_cloudformation_metric_alarm_probes_a_stacks_alarm_is_evaluated(cloud):
    """The base's alarms look at the last value, whatever its dimensions; those of stacks become CloudWatch's."""
    stacks, metrics = cloud.client("cloudformation"), cloud.client("cloudwatch")
    properties = {
        "AlarmName": "of-a-stack",
        "Namespace": "Probe",
        "MetricName": "level",
        "Dimensions": [{"Name": "side", "Value": "left"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    template = {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}}
    stacks.create_stack(StackName="probe", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="probe", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})

    def state():
        cloud.control("advance", seconds=60)
        found = metrics.describe_alarms(AlarmNames=["of-a-stack"])["MetricAlarms"]
        return [alarm["StateValue"] for alarm in found]

    datum = {"MetricName": "level", "Value": 5}
    metrics.put_metric_data(Namespace="Probe", MetricData=[datum])
    assert state() == ["INSUFFICIENT_DATA"]
    metrics.put_metric_data(Namespace="Probe", MetricData=[datum | {"Dimensions": properties["Dimensions"]}])
    assert state() == ["ALARM"]
    stacks.delete_stack(StackName="probe")
    stacks.get_waiter("stack_delete_complete").wait(StackName="probe", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    assert state() == []


def test_seed_aws_managed_policies_probe_sagemakers_reach_what_awss_reach(cloud):
    """The base has none of SageMaker's: attached, they would allow nothing."""
    role, s3 = cloud.role("Passed"), cloud.client("s3")

    def user_with(policy):
        iam = cloud.client("iam")
        iam.create_user(UserName=policy)
        iam.attach_user_policy(UserName=policy, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        key = iam.create_access_key(UserName=policy)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    for bucket in ("my-sagemaker-data", "claims"):
        s3.create_bucket(Bucket=bucket)
        for key, tags in (("plain", ""), ("tagged", "SageMaker=True")):
            s3.put_object(Bucket=bucket, Key=key, Body=b"1", Tagging=tags)
    key = user_with("AmazonSageMakerFullAccess")
    full, reads = cloud.client("sagemaker", key), cloud.client("s3", key)
    full.create_model(ModelName="allowed", ExecutionRoleArn=role, PrimaryContainer={"Image": SCIKIT_LEARN})
    variant = {"VariantName": "v", "ModelName": "allowed", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    full.create_endpoint_config(EndpointConfigName="allowed", ProductionVariants=[variant])
    reads.put_object(Bucket="my-sagemaker-data", Key="mine", Body=b"1")
    reads.get_object(Bucket="my-sagemaker-data", Key="plain")
    reads.list_objects_v2(Bucket="claims")
    assert reads.get_object(Bucket="claims", Key="tagged")["Body"].read() == b"1"
    for denied in (
        lambda: reads.get_object(Bucket="claims", Key="plain"),
        lambda: reads.put_object(Bucket="claims", Key="mine", Body=b"1"),
        lambda: cloud.client("iam", key).create_user(UserName="another"),
        lambda: cloud.client("sqs", key).create_queue(QueueName="another"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            denied()
    only_reads = cloud.client("sagemaker", user_with("AmazonSageMakerReadOnly"))
    assert only_reads.describe_model(ModelName="allowed")["ModelName"] == "allowed"
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:DeleteModel"):
        only_reads.delete_model(ModelName="allowed")
