"""Batch transform: requests, objects and instances, and how a job ends."""

import gzip
import json
import struct

import pytest
from botocore.exceptions import ClientError

from .batches import SUM, TELL

NO_SPLIT = {"SplitType": "None", "ContentType": "application/octet-stream"}
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def add(batches):
    return batches.model("sum", SUM)


@pytest.fixture(scope="module")
def tell(batches):
    return batches.model("tell", TELL)


def test_every_object_has_its_output_in_the_order_of_its_rows(lab, batches, add):
    rows = {f"{name}.csv": "".join(f"{number},1\n" for number in range(40)) for name in "abc"}
    done = batches.run("order", add, rows)
    assert done["TransformJobStatus"] == "Completed", done
    assert done["TransformJobArn"].endswith(":transform-job/order")
    assert done["TransformStartTime"] <= done["TransformEndTime"]
    assert "FailureReason" not in done
    expected = "".join(f"{number + 1.0}\n" for number in range(40))
    assert batches.output("order") == {f"{name}.csv.out": expected for name in "abc"}
    lines = [line for line in lab.cloud.control("meter")["lines"] if line["kind"] == "TransformJob"]
    assert lines[0]["resource"] == "order" and lines[0]["to"]


def test_subfolders_of_the_input_are_those_of_the_output(batches, add):
    batches.run("folders", add, {"2026/11/a.csv": "1,2\n", "b.csv": "3,4"})
    assert batches.output("folders") == {"2026/11/a.csv.out": "3.0\n", "b.csv.out": "7.0\n"}


def test_multirecord_fills_requests_up_to_the_payload_limit(batches, tell):
    line = "x" * 99_999
    batches.run(
        "multi", tell, {"a": f"{line}\n" * 25}, MaxPayloadInMB=1, BatchStrategy="MultiRecord", TransformOutput=JSON
    )
    sizes = [len(told["body"]) for told in batches.told("multi")]
    assert sizes == [1_000_000, 1_000_000, 500_000]  # ten lines of 100,000 bytes are less than 2**20, eleven are more


def test_singlerecord_sends_line_by_line(batches, tell):
    batches.run("single", tell, {"a": "one\ntwo\nthree"}, BatchStrategy="SingleRecord", TransformOutput=JSON)
    assert [told["body"] for told in batches.told("single")] == ["one", "two", "three"]


def test_without_a_split_an_object_is_one_request(batches, tell):
    batches.run("whole", tell, {"a": "one\ntwo\n"}, TransformInput=NO_SPLIT, TransformOutput=JSON)
    assert [told["body"] for told in batches.told("whole")] == ["one\ntwo\n"]


def test_an_object_or_a_record_above_the_limit_fails(batches, tell):
    big = "x" * (1 << 20) + "x"
    done = batches.run("big-object", tell, {"a": big, "b": "fine"}, TransformInput=NO_SPLIT, MaxPayloadInMB=1)
    assert done["TransformJobStatus"] == "Failed"
    assert done["FailureReason"] == "ClientError: See job logs for more information"
    assert list(batches.output("big-object")) == ["b.out"]
    assert ":[sagemaker logs]: lab/in/big-object/a: Too much data for max payload size" in batches.log("big-object")
    for strategy in ("SingleRecord", "MultiRecord"):
        name = f"big-record-{strategy}"
        done = batches.run(name, tell, {"a": f"1\n{big}\n2\n"}, BatchStrategy=strategy, MaxPayloadInMB=1)
        assert done["TransformJobStatus"] == "Failed"
        assert batches.output(name) == {}


def test_assembled_with_line_every_answer_ends_its_line_and_with_none_nothing_is_added(batches, tell):
    single = {"BatchStrategy": "SingleRecord"}
    batches.run("lines", tell, {"a": "1\n2\n"}, TransformOutput=JSON, **single)
    assert batches.output("lines")["a.out"].count("\n") == 2
    batches.run("joined", tell, {"a": "1\n2\n"}, TransformOutput={**JSON, "AssembleWith": "None"}, **single)
    assert "}{" in batches.output("joined")["a.out"] and "\n" not in batches.output("joined")["a.out"]


