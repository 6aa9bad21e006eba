"""Managed spot training through real boto3: interruptions, checkpoints, capacity, limits and the bill."""

import itertools
import json
import time
from urllib.error import HTTPError

import pytest

GROUP = "/aws/sagemaker/TrainingJobs"
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
}
# Six epochs, each saved to a folder; a program that starts from nothing goes no further than HOLD.
EPOCHS = """
import os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent
folder = base / FOLDER
done = max((int(path.stem) for path in folder.glob("*.epoch")), default=0)
(base / "tmp-mark").write_text("x")
print("starts at", done, "with", sorted(path.name for path in (base / "model").iterdir()), flush=True)
for epoch in range(done + 1, 7):
    (folder / f"{epoch}.epoch").write_text(f"{epoch}")
    print("epoch", epoch, flush=True)
    time.sleep(3600 if (done, epoch) == (0, HOLD) else PAUSE)
(base / "model" / "weights").write_text("done")
"""


def epochs(folder: str = "checkpoints", pause: float = 0.15, hold: int = 0) -> str:
    return EPOCHS.replace("FOLDER", repr(folder)).replace("PAUSE", str(pause)).replace("HOLD", str(hold))


def checkpoint(name: str, **more: str) -> dict:
    return {"CheckpointConfig": {"S3Uri": f"s3://lab/checkpoints/{name}", **more}}


def statuses(job: dict) -> list[str]:
    return [step["Status"] for step in job["SecondaryStatusTransitions"]]


@pytest.fixture
def market(lab):
    """The spot market in a test's hands; afterwards there is capacity again, and nothing is taken away."""
    yield lambda **order: lab.cloud.control("spot", **order)
    lab.cloud.control("spot", capacity=True, every=0, most=0)


