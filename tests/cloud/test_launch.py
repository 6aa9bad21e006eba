"""Parents and worlds from their owner's side."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from course.cloud.launch import LaunchError, open_world, start_parents
from tests.runtime.census import marked, wait_gone
from tests.runtime.conftest import LIGHT


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Light parents of both kinds."""
    with start_parents(tmp_path_factory.mktemp("lab"), command=LIGHT) as parents:
        yield parents


@pytest.fixture
def listener():
    """What a kernel holds for all its worlds."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def world(lab, listener, seed=0, **more):
    """Open a stand-in world; its seed says what it does."""
    return open_world(lab.sockets, listener=listener, seed=seed, start=None, token="t", **more)


def test_a_world_gets_what_it_was_opened_with(lab, listener):
    opened = open_world(lab.sockets, listener=listener, seed=0, start=1.5, token="secret")
    assert opened.alive()
    assert opened.port == listener.getsockname()[1]
    assert os.path.exists(f"/proc/{opened.pid}") and opened.pid != os.getpid()
    assert opened.last_words() == f"world 0 1.5 secret {lab.sockets['job']}"
    opened.close()
    assert (opened.alive(), opened.exit_code) == (False, 0)
    opened.close()
    assert listener.fileno() > 0  # still the caller's


def test_worlds_do_not_hold_each_other(lab, listener):
    first, second = world(lab, listener), world(lab, listener)
    first.close()
    assert second.alive()
    second.close()


def test_a_killed_world_is_noticed(lab, listener):
    opened = world(lab, listener)
    handle = os.pidfd_open(opened.pid)
    os.kill(opened.pid, signal.SIGKILL)
    while opened.alive():
        opened._listen(5)
    os.close(handle)
    assert opened.exit_code == -9
    opened.close()


def test_a_world_that_fails_says_why(lab, listener):
    with pytest.raises(LaunchError, match=r"ended before it answered \(exit code 1\):(.|\n)*this seed is not good"):
        world(lab, listener, seed=1)


def test_a_world_that_does_not_answer(lab, listener):
    with pytest.raises(LaunchError, match=r"did not answer within 0\.2 s"):
        world(lab, listener, seed=3, timeout=0.2)


def test_a_world_that_will_not_end_is_ended_with_all_it_started(lab, listener, tmp_path):
    opened = open_world(lab.sockets, listener=listener, seed=2, start=None, token=str(tmp_path))
    assert marked(str(tmp_path))
    opened.close()
    assert opened.exit_code == -9
    assert not wait_gone(str(tmp_path))


def test_a_world_may_be_opened_before_its_parent_is_ready(tmp_path, listener):
    with start_parents(tmp_path, command=LIGHT) as parents:
        opened = world(parents, listener)
        assert opened.alive()
        opened.close()
    assert not marked(str(tmp_path))


def test_closing_the_parents_ends_open_worlds(tmp_path, listener):
    parents = start_parents(tmp_path, ("world",), LIGHT)
    opened = world(parents, listener)
    parents.close()
    parents.close()
    assert not opened.alive()
    assert opened.last_words(1) == "told to end"
    opened.close()
    assert not marked(str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["broken", "threaded"])
def test_a_parent_that_cannot_import_says_why(tmp_path, listener, kind):
    said = {"broken": "cannot import course.cloud.no_such_module", "threaded": "started a thread"}[kind]
    with start_parents(tmp_path, (kind,), LIGHT) as parents:
        early = {"world": parents.sockets[kind]}
        with pytest.raises(LaunchError, match=said):
            open_world(early, listener=listener, seed=0, start=None, token="t")
        with pytest.raises(LaunchError, match=said) as error:
            parents.wait_ready(kind)
        assert "\n" not in str(error.value)


def test_no_parent(tmp_path, listener):
    with pytest.raises(LaunchError, match="world parent does not answer"):
        open_world({"world": tmp_path / "none.sock"}, listener=listener, seed=0, start=None, token="t")


def test_a_path_too_long_for_a_socket(tmp_path):
    with pytest.raises(LaunchError, match="shorter path"):
        start_parents(tmp_path / ("x" * 100), ("job",), LIGHT)


def test_sockets_are_the_owners_alone(lab):
    for path in lab.sockets.values():
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_parent_inherits_no_other_descriptor(lab, tmp_path):
    lab.wait_ready("job")
    with open(tmp_path / "open", "w") as file:
        os.set_inheritable(file.fileno(), True)
        with start_parents(tmp_path / "p", ("job",), LIGHT) as parents:
            parents.wait_ready("job")
            held = [os.readlink(link) for link in Path(f"/proc/{parents.pid('job')}/fd").iterdir()]
    assert str(tmp_path / "open") not in held


KERNEL = """
import os, signal, socket, sys, threading
from pathlib import Path
from course.cloud.launch import open_world, start_parents
from tests.runtime.conftest import LIGHT

threading.Thread(target=threading.Event().wait, daemon=True).start()  # kernels have threads
started = []
thread = threading.Thread(target=lambda: started.append(start_parents(Path(sys.argv[1]), command=LIGHT)))
thread.start()
thread.join()  # the thread that spawned them ends: they must not
(parents,) = started
parents.wait_ready("job")
listener = socket.create_server(("127.0.0.1", 0))
world = open_world(parents.sockets, listener=listener, seed=2, start=None, token=sys.argv[1])
print(parents.pid("world"), world.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def kernel(tmp_path):
    """A process with both parents and a stubborn world: (process, world parent's pid, world's pid, mark)."""
    with subprocess.Popen([sys.executable, "-c", KERNEL, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            parent, pid = map(int, process.stdout.readline().split())
            # The kernel, two parents and the small one, the world, its supervisor, its daemon.
            assert len(marked(str(tmp_path))) == 7
            yield process, parent, pid, str(tmp_path)
        finally:
            process.kill()
    assert not wait_gone(str(tmp_path))


def test_killing_the_kernel(kernel):
    process, _, _, mark = kernel
    process.kill()
    process.wait()
    assert not wait_gone(mark)


def test_killing_the_world_parent(kernel):
    _, parent, _, mark = kernel
    os.kill(parent, signal.SIGKILL)
    assert not wait_gone(f"time.sleep(1000)\0{mark}")
    assert len(marked(mark)) == 3  # the kernel and the job parent with its small one


def test_killing_the_world_ends_what_it_started(kernel):
    _, _, pid, mark = kernel
    os.kill(pid, signal.SIGKILL)
    assert not wait_gone(f"time.sleep(1000)\0{mark}")


def test_killing_the_worlds_supervisor(kernel):
    _, _, pid, mark = kernel
    status = Path(f"/proc/{pid}/status").read_text()
    os.kill(int(status.split("PPid:")[1].split()[0]), signal.SIGKILL)
    assert not wait_gone(f"time.sleep(1000)\0{mark}")
    assert len(marked(mark)) == 4  # the kernel, two parents and the small one


def test_importing_is_quick():
    """Every kernel imports it: nothing but the standard library, and no asyncio."""
    code = "import sys; import course.cloud.launch; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"asyncio", "numpy", "botocore", "multiprocessing", "ctypes"} & set(names)
