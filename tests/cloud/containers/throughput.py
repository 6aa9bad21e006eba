"""How many predictions a second one model server makes; run by hand, not by pytest.

    python tests/cloud/containers/throughput.py [--profile]

Frames are sent in batches, the next when all answers are there. ``worker`` is the rate by the server's own CPU time,
``wall`` what the client sees with both ends on this machine.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import socket
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
import pandas  # noqa: F401 (as the warm parent of jobs has it)
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from course.cloud.containers import script_serving
from course.cloud.containers.frames import frame
from course.cloud.containers.layout import prepare_serving

MODULE = """
import joblib, os
def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
SECONDS = 1.5


def start(base: Path, profile: bool) -> tuple[int, socket.socket]:
    """Fork a server for the model in ``base``; its pid and our end of the channel."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    ours.close()
    os.environ |= {"SAGEMAKER_BASE_DIR": str(base), "COURSE_CHANNEL_FD": str(theirs.detach())}
    profiler = cProfile.Profile()
    if profile:
        profiler.runcall(script_serving.main)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(18)
        sys.stdout.flush()
    else:
        script_serving.main()
    os._exit(0)


def exchange(channel: socket.socket, batch: bytes, answers: int) -> None:
    """Send a batch and read until all of its answers are there (each has one body, 8 bytes of lengths)."""
    channel.sendall(batch)
    data = bytearray()
    seen = offset = 0
    while seen < answers:
        data += channel.recv(1 << 20)
        while len(data) - offset >= 8:
            stop = (
                offset + 8 + int.from_bytes(data[offset : offset + 4]) + int.from_bytes(data[offset + 4 : offset + 8])
            )
            if stop > len(data):
                break
            seen, offset = seen + 1, stop


def measure(model: object, rows: int, at_once: int, content_type: str, profile: bool) -> None:
    numbers = np.random.default_rng(1).normal(size=(rows, 20))
    if content_type == "text/csv":
        body = "\n".join(",".join(f"{value:.6f}" for value in row) for row in numbers).encode()
    else:
        body = repr(numbers.round(6).tolist()).encode()
    header = '{"id":%d,"method":"POST","path":"/invocations","content_type":"%s","accept":"application/json"}'
    batch = b"".join(frame((header % (number, content_type)).encode(), body) for number in range(at_once))
    with tempfile.TemporaryDirectory() as folder:
        layout = prepare_serving(Path(folder))
        joblib.dump(model, layout.model / "model.joblib")
        (layout.code / "inference.py").write_text(MODULE)
        pid, channel = start(Path(folder), profile)
        exchange(channel, batch, at_once)
        begun, rounds = time.perf_counter(), 0
        cpu_before = cpu_seconds(pid)
        while time.perf_counter() - begun < SECONDS:
            exchange(channel, batch, at_once)
            rounds += 1
        wall, cpu = time.perf_counter() - begun, cpu_seconds(pid) - cpu_before
        channel.close()
        os.waitpid(pid, 0)
    count = rounds * at_once * rows
    print(
        f"{type(model).__name__:26} {content_type:16} {rows:4} rows in {at_once:3} frames:"
        f" worker {count / cpu:10,.0f} rows/s, wall {count / wall:10,.0f} rows/s"
    )


def cpu_seconds(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    features = np.random.default_rng(0).normal(size=(2000, 20))
    labels = features[:, 0] + features[:, 1] ** 2 > 0.5
    logistic = LogisticRegression().fit(features, labels)
    boosted = GradientBoostingClassifier().fit(features, labels)
    profile = "--profile" in sys.argv
    for model, rows, at_once, content_type in [
        (logistic, 1, 1, "text/csv"),
        (logistic, 1, 16, "text/csv"),
        (logistic, 1, 64, "text/csv"),
        (logistic, 1, 32, "application/json"),
        (boosted, 1, 32, "text/csv"),
        (logistic, 100, 1, "text/csv"),
        (logistic, 100, 16, "text/csv"),
        (logistic, 100, 64, "text/csv"),
        (logistic, 100, 16, "application/json"),
    ]:
        measure(model, rows, at_once, content_type, profile)