@pytest.mark.parametrize("count", [1, 2])
def test_gzip_is_unpacked_on_the_way(batches, add, count):
    member = gzip.compress("".join(f"{n},1\n" for n in range(1000)).encode())
    done = batches.run(f"gzip-{count}", add, {"a.csv.gz": member * count}, TransformInput={"CompressionType": "Gzip"})
    assert done["TransformJobStatus"] == "Completed"
    expected = "".join(f"{n + 1.0}\n" for n in range(1000)) * count
    assert batches.output(f"gzip-{count}") == {"a.csv.gz.out": expected}


def test_what_is_no_gzip_or_cut_short_fails(batches, add):
    short = gzip.compress(b"1,2\n" * 1000)[:-9]
    done = batches.run("no-gzip", add, {"a": "1,2\n", "b": short}, TransformInput={"CompressionType": "Gzip"})
    assert done["TransformJobStatus"] == "Failed"
    assert batches.output("no-gzip") == {}
    assert "Failed to decompress the object as Gzip: it ends too early" in batches.log("no-gzip")


def record_io(*contents: bytes) -> bytes:
    return b"".join(struct.pack("<II", 0xCED7230A, len(c)) + c + b"\0" * (-len(c) % 4) for c in contents)


def tf_record(*contents: bytes) -> bytes:
    return b"".join(struct.pack("<QI", len(c), 0) + c + struct.pack("<I", 0) for c in contents)


@pytest.mark.parametrize(("split", "frame"), [("RecordIO", record_io), ("TFRecord", tf_record)])
def test_binary_records_come_alone_without_their_frame_and_together_with_it(batches, tell, split, frame):
    contents = [b"one", b"three", b"seventeen"]
    source = {"SplitType": split, "ContentType": "application/octet-stream"}
    batches.run(
        f"{split}-1",
        tell,
        {"a": frame(*contents)},
        TransformInput=source,
        TransformOutput=JSON,
        BatchStrategy="SingleRecord",
    )
    assert [told["body"] for told in batches.told(f"{split}-1")] == ["one", "three", "seventeen"]
    batches.run(f"{split}-2", tell, {"a": frame(*contents)}, TransformInput=source, TransformOutput=JSON)
    assert [told["body"].encode("latin-1") for told in batches.told(f"{split}-2")] == [frame(*contents)]
    done = batches.run(f"{split}-3", tell, {"a": frame(*contents)[:-1]}, TransformInput=source)
    assert done["TransformJobStatus"] == "Failed"


def test_binary_records_fill_requests_up_to_the_limit(batches, tell):
    frames = record_io(*[b"x" * 400_000] * 5)
    source = {"SplitType": "RecordIO", "ContentType": "application/octet-stream"}
    batches.run("frames", tell, {"a": frames}, TransformInput=source, TransformOutput=JSON, MaxPayloadInMB=1)
    assert [len(told["body"]) for told in batches.told("frames")] == [800_016, 800_016, 400_008]


def test_a_manifest_names_the_objects(lab, batches, add):
    for name in ("a", "b", "c"):
        lab.s3.put_object(Bucket="lab", Key=f"listed/{name}.csv", Body=b"1,2\n")
    manifest = [{"prefix": "s3://lab/listed/"}, "c.csv", "a.csv"]
    lab.s3.put_object(Bucket="lab", Key="objects.manifest", Body=json.dumps(manifest))
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://lab/objects.manifest"}}
    done = batches.run("manifest", add, {}, TransformInput={"DataSource": source})
    assert done["TransformJobStatus"] == "Completed"
    assert sorted(batches.output("manifest")) == ["a.csv.out", "c.csv.out"]


def test_one_object_goes_to_one_instance(batches, tell):
    objects = {f"{number}": f"{number}\n" for number in range(5)}
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    done = batches.run("two", tell, objects, TransformResources=resources, TransformOutput=JSON)
    assert done["TransformJobStatus"] == "Completed"
    assert len(batches.output("two")) == 5
    log = batches.log("two")
    assert log.count("MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD") == 2
    assert log.count("request of 2") == 5


