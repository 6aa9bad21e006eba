"""Channels through real boto3: which objects a job finds, where, and when."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

LISTING = """
import os, pathlib
base = pathlib.Path(os.environ["SM_INPUT_DIR"]) / "data"
for path in sorted(base.rglob("*")):
    if path.is_file():
        print(path.relative_to(base), "=", path.read_text(), "on", os.environ["SM_CURRENT_HOST"])
print("config", os.environ["SM_INPUT_DATA_CONFIG"])
"""
GROUP = "/aws/sagemaker/TrainingJobs"


def channel(name: str, uri: str, **more) -> dict:
    source = {"S3DataType": more.pop("S3DataType", "S3Prefix"), "S3Uri": uri}
    if "distribution" in more:
        source["S3DataDistributionType"] = more.pop("distribution")
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


@pytest.fixture(scope="module")
def parts(lab):
    """Six small objects below s3://lab/parts/."""
    for number in range(6):
        lab.s3.put_object(Bucket="lab", Key=f"parts/{number}.txt", Body=f"part {number}".encode())
    return "s3://lab/parts/"


def found(lab, job: str) -> list[str]:
    return sorted(line for line in lab.logs(GROUP, f"{job}/").splitlines() if " = " in line)


def test_each_channel_has_its_folder_and_its_entry(lab, parts):
    channels = [
        channel("train", "s3://lab/parts/1", ContentType="text/csv"),
        channel("validation", "s3://lab/parts/2.txt"),
    ]
    job = lab.train("two-channels", LISTING, InputDataConfig=channels)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert found(lab, "two-channels") == [
        "train/1.txt = part 1 on algo-1",
        "validation/2.txt = part 2 on algo-1",
    ]
    config = json.loads(lab.logs(GROUP, "two-channels/").partition("config ")[2])
    assert config["train"]["ContentType"] == "text/csv"
    assert "ContentType" not in config["validation"]


def test_a_manifest_names_the_objects(lab, parts):
    manifest = [{"prefix": "s3://lab/parts/"}, "4.txt", "0.txt"]
    lab.s3.put_object(Bucket="lab", Key="lists/two.manifest", Body=json.dumps(manifest).encode())
    channels = [channel("train", "s3://lab/lists/two.manifest", S3DataType="ManifestFile")]
    lab.train("manifest", LISTING, InputDataConfig=channels)
    assert found(lab, "manifest") == ["train/0.txt = part 0 on algo-1", "train/4.txt = part 4 on algo-1"]


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("no-json", b"a.csv", "is not a JSON array of a prefix"),
        ("no-prefix", b'["a.csv"]', "is not a JSON array of a prefix"),
        ("not-there", b'[{"prefix": "s3://lab/parts/"}, "9.txt"]', r"404.*parts/9.txt"),
    ],
)
def test_a_manifest_that_leads_nowhere_fails_the_job(lab, parts, name, body, message):
    lab.s3.put_object(Bucket="lab", Key=f"lists/{name}", Body=body)
    channels = [channel("train", f"s3://lab/lists/{name}", S3DataType="ManifestFile")]
    job = lab.train(name, LISTING, InputDataConfig=channels)
    assert job["FailureReason"].startswith("ClientError: Data download failed:")
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(job["FailureReason"])


def test_sharded_objects_are_dealt_out_and_replicated_ones_are_everywhere(lab, parts):
    channels = [
        channel("train", parts, distribution="ShardedByS3Key"),
        channel("all", "s3://lab/parts/0", distribution="FullyReplicated"),
    ]
    lab.train("shards", LISTING, InputDataConfig=channels, ResourceConfig={"InstanceCount": 2})
    train = [line.removeprefix("train/") for line in found(lab, "shards") if line.startswith("train/")]
    assert sorted(line[0] for line in train) == list("012345")
    assert sorted(line.rpartition(" ")[2] for line in train) == ["algo-1"] * 3 + ["algo-2"] * 3
    assert len([line for line in found(lab, "shards") if line.startswith("all/0.txt")]) == 2


def test_a_shuffle_deals_out_by_its_seed(lab, parts):
    dealt = {}
    for name, seed in (("shuffle-a", 1), ("shuffle-b", 1), ("shuffle-c", 2)):
        channels = [channel("train", parts, distribution="ShardedByS3Key", ShuffleConfig={"Seed": seed})]
        lab.train(name, LISTING, InputDataConfig=channels, ResourceConfig={"InstanceCount": 2})
        dealt[name] = found(lab, name)
    assert dealt["shuffle-a"] == dealt["shuffle-b"] != dealt["shuffle-c"]


def test_fast_file_lists_all_at_once_and_reads_what_is_there(lab):
    for number in range(40):
        lab.s3.put_object(Bucket="lab", Key=f"big/{number:02d}.bin", Body=bytes([number]) * 2_000_000)
    script = """
import os, pathlib
folder = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
files = sorted(folder.iterdir())
print("listed", len(files), sum(f.stat().st_size for f in files), "there", sum(f.stat().st_blocks > 0 for f in files))
assert all(f.read_bytes() == bytes([int(f.stem)]) * 2_000_000 for f in reversed(files))
print("there at last", sum(f.stat().st_blocks > 0 for f in files))
"""
    channels = [channel("train", "s3://lab/big/", InputMode="FastFile")]
    job = lab.train("fast", script, InputDataConfig=channels)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    text = lab.logs(GROUP, "fast/")
    assert "listed 40 80000000 there " in text
    if lab.cloud.control("status")["mode"] == "namespaces":
        assert int(text.partition("there ")[2].split()[0]) < 40, "the program started after the whole copy"
    assert "there at last 40" in text


