import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import boto3
import pytest

from course.cloud.client import CloudGone
from course.learn import begin, check, world
from course.learn.scratch import sweep
from course.learn.told import Told

WAIT = 15.0  # seconds that something may take to end

# A kernel without a lab, as a process of its own: begins, tells who runs for it, then does what it is told.
LONE_KERNEL = """
import json, sys
from course.learn import begin, world
begin("O-8")
parents = world._doorway._parents
pids = [parents[kind].pid(kind) for kind in world.KINDS] + [world.current()._handle.pid]
print(json.dumps({"pids": pids, "folder": str(world._doorway.scratch.folder)}), flush=True)
sys.stdin.readline()
"""


def ended(pid: int, seconds: float = WAIT) -> bool:
    """Whether a process is gone, or goes within the time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def test_a_killed_cloud_is_said_in_one_sentence_and_begin_brings_a_new_one(kernel, capsys):
    begin("O-8")
    s3 = boto3.client("s3")
    s3.list_buckets()
    pid = world.current()._handle.pid
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    sentence = 'The cloud of this notebook has stopped. Run begin("O-8") again; your answers are kept.'
    asked = time.monotonic()
    with pytest.raises(CloudGone) as gone:
        s3.list_buckets()
    assert gone.value._render_traceback_() == [sentence]
    with pytest.raises(Told, match="has stopped"):
        world.current()
    assert check("O-8", score=0.5) == 0.0
    assert sentence in capsys.readouterr().out
    assert time.monotonic() - asked < 2, "nobody waits for a cloud that is gone"
    begin("O-8")
    s3.list_buckets()


def test_the_control_plane_says_when_the_world_is_gone_or_refuses(kernel):
    begin("O-8")
    current = world.current()
    with pytest.raises(Told, match="refused 'fly'"):
        current.control("fly")
    current._token = "another"
    with pytest.raises(Told, match="refused 'now'"):
        current.control("now")
    current.close()
    with pytest.raises(Told, match="has stopped"):
        current.control("now")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes by pidfd")
@pytest.mark.parametrize("end", ["exit", "kill"])
def test_a_private_cloud_says_so_and_ends_with_its_kernel(end, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_LAB")}
    # A lab that was killed leaves its folder: nobody answers there, so the cloud is private.
    environment["COURSE_LAB_SOCKETS"] = str(tmp_path)
    kernel = subprocess.Popen(
        [sys.executable, "-c", LONE_KERNEL], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with kernel:
        assert kernel.stdout.readline().strip() == world.PRIVATE
        told = json.loads(kernel.stdout.readline())
        assert not any(ended(pid, 0) for pid in told["pids"])
        if end == "kill":
            kernel.kill()
        kernel.stdin.close()
        kernel.wait(WAIT)
    assert all(ended(pid) for pid in told["pids"])
    if end == "kill":  # nobody was left to remove its folder, but whoever starts a lab or a kernel sweeps
        sweep()
    assert not Path(told["folder"]).exists()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes by pidfd")
@pytest.mark.parametrize("which", ["both", "job"])
def test_killed_private_parents_are_replaced_at_the_next_begin(which):
    code = LONE_KERNEL.replace(
        "sys.stdin.readline()",
        textwrap.dedent("""
        import os, select, signal
        killed = pids[:2] if sys.argv[1:] == ["both"] else pids[1:2]
        ends = [os.pidfd_open(pid) for pid in killed]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        for end in ends:
            select.select([end], [], [], 15)
        print(begin("O-8").name)
        """),
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_LAB")}
    command = [sys.executable, "-c", code, which]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("crossing-")