def test_the_container_knows_that_it_is_in_a_batch(batches, tell):
    batches.run("plain", tell, {"a": "1"}, TransformOutput=JSON)
    assert batches.told("plain")[0]["batch"].items() >= {"SAGEMAKER_BATCH": "true"}.items()
    assert "SAGEMAKER_BATCH_STRATEGY" not in batches.told("plain")[0]["batch"]
    settings = {"MaxConcurrentTransforms": 3, "MaxPayloadInMB": 2, "BatchStrategy": "SingleRecord"}
    batches.run("set", tell, {"a": "1"}, TransformOutput=JSON, Environment={"OWN_WORD": "yes"}, **settings)
    told = batches.told("set")[0]
    assert (
        told["batch"].items()
        >= {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
            "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
            "OWN_WORD": "yes",
        }.items()
    )
    assert (told["type"], told["accept"]) == ("text/csv", "application/json")


def test_a_container_may_ask_for_its_settings_and_the_request_goes_before(batches):
    wish = {"MaxConcurrentTransforms": 4, "MaxPayloadInMB": 3, "BatchStrategy": "SINGLE_RECORD"}
    model = batches.model("wishes", f"{TELL}\ndef execution_parameters_fn():\n    return {wish!r}\n")
    batches.run("wish", model, {"a": "1\n2\n"}, TransformOutput=JSON)
    assert len(batches.told("wish")) == 2
    assert "MaxConcurrentTransforms=4, MaxPayloadInMB=3, BatchStrategy=SINGLE_RECORD" in batches.log("wish")
    batches.run("other", model, {"a": "1\n2\n"}, TransformOutput=JSON, BatchStrategy="MultiRecord", MaxPayloadInMB=1)
    assert "MaxConcurrentTransforms=4, MaxPayloadInMB=1, BatchStrategy=MULTI_RECORD" in batches.log("other")


def test_requests_are_with_the_container_at_once_and_results_stay_in_order(batches):
    script = """
import threading, time
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    return data.strip() + "!", accept
"""
    model = batches.model("shout", script)
    rows = "".join(f"{number}\n" for number in range(500))
    batches.run("shouted", model, {"a": rows, "b": rows}, BatchStrategy="SingleRecord", MaxConcurrentTransforms=7)
    assert batches.output("shouted") == dict.fromkeys(("a.out", "b.out"), "".join(f"{n}!\n" for n in range(500)))