def test_an_uninterrupted_job_pays_less(lab):
    job = lab.train("calm", epochs(pause=1), **SPOT, **checkpoint("calm"))
    assert statuses(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["EnableManagedSpotTraining"] is True
    training, billable = job["TrainingTimeInSeconds"], job["BillableTimeInSeconds"]
    assert training >= 6
    assert 0.5 < 1 - billable / training < 0.9
    line = next(one for one in lab.cloud.control("meter")["lines"] if one["resource"] == "calm")
    assert line["price_per_hour"] < 0.5 * 0.12


def test_an_interrupted_job_goes_on_from_its_checkpoint(lab):
    lab.train("hit", epochs(hold=3), wait=False, **SPOT, **checkpoint("hit"))
    lab.until("hit", "epoch 3")
    lab.cloud.control("interrupt", job="hit")
    job = lab.done("hit")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    once = ["Starting", "Downloading", "Training"]
    assert statuses(job) == [*once, "Interrupted", *once, "Uploading", "Completed"]
    text = lab.logs(GROUP, "hit/")
    starts = [line for line in text.splitlines() if line.startswith("starts at")]
    assert starts[0] == "starts at 0 with []"
    assert starts[1] == "starts at 3 with []"
    assert [text.count(f"epoch {number}\n") for number in range(1, 6)] == [1] * 5
    keys = [item["Key"] for item in lab.s3.list_objects_v2(Bucket="lab", Prefix="checkpoints/hit/")["Contents"]]
    assert keys == [f"checkpoints/hit/{number}.epoch" for number in range(1, 7)]
    steps = job["SecondaryStatusTransitions"]
    assert all(a["StartTime"] <= a["EndTime"] <= b["StartTime"] for a, b in itertools.pairwise(steps))


def test_what_is_not_in_the_checkpoint_folder_is_lost(lab):
    script = epochs("model", hold=4)
    lab.train("lost", script, wait=False, **SPOT, **checkpoint("lost"))
    for attempt in (1, 2):
        lab.until("lost", "\nepoch 4\n", attempt)
        if attempt == 1:
            lab.cloud.control("interrupt", job="lost")
    lab.sm.stop_training_job(TrainingJobName="lost")
    lab.done("lost")
    text = lab.logs(GROUP, "lost/") + "\n"
    assert text.count("starts at 0 with []") == text.count("epoch 1\n") == 2


def test_checkpoints_are_in_s3_while_the_program_runs(lab):
    lab.train("while", epochs(pause=2), wait=False, **checkpoint("while", LocalPath="/opt/ml/checkpoints"))
    deadline = time.monotonic() + 20
    while not lab.s3.list_objects_v2(Bucket="lab", Prefix="checkpoints/while/").get("Contents"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert lab.sm.describe_training_job(TrainingJobName="while")["SecondaryStatus"] == "Training"
    lab.sm.stop_training_job(TrainingJobName="while")
    lab.done("while")


def test_another_local_path_and_what_was_there_before(lab):
    lab.s3.put_object(Bucket="lab", Key="checkpoints/own/deep/4.epoch", Body=b"4")
    script = epochs("my/saves/deep", pause=0)
    job = lab.train("own", script, **checkpoint("own", LocalPath="/opt/ml/my/saves/"))
    assert job["CheckpointConfig"]["LocalPath"] == "/opt/ml/my/saves/"
    assert "starts at 4" in lab.logs(GROUP, "own/")
    keys = [item["Key"] for item in lab.s3.list_objects_v2(Bucket="lab", Prefix="checkpoints/own/")["Contents"]]
    assert keys == [f"checkpoints/own/deep/{number}.epoch" for number in (4, 5, 6)]


def test_a_link_among_the_checkpoints_leads_nowhere(lab):
    script = """
import os, pathlib
folder = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints"
(folder / "link").symlink_to("/etc/hostname")
(folder / "folder").symlink_to("/etc")
os.mkfifo(folder / "pipe")
(folder / "real").write_text("r")
"""
    job = lab.train("links", script, **checkpoint("links"))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    keys = [item["Key"] for item in lab.s3.list_objects_v2(Bucket="lab", Prefix="checkpoints/links/")["Contents"]]
    assert keys == ["checkpoints/links/real"]


def test_a_job_that_fails_keeps_its_checkpoints(lab):
    script = (
        "import os; open(os.environ['SM_MODEL_DIR'] + '/../checkpoints/last', 'w').write('x'); raise ValueError('no')"
    )
    job = lab.train("failed-late", script, **checkpoint("failed-late"))
    assert "ValueError: no" in job["FailureReason"]
    keys = [item["Key"] for item in lab.s3.list_objects_v2(Bucket="lab", Prefix="checkpoints/failed-late/")["Contents"]]
    assert keys == ["checkpoints/failed-late/last"]


def test_a_role_that_may_not_write_checkpoints_fails_the_job(lab):
    role = lab.cloud.role("NoCheckpoints", "AmazonS3ReadOnlyAccess")
    job = lab.train("no-checkpoints", epochs(pause=0), RoleArn=role, **checkpoint("no-checkpoints"))
    assert job["FailureReason"].startswith("ClientError: Data upload failed:AccessDenied")


def test_drawn_interruptions_come_as_often_as_they_may(lab, market):
    market(every=3, most=2)
    job = lab.train("drawn", epochs(), **SPOT, **checkpoint("drawn"))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert statuses(job).count("Interrupted") == 2


def test_an_interruption_asks_first(lab):
    script = """
import os, signal, sys, time
def save(*_):
    open(os.environ["SM_MODEL_DIR"] + "/../checkpoints/saved", "w").write("s")
    print("saved in time", flush=True)
    sys.exit(0)
if os.path.exists(os.environ["SM_MODEL_DIR"] + "/../checkpoints/saved"):
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("at work", flush=True)
while True: time.sleep(60)
"""
    lab.train("asked", script, wait=False, **SPOT, **checkpoint("asked"))
    lab.until("asked", "at work")
    lab.cloud.control("interrupt", job="asked")
    job = lab.done("asked")
    assert job["TrainingJobStatus"] == "Completed"
    assert "saved in time" in lab.logs(GROUP, "asked/")
    assert "Interrupted" in statuses(job)


def test_without_capacity_a_job_waits_and_ends_when_it_has_waited_too_long(lab, market):
    market(capacity=False)
    lab.train("never", wait=False, **SPOT)
    waiting = lab.sm.describe_training_job(TrainingJobName="never")
    assert (waiting["TrainingJobStatus"], waiting["SecondaryStatus"]) == ("InProgress", "Starting")
    lab.cloud.control("advance", seconds=600)
    assert lab.sm.describe_training_job(TrainingJobName="never")["TrainingJobStatus"] == "InProgress"
    events = lab.cloud.control("advance", seconds=601)["events"]
    assert events == ["MaxWaitTimeInSeconds of training job never"]
    job = lab.done("never")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert statuses(job) == ["Starting", "Stopping", "MaxWaitTimeExceeded"]
    assert "TrainingTimeInSeconds" not in job


def test_a_waiting_job_starts_when_there_is_capacity(lab, market):
    market(capacity=False)
    lab.train("patient", "print('at last')", wait=False, **SPOT)
    lab.cloud.control("advance", seconds=300)
    market(capacity=True)
    assert lab.done("patient")["TrainingJobStatus"] == "Completed"


def test_a_waiting_job_can_be_stopped(lab, market):
    market(capacity=False)
    lab.train("given-up", wait=False, **SPOT)
    lab.sm.stop_training_job(TrainingJobName="given-up")
    assert statuses(lab.done("given-up")) == ["Starting", "Stopping", "Stopped"]


def test_the_program_s_time_counts_against_the_wait_too(lab):
    condition = {"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2}
    job = lab.train("both", "import time\nwhile True: time.sleep(60)", **SPOT | {"StoppingCondition": condition})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_the_runtime_is_that_of_all_attempts(lab):
    condition = {"MaxRuntimeInSeconds": 3, "MaxWaitTimeInSeconds": 1000}
    script = "import time\nprint('at work', flush=True)\nwhile True: time.sleep(60)"
    lab.train("endless", script, wait=False, **SPOT | {"StoppingCondition": condition})
    lab.until("endless", "at work")
    lab.cloud.control("interrupt", job="endless")
    job = lab.done("endless")
    assert statuses(job)[-2:] == ["Stopping", "MaxRuntimeExceeded"]
    assert "Interrupted" in statuses(job)


@pytest.mark.parametrize("name", ["on-demand", "no-such-job"])
def test_only_a_spot_job_at_work_is_interrupted(lab, name):
    if name == "on-demand":
        lab.train(name, "import time; print('at work', flush=True); time.sleep(60)", wait=False)
        lab.until(name, "at work")
    with pytest.raises(HTTPError) as refused:
        lab.cloud.control("interrupt", job=name)
    assert refused.value.code == 400
    assert name in json.load(refused.value)["error"]
    if name == "on-demand":
        lab.sm.stop_training_job(TrainingJobName=name)
        lab.done(name)


def test_negative_orders_are_refused(lab):
    with pytest.raises(HTTPError):
        lab.cloud.control("spot", every=-1)
