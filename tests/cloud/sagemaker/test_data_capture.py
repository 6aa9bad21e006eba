"""Data capture through real boto3: what is written, where, when, in which encoding, and what is not."""

import base64
import json
import re
import time
import uuid
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from course.cloud.monitoring.capture import CapturedData
from tests.cloud.test_trail_settings import records as trail_of
from tests.cloud.test_trail_settings import started

from .echo import endpoint, model, variant

READABLE = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


def capture(prefix: str, percentage: int = 100, **more):
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": f"s3://lab/{prefix}",
        "CaptureOptions": BOTH,
        "CaptureContentTypeHeader": READABLE,
        **more,
    }


@pytest.fixture(scope="module")
def echo(lab):
    model(lab, "echo")


@pytest.fixture(scope="module")
def captured(lab, echo):
    """Make an endpoint that captures; ask it; read what is in S3."""

    def make(name: str, percentage: int = 100, **more):
        return endpoint(lab, name, variant("echo"), DataCaptureConfig=capture(f"capture/{name}/", percentage, **more))

    yield make
    for found in lab.sm.list_endpoints(MaxResults=100)["Endpoints"]:
        lab.gone(found["EndpointName"])


def ask(lab, name: str, body: bytes | str = b"1,2", content_type: str = "text/csv", accept: str = "text/csv", **more):
    response = lab.runtime.invoke_endpoint(
        EndpointName=name, ContentType=content_type, Accept=accept, Body=body, **more
    )
    return response["Body"].read()


def keys(lab, name: str) -> list[str]:
    pages = lab.s3.get_paginator("list_objects_v2").paginate(Bucket="lab", Prefix=f"capture/{name}/")
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def records(lab, name: str) -> list[dict]:
    """What has been captured, after the moment in which records may still wait."""
    lab.cloud.control("advance", seconds=2)
    return [
        json.loads(line)
        for key in keys(lab, name)
        for line in lab.s3.get_object(Bucket="lab", Key=key)["Body"].read().decode().splitlines()
    ]


def now(lab) -> datetime:
    return datetime.fromisoformat(lab.cloud.control("now")["now"])


def test_a_record_is_as_the_guide_shows_it_and_lies_where_the_guide_says(lab, captured):
    captured("whole")
    before = now(lab).replace(microsecond=0)
    ask(lab, "whole", b"12.5,3", InferenceId="tx-1", CustomAttributes="till=4")
    (found,) = records(lab, "whole")
    event = found["eventMetadata"]
    assert found == {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "12.5,3", "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "0.5", "encoding": "CSV"},
        },
        "eventMetadata": {
            "eventId": str(uuid.UUID(event["eventId"])),
            "customAttributes": ["till=4"],
            "inferenceId": "tx-1",
            "inferenceTime": event["inferenceTime"],
        },
        "eventVersion": "0",
    }
    at = CapturedData(found).time()
    assert before <= at <= now(lab)
    (key,) = keys(lab, "whole")
    file = r"\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
    assert re.fullmatch(rf"capture/whole/whole/AllTraffic/{at:%Y/%m/%d/%H}/{file}", key)


def test_what_the_analyser_reads_is_what_was_asked_and_answered(lab, captured):
    captured("read")
    bodies = [b"1,2\n3,4", b'"a, b",2\n,4']
    for body in bodies:
        ask(lab, "read", body)
    ask(lab, "read", json.dumps([[1, 2]]), "application/json", "application/json")
    first, second, third = (CapturedData(record) for record in records(lab, "read"))
    assert first.part("endpointInput").rows() == (None, [["1", "2"], ["3", "4"]])
    assert second.part("endpointInput").rows() == (None, [["a, b", "2"], ["", "4"]])
    assert third.part("endpointInput").rows() == (None, [["1", "2"]])
    assert third.rows(["endpointInput", "endpointOutput"]) == (None, [["0.5", "1", "2"]])