def test_a_bad_record_fails_the_job_and_only_its_object_has_no_output(batches, add):
    objects = {"a.csv": "1,2\n", "bad.csv": "1,2\nx,y\n", "z.csv": "3,4\n"}
    done = batches.run("bad", add, objects)
    assert done["TransformJobStatus"] == "Failed"
    assert done["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert batches.output("bad") == {"a.csv.out": "3.0\n", "z.csv.out": "7.0\n"}
    log = batches.log("bad")
    assert "lab/in/bad/bad.csv: Bad HTTP status received from algorithm: 500" in log
    assert "lab/in/bad/bad.csv: Message:" in log


def test_what_the_container_refuses_is_the_callers_fault(batches, add):
    done = batches.run("refused", add, {"a": "1,2\n"}, TransformInput={"ContentType": "image/png"})
    assert done["FailureReason"] == "ClientError: See job logs for more information"
    assert "lab/in/refused/a: ClientError: 415" in batches.log("refused")


def test_failing_requests_are_tried_again_as_often_as_asked(batches):
    script = """
import pathlib
def model_fn(model_dir):
    return {"calls": 0}
def transform_fn(model, data, content_type, accept):
    model["calls"] += 1
    if model["calls"] < 3:
        raise RuntimeError("not yet")
    return f"{model['calls']}", accept
"""
    model = batches.model("third-time", script)
    done = batches.run("tried", model, {"a": "1"})
    assert done["TransformJobStatus"] == "Completed" and batches.output("tried") == {"a.out": "3\n"}
    done = batches.run("tried-once", model, {"a": "1"}, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert done["TransformJobStatus"] == "Failed"
    assert done["ModelClientConfig"] == {"InvocationsMaxRetries": 1}


def test_a_request_that_takes_too_long_fails(batches):
    slow = "def transform_fn(m, data, c, a):\n    time.sleep(30)\n    return '', a\n"
    model = batches.model("slow", f"import time\ndef model_fn(d):\n    return 0\n{slow}")
    patience = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    done = batches.run("too-long", model, {"a": "1"}, ModelClientConfig=patience)
    assert done["FailureReason"] == "InternalServerError: We encountered an internal error. Please try again."
    assert "lab/in/too-long/a: Unable to get response from algorithm" in batches.log("too-long")


def test_a_container_that_dies_fails_what_it_had_and_one_that_never_lived_fails_the_job(batches):
    dies = "import os\ndef model_fn(d):\n    return 0\ndef transform_fn(m, data, c, a):\n    os._exit(3)\n"
    done = batches.run("died", batches.model("dies", dies), {"a": "1", "b": "2"})
    assert done["TransformJobStatus"] == "Failed"
    assert batches.log("died").count("Unable to get response from algorithm") == 2
    done = batches.run(
        "unborn", batches.model("unborn", "def model_fn(d):\n    raise RuntimeError('no')\n"), {"a": "1"}
    )
    assert done["FailureReason"].startswith("AlgorithmError: Model container failed to respond to ping")
    assert "RuntimeError: no" in batches.log("unborn")


def test_a_job_that_is_stopped_keeps_what_was_done_and_leaves_no_part_of_the_rest(lab, batches):
    wait = """
import time
def model_fn(d):
    return 0
def transform_fn(m, data, c, a):
    if data.startswith("wait"):
        time.sleep(60)
    return "x" * 9_000_000, a
"""
    model = batches.model("waits", wait)
    batches.create("stopped", model, {"a": "1\n", "b": "1\nwait\n"}, BatchStrategy="SingleRecord")
    while "a.out" not in batches.output("stopped") or not lab.s3.list_multipart_uploads(Bucket="lab").get("Uploads"):
        pass
    lab.sm.stop_transform_job(TransformJobName="stopped")
    assert lab.sm.describe_transform_job(TransformJobName="stopped")["TransformJobStatus"] == "Stopping"
    done = batches.done("stopped")
    assert done["TransformJobStatus"] == "Stopped" and done["TransformEndTime"]
    assert list(batches.output("stopped")) == ["a.out"]
    assert not lab.s3.list_multipart_uploads(Bucket="lab").get("Uploads")
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        lab.sm.stop_transform_job(TransformJobName="stopped")


def test_inputs_that_are_not_there_fail_the_job(batches, add):
    done = batches.run("nothing", add, {})
    assert done["FailureReason"].startswith('ClientError: No S3 objects found under S3 URL "s3://lab/in/nothing/"')
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket/x"}}
    done = batches.run("nowhere", add, {}, TransformInput={"DataSource": source})
    assert "NoSuchBucket" in done["FailureReason"]


def test_an_empty_object_has_an_empty_output(batches, add):
    assert batches.run("empty", add, {"a.csv": b""})["TransformJobStatus"] == "Completed"
    assert batches.output("empty") == {"a.csv.out": ""}


def test_the_models_role_reads_and_writes(lab, batches):
    iam = lab.cloud.client("iam")
    role = lab.cloud.role("Reader", "AmazonS3ReadOnlyAccess", "CloudWatchLogsFullAccess")
    done = batches.run("read-only", batches.model("reader", SUM, ExecutionRoleArn=role), {"a": "1,2\n"})
    assert done["TransformJobStatus"] == "Failed"
    assert "AccessDenied" in done["FailureReason"] and "s3:PutObject" in done["FailureReason"]
    blind = lab.cloud.role("Blind", "CloudWatchLogsFullAccess")
    policy = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::lab", "arn:aws:s3:::lab/[co]*"]}
    iam.put_role_policy(
        RoleName="Blind",
        PolicyName="code",
        PolicyDocument=json.dumps(
            {"Statement": [{**policy, "Resource": ["arn:aws:s3:::lab", "arn:aws:s3:::lab/code/*"]}]}
        ),
    )
    done = batches.run("blind", batches.model("blind", SUM, ExecutionRoleArn=blind), {"a": "1,2\n"})
    assert "s3:GetObject" in done["FailureReason"]


def test_the_output_is_encrypted_with_the_key_also_in_parts(lab, batches):
    key = lab.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    large = "def model_fn(d):\n    return 0\ndef transform_fn(m, data, c, a):\n    return 'x' * int(data), a\n"
    model = batches.model("large", large, ExecutionRoleArn=lab.cloud.role("Sealing", "AmazonS3FullAccess"))
    document = {"Statement": [{"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key}]}
    done = batches.run("unsealed", model, {"a": "10", "b": "20000000"}, TransformOutput={"KmsKeyId": key})
    assert done["TransformJobStatus"] == "Failed" and "kms:GenerateDataKey" in done["FailureReason"]
    lab.cloud.client("iam").put_role_policy(RoleName="Sealing", PolicyName="k", PolicyDocument=json.dumps(document))
    done = batches.run("sealed", model, {"a": "10", "b": "20000000"}, TransformOutput={"KmsKeyId": key})
    assert done["TransformJobStatus"] == "Completed", done
    for name, size in (("a", 11), ("b", 20_000_001)):
        head = lab.s3.head_object(Bucket="lab", Key=f"out/sealed/{name}.out")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
        assert head["ContentLength"] == size


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ModelName": "no-such-model"},
            'Could not find model "arn:aws:sagemaker:us-east-1:[0-9]+:model/no-such-model"',
        ),
        ({"MaxPayloadInMB": 101}, "MaxPayloadInMB 101 is invalid"),
        ({"MaxPayloadInMB": 0}, "does not support MaxPayloadInMB=0"),
        ({"MaxPayloadInMB": 21, "MaxConcurrentTransforms": 5}, "is 105. It cannot be greater than 100 MB"),
        ({"MaxConcurrentTransforms": 17}, "is 102. It cannot be greater than 100 MB"),
        ({"TransformResources": {"InstanceCount": 21}}, "transform job usage' is 20 Instances"),
        ({"TransformResources": {"InstanceType": "ml.huge"}}, "nstanceType"),
        ({"BatchStrategy": "Some"}, "BatchStrategy|batchStrategy"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 4}}, "nvocationsMaxRetries"),
        ({"ModelClientConfig": {"InvocationsTimeoutInSeconds": 3601}}, "nvocationsTimeoutInSeconds"),
        ({"Environment": {f"V{n}": "1" for n in range(17)}}, "nvironment"),
        ({"TransformOutput": {"S3OutputPath": "https://lab/out"}}, "is not an S3 URI"),
        (
            {
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://lab/in"}}
                }
            },
            "does not support .*S3DataType=AugmentedManifestFile",
        ),
    ],
)
def test_what_is_wrong_is_refused_at_once(batches, add, change, message):
    with pytest.raises(ClientError, match=message):
        batches.create("wrong", change.pop("ModelName", add), {}, **change)


def test_names_lists_and_tags(lab, batches, add):
    batches.run("named", add, {"a": "1,2\n"}, Tags=[{"Key": "bridge", "Value": "3"}])
    arn = lab.sm.describe_transform_job(TransformJobName="named")["TransformJobArn"]
    assert lab.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "bridge", "Value": "3"}]
    found = lab.sm.list_transform_jobs(NameContains="named", StatusEquals="Completed")["TransformJobSummaries"]
    assert [item["TransformJobName"] for item in found] == ["named"] and found[0]["TransformEndTime"]
    with pytest.raises(lab.sm.exceptions.ResourceInUse, match="Transform job names must be unique"):
        batches.create("named", add, {})
    with pytest.raises(lab.sm.exceptions.ResourceNotFound):
        lab.sm.describe_transform_job(TransformJobName="no-such-job")
    with pytest.raises(lab.sm.exceptions.ResourceNotFound):
        lab.sm.stop_transform_job(TransformJobName="no-such-job")
