"""Training jobs through real boto3: every state that a job can end in, and why."""

import datetime
import io
import json
import re
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
    moments = [step[end] for step in job["SecondaryStatusTransitions"] for end in ("StartTime", "EndTime")]
    assert moments == sorted(moments) and job["TrainingEndTime"] == moments[-1]
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


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("exits", "import os; os._exit(7)", "AlgorithmError: , exit code: 7"),
        ("segfaults", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "AlgorithmError: , exit code: 139"),
        (
            "out-of-memory",
            "import numpy as np\nkept = [np.zeros(10**8) for _ in range(100)]",
            "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an "
            "instance., exit code: 137",
        ),
    ],
)
def test_an_exit_code_alone_fails_the_job(lab, name, script, reason):
    job = lab.train(name, script)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == reason


def test_a_missing_entry_script_is_named_with_what_is_there(lab):
    job = lab.train("no-script", HyperParameters={"sagemaker_program": "fit.py"})
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 2\n")
    assert "fit.py': No such file; the folder " in job["FailureReason"]
    assert "holds train.py" in job["FailureReason"]


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("not-packed", b"print('hello')", "is not a readable tar.gz archive"),
        ("not-there", None, r"NoSuchKey \(404\)"),
    ],
)
def test_an_unreadable_source_archive_fails_the_job(lab, name, body, message):
    if body:
        lab.s3.put_object(Bucket="lab", Key=f"bad/{name}", Body=body)
    job = lab.train(name, HyperParameters={"sagemaker_submit_directory": f"s3://lab/bad/{name}"})
    assert re.match(f"ClientError: The source archive could not be read: .*{message}", job["FailureReason"])
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == ["Starting", "Downloading", "Failed"]


def test_data_that_the_role_may_not_read_fails_the_job(lab):
    role = lab.cloud.role("ListOnlyRole", "AmazonS3FullAccess")
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lab/data/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    lab.cloud.client("iam").put_role_policy(RoleName="ListOnlyRole", PolicyName="no-data", PolicyDocument=policy)
    job = lab.train("no-read", RoleArn=role)
    assert job["FailureReason"].startswith("ClientError: Data download failed:AccessDenied")


def test_the_failure_file_is_the_reason(lab):
    script = "open('/opt/ml/output/failure', 'w').write('x' * 3000); raise SystemExit(1)"
    if lab.cloud.control("status")["mode"] == "guard":
        script = script.replace("'/opt/ml", "__import__('os').environ['SAGEMAKER_BASE_DIR'] + '")
    reason = lab.train("own-words", script)["FailureReason"]
    assert reason.startswith("AlgorithmError: " + "x" * 900)
    assert reason.endswith("x, exit code: 1")
    assert len(reason) == 1024


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
    job = lab.done("stopped")
    assert job["TrainingJobStatus"] == "Stopped"
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]][-2:] == ["Stopping", "Stopped"]
    with pytest.raises(ClientError, match="in status Stopped"):
        lab.sm.stop_training_job(TrainingJobName="stopped")


@pytest.mark.parametrize("mind", ["obeys", "ignores"])
def test_a_stopped_program_gets_sigterm_and_then_some_time(lab, mind):
    script = """
import os, pathlib, signal, sys, time
def end(*_):
    print("asked to stop", flush=True)
    if MIND == "obeys":
        pathlib.Path(os.environ["SM_MODEL_DIR"], "saved").write_text("s")
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("at work", flush=True)
while True: time.sleep(60)
""".replace("MIND", repr(mind))
    lab.cloud.control("patience", seconds=30 if mind == "obeys" else 1)
    try:
        lab.train(mind, script, wait=False)
        lab.until(mind, "at work")
        lab.sm.stop_training_job(TrainingJobName=mind)
        job = lab.done(mind)
    finally:
        lab.cloud.control("patience", seconds=120)
    assert "asked to stop" in lab.logs("/aws/sagemaker/TrainingJobs", f"{mind}/")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert ("ModelArtifacts" in job and bool(job["ModelArtifacts"]["S3ModelArtifacts"])) is (mind == "obeys")
    assert "FailureReason" not in job


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
        ({"AlgorithmSpecification": {"TrainingImageConfig": {"TrainingRepositoryAccessMode": "Vpc"}}}, "ImageConfig"),
        ({"AlgorithmSpecification": {"ContainerArguments": ["x"]}}, "ContainerArguments without"),
        ({"ResourceConfig": {"InstanceCount": 21}}, "ResourceLimitExceeded.* is 20 Instances"),
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


def test_the_list_is_filtered_and_sorted_as_the_model_says(lab):
    for name, script in (("sort-b", "pass"), ("sort-a", "raise SystemExit(1)"), ("sort-c", "pass")):
        lab.train(name, script)

    def names(**asked):
        found = lab.sm.list_training_jobs(NameContains="sort-", **asked)["TrainingJobSummaries"]
        return [job["TrainingJobName"][-1] for job in found]

    assert names(SortBy="CreationTime", SortOrder="Ascending") == ["b", "a", "c"]
    assert names(SortBy="Name", SortOrder="Descending") == ["c", "b", "a"]
    assert names(SortBy="Status", SortOrder="Descending")[0] == "a"
    assert names(StatusEquals="Failed") == ["a"]
    assert names(StatusEquals="InProgress") == []
    assert names() == ["c", "a", "b"]
    assert names(StatusEquals="Failed", MaxResults=1) == []  # MaxResults counts before StatusEquals looks
    assert names(StatusEquals="Failed", MaxResults=2) == ["a"]
    second = lab.sm.describe_training_job(TrainingJobName="sort-a")["CreationTime"]
    assert names(CreationTimeAfter=second) == ["c"]
    assert names(CreationTimeBefore=second) == ["b"]
    assert names(LastModifiedTimeBefore=second) == ["b"]
    assert names(LastModifiedTimeAfter=second + datetime.timedelta(days=1)) == []
    for member, value in (
        ("WarmPoolStatusEquals", "Available"),
        ("TrainingPlanArnEquals", "arn:aws:sagemaker:us-east-1:123456789012:training-plan/none-such"),
    ):
        with pytest.raises(ClientError, match=member):
            lab.sm.list_training_jobs(**{member: value})


def test_a_job_cannot_be_updated(lab):
    with pytest.raises(ClientError, match="does not run sagemaker:UpdateTrainingJob yet"):
        lab.sm.update_training_job(TrainingJobName="any", ProfilerConfig={"DisableProfiler": True})


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
