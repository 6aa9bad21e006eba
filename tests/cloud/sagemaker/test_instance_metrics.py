"""What an instance's processes use, read from real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from course.cloud.clock import Clock
from course.cloud.cloudwatch.metrics import Metrics
from course.cloud.sagemaker.instance_metrics import NAMESPACE, Usage, read

BUSY = "x = bytearray(64 << 20)\nprint('up', flush=True)\nwhile True: pass"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])"

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no /proc")


@pytest.fixture
def busy():
    """A process whose child uses a core and 64 MiB."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        os.killpg(process.pid, signal.SIGKILL)


def test_a_container_is_all_that_descends_from_its_process(busy, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(bytes(1000))
    before = read(busy, tmp_path)
    deadline = time.monotonic() + 30
    while read(busy, tmp_path).cpu < before.cpu + 0.2:  # seconds of the child's
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert before.memory > 64 << 20
    assert before.disk == 1000


def test_what_is_gone_uses_nothing(tmp_path):
    assert read(2**22 + 1, tmp_path) is None


def test_a_sample_has_a_point_for_each_instance_that_was_there_before(busy, tmp_path):
    clock = Clock()
    world = SimpleNamespace(clock=clock, metrics=Metrics(clock))
    instance = SimpleNamespace(pid=busy, folder=tmp_path, memory_bytes=8 << 30, disk_bytes=30 << 30)
    usage = Usage(world, "e", lambda: [("v", instance)])
    dimensions = {"EndpointName": "e", "VariantName": "v"}
    asyncio.run(usage.sample())
    assert world.metrics.find(NAMESPACE, "CPUUtilization", dimensions) is None
    time.sleep(0.3)
    asyncio.run(usage.sample())
    now = clock.time()
    found = {
        name: world.metrics.find(NAMESPACE, name, dimensions).periods(now // 60 * 60 - 60, now + 60, 60, now)[-1][1]
        for name in ("CPUUtilization", "MemoryUtilization", "DiskUtilization")
    }
    assert 0 < found["CPUUtilization"].total <= 110  # one core, of which it gets a part
    assert found["MemoryUtilization"].total == pytest.approx(read(busy, tmp_path).memory / (8 << 30) * 100, rel=0.2)
    assert found["DiskUtilization"].total == 0