@pytest.mark.parametrize(
    ("content_type", "body", "encoding"),
    [
        ("text/csv; charset=utf-8", b"1,2", "CSV"),
        ("application/json", b"[1, 2]", "JSON"),
        ("application/x-npy", b"\x93NUMPY\x00", "BASE64"),
        ("text/csv", b"1,\xff", "BASE64"),  # not text at all
    ],
)
def test_the_encoding_follows_the_content_types_of_the_configuration(lab, captured, content_type, body, encoding):
    name = f"type-{uuid.uuid5(uuid.NAMESPACE_URL, content_type + repr(body)).hex[:8]}"
    captured(name)
    ask(lab, name, body, content_type, "image/png")
    (record,) = records(lab, name)
    given, answered = (record["captureData"][part] for part in ("endpointInput", "endpointOutput"))
    assert (given["encoding"], given["observedContentType"]) == (encoding, content_type)
    assert (base64.b64decode(given["data"]) if encoding == "BASE64" else given["data"].encode()) == body
    assert (answered["encoding"], base64.b64decode(answered["data"])) == ("BASE64", b"\xff\xfe")


def test_without_content_types_everything_is_in_base64(lab, echo):
    config = capture("capture/plain")
    del config["CaptureContentTypeHeader"]
    endpoint(lab, "plain", variant("echo"), DataCaptureConfig=config)
    ask(lab, "plain", b"1,2")
    (record,) = records(lab, "plain")
    assert {part["encoding"] for part in record["captureData"].values()} == {"BASE64"}
    assert CapturedData(record).part("endpointInput").rows() == (None, [["1", "2"]])


@pytest.mark.parametrize(
    ("modes", "parts"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_capture_options_say_which_parts_are_kept(lab, captured, modes, parts):
    name = f"modes-{len(parts)}-{modes[0].lower()}"
    captured(name, CaptureOptions=[{"CaptureMode": mode} for mode in modes])
    ask(lab, name)
    (record,) = records(lab, name)
    assert set(record["captureData"]) == parts


def test_a_sample_is_a_share_of_the_requests(lab, captured):
    """Binomial(400, .2) is outside 51..111 once in 7,700 (exact). A sampler at 10 % is caught with 95.6 %, one at 35 %
    with 99.8 %."""
    captured("sampled", 20)
    ids = [f"tx-{i}" for i in range(400)]
    for i in ids:
        ask(lab, "sampled", InferenceId=i)
    found = [record["eventMetadata"]["inferenceId"] for record in records(lab, "sampled")]
    assert 51 <= len(found) <= 111
    assert len(set(found)) == len(found) and set(found) <= set(ids)
    captured("none", 0)
    ask(lab, "none")
    assert records(lab, "none") == []


def test_requests_that_the_model_refused_leave_no_record(lab, captured):
    captured("failing")
    ask(lab, "failing", InferenceId="fine")
    for body in (b"refuse", b"die"):
        with pytest.raises(ClientError, match="ModelError"):
            ask(lab, "failing", body)
    assert [record["eventMetadata"]["inferenceId"] for record in records(lab, "failing")] == ["fine"]


def test_hours_have_folders_of_their_own_and_a_full_hour_is_complete(lab, captured):
    captured("hours")
    to_the_hour = 3600 - now(lab).timestamp() % 3600
    lab.cloud.control("advance", seconds=to_the_hour + 1)
    first = now(lab)
    ask(lab, "hours")
    lab.cloud.control("advance", seconds=3600)
    second = now(lab)
    ask(lab, "hours")
    lab.cloud.control("advance", seconds=2)
    folders = [key.rpartition("/")[0] for key in keys(lab, "hours")]
    assert folders == [f"capture/hours/hours/AllTraffic/{at:%Y/%m/%d/%H}" for at in (first, second)]
    assert second - first >= timedelta(hours=1)


def test_files_appear_by_themselves_a_moment_later(lab, captured):
    captured("soon")
    ask(lab, "soon")
    deadline = time.monotonic() + 20
    while not keys(lab, "soon"):
        assert time.monotonic() < deadline, "nothing was written"
        time.sleep(0.05)


def test_a_deleted_endpoint_has_written_all(lab, captured):
    captured("short")
    ask(lab, "short")
    lab.gone("short")
    assert len(keys(lab, "short")) == 1


def test_describe_shows_the_capture_at_work(lab, captured):
    found = captured("shown", 20, KmsKeyId="")["DataCaptureConfig"]
    assert found == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 20,
        "DestinationS3Uri": "s3://lab/capture/shown/",
        "KmsKeyId": "",
    }
    config = lab.sm.describe_endpoint_config(EndpointConfigName="shown")["DataCaptureConfig"]
    assert config["CaptureOptions"] == BOTH and config["CaptureContentTypeHeader"] == READABLE
    stopped = captured("stopped", EnableCapture=False)
    assert stopped["DataCaptureConfig"]["CaptureStatus"] == "Stopped"
    ask(lab, "stopped")
    assert records(lab, "stopped") == []


def test_another_configuration_changes_the_capture(lab, captured):
    captured("changed", CaptureOptions=[{"CaptureMode": "Input"}])
    ask(lab, "changed", InferenceId="before")
    for name, config in (
        ("changed-to-both", {"DataCaptureConfig": capture("capture/changed")}),
        ("changed-to-none", {}),
    ):
        lab.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant("echo")], **config)
        lab.sm.update_endpoint(EndpointName="changed", EndpointConfigName=name)
        found = lab.settle("changed")
        assert found["EndpointConfigName"] == name
        assert ("DataCaptureConfig" in found) == bool(config)
        ask(lab, "changed", InferenceId=name)
    parts = {record["eventMetadata"]["inferenceId"]: len(record["captureData"]) for record in records(lab, "changed")}
    assert parts == {"before": 1, "changed-to-both": 2}


