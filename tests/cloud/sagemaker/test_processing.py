"""Processing jobs through real boto3: what a container finds, what becomes of its outputs, how it ends."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import CLARIFY, SCIKIT_LEARN

GROUP = "/aws/sagemaker/ProcessingJobs"
BASE = "import os; base = os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml')\n"
"""What a script that also runs where /opt/ml is only agreed upon begins with."""


@pytest.fixture(scope="module")
def process(lab):
    """Run a script as a processing job; inputs and outputs are {name: uri}."""

    def run(name, script="pass", *, inputs=None, outputs=None, mode="EndOfJob", wait=True, arguments=(), **more):
        lab.s3.put_object(Bucket="lab", Key=f"scripts/{name}/run.py", Body=(BASE + script).encode())
        sources = {"code": f"s3://lab/scripts/{name}/run.py", **(inputs or {})}
        application = {
            "ImageUri": SCIKIT_LEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
        }
        request = {
            "ProcessingJobName": name,
            "RoleArn": lab.role,
            "AppSpecification": application | ({"ContainerArguments": list(arguments)} if arguments else {}),
            "ProcessingInputs": [source(key, uri) for key, uri in sources.items()],
            "ProcessingOutputConfig": {"Outputs": [target(key, uri, mode) for key, uri in (outputs or {}).items()]},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
            },
            **more,
        }
        lab.sm.create_processing_job(**request)
        return done(name) if wait else None

    def done(name):
        waiter = lab.sm.get_waiter("processing_job_completed_or_stopped")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 1200
        try:
            waiter.wait(ProcessingJobName=name)
        except Exception as error:  # a failed job ends the waiter too
            if "terminal failure" not in str(error):
                raise
        return lab.sm.describe_processing_job(ProcessingJobName=name)

    run.done = done
    return run


def source(name, uri, **more):
    place = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**place, "S3InputMode": "File", **more}}


def target(name, uri, mode="EndOfJob", **more):
    place = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/output/{name}", "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": {**place, **more}}


def cluster(count):
    return {"ClusterConfig": {"InstanceCount": count, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}}


def text_at(lab, key):
    return lab.s3.get_object(Bucket="lab", Key=key)["Body"].read().decode()


def keys(lab, prefix):
    return [item["Key"] for item in lab.s3.list_objects_v2(Bucket="lab", Prefix=prefix).get("Contents", [])]


def test_a_script_turns_an_input_into_an_output(lab, process):
    script = """
import json, numpy as np
rows = np.loadtxt(base + '/processing/input/data/train.csv', delimiter=',')
os.makedirs(base + '/processing/output/report/deep')
with open(base + '/processing/output/report/deep/evaluation.json', 'w') as file:
    json.dump({'rows': len(rows), 'share': rows[:, 0].mean()}, file)
print('evaluated')
"""
    job = process("evaluate", script, inputs={"data": "s3://lab/data/"}, outputs={"report": "s3://lab/out/evaluate"})
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert json.loads(text_at(lab, "out/evaluate/deep/evaluation.json")) == {"rows": 200, "share": 0.5}
    assert "evaluated" in lab.logs(GROUP, "evaluate/algo-1-")
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["ProcessingInputs"][1]["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
    line = next(line for line in lab.cloud.control("meter")["lines"] if line["arn"] == job["ProcessingJobArn"])
    assert (line["kind"], line["cost"] > 0, line["to"] is None) == ("ProcessingJob", True, False)


def test_the_container_finds_its_job_and_its_arguments(lab, process):
    script = """
