"""Requests are decoded and answers encoded by botocore's models."""

import json
from datetime import UTC, datetime

import pytest

from course.cloud import protocol
from course.cloud.errors import CloudError, SerializationFailed, UnknownOperation
from course.cloud.protocol import Request


def json_request(operation, body):
    return Request("POST", "/", "", {"x-amz-target": f"SageMaker.{operation}"}, body)


def test_a_target_names_the_operation():
    request = json_request("CreateModel", b"{}")
    assert protocol.identify(("sagemaker", "sagemaker-runtime"), request) == ("sagemaker", "CreateModel")


def test_a_path_names_the_operation():
    request = Request("POST", "/endpoints/tx-guard/invocations", "", {}, b"")
    assert protocol.identify(("sagemaker", "sagemaker-runtime"), request) == ("sagemaker-runtime", "InvokeEndpoint")
    assert protocol.identify(("sagemaker-runtime",), Request("GET", "/nothing", "", {}, b"")) is None


def test_rest_parameters_come_from_path_headers_and_payload():
    request = Request(
        "POST",
        "/endpoints/tx%2Dguard/invocations",
        "",
        {"content-type": "text/csv", "x-amzn-sagemaker-target-variant": "A"},
        b"1,2",
    )
    assert protocol.decode("sagemaker-runtime", "InvokeEndpoint", request) == {
        "EndpointName": "tx-guard",
        "Body": b"1,2",
        "ContentType": "text/csv",
        "TargetVariant": "A",
    }


def test_timestamps_are_read_and_unknown_members_dropped():
    body = json.dumps({"CreationTimeAfter": 1_700_000_000.5, "Nonsense": 1}).encode()
    found = protocol.decode("sagemaker", "ListModels", json_request("ListModels", body))
    assert found == {"CreationTimeAfter": datetime.fromtimestamp(1_700_000_000.5, UTC)}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_an_object(body):
    if body == b"":
        assert protocol.decode("sagemaker", "ListModels", json_request("ListModels", body)) == {}
        return
    with pytest.raises(SerializationFailed):
        protocol.decode("sagemaker", "ListModels", json_request("ListModels", body))


@pytest.mark.parametrize(
    "document",
    [
        {"ModelName": 1},
        {"ModelName": ["a"]},
        {"PrimaryContainer": "x"},
        {"Tags": {"Key": "a"}},
        {"EnableNetworkIsolation": "true"},
        {"PrimaryContainer": {"Environment": []}},
    ],
)
def test_a_wrong_type_is_refused(document):
    request = json_request("CreateModel", json.dumps(document).encode())
    with pytest.raises(SerializationFailed):
        protocol.decode("sagemaker", "CreateModel", request)


def test_an_operation_that_no_model_has():
    with pytest.raises(UnknownOperation):
        protocol.decode("sagemaker", "CreateMagic", json_request("CreateMagic", b"{}"))


def test_an_answer_holds_only_what_the_shape_declares():
    answer = protocol.encode("sagemaker", "CreateModel", {"ModelArn": "arn", "Secret": 1, "Other": None}, "id")
    assert json.loads(answer.body) == {"ModelArn": "arn"}
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"


def test_a_rest_answer_puts_members_where_the_model_says():
    answer = protocol.encode(
        "sagemaker-runtime",
        "InvokeEndpoint",
        {"Body": b"0.5", "ContentType": "text/csv", "InvokedProductionVariant": "A"},
        "id",
    )
    assert answer.body == b"0.5"
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["x-Amzn-Invoked-Production-Variant"] == "A"


def test_an_error_is_named_in_body_and_header():
    answer = protocol.encode_error(
        CloudError("no", code="ModelError", status=424, members={"OriginalStatusCode": 500}), "id"
    )
    assert answer.status == 424
    assert answer.headers["x-amzn-ErrorType"] == "ModelError"
    assert json.loads(answer.body)["OriginalStatusCode"] == 500
