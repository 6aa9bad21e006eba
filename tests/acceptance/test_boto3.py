"""Real boto3, told nothing but `course env`: train, deploy, invoke, delete."""

import json
from pathlib import Path
from unittest import mock

import boto3
import pytest

from tests.acceptance import crossing
from tests.acceptance.crossing import BUCKET, NAME


def test_one_crossing(environment: dict[str, str], files: dict[str, Path]) -> None:
    with mock.patch.dict("os.environ", environment, clear=True):
        session = boto3.Session()
        s3, iam, sm = session.client("s3"), session.client("iam"), session.client("sagemaker")
        runtime, logs = session.client("sagemaker-runtime"), session.client("logs")

    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(files["train.csv"]), BUCKET, "data/train.csv")
    s3.upload_file(str(files["sourcedir.tar.gz"]), BUCKET, "code/sourcedir.tar.gz")
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(crossing.TRUST))
    iam.put_role_policy(RoleName=NAME, PolicyName="data", PolicyDocument=json.dumps(crossing.POLICY))

    sm.create_training_job(**crossing.TRAINING_JOB)
    sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=NAME)
    job = sm.describe_training_job(TrainingJobName=NAME)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    [auc] = [metric["Value"] for metric in job["FinalMetricDataList"] if metric["MetricName"] == "auc"]
    assert 0.6 < auc < 1
    events = logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=NAME)["events"]
    assert any(event["message"].startswith("auc=") for event in events)

    sm.create_model(**crossing.model(job["ModelArtifacts"]["S3ModelArtifacts"]))
    sm.create_endpoint_config(**crossing.ENDPOINT_CONFIG)
    sm.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    sm.get_waiter("endpoint_in_service").wait(EndpointName=NAME)
    kinds = {"ContentType": "text/csv", "Accept": "application/json"}
    answer = runtime.invoke_endpoint(EndpointName=NAME, Body=files["rows.csv"].read_bytes(), **kinds)
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    crossing.scores(answer["Body"].read())
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        runtime.invoke_endpoint(EndpointName=NAME, Body=b"1,2", **kinds)
    assert "8 columns" in refused.value.response["OriginalMessage"]

    sm.delete_endpoint(EndpointName=NAME)
    sm.get_waiter("endpoint_deleted").wait(EndpointName=NAME)
    sm.delete_endpoint_config(EndpointConfigName=NAME)
    sm.delete_model(ModelName=NAME)
    assert sm.list_endpoints()["Endpoints"] == []
    with pytest.raises(runtime.exceptions.ValidationError):
        runtime.invoke_endpoint(EndpointName=NAME, Body=files["rows.csv"].read_bytes(), **kinds)