import json, sys
print('arguments', sys.argv[1:], __name__)
job = json.load(open(base + '/config/processingjobconfig.json'))
print('job', job['ProcessingJobName'], job['ProcessingOutputConfig']['KmsKeyId'], job['Environment'])
print('host', json.load(open(base + '/config/resourceconfig.json')))
print('mine', os.environ['MY_VARIABLE'])
"""
    job = process("knows", script, arguments=["--cut", "0.5"], Environment={"MY_VARIABLE": "42"})
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    text = lab.logs(GROUP, "knows/")
    assert "arguments ['--cut', '0.5'] __main__" in text
    assert "job knows None {'MY_VARIABLE': '42'}" in text
    assert "host {'current_host': 'algo-1', 'hosts': ['algo-1']}" in text
    assert "mine 42" in text


@pytest.mark.parametrize(
    ("name", "entrypoint", "line"),
    [
        ("shell", ["bash", "-c", "echo one; echo two | tr a-z A-Z"], "TWO"),
        ("python-c", ["python3", "-c", "import joblib; print('version', joblib.__version__)"], "version 1."),
        ("flag", ["python3", "-u", "/opt/ml/processing/input/code/run.py", "word"], "argv ['word']"),
    ],
)
def test_any_command_runs(lab, process, name, entrypoint, line):
    application = {"ImageUri": SCIKIT_LEARN, "ContainerEntrypoint": entrypoint}
    job = process(name, "import sys; print('argv', sys.argv[1:])", AppSpecification=application)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert line in lab.logs(GROUP, f"{name}/")


@pytest.mark.parametrize(
    ("name", "entrypoint", "code"),
    [("no-command", ["no-such-command"], 127), ("no-script", ["python3", "/opt/ml/processing/input/x.py"], 2)],
)
def test_a_command_that_is_not_there_fails_the_job(process, name, entrypoint, code):
    job = process(name, AppSpecification={"ImageUri": SCIKIT_LEARN, "ContainerEntrypoint": entrypoint})
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == f"AlgorithmError: See job logs for more information, exit code: {code}"


def test_a_script_that_raises_fails_the_job_and_leaves_its_traceback_in_the_log(lab, process):
    job = process("raises", "raise ValueError('no rows for day 31')", outputs={"o": "s3://lab/out/raises"})
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].endswith("exit code: 1")
    assert "ValueError: no rows for day 31" in lab.logs(GROUP, "raises/")
    assert not keys(lab, "out/raises")


def test_the_exit_message_and_the_failure_file_are_shown(process):
    script = "open(base + '/output/message', 'w').write('ä' * 2000)\n"
    job = process("message", script)
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "ä" * 512)
    script += "open(base + '/output/failure', 'w').write('my own words'); raise SystemExit(3)"
    job = process("failure", script)
    assert job["FailureReason"] == "AlgorithmError: my own words, exit code: 3"
    assert job["ExitMessage"].startswith("ä")
    job = process("latin", "open(base + '/output/message', 'wb').write(b'\\xe4\\xf6')")
    assert job["FailureReason"].startswith("ClientError: The exit message")


def test_outputs_of_a_stopped_job_are_kept_only_where_they_are_uploaded_continuously(lab, process):
    script = """
import time
for name in ('now', 'later'):
    open(base + f'/processing/output/{name}/x.txt', 'w').write('half')
while True: time.sleep(60)
"""
    outputs = [target("now", "s3://lab/out/stop/now", "Continuous"), target("later", "s3://lab/out/stop/later")]
    process("stopped", script, wait=False, ProcessingOutputConfig={"Outputs": outputs})
    until = time.monotonic() + 30
    while not keys(lab, "out/stop/now") and time.monotonic() < until:
        time.sleep(0.05)
    assert text_at(lab, "out/stop/now/x.txt") == "half"  # while it runs
    lab.sm.stop_processing_job(ProcessingJobName="stopped")
    assert process.done("stopped")["ProcessingJobStatus"] == "Stopped"
    assert keys(lab, "out/stop/") == ["out/stop/now/x.txt"]
    with pytest.raises(ClientError, match="in status Stopped"):
        lab.sm.stop_processing_job(ProcessingJobName="stopped")


def test_what_changes_is_uploaded_again_and_links_are_not_followed(lab, process):
    script = """
import time
out = base + '/processing/output/o/'
open(out + 'state.txt', 'w').write('first')
os.symlink('/etc/hostname', out + 'link')
os.symlink('/etc', out + 'folder')
time.sleep(1.5)
open(out + 'state.txt', 'w').write('second time')
"""
    job = process("changing", script, outputs={"o": "s3://lab/out/changing"}, mode="Continuous")
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert keys(lab, "out/changing") == ["out/changing/state.txt"]
    assert text_at(lab, "out/changing/state.txt") == "second time"


def test_maxruntime_stops_a_job(process):
    job = process("slow", "import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Stopped"


def test_several_instances_share_the_objects(lab, process):
    for number in range(5):
        lab.s3.put_object(Bucket="lab", Key=f"parts/{number}.csv", Body=str(number).encode())
    script = """
