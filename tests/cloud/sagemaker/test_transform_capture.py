"""What else a transform job leaves: captured data, lineage and events."""

import json

import pytest

from .batches import SUM


@pytest.fixture(scope="module")
def add(batches):
    return batches.model("sum", SUM)


def test_captured_data_are_manifests_by_the_hour_of_the_start(lab, batches, add):
    key = lab.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    grant = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key}
    lab.cloud.client("iam").put_role_policy(
        RoleName=lab.role.rpartition("/")[2], PolicyName="key", PolicyDocument=json.dumps({"Statement": [grant]})
    )
    capture = {"DestinationS3Uri": "s3://lab/captured", "GenerateInferenceId": True, "KmsKeyId": key}
    done = batches.run("seen", add, {"d/a.csv": "1,2\n3,4\n", "b.csv": "5,6\n"}, DataCaptureConfig=capture)
    assert done["TransformJobStatus"] == "Completed" and done["DataCaptureConfig"] == capture
    found = [item["Key"] for item in lab.s3.list_objects_v2(Bucket="lab", Prefix="captured/")["Contents"]]
    hour = done["TransformStartTime"].strftime("%Y/%m/%d/%H/")
    assert [name.rpartition("/")[0] + "/" for name in found] == [f"captured/input/{hour}", f"captured/output/{hour}"]
    answers = [lab.s3.get_object(Bucket="lab", Key=name) for name in found]
    assert {answer["SSEKMSKeyId"] for answer in answers} == {key}
    assert [json.load(answer["Body"]) for answer in answers] == [
        [{"prefix": "s3://lab/in/seen/"}, "b.csv", "d/a.csv"],
        [{"prefix": "s3://lab/out/seen/"}, "b.csv.out", "d/a.csv.out"],
    ]
    rows = [line.split(",") for text in batches.output("seen").values() for line in text.splitlines()]
    assert sorted(row[0] for row in rows) == ["11.0", "3.0", "7.0"]
    assert len({row[1] for row in rows}) == 3 and {len(row[1]) for row in rows} == {36}
    assert {row[2] for row in rows} == {done["TransformStartTime"].strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_a_failed_job_captures_nothing(lab, batches, add):
    capture = {"DestinationS3Uri": "s3://lab/not-captured"}
    done = batches.run("unseen", add, {"a.csv": "x\n"}, DataCaptureConfig=capture)
    assert done["TransformJobStatus"] == "Failed"
    assert "Contents" not in lab.s3.list_objects_v2(Bucket="lab", Prefix="not-captured/")


def test_captured_data_that_the_role_may_not_write_fail_the_job(batches, add):
    done = batches.run("no-bucket", add, {"a.csv": "1\n"}, DataCaptureConfig={"DestinationS3Uri": "s3://no-bucket/x"})
    assert "Failed to upload captured data. NoSuchBucket" in done["FailureReason"]


def test_the_lineage_knows_what_came_in_and_what_went_out(lab, batches, add):
    arn = batches.run("traced", add, {"a.csv": "1\n"})["TransformJobArn"]
    component = lab.sm.describe_trial_component(TrialComponentName="traced-aws-transform-job")
    assert component["Source"] == {"SourceArn": arn, "SourceType": "SageMakerTransformJob"}
    assert component["Status"]["PrimaryStatus"] == "Completed"
    assert component["InputArtifacts"] == {"SageMaker.TransformInput": {"Value": "s3://lab/in/traced/"}}
    assert component["OutputArtifacts"] == {"SageMaker.TransformOutput": {"Value": "s3://lab/out/traced"}}


def test_every_change_of_state_is_an_event(lab, batches, add):
    sqs, events = lab.cloud.client("sqs"), lab.cloud.client("events")
    url = sqs.create_queue(QueueName="transforms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Transform Job State Change"]}
    events.put_rule(Name="transforms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="transforms", Targets=[{"Id": "1", "Arn": arn}])
    batches.run("told", add, {"a.csv": "1\n"})
    received = []
    while len(received) < 2:
        received += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
    details = [json.loads(message["Body"])["detail"] for message in received]
    assert sorted(detail["TransformJobStatus"] for detail in details) == ["Completed", "InProgress"]
    assert {detail["ModelName"] for detail in details} == {"sum"}
    events.remove_targets(Rule="transforms", Ids=["1"])
