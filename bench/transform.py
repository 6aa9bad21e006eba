"""Batch transform over ten million rows in twenty objects: rows a second, and how much memory that takes.

S3 is in the server's memory, so the server's figure is its peak less what S3 holds when the job has ended.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .figures import Figure
from .setting import Cloud, cloud, parents

ROWS, OBJECTS, FEATURES = 10_000_000, 20, 20
LONGEST = 1800.0  # seconds; then it has failed
_LOOK = 0.2  # seconds between two looks at the memory


def measure(rows: int = ROWS) -> list[Figure]:
    """Linux only: it reads /proc."""
    if sys.platform != "linux":
        sys.exit("bench: this measure needs /proc.")
    with parents() as started, cloud(started) as here:
        _put(here, rows)
        here.create_model("batch")
        stored = _memory(here.pid)
        Path(f"/proc/{here.pid}/clear_refs").write_text("5")  # the peak begins anew
        seconds, container = _run(here, started.pid("job"))
        peak, written = _memory(here.pid, "VmHWM"), _written(here)
    name = f"batch transform of {rows:,} rows"
    return [
        Figure(f"{name}: rows a second", rows / seconds, "/s", "", f"{OBJECTS} objects, joined, one instance"),
        Figure(f"{name}: the server's peak less S3", (peak - stored - written) / 2**20, "MiB", "<= 256"),
        Figure(f"{name}: the container's peak", container / 2**20, "MiB", "<= 1024", "the parent's pages included"),
    ]


def _put(here: Cloud, rows: int) -> None:
    """Twenty objects of an id and the features, one after the other: they are large."""
    s3, each = here.client("s3"), rows // OBJECTS
    values = np.random.default_rng(0).normal(size=(1000, FEATURES))
    lines = [",".join(f"{value:.1f}" for value in row) for row in values]
    for number in range(OBJECTS):
        first = number * each
        body = "".join(f"{row},{lines[row % 1000]}\n" for row in range(first, first + each))
        s3.put_object(Bucket="bench", Key=f"rows/{number:02}.csv", Body=body.encode())


def _run(here: Cloud, job_parent: int) -> tuple[float, int]:
    """(seconds, the largest resident size of a process of the job)."""
    sagemaker = here.client("sagemaker")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/rows/"}}
    began, container = time.perf_counter(), 0
    sagemaker.create_transform_job(
        TransformJobName="batch",
        ModelName="batch",
        BatchStrategy="MultiRecord",
        MaxConcurrentTransforms=2,
        TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": "s3://bench/scores", "Accept": "text/csv", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    while (job := sagemaker.describe_transform_job(TransformJobName="batch"))["TransformJobStatus"] == "InProgress":
        if time.perf_counter() - began > LONGEST:
            raise TimeoutError(f"the job has not ended within {LONGEST:g} s")
        container = max([container, *(_memory(process, "VmHWM") for process in _below(job_parent))])
        time.sleep(_LOOK)
    if job["TransformJobStatus"] != "Completed":
        raise RuntimeError(job["FailureReason"])
    return time.perf_counter() - began, container


def _written(here: Cloud) -> int:
    listed = here.client("s3").list_objects_v2(Bucket="bench", Prefix="scores/")["Contents"]
    if len(listed) != OBJECTS:
        raise RuntimeError(f"{len(listed)} outputs for {OBJECTS} objects")
    return sum(item["Size"] for item in listed)


def _memory(process: int, what: str = "VmRSS") -> int:
    """Resident bytes; 0 of a process that has gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(what)), 0)


def _below(process: int) -> Iterator[int]:
    """The descendants of a process."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _below(child)
