"""kill -9 of anything leaves no process, whatever a job has done to get away."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.runtime.census import marked, wait_gone
from tests.runtime.conftest import check_namespaces
from tests.runtime.test_harm import DAEMON

ESCAPED = DAEMON + "while True: pass"

OWNER = """
import asyncio, os, sys
from pathlib import Path
from course.cloud.launch import start_parents
from tests.runtime.conftest import LIGHT
from course.runtime.process import Spec, launch

async def main():
    folder = Path(sys.argv[1])
    parents = start_parents(folder / "sockets", ("job",), LIGHT)
    (folder / "opt").mkdir()
    variables = {"PROGRAM": os.environ["PROGRAM"], "MARK": sys.argv[2]}
    spec = Spec("tests.runtime.programs:text", folder / "opt", variables)
    job = await launch(parents.sockets["job"], spec)
    async for line in job.lines():
        print(line.decode(), parents.pid("job"), job.pid, flush=True)

asyncio.run(main())
"""


@pytest.fixture(params=["namespaces", "guard"])
def owner(request, tmp_path):
    """A process that owns a parent with one running job: (owner, parent's pid, supervisor's pid, mark)."""
    if request.param == "namespaces":
        check_namespaces()
    mark = f"mark-{tmp_path}"
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), mark],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROGRAM": textwrap.dedent(ESCAPED), "COURSE_JOB_MODE": request.param},
    )
    try:
        line = process.stdout.readline().split()
        assert line[:1] == ["daemon"]
        # The owner, the parent, the small one, the supervisor, init (namespaces), the user's process and its daemon:
        # what is forked carries the parent's command line, with the path of its socket.
        assert len(marked(str(tmp_path))) == (7 if request.param == "namespaces" else 6)
        yield process, int(line[1]), int(line[2]), str(tmp_path)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert not wait_gone(str(tmp_path))


def test_killing_the_owner(owner):
    process, _, _, mark = owner
    process.kill()
    process.wait()
    assert not wait_gone(mark)


def test_killing_the_owner_while_a_child_of_it_lives_on(tmp_path):
    """Such a child holds a copy of the lifeline, so only the owner's own end can tell."""
    code = """
import os, sys, time
from pathlib import Path
from course.cloud.launch import start_parents
from tests.runtime.conftest import LIGHT
parents = start_parents(Path(sys.argv[1]), ("job",), LIGHT)
parents.wait_ready("job")
if os.fork() == 0:
    os.close(1)
    sys.stdin.read()
    os._exit(0)
print(parents.pid("job"), flush=True)
time.sleep(1000)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "p")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        parent = int(process.stdout.readline())
        handle = os.pidfd_open(parent)
        process.kill()
        process.wait()
        assert not wait_gone(str(tmp_path / "p" / "job.sock"))
        os.close(handle)


def test_killing_the_parent(owner):
    _, parent, _, mark = owner
    os.kill(parent, signal.SIGKILL)
    assert not wait_gone(str(mark + "/sockets"))


def test_killing_the_supervisor(owner):
    process, _, supervisor, mark = owner
    os.kill(supervisor, signal.SIGKILL)
    process.wait()  # it reads the job's end
    assert not wait_gone(mark)


def test_interrupting_the_terminals_group_leaves_the_parent_to_its_owner(tmp_path):
    """Ctrl-C goes to the whole foreground group; the parents are in sessions of their own."""
    code = OWNER.replace("asyncio.run(main())", "")
    code += """
parents = start_parents(Path(sys.argv[1]), ("job",), LIGHT)
parents.wait_ready("job")
print(os.getsid(0) != os.getsid(parents.pid("job")), flush=True)
parents.close()
print("closed")
"""
    result = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=20)
    assert result.stdout.split() == ["True", "closed"], result.stderr
    assert not marked(str(tmp_path))


def test_a_server_that_goes_away_takes_its_jobs(yard):
    async def body():
        job = await yard.start(ESCAPED)
        lines = job.lines()
        assert await anext(lines) == b"daemon"
        assert marked(yard.mark)
        job.close()
        await lines.aclose()

    yard.do(body)
    assert not wait_gone(yard.mark)


def test_a_stopped_supervisor_does_not_hold_up_the_end(light_yard):
    """A supervisor that cannot react is killed by the parent after its grace, and what it held with it."""
    yard = light_yard

    async def body():
        job = await yard.start(ESCAPED)
        lines = job.lines()
        assert await anext(lines) == b"daemon"
        os.kill(job.pid, signal.SIGSTOP)
        job.kill()
        code = await job.wait()
        await lines.aclose()
        job.close()
        return code

    assert yard.do(body) == -9
    assert not wait_gone(yard.mark)
