"""InvokeEndpointAsync through boto3: what it answers at once, and what becomes of the request afterwards."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from .async_lab import AsyncLab

ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def queued(lab):
    made = AsyncLab(lab)
    made.deploy("waits", client={"MaxConcurrentInvocationsPerInstance": 2})
    return made


@pytest.fixture(autouse=True)
def drained(queued):
    yield
    for topic in queued.topics:
        while queued.messages(topic):
            pass


def test_a_request_is_accepted_first_and_answered_later(queued):
    answer = queued.ask("waits", "hello")
    assert answer.ResponseMetadata["HTTPStatusCode"] == 202
    assert re.fullmatch(ID, answer.InferenceId)
    assert re.fullmatch(f"s3://lab/out/{ID}.out", answer.OutputLocation)
    assert answer.FailureLocation == answer.OutputLocation.replace("/out/", "/failed/").replace(".out", "-error.out")
    assert queued.wait(answer.OutputLocation) == "answer to hello"
    assert queued.read(answer.FailureLocation) is None


def test_a_small_request_needs_no_object(queued):
    assert queued.wait(queued.ask("waits", Body=b"inline").OutputLocation) == "answer to inline"


def test_the_caller_may_name_the_answer(queued):
    answer = queued.ask("waits", InferenceId="card 7", Filename="seven.csv", S3OutputPathExtension="may/first")
    assert answer.InferenceId == "card 7"
    assert answer.OutputLocation == "s3://lab/out/may/first/seven.csv"
    assert answer.FailureLocation == "s3://lab/failed/may/first/seven-error.csv"
    assert queued.wait(answer.OutputLocation) == "answer to hello"


def test_the_success_topic_tells_where_the_answer_is(queued):
    answer = queued.ask("waits", "hello", InferenceId="i-1", CustomAttributes="trace=7", Accept="text/plain")
    told = queued.told("success")
    assert queued.read(told["responseParameters"]["outputLocation"]) == "answer to hello"  # first the object
    moments = [told.pop(name) for name in ("receivedTime", "eventTime")]
    assert moments == sorted(moments)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment) for moment in moments)
    assert told == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "accept": "text/plain",
            "contentType": "text/plain",
            "customAttributes": "trace=7",
            "endpointName": "waits",
            "inputLocation": queued.put("hello"),
        },
        "responseParameters": {"contentType": "text/plain", "outputLocation": answer.OutputLocation},
        "inferenceId": "i-1",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    assert not queued.messages("error")


def test_a_model_that_raises_leaves_its_words_at_the_failure_location(queued):
    answer = queued.ask("waits", "raise", InferenceId="i-2")
    told = queued.told("error")
    assert told["invocationStatus"] == "Failed"
    assert told["failureReason"] == (
        "ClientError: Received server error (500) from model. See the SageMaker Endpoint logs in your account for "
        "more information."
    )
    assert (told["inferenceId"], "responseParameters" in told) == ("i-2", False)
    assert "no such card" in queued.read(answer.FailureLocation)
    assert queued.read(answer.OutputLocation) is None
    assert not queued.messages("success")


def test_a_model_that_dies_fails_its_request_and_a_later_one_is_answered(queued):
    assert "closed the connection" in queued.wait(queued.ask("waits", "die").FailureLocation)
    later = queued.ask("waits", "later")  # waits until the container is up again
    assert queued.wait(later.OutputLocation, 60) == "answer to later"


def test_an_input_object_that_is_not_there_fails_the_request(queued):
    answer = queued.ask("waits", InputLocation="s3://lab/none")
    told = queued.told("error")
    assert told["failureReason"].startswith("ClientError: Failed to download the request payload. ")
    assert told["failureReason"] == queued.read(answer.FailureLocation)


def test_what_is_no_request_is_refused(queued):
    for given, words in (
        ({}, "Exactly one of Body and InputLocation"),
        ({"Body": b"x", "InputLocation": "s3://lab/in/x"}, "Exactly one of Body and InputLocation"),
        ({"InputLocation": "https://lab.s3.amazonaws.com/x"}, "is not an s3:// URI"),
        ({"Body": b"x" * 128_001}, "less than or equal to 128000"),
        ({"Body": b"x", "RequestTTLSeconds": 59}, "greater than or equal to 60"),
        ({"Body": b"x", "RequestTTLSeconds": 21_601}, "less than or equal to 21600"),
        ({"Body": b"x", "InvocationTimeoutSeconds": 3_601}, "less than or equal to 3600"),
        ({"Body": b"x", "Filename": "a.b.c"}, "regular expression pattern"),
        ({"Body": b"x", "S3OutputPathExtension": "s3://elsewhere"}, "regular expression pattern"),
    ):
        with pytest.raises(ClientError, match=words):
            queued.runtime.invoke_endpoint_async(EndpointName="waits", **given)
    with pytest.raises(ClientError, match=r"Endpoint none of account [0-9]+ not found"):
        queued.ask("none")


def test_the_response_may_come_with_the_message(queued, lab):
    both = ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]
    notified = {"SuccessTopic": queued.topics["success"], "ErrorTopic": queued.topics["error"]}
    queued.deploy("tells", NotificationConfig=notified | {"IncludeInferenceResponseIn": both})
    queued.ask("tells", "hello")
    assert queued.told("success")["responseBody"] == {"content": "YW5zd2VyIHRvIGhlbGxv", "encoding": "BASE64"}
    queued.ask("tells", "raise")
    assert queued.told("error")["responseBody"]["encoding"] == "BASE64"
    queued.ask("tells", "x" * (129 << 10))
    assert "responseBody" not in queued.told("success")
    lab.gone("tells")


def test_results_are_sealed_with_the_key_that_is_named(queued, lab):
    key = lab.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    statement = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key}
    lab.cloud.client("iam").put_role_policy(
        RoleName="AsyncRole", PolicyName="seal", PolicyDocument=json.dumps({"Statement": [statement]})
    )
    queued.deploy("seals", KmsKeyId=key)
    for word, location in (("hello", "OutputLocation"), ("raise", "FailureLocation")):
        uri = getattr(queued.ask("seals", word), location)
        queued.wait(uri)
        head = queued.s3.head_object(Bucket="lab", Key=uri.removeprefix("s3://lab/"))
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
    lab.gone("seals")


def test_without_a_failure_path_only_the_message_tells(queued, lab):
    queued.deploy("silent", S3FailurePath=None)
    answer = queued.ask("silent", "raise")
    assert not hasattr(answer, "FailureLocation")
    assert queued.told("error")["invocationStatus"] == "Failed"
    lab.gone("silent")


def test_a_role_that_may_not_read_fails_the_request_and_one_that_may_not_write_is_noted(queued, lab):
    iam = lab.cloud.client("iam")
    role = lab.cloud.role("Narrow")
    queued.deploy("narrow", role=role)

    def deny(*actions):
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(RoleName="Narrow", PolicyName="deny", PolicyDocument=json.dumps({"Statement": [statement]}))

    deny("s3:GetObject")
    answer = queued.ask("narrow", "hello")
    assert "AccessDenied" in queued.wait(answer.FailureLocation)
    deny("s3:PutObject")
    answer = queued.ask("narrow", "hello")
    queued.advance(minutes=1)
    assert queued.read(answer.OutputLocation) is None
    assert queued.read(answer.FailureLocation) is None
    assert not queued.messages("success")  # the role may not publish either
    lab.gone("narrow")


def test_a_topic_that_is_not_there_costs_only_the_message(queued, lab):
    queued.deploy("untold", NotificationConfig={"SuccessTopic": "arn:aws:sns:us-east-1:123456789012:gone"})
    answer = queued.ask("untold", "hello")
    assert queued.wait(answer.OutputLocation) == "answer to hello"
    lab.gone("untold")