import json
host = json.load(open(base + '/config/resourceconfig.json'))
names = {kind: sorted(os.listdir(base + '/processing/input/' + kind)) for kind in ('mine', 'all')}
path = base + f"/processing/output/o/{host['current_host']}.json"
json.dump({**names, 'hosts': host['hosts']}, open(path, 'w'))
"""
    inputs = [
        source("code", "s3://lab/scripts/sharded/"),
        source("mine", "s3://lab/parts/", S3DataDistributionType="ShardedByS3Key"),
        source("all", "s3://lab/parts/"),
    ]
    job = process(
        "sharded",
        script,
        outputs={"o": "s3://lab/out/sharded"},
        ProcessingInputs=inputs,
        ProcessingResources=cluster(2),
    )
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    first, second = (json.loads(text_at(lab, f"out/sharded/algo-{n}.json")) for n in (1, 2))
    assert first["hosts"] == second["hosts"] == ["algo-1", "algo-2"]
    assert first["all"] == second["all"] == sorted(first["mine"] + second["mine"]) == [f"{n}.csv" for n in range(5)]
    assert abs(len(first["mine"]) - len(second["mine"])) == 1
    assert "sharded/algo-2-" in str(
        lab.cloud.client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="sharded/")
    )


def test_one_instance_that_fails_fails_the_job_and_ends_the_others(process):
    script = """