def test_records_are_encrypted_with_the_key_that_is_asked_for(lab, captured):
    kms = lab.cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]
    iam = lab.cloud.client("iam")
    allowed = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key["Arn"]}
    iam.put_role_policy(
        RoleName=lab.role.rpartition("/")[2], PolicyName="key", PolicyDocument=json.dumps({"Statement": [allowed]})
    )
    captured("sealed", KmsKeyId=key["Arn"])
    ask(lab, "sealed")
    assert len(records(lab, "sealed")) == 1
    head = lab.s3.head_object(Bucket="lab", Key=keys(lab, "sealed")[0])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])


def test_a_role_that_may_not_write_leaves_nothing_and_the_caller_does_not_notice(lab, echo):
    """What is left is the trail: CloudTrail's data events tell of the refusal, with the role that met it."""
    role = lab.cloud.role("Reader", "AmazonS3ReadOnlyAccess", "CloudWatchLogsFullAccess")
    model(lab, "echo-of-a-reader", role)
    described = endpoint(lab, "silent", variant("echo-of-a-reader"), DataCaptureConfig=capture("capture/silent"))
    assert described["DataCaptureConfig"]["CaptureStatus"] == "Started"
    selector = {
        "ReadWriteType": "WriteOnly",
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::lab/"]}],
    }
    started(lab.cloud, "watcher", EventSelectors=[selector])
    assert ask(lab, "silent") == b"0.5"
    assert records(lab, "silent") == []
    puts = [event for event in trail_of(lab.cloud, "watcher") if event["eventName"] == "PutObject"]
    assert [event["errorCode"] for event in puts] == ["AccessDenied"]
    assert puts[0]["userIdentity"]["arn"].split("/")[1] == "Reader"
    assert lab.sm.describe_endpoint(EndpointName="silent")["DataCaptureConfig"]["CaptureStatus"] == "Started"


def test_an_endpoint_without_capture_shows_none(lab, echo):
    assert "DataCaptureConfig" not in endpoint(lab, "unseen", variant("echo"))


def test_what_cannot_be_captured_is_refused(lab, echo):
    for wrong, message in (
        ({"InitialSamplingPercentage": 101}, "less than or equal to 100"),
        ({"CaptureOptions": [{"CaptureMode": "Everything"}]}, "enum value set"),
        ({"DestinationS3Uri": "https://lab/x"}, "must be an S3 URI"),
    ):
        with pytest.raises(ClientError, match=message):
            lab.sm.create_endpoint_config(
                EndpointConfigName="wrong",
                ProductionVariants=[variant("echo")],
                DataCaptureConfig={**capture("x"), **wrong},
            )
