"""Trails through boto3: what they need, what they record, and what never appears in them."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from course.cloud import client

PREFIX = f"AWSLogs/{client.ACCOUNT}/CloudTrail/{client.REGION}/"


def open_bucket(cloud, name, folder=f"AWSLogs/{client.ACCOUNT}/*", acl="bucket-owner-full-control"):
    """A bucket with the policy that AWS's documentation gives for CloudTrail."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    service = {"Service": "cloudtrail.amazonaws.com"}
    put = {
        "Effect": "Allow",
        "Principal": service,
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/{folder}",
    }
    put["Condition"] = {"StringEquals": {"s3:x-amz-acl": acl}}
    look = {"Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{name}"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [look, put]}))
    return name


def started(cloud, name, **selectors):
    trails = cloud.client("cloudtrail")
    trails.create_trail(Name=name, S3BucketName=open_bucket(cloud, name))
    if selectors:
        trails.put_event_selectors(TrailName=name, **selectors)
    trails.start_logging(Name=name)
    return trails


def records(cloud, bucket):
    """Every record that the trail's bucket holds, after what is pending was delivered."""
    cloud.control("advance", seconds=301)
    s3 = cloud.client("s3")
    found = []
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX).get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        found += json.loads(gzip.decompress(body))["Records"]
    return found


def names(found):
    return {record["eventName"] for record in found}


def test_a_trail_needs_a_bucket_that_lets_cloudtrail_in(cloud):
    trails = cloud.client("cloudtrail")
    with pytest.raises(ClientError, match="S3 bucket no-such-bucket does not exist!") as failure:
        trails.create_trail(Name="audit", S3BucketName="no-such-bucket")
    assert failure.value.response["Error"]["Code"] == "S3BucketDoesNotExistException"
    cloud.client("s3").create_bucket(Bucket="closed")
    open_bucket(cloud, "wrong-folder", folder="AWSLogs/999999999999/*")
    open_bucket(cloud, "wrong-acl", acl="private")
    for bucket in ("closed", "wrong-folder", "wrong-acl"):
        with pytest.raises(ClientError, match="Incorrect S3 bucket policy") as failure:
            trails.create_trail(Name="audit", S3BucketName=bucket)
        assert failure.value.response["Error"]["Code"] == "InsufficientS3BucketPolicyException"
    assert trails.list_trails()["Trails"] == []


def test_a_trail_that_was_never_started_records_nothing(cloud):
    trails = cloud.client("cloudtrail")
    trails.create_trail(Name="idle", S3BucketName=open_bucket(cloud, "idle"))
    assert trails.get_trail_status(Name="idle")["IsLogging"] is False
    cloud.client("sagemaker").list_models()
    assert records(cloud, "idle") == []


def test_management_calls_are_delivered_and_reads_of_objects_only_when_asked_for(cloud):
    trails = started(cloud, "audit")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="training")
    s3.put_object(Bucket="training", Key="train/x.csv", Body=b"1")
    cloud.client("sagemaker").list_models()
    first = records(cloud, "audit")
    assert {"CreateBucket", "ListModels"} <= names(first)
    assert not names(first) & {"PutObject", "GetObject", "ListObjects"}
    trails.put_event_selectors(
        TrailName="audit",
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::training/"]}],
            }
        ],
    )
    s3.get_object(Bucket="training", Key="train/x.csv")
    found = [record for record in records(cloud, "audit") if record["eventCategory"] == "Data"]
    (read,) = [record for record in found if record["eventName"] == "GetObject"]
    assert read["requestParameters"] == {"bucketName": "training", "key": "train/x.csv"}
    assert read["userIdentity"]["userName"] == "learner"
    assert read["resources"][0] == {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::training/train/x.csv"}
    assert all(record["requestParameters"]["bucketName"] == "training" for record in found)


def test_advanced_selectors_choose_by_field(cloud):
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::chosen/"]},
        {"Field": "readOnly", "Equals": ["false"]},
    ]
    started(cloud, "chosen-writes", AdvancedEventSelectors=[{"Name": "writes", "FieldSelectors": fields}])
    s3 = cloud.client("s3")
    for bucket in ("chosen", "other-one"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="x", Body=b"1")
        s3.get_object(Bucket=bucket, Key="x")
    found = records(cloud, "chosen-writes")
    assert [(r["eventName"], r["requestParameters"]["bucketName"]) for r in found] == [("PutObject", "chosen")]