def test_the_job_s_input_mode_is_that_of_channels_without_one(lab, parts):
    mode = {"TrainingInputMode": "FastFile"}
    channels = [channel("train", parts), channel("other", parts, InputMode="File")]
    lab.train("modes", LISTING, AlgorithmSpecification=mode, InputDataConfig=channels)
    assert len(found(lab, "modes")) == 12
    config = json.loads(lab.logs(GROUP, "modes/").partition("config ")[2])
    assert {name: entry["TrainingInputMode"] for name, entry in config.items()} == {
        "train": "FastFile",
        "other": "File",
    }


def test_more_fast_files_than_may_wait_are_there_all_the_same(lab):
    for number in range(300):
        lab.s3.put_object(Bucket="lab", Key=f"many/{number}.txt", Body=f"{number}".encode())
    script = """
import os, pathlib
files = list(pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
print("sum", len(files), sum(int(f.read_text()) for f in files))
"""
    lab.train("many", script, InputDataConfig=[channel("train", "s3://lab/many/", InputMode="FastFile")])
    assert "sum 300 44850" in lab.logs(GROUP, "many/")


def test_network_isolation_leaves_the_data_and_no_way_out(lab, parts):
    script = """
import os, boto3
print("found", os.listdir(os.environ["SM_CHANNEL_TRAIN"]))
boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b").list_buckets()
"""
    channels = [channel("train", "s3://lab/parts/3")]
    job = lab.train("isolated", script, InputDataConfig=channels, EnableNetworkIsolation=True)
    assert "found ['3.txt']" in lab.logs(GROUP, "isolated/")
    assert job["TrainingJobStatus"] == "Failed"
    assert "Could not connect to the endpoint URL" in job["FailureReason"]


PIPES = """
import os
path = os.environ["SM_CHANNEL_TRAIN"]
print("folder", os.path.exists(path))
for epoch in range(3):
    with open(f"{path}_{epoch}", "rb") as pipe:
        data = pipe.read()
    print("epoch", epoch, len(data), data.decode().replace("part ", ""))
"""


def test_a_pipe_brings_all_objects_in_each_epoch(lab, parts):
    job = lab.train("pipe", PIPES, InputDataConfig=[channel("train", parts, InputMode="Pipe")])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = lab.logs(GROUP, "pipe/").splitlines()
    assert [line for line in lines if line.startswith(("folder", "epoch"))] == [
        "folder False",
        "epoch 0 36 012345",
        "epoch 1 36 012345",
        "epoch 2 36 012345",
    ]


def test_a_shuffled_pipe_has_another_order_in_each_epoch(lab, parts):
    channels = [channel("train", parts, InputMode="Pipe", ShuffleConfig={"Seed": 3})]
    lab.train("pipe-shuffled", PIPES, InputDataConfig=channels)
    orders = [line.split()[3] for line in lab.logs(GROUP, "pipe-shuffled/").splitlines() if line.startswith("epoch")]
    assert len(set(orders)) > 1
    assert {"".join(sorted(order)) for order in orders} == {"012345"}


def test_a_pipe_unpacks_and_may_be_left_early(lab):
    for number in range(3):
        lab.s3.put_object(Bucket="lab", Key=f"packed/{number}.gz", Body=gzip.compress(bytes([number]) * 3_000_000))
    script = """
import os
path = os.environ["SM_CHANNEL_TRAIN"]
with open(f"{path}_0", "rb") as pipe:
    print("a little", pipe.read(1000) == bytes(1000))
with open(f"{path}_1", "rb") as pipe:
    data = pipe.read()
print("all", len(data), sum(data))
"""
    channels = [channel("train", "s3://lab/packed/", InputMode="Pipe", CompressionType="Gzip")]
    job = lab.train("pipe-packed", script, InputDataConfig=channels)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    text = lab.logs(GROUP, "pipe-packed/")
    assert "a little True" in text
    assert "all 9000000 9000000" in text


@pytest.mark.parametrize(
    ("name", "script", "message"),
    [
        ("pipe-plain", "open(path + '_0', 'rb').read()", "parts/0.txt is not in gzip format"),
        ("pipe-link", "os.remove(path + '_0'); os.symlink('/tmp/x', path + '_0'); time.sleep(60)", "Too many levels"),
        ("pipe-file", "os.remove(path + '_0'); open(path + '_0', 'w'); time.sleep(60)", "it is no FIFO any more"),
    ],
)
def test_a_pipe_that_breaks_fails_the_job(lab, parts, name, script, message):
    channels = [channel("train", parts, InputMode="Pipe", CompressionType="Gzip")]
    job = lab.train(name, f"import os, time\npath = os.environ['SM_CHANNEL_TRAIN']\n{script}", InputDataConfig=channels)
    assert job["FailureReason"].startswith("ClientError: Data download failed:The pipe of channel train: ")
    assert message in job["FailureReason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"CompressionType": "Gzip"}, "CompressionType Gzip of the channel train is used only in Pipe input mode"),
        ({"RecordWrapperType": "RecordIO"}, "InputDataConfig.RecordWrapperType=RecordIO"),
        ({"S3DataType": "AugmentedManifestFile"}, "S3DataType=AugmentedManifestFile"),
    ],
)
def test_what_a_channel_cannot_do_is_refused_by_name(lab, parts, change, message):
    with pytest.raises(ClientError, match=message):
        lab.train("bad-channel", wait=False, InputDataConfig=[channel("train", parts, **change)])
