"""Which way a request came: what counts as TLS, and who may say that a request came through an endpoint."""

import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

IN_CLEAR = """
import sys
import boto3
from botocore.exceptions import ClientError
from course.cloud import client

client.install(int(sys.argv[1]))
for url in (None, "https://s3.us-east-1.amazonaws.com", "http://s3.us-east-1.amazonaws.com"):
    try:
        boto3.client("s3", endpoint_url=url).get_object(Bucket="tls-only", Key="x")
        print("read")
    except ClientError as error:
        print(error.response["Error"]["Code"])
"""


@pytest.fixture(scope="module")
def tls_only(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tls-only")
    s3.put_object(Bucket="tls-only", Key="x", Body=b"1")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::tls-only/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Statement": [statement]}))
    return s3


def test_the_clouds_address_stands_for_tls_and_http_at_awss_own_does_not(cloud, tls_only):
    done = subprocess.run(
        [sys.executable, "-c", IN_CLEAR, str(cloud.port)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.split() == ["read", "read", "AccessDenied"], done.stderr


def test_only_the_owner_says_that_a_request_came_through_an_endpoint(cloud, tls_only):
    tls_only.create_bucket(Bucket="by-endpoint")
    tls_only.put_object(Bucket="by-endpoint", Key="x", Body=b"1")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::by-endpoint/*",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    }
    tls_only.put_bucket_policy(Bucket="by-endpoint", Policy=json.dumps({"Statement": [statement]}))

    def read(**headers):
        s3 = cloud.client("s3")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        s3.meta.events.register("before-send", lambda request, **_: request.headers.update(sent))
        return s3.get_object(Bucket="by-endpoint", Key="x")["Body"].read()

    assert read(x_cloud_source_vpce="vpce-1", x_cloud_token=cloud.token) == b"1"
    for headers in (
        {},
        {"x_cloud_source_vpce": "vpce-1"},
        {"x_cloud_source_vpce": "vpce-1", "x_cloud_token": "guess"},
        {"x_cloud_source_vpce": "vpce-2", "x_cloud_token": cloud.token},
    ):
        with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
            read(**headers)


def test_what_the_caller_calls_his_own_values_is_no_condition_key(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="isolator")
    allowed = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    isolated = {"Bool": {"sagemaker:NetworkIsolation": "false"}}
    denied = {"Effect": "Deny", "Action": "sagemaker:CreateTrainingJob", "Resource": "*", "Condition": isolated}
    iam.put_user_policy(
        UserName="isolator", PolicyName="jobs", PolicyDocument=json.dumps({"Statement": [allowed, denied]})
    )
    key = iam.create_access_key(UserName="isolator")["AccessKey"]
    sagemaker = cloud.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"]))

    def refusal(isolation):
        with pytest.raises(ClientError) as failure:
            sagemaker.create_training_job(
                Environment={"EnableNetworkIsolation": "true"},  # sent before the member of that name
                HyperParameters={"RoleArn": "arn:aws:iam::123456789012:role/in-a-hyperparameter"},
                EnableNetworkIsolation=isolation,
                TrainingJobName="open",
                RoleArn="arn:aws:iam::123456789012:role/in-the-request",
                OutputDataConfig={"S3OutputPath": "s3://any/"},
            )
        return failure.value.response["Error"]["Message"]

    assert "sagemaker:CreateTrainingJob on resource" in refusal(False) and "explicit deny" in refusal(False)
    assert "iam:PassRole on resource: arn:aws:iam::123456789012:role/in-the-request" in refusal(True)
