"""A job runs as its role: what the role may not do fails the job, in AWS's words, where AWS fails it."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from course.cloud import client

BUCKET = "arn:aws:s3:::lab"
SCRIPT = """
import os, pathlib
print("ran")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("model")
"""
READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [BUCKET, f"{BUCKET}/*"]}
WRITE = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{BUCKET}/*"}
LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.fixture(scope="module")
def role_with(lab):
    iam = lab.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}

    def make(name, *statements):
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="w", PolicyDocument=json.dumps({"Statement": list(statements)}))
        return arn

    return make


def test_a_role_with_just_what_the_job_needs_is_enough(lab, role_with):
    done = lab.train("just-enough", SCRIPT, RoleArn=role_with("JustEnough", READ, WRITE, LOGS))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    assert "ran" in lab.logs("/aws/sagemaker/TrainingJobs", "just-enough/")


def test_a_role_that_may_list_but_not_read_fails_the_download(lab, role_with):
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
    done = lab.train("cannot-read", SCRIPT, RoleArn=role_with("CannotRead", listing, WRITE, LOGS))
    assert done["TrainingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("ClientError: Data download failed:AccessDenied (403): User: ")
    assert (
        "assumed-role/CannotRead/SageMaker is not authorized to perform: s3:GetObject on resource: "
        in done["FailureReason"]
    )


def test_a_role_that_may_not_write_fails_the_upload(lab, role_with):
    done = lab.train("cannot-write", SCRIPT, RoleArn=role_with("CannotWrite", READ, LOGS))
    assert done["TrainingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("ClientError: Data upload failed:AccessDenied (403)")
    assert "s3:PutObject" in done["FailureReason"]


def test_a_role_that_may_not_decrypt_fails_on_encrypted_data(lab, role_with):
    key = lab.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    lab.s3.put_object(
        Bucket="lab", Key="sealed/train.csv", Body=b"1,2", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lab/sealed/"}}
    channels = [{"ChannelName": "train", "DataSource": source}]
    done = lab.train("sealed", SCRIPT, RoleArn=role_with("CannotDecrypt", READ, WRITE, LOGS), InputDataConfig=channels)
    assert done["TrainingJobStatus"] == "Failed"
    assert f"kms:Decrypt on resource: {key}" in done["FailureReason"]
    decrypt = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key}
    done = lab.train(
        "sealed-2",
        SCRIPT,
        RoleArn=role_with("MayDecrypt", READ, WRITE, LOGS, decrypt),
        InputDataConfig=channels,
        OutputDataConfig={"KmsKeyId": key},
    )
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    model = done["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://lab/")
    assert lab.s3.head_object(Bucket="lab", Key=model)["SSEKMSKeyId"] == key


def test_a_role_without_logs_leaves_none_and_the_job_goes_on(lab, role_with):
    done = lab.train("no-logs", SCRIPT, RoleArn=role_with("NoLogs", READ, WRITE))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    streams = lab.cloud.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="no-logs/"
    )
    assert streams["logStreams"] == []


def test_what_the_container_calls_is_the_roles_too(lab, role_with):
    script = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
boto3.client("s3").delete_object(Bucket="lab", Key="data/train.csv")
"""
    done = lab.train("as-role", script, RoleArn=role_with("AsRole", READ, WRITE, LOGS))
    assert done["TrainingJobStatus"] == "Failed"
    logs = lab.logs("/aws/sagemaker/TrainingJobs", "as-role/")
    assert f"arn:aws:sts::{client.ACCOUNT}:assumed-role/AsRole/SageMaker" in logs
    assert "s3:DeleteObject" in logs
    assert lab.s3.head_object(Bucket="lab", Key="data/train.csv")