def test_invocations_are_on_no_trail(cloud):
    started(cloud, "no-invocations")
    with pytest.raises(ClientError):
        cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName="nobody", Body=b"1")
    cloud.client("sagemaker").list_endpoints()
    found = names(records(cloud, "no-invocations"))
    assert "ListEndpoints" in found
    assert not any("Invoke" in name for name in found)
    with pytest.raises(ClientError, match=r"AWS::SageMaker::Endpoint"):
        cloud.client("cloudtrail").put_event_selectors(
            TrailName="no-invocations",
            AdvancedEventSelectors=[
                {
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Data"]},
                        {"Field": "resources.type", "Equals": ["AWS::SageMaker::Endpoint"]},
                    ]
                }
            ],
        )


def test_what_the_base_refused_is_recorded_with_its_error(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="prying")
    key = iam.create_access_key(UserName="prying")["AccessKey"]
    for service, call in (("iam", "list_users"), ("s3", "list_buckets"), ("sns", "list_topics"), ("kms", "list_keys")):
        with pytest.raises(ClientError):
            getattr(cloud.client(service, (key["AccessKeyId"], key["SecretAccessKey"])), call)()
    with pytest.raises(ClientError):
        cloud.client("s3").get_bucket_policy(Bucket="never-made")
    events = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": "prying"}]
    )["Events"]
    documents = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert len(documents) == 4
    for document in documents:
        assert document["errorCode"].startswith(("AccessDenied", "AuthorizationError")), document
        assert document["errorMessage"].startswith("User: arn:aws:iam::123456789012:user/prying is not authorized")
    missing = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "never-made"}]
    )["Events"]
    assert json.loads(missing[0]["CloudTrailEvent"])["errorCode"] == "NoSuchBucket"


def test_files_are_named_and_timed_by_the_clouds_clock(open_cloud):
    cloud = open_cloud()
    trails = started(cloud, "dated")
    cloud.control("advance", seconds=40 * 86_400)
    cloud.client("sagemaker").list_models()
    cloud.control("advance", seconds=301)
    now = cloud.control("now")["now"]
    day = now[:10].replace("-", "/")
    keys = [i["Key"] for i in cloud.client("s3").list_objects_v2(Bucket="dated", Prefix=PREFIX)["Contents"]]
    assert keys[-1].startswith(f"{PREFIX}{day}/{client.ACCOUNT}_CloudTrail_{client.REGION}_{now[:4]}")
    assert keys[-1].endswith(".json.gz")
    assert trails.get_trail_status(Name="dated")["LatestDeliveryTime"].isoformat()[:10] == now[:10]
    cloud.handle.close()


def test_a_trail_is_stopped_changed_and_deleted(open_cloud):
    cloud = open_cloud()
    trails = started(cloud, "short-lived")
    trails.stop_logging(Name="short-lived")
    cloud.client("sagemaker").list_models()
    assert "ListModels" not in names(records(cloud, "short-lived"))
    assert trails.get_trail(Name="short-lived")["Trail"]["S3BucketName"] == "short-lived"
    trails.update_trail(Name="short-lived", S3BucketName=open_bucket(cloud, "new-place"))
    assert trails.describe_trails()["trailList"][0]["S3BucketName"] == "new-place"
    assert trails.get_event_selectors(TrailName="short-lived")["EventSelectors"][0]["ReadWriteType"] == "All"
    trails.delete_trail(Name="short-lived")
    for call in (trails.get_trail_status, trails.start_logging, trails.delete_trail):
        with pytest.raises(ClientError, match="Unknown trail"):
            call(Name="short-lived")
    cloud.handle.close()


def test_a_bucket_that_is_closed_later_gets_no_more_files(open_cloud):
    cloud = open_cloud()
    trails = started(cloud, "closing")
    cloud.client("s3").delete_bucket_policy(Bucket="closing")
    cloud.client("sagemaker").list_models()
    assert records(cloud, "closing") == []
    assert trails.get_trail_status(Name="closing")["LatestDeliveryError"] == "AccessDenied"
    cloud.handle.close()


@pytest.mark.parametrize("selectors", [{}, {"EventSelectors": [], "AdvancedEventSelectors": []}])
def test_selectors_that_say_nothing_are_refused(cloud, selectors):
    trails = cloud.client("cloudtrail")
    if not any(t["Name"] == "strict" for t in trails.list_trails()["Trails"]):
        trails.create_trail(Name="strict", S3BucketName=open_bucket(cloud, "strict"))
    with pytest.raises(ClientError, match="either EventSelectors or AdvancedEventSelectors"):
        trails.put_event_selectors(TrailName="strict", **selectors)