import json, time
if json.load(open(base + '/config/resourceconfig.json'))['current_host'] == 'algo-2': raise SystemExit(9)
time.sleep(60)
"""
    job = process("one-fails", script, ProcessingResources=cluster(2))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].endswith("exit code: 9")


def test_a_manifest_names_the_objects(lab, process):
    lab.s3.put_object(Bucket="lab", Key="listed/a/x.csv", Body=b"1")
    lab.s3.put_object(Bucket="lab", Key="listed/y.csv", Body=b"2")
    manifest = [{"prefix": "s3://lab/listed/"}, "a/x.csv", "y.csv"]
    lab.s3.put_object(Bucket="lab", Key="list.manifest", Body=json.dumps(manifest).encode())
    lab.s3.put_object(Bucket="lab", Key="bad.manifest", Body=b'["a"]')
    script = (
        "here = base + '/processing/input/data/'; print(open(here + 'a/x.csv').read() + open(here + 'y.csv').read())"
    )
    for name, uri in (("listed", "s3://lab/list.manifest"), ("badly-listed", "s3://lab/bad.manifest")):
        inputs = [source("code", f"s3://lab/scripts/{name}/"), source("data", uri, S3DataType="ManifestFile")]
        job = process(name, script, ProcessingInputs=inputs)
        if name == "listed":
            assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
            assert "12" in lab.logs(GROUP, "listed/")
        else:
            assert "is not a JSON array" in job["FailureReason"]


def test_inputs_that_are_not_there_or_not_allowed_fail_the_job(lab, process):
    job = process("no-data", inputs={"data": "s3://lab/nothing/here"})
    assert job["FailureReason"].startswith("ClientError: Failed to download data. No S3 objects found")
    job = process("no-bucket", inputs={"data": "s3://no-such-bucket-at-all/x"})
    assert "ListObjectsV2 failed" in job["FailureReason"]
    role = lab.cloud.role("NothingRole", "AWSLambda_ReadOnlyAccess")
    job = process("no-right", RoleArn=role)
    assert "AccessDenied" in job["FailureReason"]


def test_outputs_need_the_roles_permission_and_are_encrypted_with_the_key(lab, process):
    write = "open(base + '/processing/output/o/x', 'w').write('x')"
    role = lab.cloud.role("ReaderRole", "AmazonS3ReadOnlyAccess")
    job = process("no-write", write, outputs={"o": "s3://lab/out/no-write"}, RoleArn=role)
    assert job["FailureReason"].startswith("ClientError: Failed to upload data. AccessDenied")
    key = lab.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    outputs = {"Outputs": [target("o", "s3://lab/out/sealed/")], "KmsKeyId": key}
    job = process("no-key", write, ProcessingOutputConfig=outputs)
    assert f"kms:GenerateDataKey on resource: {key}" in job["FailureReason"]
    seal = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [seal]})
    lab.cloud.client("iam").put_role_policy(RoleName="TxGuardRole", PolicyName="seal", PolicyDocument=policy)
    job = process("sealed", write, ProcessingOutputConfig=outputs)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert lab.s3.head_object(Bucket="lab", Key="out/sealed/x")["ServerSideEncryption"] == "aws:kms"


def test_a_job_runs_as_its_role_unless_it_is_isolated(lab, process):
    script = "import boto3; print('I am', boto3.client('sts').get_caller_identity()['Arn'])"
    job = process("whoami", script)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert "assumed-role/TxGuardRole/" in lab.logs(GROUP, "whoami/")
    job = process("alone", script, NetworkConfig={"EnableNetworkIsolation": True})
    assert job["ProcessingJobStatus"] == "Failed"
    assert "assumed-role" not in lab.logs(GROUP, "alone/")
    script = f"import socket; socket.create_connection(('127.0.0.1', {lab.cloud.port}), 2)"
    job = process("cut-off", script, NetworkConfig={"EnableNetworkIsolation": True})
    assert job["ProcessingJobStatus"] == "Failed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"AppSpecification": {"ImageUri": "nobody/image:latest"}}, "not found"),
        ({"AppSpecification": {"ImageUri": SCIKIT_LEARN}}, "You must specify a ContainerEntrypoint"),
        ({"AppSpecification": {"ImageUri": CLARIFY, "ContainerArguments": ["x"]}}, "takes no ContainerArguments"),
        ({"ProcessingResources": {"ClusterConfig": {"VolumeSizeInGB": 5}}}, "InstanceType"),
        (
            {
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 21, "VolumeSizeInGB": 5}
                }
            },
            "ResourceLimitExceeded.* 'ml.m5.large for processing job usage' is 20 Instances",
        ),
        ({"ProcessingInputs": [source("a", "s3://lab/x", LocalPath="/tmp/x")]}, "begins with /opt/ml/processing/"),
        ({"ProcessingInputs": [source("a", "s3://lab/x", LocalPath="/opt/ml/processing/../x")]}, "begins with"),
        ({"ProcessingInputs": [source("a", "s3://lab/x", LocalPath="/opt/ml/processing")]}, "begins with"),
        ({"ProcessingInputs": [source("a", "s3://lab/x"), source("a", "s3://lab/x")]}, "InputName must be unique"),
        ({"ProcessingInputs": [source("a", "s3://lab/x", S3CompressionType="Gzip")]}, "when S3InputMode is Pipe"),
        ({"ProcessingInputs": [source("a", "s3://lab/x", S3InputMode="Pipe")]}, "S3InputMode=Pipe"),
        ({"ProcessingInputs": [source("a", "https://host/x")]}, "not an S3 URI"),
        ({"ProcessingInputs": [{"InputName": "a"}]}, "must specify an S3Input"),
        ({"ProcessingInputs": [{"InputName": "a", "DatasetDefinition": {"LocalPath": "/x"}}]}, "DatasetDefinition"),
        ({"ProcessingInputs": [{**source("a", "s3://lab/x"), "AppManaged": True}]}, "AppManaged"),
        (
            {"ProcessingOutputConfig": {"Outputs": [target("o", "s3://lab/x", LocalPath="/opt/ml/model")]}},
            "begins with /opt/ml/processing/",
        ),
        (
            {
                "ProcessingInputs": [source("a", "s3://lab/x", LocalPath="/opt/ml/processing/x")],
                "ProcessingOutputConfig": {"Outputs": [target("o", "s3://lab/x", LocalPath="/opt/ml/processing/x")]},
            },
            "is that of a already",
        ),
        (
            {
                "ProcessingOutputConfig": {
                    "Outputs": [{"OutputName": "o", "FeatureStoreOutput": {"FeatureGroupName": "g"}}]
                }
            },
            "FeatureStoreOutput",
        ),
        ({"RoleArn": "arn:aws:iam::123456789012:role/Nobody"}, "Could not assume role"),
    ],
)
def test_what_is_wrong_is_refused_at_once(lab, process, change, message):
    with pytest.raises(ClientError, match=message):
        process("refused", wait=False, **change)
    assert not lab.sm.list_processing_jobs(NameContains="refused")["ProcessingJobSummaries"]


def test_names_lists_tags_and_deletion(lab, process):
    job = process("listed-a", Tags=[{"Key": "team", "Value": "risk"}])
    assert lab.sm.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"] == [{"Key": "team", "Value": "risk"}]
    process("listed-b", "raise SystemExit(1)")
    with pytest.raises(ClientError) as failure:
        process("listed-a")
    assert failure.value.response["Error"]["Code"] == "ResourceInUse"
    found = lab.sm.list_processing_jobs(NameContains="listed-", SortBy="Name", SortOrder="Ascending")
    states = {j["ProcessingJobName"]: j["ProcessingJobStatus"] for j in found["ProcessingJobSummaries"]}
    assert (states["listed-a"], states["listed-b"]) == ("Completed", "Failed")
    lab.sm.delete_processing_job(ProcessingJobName="listed-a")
    with pytest.raises(ClientError) as failure:
        lab.sm.describe_processing_job(ProcessingJobName="listed-a")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
    process("running", "import time; time.sleep(60)", wait=False)
    with pytest.raises(ClientError) as failure:
        lab.sm.delete_processing_job(ProcessingJobName="running")
    assert failure.value.response["Error"]["Code"] == "ResourceInUse"
    lab.sm.stop_processing_job(ProcessingJobName="running")
    assert process.done("running")["ProcessingJobStatus"] == "Stopped"