def test_what_sagemaker_reads_for_a_job_is_a_data_event_of_its_role(lab, role_with):
    service = {"Service": "cloudtrail.amazonaws.com"}
    lab.s3.create_bucket(Bucket="seen")
    statements = [
        {"Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::seen"},
        {"Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::seen/*"},
    ]
    lab.s3.put_bucket_policy(Bucket="seen", Policy=json.dumps({"Statement": statements}))
    trails = lab.cloud.client("cloudtrail")
    trails.create_trail(Name="seen", S3BucketName="seen")
    objects = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::lab/data/"]}]
    selector = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": False, "DataResources": objects}
    trails.put_event_selectors(TrailName="seen", EventSelectors=[selector])
    trails.start_logging(Name="seen")
    lab.train("seen", SCRIPT, RoleArn=role_with("Seen", READ, WRITE, LOGS))
    lab.cloud.control("advance", seconds=301)
    (file,) = [item["Key"] for item in lab.s3.list_objects_v2(Bucket="seen")["Contents"]]
    records = json.loads(gzip.decompress(lab.s3.get_object(Bucket="seen", Key=file)["Body"].read()))["Records"]
    assert {(r["eventName"], r["requestParameters"]["key"]) for r in records} == {("GetObject", "data/train.csv")}
    assert records[0]["userIdentity"]["type"] == "AssumedRole"
    assert records[0]["userIdentity"]["arn"].endswith(":assumed-role/Seen/SageMaker")


VPC_SCRIPT = """
import os, pathlib
import boto3
boto3.client("s3").get_object(Bucket="inside", Key="data/train.csv")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("read it too")
"""


def test_a_job_reaches_s3_through_the_endpoint_of_its_subnets(lab, role_with):
    ec2, s3 = lab.cloud.client("ec2"), lab.s3
    home = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    inside, outside = (ec2.create_subnet(VpcId=home, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (0, 1))
    table = ec2.create_route_table(VpcId=home)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=inside)
    endpoint = ec2.create_vpc_endpoint(
        VpcId=home, ServiceName=f"com.amazonaws.{client.REGION}.s3", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    s3.create_bucket(Bucket="inside")
    s3.put_object(Bucket="inside", Key="data/train.csv", Body=b"1,2")
    things = ["arn:aws:s3:::inside", "arn:aws:s3:::inside/*"]
    away = {"StringNotEquals": {"aws:SourceVpce": endpoint}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": things, "Condition": away}
    s3.put_bucket_policy(Bucket="inside", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    everywhere = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    role = role_with("ThroughTheEndpoint", everywhere, LOGS)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://inside/data/"}}
    more = {
        "RoleArn": role,
        "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": "s3://inside/models"},
    }

    def train(name, *subnets):
        vpc = {"VpcConfig": {"Subnets": list(subnets), "SecurityGroupIds": ["sg-1"]}} if subnets else {}
        return lab.train(name, VPC_SCRIPT, **more, **vpc)

    done = train("through-it", inside)
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    for name, subnets in (("past-it", [outside]), ("by-both", [inside, outside]), ("no-vpc", [])):
        with pytest.raises(ClientError, match="No S3 objects found"):
            train(name, *subnets)


def test_to_a_condition_a_session_is_its_role(lab, role_with):
    lab.s3.create_bucket(Bucket="for-one-role")
    lab.s3.put_object(Bucket="for-one-role", Key="data/train.csv", Body=b"1,2")
    everywhere = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    mine, other = role_with("TheOne", everywhere, LOGS), role_with("AnyOther", everywhere, LOGS)
    others = {"ArnNotEquals": {"aws:PrincipalArn": mine}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::for-one-role/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**deny, "Condition": others}]})
    lab.s3.put_bucket_policy(Bucket="for-one-role", Policy=policy)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://for-one-role/data/"}}
    channels = [{"ChannelName": "train", "DataSource": source}]
    done = lab.train("the-one", SCRIPT, RoleArn=mine, InputDataConfig=channels)
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    done = lab.train("any-other", SCRIPT, RoleArn=other, InputDataConfig=channels)
    assert "explicit deny in a resource-based policy" in done["FailureReason"]
