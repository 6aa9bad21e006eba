"""S3 under KMS keys: what an object is stored with, and whom the key lets write and read."""

import json

import pytest
from botocore.exceptions import ClientError

from course.cloud import client

ACCOUNT = f"arn:aws:iam::{client.ACCOUNT}"


@pytest.fixture(scope="module")
def s3(cloud):
    made = cloud.client("s3")
    made.create_bucket(Bucket="sealed")
    return made


@pytest.fixture(scope="module")
def key(cloud):
    return cloud.client("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture(scope="module")
def reader(cloud):
    """A user who may do everything in S3 and nothing with keys."""
    iam = cloud.client("iam")
    iam.create_user(UserName="reader-without-keys")
    iam.attach_user_policy(UserName="reader-without-keys", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    made = iam.create_access_key(UserName="reader-without-keys")["AccessKey"]
    return cloud.client("s3", (made["AccessKeyId"], made["SecretAccessKey"]))


def refusal(call, **parameters):
    with pytest.raises(ClientError) as failure:
        call(**parameters)
    return failure.value.response["Error"]


def put(s3, name, kms=None):
    more = {"SSEKMSKeyId": kms} if kms else {}
    return s3.put_object(Bucket="sealed", Key=name, Body=b"1", ServerSideEncryption="aws:kms", **more)


def test_what_names_no_encryption_is_stored_under_sse_s3_and_says_so(s3):
    assert s3.put_object(Bucket="sealed", Key="plain", Body=b"1")["ServerSideEncryption"] == "AES256"
    assert s3.head_object(Bucket="sealed", Key="plain")["ServerSideEncryption"] == "AES256"
    assert s3.get_object(Bucket="sealed", Key="plain")["ServerSideEncryption"] == "AES256"


def test_kms_without_a_key_takes_the_aws_managed_key(cloud, s3, reader):
    put(s3, "managed")
    found = s3.head_object(Bucket="sealed", Key="managed")
    described = cloud.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert found["SSEKMSKeyId"] == described["Arn"]
    assert described["KeyManager"] == "AWS"
    # Its policy lets in whoever may use S3 in the account, through S3 alone.
    assert reader.get_object(Bucket="sealed", Key="managed")["Body"].read() == b"1"


def test_a_key_is_shown_by_its_arn_however_it_was_named(cloud, s3, key):
    cloud.client("kms").create_alias(AliasName="alias/txguard", TargetKeyId=key)
    for number, name in enumerate((key, key.rpartition("/")[2], "alias/txguard")):
        assert put(s3, f"named-{number}", name)["SSEKMSKeyId"] == key
        assert s3.head_object(Bucket="sealed", Key=f"named-{number}")["SSEKMSKeyId"] == key


def test_a_key_that_does_not_exist_is_refused_and_nothing_is_stored(s3):
    error = refusal(
        s3.put_object, Bucket="sealed", Key="lost", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId="no"
    )
    assert error["Code"] == "KMS.NotFoundException"
    assert refusal(s3.head_object, Bucket="sealed", Key="lost")["Code"] == "404"


def test_who_may_write_but_not_use_the_key_writes_nothing(s3, reader, key):
    error = refusal(
        reader.put_object, Bucket="sealed", Key="denied", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    assert error["Code"] == "AccessDenied"
    who, action = f"{ACCOUNT}:user/reader-without-keys", "kms:GenerateDataKey"
    assert error["Message"] == (
        f"User: {who} is not authorized to perform: {action} on resource: {key} "
        f"because no identity-based policy allows the {action} action"
    )
    assert refusal(s3.head_object, Bucket="sealed", Key="denied")["Code"] == "404"


def test_who_may_read_but_not_decrypt_sees_the_headers_only(s3, reader, key):
    put(s3, "secret", key)
    assert reader.head_object(Bucket="sealed", Key="secret")["SSEKMSKeyId"] == key
    error = refusal(reader.get_object, Bucket="sealed", Key="secret")
    assert error["Code"] == "AccessDenied"
    assert "kms:Decrypt" in error["Message"]


def test_a_grant_opens_the_key_until_it_is_revoked(cloud, s3, reader, key):
    put(s3, "granted", key)
    kms = cloud.client("kms")
    grant = kms.create_grant(KeyId=key, GranteePrincipal=f"{ACCOUNT}:user/reader-without-keys", Operations=["Decrypt"])[
        "GrantId"
    ]
    assert reader.get_object(Bucket="sealed", Key="granted")["Body"].read() == b"1"
    kms.revoke_grant(KeyId=key, GrantId=grant)
    assert refusal(reader.get_object, Bucket="sealed", Key="granted")["Code"] == "AccessDenied"


def test_a_disabled_key_closes_what_it_sealed_for_everyone(cloud, s3):
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    put(s3, "closed", key)
    kms.disable_key(KeyId=key)
    assert refusal(s3.get_object, Bucket="sealed", Key="closed")["Code"] == "KMS.DisabledException"
    assert refusal(put, s3=s3, name="new", kms=key)["Code"] == "KMS.DisabledException"
    assert s3.head_object(Bucket="sealed", Key="closed")["SSEKMSKeyId"] == key
    kms.enable_key(KeyId=key)
    assert s3.get_object(Bucket="sealed", Key="closed")["Body"].read() == b"1"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert refusal(s3.get_object, Bucket="sealed", Key="closed")["Code"] == "KMS.KMSInvalidStateException"


def test_a_buckets_default_key_counts_as_if_it_were_asked_for(s3, reader, key):
    s3.create_bucket(Bucket="by-default")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket="by-default", ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.put_object(Bucket="by-default", Key="x", Body=b"1")["SSEKMSKeyId"] == key
    assert refusal(reader.put_object, Bucket="by-default", Key="y", Body=b"1")["Code"] == "AccessDenied"
    assert refusal(reader.get_object, Bucket="by-default", Key="x")["Code"] == "AccessDenied"


def test_copies_and_uploads_in_parts_need_the_key_too(s3, reader, key):
    put(s3, "source", key)
    copy = {"CopySource": {"Bucket": "sealed", "Key": "source"}, "Bucket": "sealed", "Key": "copy"}
    assert s3.copy_object(**copy)["CopyObjectResult"]["ETag"]
    assert (
        refusal(reader.copy_object, **copy, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)["Code"] == "AccessDenied"
    )
    error = refusal(
        reader.create_multipart_upload, Bucket="sealed", Key="parts", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    assert error["Code"] == "AccessDenied"


def test_a_job_whose_role_may_not_use_the_key_gets_the_same_answer(cloud, s3, key):
    role = cloud.role("NoKeys")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:user/learner"}, "Action": "sts:AssumeRole"}
    cloud.client("iam").update_assume_role_policy(RoleName="NoKeys", PolicyDocument=json.dumps({"Statement": [trust]}))
    found = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="job")["Credentials"]
    put(s3, "for-a-job", key)
    as_role = cloud.client("s3", (found["AccessKeyId"], found["SecretAccessKey"]), found["SessionToken"])
    error = refusal(as_role.get_object, Bucket="sealed", Key="for-a-job")
    assert error["Message"].startswith(f"User: arn:aws:sts::{client.ACCOUNT}:assumed-role/NoKeys/job is not authorized")
