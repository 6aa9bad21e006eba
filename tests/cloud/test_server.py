"""The front door through real boto3: who gets in, what is refused and how."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from course.cloud import client
from course.cloud.images import SCIKIT_LEARN


def code_of(call, *arguments, **parameters):
    with pytest.raises(ClientError) as failure:
        call(*arguments, **parameters)
    return failure.value.response["Error"]["Code"]


def raw(cloud, path="/", body=b"", method="POST", **headers):
    request = urllib.request.Request(client.endpoint(cloud.port) + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_learner_is_who_it_should_be(cloud):
    assert cloud.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{client.ACCOUNT}:user/learner"
    assert cloud.client("sts", client.ROOT).get_caller_identity()["Arn"] == f"arn:aws:iam::{client.ACCOUNT}:root"


@pytest.mark.parametrize("service", ["sts", "s3", "iam", "sagemaker", "logs", "cloudtrail"])
@pytest.mark.parametrize("key", [client.LEARNER, client.ROOT], ids=["learner", "root"])
def test_a_wrong_secret_is_refused_everywhere(cloud, service, key):
    calls = {
        "sts": "get_caller_identity",
        "s3": "list_buckets",
        "iam": "list_users",
        "sagemaker": "list_models",
        "logs": "describe_log_groups",
        "cloudtrail": "lookup_events",
    }
    call = getattr(cloud.client(service, (key[0], "wrong")), calls[service])
    assert code_of(call) in ("SignatureDoesNotMatch", "InvalidSignatureException")


@pytest.mark.parametrize("key", ["000000000000", "999999999999", "AKIANOBODY", "tes"])
def test_an_unknown_key_is_refused(cloud, key):
    assert code_of(cloud.client("s3", (key, "test")).list_buckets) == "InvalidAccessKeyId"
    assert code_of(cloud.client("sagemaker", (key, "test")).list_models) == "UnrecognizedClientException"


def test_an_unsigned_request_is_refused(cloud):
    assert raw(cloud, "/some-bucket", method="GET")[0] == 403
    assert raw(cloud, "/", b"{}", **{"X-Amz-Target": "SageMaker.ListModels"})[0] == 403


def test_presigned_links_work_until_they_are_changed(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="links")
    s3.put_object(Bucket="links", Key="a b/c.csv", Body=b"1,2")
    for version in ("s3", "s3v4"):
        signer = cloud.client("s3", signature_version=version)
        url = signer.generate_presigned_url("get_object", Params={"Bucket": "links", "Key": "a b/c.csv"})
        path = url.removeprefix(client.endpoint(cloud.port))
        assert raw(cloud, path, None, "GET") == (200, b"1,2")
        assert raw(cloud, path.replace("c.csv", "d.csv"), None, "GET")[0] == 403


def test_large_and_odd_keys_come_back_as_they_went(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="round-trip")
    body = bytes(range(256)) * 40_000
    for key in ("plain", "with space/ä+%25&=.bin", "deep/" * 20 + "x"):
        s3.put_object(Bucket="round-trip", Key=key, Body=body)
        assert s3.get_object(Bucket="round-trip", Key=key)["Body"].read() == body
        assert s3.head_object(Bucket="round-trip", Key=key)["ContentLength"] == len(body)


def test_an_operation_that_is_not_there_yet_is_named(cloud):
    with pytest.raises(ClientError, match="does not run sagemaker:ListHubs yet"):
        cloud.client("sagemaker").list_hubs()


def test_a_parameter_that_is_not_there_yet_is_named(cloud):
    with pytest.raises(ClientError, match="does not support the parameter DeploymentConfig of CreateEndpoint yet"):
        cloud.client("sagemaker").create_endpoint(
            EndpointName="e",
            EndpointConfigName="c",
            DeploymentConfig={
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
                }
            },
        )


def test_the_base_cannot_be_administered_from_outside(cloud):
    for path in ("/_ministack/reset", "/_ministack/config", "/_localstack/health", "/_aws/ses"):
        assert raw(cloud, path)[0] in (403, 404)
    cloud.client("s3").create_bucket(Bucket="still-here")
    assert raw(cloud, "/_ministack/reset")[0] in (403, 404)
    assert "still-here" in [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]]


def test_the_side_door_opens_only_with_the_token(cloud):
    assert cloud.control("status")["seed"] == 7
    for token in ("", "guess"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            cloud.control("status", token=token)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("advance", {"seconds": -1}), ("advance", {"seconds": "soon"}), ("advance", {}), ("status", {"more": 1})],
)
def test_the_side_door_says_what_is_wrong(cloud, verb, arguments):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        cloud.control(verb, **arguments)


@pytest.mark.parametrize("body", [b"", b"{", b"\x00" * 100, b"[]", b'{"a":' * 5000])
def test_malformed_bodies_get_an_answer(cloud, body):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(
        "POST",
        client.endpoint(cloud.port) + "/",
        data=body,
        headers={"X-Amz-Target": "SageMaker.CreateModel", "Content-Type": "application/x-amz-json-1.1"},
    )
    SigV4Auth(Credentials(*client.LEARNER), "sagemaker", client.REGION).add_auth(request)
    status, answer = raw(cloud, "/", body, **dict(request.headers.items()))
    assert status == 400
    assert json.loads(answer)["__type"] in ("SerializationException", "ValidationException")


def test_a_signature_covers_the_body(cloud):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(
        "POST",
        client.endpoint(cloud.port) + "/",
        data=b"{}",
        headers={"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"},
    )
    SigV4Auth(Credentials(*client.LEARNER), "sagemaker", client.REGION).add_auth(request)
    status, answer = raw(cloud, "/", b'{"MaxResults": 1}', **dict(request.headers.items()))
    assert status == 403
    assert json.loads(answer)["__type"] == "SignatureDoesNotMatch"


def test_calls_are_on_the_trail_with_who_and_what(cloud):
    sagemaker = cloud.client("sagemaker")
    assert code_of(sagemaker.describe_model, ModelName="nobody-has-this") == "ValidationException"
    events = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "nobody-has-this"}]
    )["Events"]
    document = json.loads(events[0]["CloudTrailEvent"])
    assert document["eventName"] == "DescribeModel"
    assert document["userIdentity"]["userName"] == "learner"
    assert document["errorCode"] == "ValidationException"
    assert document["requestParameters"] == {"modelName": "nobody-has-this"}


def test_the_trail_has_the_parameters_that_were_sent_spelled_as_cloudtrail_spells_them(cloud):
    role = cloud.role("Traced")
    refused = {
        "TrainingJobName": "traced",
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
        "HyperParameters": {"Max-Iter": "20"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://nobody-has-this/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://nobody-has-this/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    assert code_of(cloud.client("sagemaker").create_training_job, **refused) == "ValidationException"
    [event] = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "traced"}]
    )["Events"]
    sent = json.loads(event["CloudTrailEvent"])["requestParameters"]
    assert set(sent) == {name[0].lower() + name[1:] for name in refused}  # no default that the cloud filled in
    assert sent["hyperParameters"] == {"Max-Iter": "20"}
    assert sent["inputDataConfig"][0]["dataSource"]["s3DataSource"]["s3Uri"] == "s3://nobody-has-this/"


def test_the_trail_is_looked_up_by_type_of_resource_and_by_arn(cloud):
    cloud.client("kms").create_key()
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/nobody-has-this/1"
    update = cloud.client("sagemaker").update_model_package
    assert code_of(update, ModelPackageArn=arn, ModelApprovalStatus="Approved") == "ValidationException"
    for key, value in (("ResourceType", "AWS::SageMaker::ModelPackage"), ("ResourceName", arn)):
        attribute = {"AttributeKey": key, "AttributeValue": value}
        [event] = cloud.client("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
        assert event["EventName"] == "UpdateModelPackage"


def test_reads_of_objects_are_not_on_the_trail(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="data-events")
    s3.put_object(Bucket="data-events", Key="x", Body=b"1")
    s3.get_object(Bucket="data-events", Key="x")
    names = {event["EventName"] for event in cloud.client("cloudtrail").lookup_events()["Events"]}
    assert "CreateBucket" in names
    assert not names & {"PutObject", "GetObject"}


def test_a_week_ahead_old_keys_and_fresh_signatures_still_work(open_cloud):
    cloud = open_cloud()
    cloud.client("s3").create_bucket(Bucket="before")
    cloud.control("advance", seconds=7 * 86_400)
    assert cloud.client("s3").list_buckets()["Buckets"][0]["Name"] == "before"
    assert cloud.client("sagemaker").list_models()["Models"] == []
    cloud.handle.close()


def test_worlds_do_not_share_anything(open_cloud):
    one, other = open_cloud(), open_cloud()
    one.client("s3").create_bucket(Bucket="mine")
    assert other.client("s3").list_buckets()["Buckets"] == []
    for cloud in (one, other):
        cloud.handle.close()
