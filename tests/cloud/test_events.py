"""Changes of state reach queues, functions and pipelines by rules; schedules follow the cloud's clock."""

import asyncio
import io
import itertools
import json
import time
import zipfile
from datetime import datetime

import pytest

from course.cloud import client
from course.cloud.events import emit
from course.cloud.operations import OPERATIONS, Operation
from course.cloud.protocol import operation_model
from course.cloud.world import World

REFUSING_ARCHIVE = "s3://nowhere/none.tar.gz"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def queue_for(cloud, name, rule="*", let_in=True):
    """(URL, ARN) of a queue that lets the rules named in."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if let_in:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{client.REGION}:{client.ACCOUNT}:rule/{rule}"}},
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    return url, arn


def messages(cloud, url):
    sqs = cloud.client("sqs")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def rule(cloud, name, pattern, arn, **target):
    events = cloud.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    answer = events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **target}])
    assert answer["FailedEntryCount"] == 0


def failures(cloud, name):
    now = datetime.fromisoformat(cloud.control("now")["now"])
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": "RuleName", "Value": name}],
        StartTime=now.timestamp() - 600,
        EndTime=now.timestamp() + 60,
        Period=60,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def until(question, seconds=20):
    """The first true answer to `question`, asked for at most so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not come about")


@pytest.fixture(scope="module")
def role(cloud):
    return cloud.role("EventsRole")


def make_model(cloud, role, name, **tags):
    cloud.client("sagemaker").create_model(
        ModelName=name,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE},
        Tags=[{"Key": k, "Value": v} for k, v in tags.items()],
    )


def test_a_change_of_state_reaches_a_queue_by_a_rule(cloud, role):
    url, arn = queue_for(cloud, "models", "new-models")
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model State Change"]}
    rule(cloud, "new-models", pattern, arn)
    make_model(cloud, role, "told", team="fraud")
    (event,) = messages(cloud, url)
    assert event["source"] == "aws.sagemaker"
    assert event["account"] == client.ACCOUNT
    assert event["resources"] == [f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}:model/told"]
    assert event["detail"]["ModelName"] == "told"
    assert event["detail"]["Tags"] == {"team": "fraud"}
    assert abs(event["detail"]["CreationTime"] / 1000 - time.time()) < 600


def test_only_what_matches_the_pattern_is_sent(cloud, role):
    url, arn = queue_for(cloud, "picky")
    pattern = {"source": ["aws.sagemaker"], "detail": {"ModelName": [{"prefix": "champion-"}]}}
    rule(cloud, "picky", pattern, arn)
    make_model(cloud, role, "challenger-1")
    make_model(cloud, role, "champion-1")
    assert [event["detail"]["ModelName"] for event in messages(cloud, url)] == ["champion-1"]


def test_a_queue_that_does_not_let_eventbridge_in_gets_nothing_and_the_failure_shows(cloud, role):
    url, arn = queue_for(cloud, "closed", let_in=False)
    rule(cloud, "to-closed", {"source": ["aws.sagemaker"]}, arn)
    make_model(cloud, role, "unheard")
    assert messages(cloud, url) == []
    assert until(lambda: failures(cloud, "to-closed")) >= 1


def test_an_endpoint_that_fails_says_so_in_the_spelling_of_events(cloud, role):
    url, arn = queue_for(cloud, "endpoints")
    pattern = {"detail-type": ["SageMaker Endpoint State Change"], "detail": {"EndpointStatus": ["FAILED"]}}
    rule(cloud, "endpoints", pattern, arn)
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model(
        ModelName="broken",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE, "Environment": {"SAGEMAKER_SUBMIT_DIRECTORY": REFUSING_ARCHIVE}},
    )
    variant = {"VariantName": "v", "ModelName": "broken", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="broken", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName="broken")
    (event,) = until(lambda: messages(cloud, url))
    assert event["detail"]["EndpointName"] == "broken"
    assert event["detail"]["FailureReason"]


