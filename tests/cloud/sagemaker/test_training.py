"""Training jobs through real boto3: every state that a job can end in, and why."""

import io
import json
import tarfile

import joblib
import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

METRICS = {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "accuracy", "Regex": r"accuracy=([0-9.]+)"}]}}


def test_a_job_trains_a_model_that_can_be_loaded(lab):
    job = lab.train("first", HyperParameters={"strength": "0.5"}, **METRICS)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://lab/models/first/output/model.tar.gz"
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    metric = job["FinalMetricDataList"][0]
    assert (metric["MetricName"], metric["Value"]) == ("accuracy", pytest.approx(1.0, abs=0.05))
    body = lab.s3.get_object(Bucket="lab", Key="models/first/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        model = joblib.load(io.BytesIO(tar.extractfile("model.joblib").read()))
    assert model.C == 0.5


def test_what_the_script_prints_is_in_the_logs(lab):
    lab.train("talkative", "import sys; print('to stdout'); print('to stderr', file=sys.stderr)")
    text = lab.logs("/aws/sagemaker/TrainingJobs", "talkative/algo-1-")
    assert "to stdout" in text
    assert "to stderr" in text


def test_a_script_that_raises_fails_the_job_with_its_words(lab):
    job = lab.train("raises", "raise ValueError('no rows for day 31')")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert "no rows for day 31" in job["FailureReason"]
    assert "ModelArtifacts" not in job or not job["ModelArtifacts"].get("S3ModelArtifacts")


def test_an_exit_code_alone_fails_the_job(lab):
    job = lab.train("exits", "import os; os._exit(7)")
    assert job["TrainingJobStatus"] == "Failed"
    assert "7" in job["FailureReason"]


def test_the_failure_file_is_the_reason(lab):
    script = "open('/opt/ml/output/failure', 'w').write('x' * 3000); raise SystemExit(1)"
    if lab.cloud.control("status")["mode"] == "guard":
        script = script.replace("'/opt/ml", "__import__('os').environ['SAGEMAKER_BASE_DIR'] + '")
    reason = lab.train("own-words", script)["FailureReason"]
    assert "x" * 900 in reason
    assert len(reason) <= 1024


def test_a_job_runs_as_its_role(lab):
    script = "import boto3; print('I am', boto3.client('sts').get_caller_identity()['Arn'])"
    job = lab.train("whoami", script)
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert "assumed-role/TxGuardRole/" in lab.logs("/aws/sagemaker/TrainingJobs", "whoami/algo-1-")


def test_what_the_role_lacks_the_script_lacks(lab):
    script = "import boto3; boto3.client('sagemaker').list_models()"
    job = lab.train("denied", script)
    assert job["TrainingJobStatus"] == "Failed"
    assert "is not authorized to perform: sagemaker:ListModels" in job["FailureReason"]


def test_a_role_that_may_not_write_fails_the_upload(lab):
    role = lab.cloud.role("ReadOnlyRole", "AmazonS3ReadOnlyAccess")
    job = lab.train("no-write", RoleArn=role)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data upload failed:AccessDenied")


def test_maxruntime_stops_a_job(lab):
    job = lab.train(
        "slow",
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: exit(0))\n"
        "open(__import__('os').environ['SM_MODEL_DIR'] + '/half', 'w').write('x')\n"
        "while True: time.sleep(60)",
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/slow/output/model.tar.gz")


def test_stop_asks_and_keeps_what_was_saved(lab):
    lab.train("stopped", "import time\nprint('at work', flush=True)\nwhile True: time.sleep(60)", wait=False)
    lab.sm.stop_training_job(TrainingJobName="stopped")
    assert lab.sm.describe_training_job(TrainingJobName="stopped")["TrainingJobStatus"] in ("Stopping", "Stopped")
    assert lab.done("stopped")["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="in status Stopped"):
        lab.sm.stop_training_job(TrainingJobName="stopped")


def test_hyperparameters_and_environment_arrive(lab):
    script = (
        "import os, sys, json\nprint('argv', sys.argv[1:])\nprint('mine', os.environ['MY_VARIABLE'])\n"
        "print('hps', json.loads(os.environ['SM_HPS']))"
    )
    lab.train("variables", script, HyperParameters={"depth": "3", "name": "a b"}, Environment={"MY_VARIABLE": "42"})
    text = lab.logs("/aws/sagemaker/TrainingJobs", "variables/")
    assert "argv ['--depth', '3', '--name', 'a b']" in text
    assert "mine 42" in text


def test_a_flood_of_output_is_held(lab):
    job = lab.train("flood", "for i in range(200_000): print('0123456789' * 4)")
    assert job["TrainingJobStatus"] == "Completed"
    client = lab.cloud.client("logs")
    stream = client.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="flood/")[
        "logStreams"
    ][0]
    last = client.get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", limit=1, logStreamName=stream["logStreamName"]
    )["events"][-1]
    assert "is not kept" in last["message"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RoleArn": "arn:aws:iam::123456789012:role/Nobody"}, "Could not assume role"),
        ({"AlgorithmSpecification": {"TrainingImage": "nobody/image:latest"}}, "not found"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}}, "TrainingInputMode=Pipe"),
        ({"AlgorithmSpecification": {"ContainerArguments": ["x"]}}, "ContainerArguments without"),
        ({"ResourceConfig": {"InstanceCount": 0}}, "InstanceCount must be at least 1"),
        ({"ResourceConfig": {"KeepAlivePeriodInSeconds": 60}}, "ResourceConfig.KeepAlivePeriodInSeconds"),
        (
            {
                "ResourceConfig": {
                    "InstanceGroups": [{"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "a"}]
                }
            },
            "ResourceConfig.InstanceGroups",
        ),
        ({"TrainingJobName": "bad_name"}, "regular expression"),
        ({"ResourceConfig": {"InstanceType": "ml.none"}}, "enum value set"),
        (
            {
                "InputDataConfig": [
                    {
                        "ChannelName": "train",
                        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lab/nothing/here"}},
                    }
                ]
            },
            "No S3 objects found under S3 URL",
        ),
        ({"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "m", "Regex": "("}]}}, "Regex of metric m"),
        ({"EnableManagedSpotTraining": True}, "It must be present and be greater than or equal to MaxRuntimeInSec"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 599},
            },
            "It must be present and be greater than or equal to MaxRuntimeInSeconds",
        ),
        (
            {"StoppingCondition": {"MaxWaitTimeInSeconds": 700}},
            "It is only supported when EnableManagedSpotTraining is set to true",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://lab/c", "LocalPath": "/opt/ml/../../var"}},
            "CheckpointConfig.LocalPath outside /opt/ml",
        ),
        ({"SessionChainingConfig": {"EnableSessionTagChaining": True}}, "SessionChainingConfig"),
    ],
)
def test_what_is_wrong_is_refused_at_once(lab, change, message):
    with pytest.raises(ClientError, match=message):
        lab.train("refused", wait=False, **change)
    assert "refused" not in [j["TrainingJobName"] for j in lab.sm.list_training_jobs()["TrainingJobSummaries"]]


def test_a_name_is_used_once(lab):
    lab.train("once", "pass")
    with pytest.raises(ClientError) as failure:
        lab.train("once", "pass")
    assert failure.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_missing_job_and_the_lists(lab):
    with pytest.raises(ClientError) as failure:
        lab.sm.describe_training_job(TrainingJobName="never-was")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
    lab.train("listed-a", "pass")
    lab.train("listed-b", "raise SystemExit(1)")
    found = lab.sm.list_training_jobs(NameContains="listed", SortBy="Name", SortOrder="Ascending")
    assert [(j["TrainingJobName"], j["TrainingJobStatus"]) for j in found["TrainingJobSummaries"]] == [
        ("listed-a", "Completed"),
        ("listed-b", "Failed"),
    ]
    pages = list(lab.sm.get_paginator("list_training_jobs").paginate(MaxResults=2))
    assert len(pages) > 1
    assert all(len(page["TrainingJobSummaries"]) <= 2 for page in pages)
    lab.sm.delete_training_job(TrainingJobName="listed-a")
    assert not lab.sm.list_training_jobs(NameContains="listed-a")["TrainingJobSummaries"]


def test_the_caller_needs_passrole(lab):
    iam = lab.cloud.client("iam")
    iam.create_user(UserName="junior")
    iam.put_user_policy(
        UserName="junior",
        PolicyName="train",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}]}),
    )
    key = iam.create_access_key(UserName="junior")["AccessKey"]
    junior = lab.cloud.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"]))
    with pytest.raises(ClientError, match=r"not authorized to perform: iam:PassRole on resource: .*role/TxGuardRole"):
        junior.create_model(ModelName="m", ExecutionRoleArn=lab.role, PrimaryContainer={"Image": SCIKIT_LEARN})
