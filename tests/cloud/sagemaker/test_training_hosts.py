"""Training jobs on several instances, and with a command of the caller's own, through real boto3."""

import io
import json
import tarfile

GROUP = "/aws/sagemaker/TrainingJobs"


def names(lab, key: str) -> dict[str, str]:
    body = lab.s3.get_object(Bucket="lab", Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {m.name: tar.extractfile(m).read().decode() for m in tar if m.isfile()}


def test_every_host_knows_itself_and_the_others(lab):
    script = """
import json, os, pathlib, socket
print("I am", socket.gethostname())
print(pathlib.Path(os.environ["SM_INPUT_CONFIG_DIR"], "resourceconfig.json").read_text())
host = os.environ["SM_CURRENT_HOST"]
for name in (f"part-{host}", "shared"):
    pathlib.Path(os.environ["SM_MODEL_DIR"], name).write_text(host)
print("accuracy=" + host[-1])
"""
    metric = {"MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9]+)"}]}
    job = lab.train("three", script, ResourceConfig={"InstanceCount": 3}, AlgorithmSpecification=metric)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    for number in (1, 2, 3):
        lines = lab.logs(GROUP, f"three/algo-{number}-").splitlines()
        if lab.cloud.control("status")["mode"] == "namespaces":
            assert f"I am algo-{number}" in lines
        config = json.loads(next(line for line in lines if line.startswith("{")))
        assert config == {
            "current_host": f"algo-{number}",
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1", "algo-2", "algo-3"],
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": "ml.m5.large",
                    "hosts": ["algo-1", "algo-2", "algo-3"],
                }
            ],
            "network_interface_name": "eth0",
        }
    assert names(lab, "models/three/output/model.tar.gz") == {
        "part-algo-1": "algo-1",
        "part-algo-2": "algo-2",
        "part-algo-3": "algo-3",
        "shared": "algo-1",
    }
    hosts = lab.cloud.client("cloudwatch").list_metrics(Namespace=GROUP, MetricName="accuracy")["Metrics"]
    mine = [d["Value"] for metric in hosts for d in metric["Dimensions"] if d["Value"].startswith("three/")]
    assert sorted(mine) == ["three/algo-1", "three/algo-2", "three/algo-3"]


def test_one_failing_host_fails_the_job_and_ends_the_others(lab):
    script = """
import os, signal, sys, time
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise ValueError("no data on this host")
signal.signal(signal.SIGTERM, lambda *_: (print("asked to stop", flush=True), sys.exit(0)))
print("at work", flush=True)
while True: time.sleep(60)
"""
    job = lab.train("one-fails", script, ResourceConfig={"InstanceCount": 2})
    assert job["TrainingJobStatus"] == "Failed"
    assert "no data on this host" in job["FailureReason"]
    assert "no data" not in lab.logs(GROUP, "one-fails/algo-1-")


def test_an_uncompressed_model_is_a_prefix_with_its_files(lab):
    script = """
import os, pathlib
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "deep").mkdir()
(model / "deep" / "weights").write_text("w")
(model / "config").write_text("c")
"""
    job = lab.train("plain", script, OutputDataConfig={"CompressionType": "NONE"})
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://lab/models/plain/output/model/"
    listed = lab.s3.list_objects_v2(Bucket="lab", Prefix="models/plain/")["Contents"]
    assert [item["Key"].removeprefix("models/plain/output/model/") for item in listed] == ["config", "deep/weights"]


def test_other_output_has_an_archive_of_its_own(lab):
    script = "import os; open(os.environ['SM_OUTPUT_DATA_DIR'] + '/plot.txt', 'w').write('p')"
    lab.train("output", script)
    assert names(lab, "models/output/output/output.tar.gz") == {"plot.txt": "p"}


def command(*words: str, arguments: tuple[str, ...] = ()) -> dict:
    more = {"ContainerArguments": arguments} if arguments else {}
    return {"AlgorithmSpecification": {"ContainerEntrypoint": words, **more}}


def test_the_caller_s_own_command_runs_in_place_of_the_image_s(lab):
    driver = """#!/bin/bash
set -e
echo "I am $TRAINING_JOB_NAME in $(pwd)"
python -c "import sklearn, json; print('host', json.load(open('$BASE/input/config/resourceconfig.json'))['hosts'])"
echo weights > "$BASE/model/weights"
"""
    lab.s3.put_object(Bucket="lab", Key="drivers/sm_train.sh", Body=driver.encode())
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lab/drivers/"}}
    path = "/opt/ml/input/data/sm_drivers/sm_train.sh"
    job = lab.train(
        "driven",
        InputDataConfig=[{"ChannelName": "sm_drivers", "DataSource": source}],
        Environment={"BASE": "/opt/ml"},
        HyperParameters={},
        **command("/bin/bash", arguments=("-c", f"chmod +x {path} && {path}")),
    )
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    text = lab.logs(GROUP, "driven/")
    assert "I am driven in" in text
    assert "host ['algo-1']" in text
    assert names(lab, "models/driven/output/model.tar.gz") == {"weights": "weights\n"}


def test_a_command_s_exit_code_is_the_reason(lab):
    job = lab.train("command-fails", **command("/bin/bash", arguments=("-c", "echo so it goes; exit 3")))
    assert job["FailureReason"] == "AlgorithmError: , exit code: 3"
    assert "so it goes" in lab.logs(GROUP, "command-fails/")


def test_a_command_that_is_not_there_is_named_in_the_log(lab):
    job = lab.train("no-command", **command("no-such-program"))
    assert job["FailureReason"] == "AlgorithmError: , exit code: 127"
    assert 'exec: "no-such-program": No such file or directory' in lab.logs(GROUP, "no-command/")