def test_nobody_but_aws_speaks_for_aws(cloud):
    entry = {"Source": "aws.sagemaker", "DetailType": "SageMaker Model State Change", "Detail": "{}"}
    answer = cloud.client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_rule_calls_a_function(cloud, role):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "def handler(event, context):\n    print('saw', event['detail']['ModelName'])\n")
    functions, iam = cloud.client("lambda"), cloud.client("iam")
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    lambda_role = iam.create_role(RoleName="Fn", AssumeRolePolicyDocument=json.dumps({"Statement": [service]}))
    arn = functions.create_function(
        FunctionName="watcher",
        Runtime="python3.11",
        Handler="f.handler",
        Role=lambda_role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    rule(cloud, "to-function", {"detail": {"ModelName": ["for-lambda"]}}, arn)
    functions.add_permission(
        FunctionName="watcher", StatementId="e", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    make_model(cloud, role, "for-lambda")
    logs = cloud.client("logs")

    def said():
        groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
        if "/aws/lambda/watcher" not in groups:
            return False
        found = logs.filter_log_events(logGroupName="/aws/lambda/watcher")["events"]
        return any("saw for-lambda" in event["message"] for event in found)

    assert until(said, 60)


def test_a_pipeline_target_without_a_role_that_may_fails_where_one_can_see_it(cloud, role):
    arn = f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}:pipeline/retrain"
    parameters = {"PipelineParameterList": [{"Name": "Days", "Value": "30"}]}
    rule(
        cloud,
        "to-pipeline",
        {"detail": {"ModelName": ["drifted"]}},
        arn,
        RoleArn=role,  # trusts SageMaker, not EventBridge
        SageMakerPipelineParameters=parameters,
    )
    make_model(cloud, role, "drifted")
    assert until(lambda: failures(cloud, "to-pipeline")) == 1


def test_a_schedule_follows_the_clock(open_cloud):
    cloud = open_cloud()
    url, arn = queue_for(cloud, "ticks")
    events = cloud.client("events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": arn}])
    cloud.control("advance", seconds=5.5 * 3600)
    found = messages(cloud, url)
    assert [event["detail-type"] for event in found] == ["Scheduled Event"] * 5
    times = sorted(datetime.fromisoformat(event["time"].replace("Z", "+00:00")) for event in found)
    gaps = {round((b - a).total_seconds()) for a, b in itertools.pairwise(times)}
    assert gaps <= {3599, 3600, 3601}
    cloud.handle.close()


def test_a_rule_at_a_time_of_day_fires_once_a_day(open_cloud):
    cloud = open_cloud()
    url, arn = queue_for(cloud, "nights")
    events = cloud.client("events")
    events.put_rule(Name="nightly", ScheduleExpression="cron(0 2 * * ? *)")
    events.put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": arn}])
    cloud.control("advance", seconds=3 * 86_400)
    assert sorted(event["time"][11:16] for event in messages(cloud, url)) == ["02:00"] * 3
    events.disable_rule(Name="nightly")
    cloud.control("advance", seconds=86_400)
    assert messages(cloud, url) == []
    cloud.handle.close()


def test_a_pipeline_target_starts_the_pipeline_as_the_targets_role(tmp_path, monkeypatch):
    """The whole way in this process, with a recorder in the place of StartPipelineExecution."""
    started = []

    async def record(call):
        started.append((call.caller.arn, call.parameters))
        return {
            "PipelineExecutionArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/retrain/execution/abcdefghijkl"
        }

    members = tuple(operation_model("sagemaker", "StartPipelineExecution").input_shape.members)
    found = Operation("sagemaker", "StartPipelineExecution", record, lambda call: "*", None, members, (), (), "")
    monkeypatch.setitem(OPERATIONS, ("sagemaker", "StartPipelineExecution"), found)
    role = f"arn:aws:iam::{client.ACCOUNT}:role/Starter"
    pipeline = f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}:pipeline/retrain"
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "sagemaker:StartPipelineExecution", "Resource": "*"}

    async def go():
        world = World(port=0, seed=1, token="t", job_socket=tmp_path, scratch=tmp_path)
        call = world.base.call
        document = json.dumps({"Statement": [trust]})
        await call("iam", "CreateRole", RoleName="Starter", AssumeRolePolicyDocument=document)
        await call("events", "PutRule", Name="drift", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
        target = {"Id": "1", "Arn": pipeline, "RoleArn": role}
        target["SageMakerPipelineParameters"] = {"PipelineParameterList": [{"Name": "Days", "Value": "30"}]}
        await call("events", "PutTargets", Rule="drift", Targets=[target])
        for permitted in (False, True):
            if permitted:
                policy = json.dumps({"Statement": [may]})
                await call("iam", "PutRolePolicy", RoleName="Starter", PolicyName="p", PolicyDocument=policy)
            emit(world, "SageMaker Model State Change", {"ModelName": "m"}, [])
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(started) == permitted
        return [event.document for event in world.trail.events if event.name == "StartPipelineExecution"]

    refused, accepted = asyncio.run(go())
    assert refused["errorCode"] == "AccessDeniedException"
    assert accepted["userIdentity"]["arn"].endswith(":assumed-role/Starter/EventBridge")
    ((arn, parameters),) = started
    assert arn == accepted["userIdentity"]["arn"]
    assert parameters["PipelineName"] == "retrain"
    assert parameters["PipelineParameters"] == [{"Name": "Days", "Value": "30"}]
