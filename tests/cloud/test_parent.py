"""The fork server by itself: its command line, its wire, its children."""

import json
import os
import socket
import subprocess
import sys

import pytest

from course.cloud import parent
from course.runtime import lifeline
from tests.runtime.conftest import LIGHT


@pytest.fixture
def started(tmp_path):
    """A light parent of worlds, started by its command line: (process, path of its socket)."""
    path = tmp_path / "world.sock"
    command = [*LIGHT, "--preload", "world", "--socket", str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert json.loads(process.stdout.readline()) == {"ready": True, "pid": process.pid}
        yield process, path
        process.stdin.close()
        assert process.wait(10) == 0
        assert not path.exists()


def ask(path, message, descriptors=()):
    """Connect and send one frame."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(10)
    line.connect(str(path))
    lifeline.send(line, message, descriptors)
    return line


def test_a_child_from_ready_to_exit(started):
    _, path = started
    with open(os.devnull, "w") as output, socket.create_server(("127.0.0.1", 0)) as listener:
        spec = {"do": "world", "seed": 0, "start": None, "token": "t", "job_socket": None}
        with ask(path, spec, [listener.fileno(), output.fileno()]) as line:
            message, _ = lifeline.receive(line)
            assert message["ready"]["port"] == listener.getsockname()[1]
            line.shutdown(socket.SHUT_WR)
            assert lifeline.receive(line)[0]["exit"] == 0
            assert lifeline.receive(line)[0] is None


def test_it_listens_for_its_owner_only(started):
    _, path = started
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x02[]", b"\0\0\0\x04nope"])
def test_bad_clients_do_no_harm(started, sent):
    _, path = started
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(path))
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        message, _ = lifeline.receive(line)
        assert message is None or "could not start a child" in message["error"]
    test_a_child_from_ready_to_exit(started)


def test_a_request_without_its_descriptors_ends_its_child_only(started):
    _, path = started
    with ask(path, {"do": "world"}) as line:
        assert lifeline.receive(line)[0]["exit"] == 1
    test_a_child_from_ready_to_exit(started)


def test_many_clients_that_come_and_go_at_once(started):
    """Ends of clients, ends of children and new clients in the same instant are told apart."""
    _, path = started
    with open(os.devnull, "w") as output, socket.create_server(("127.0.0.1", 0)) as listener:
        spec = {"do": "world", "seed": 0, "start": None, "token": "t", "job_socket": None}
        for _ in range(5):
            lines = [ask(path, spec, [listener.fileno(), output.fileno()]) for _ in range(10)]
            for line in lines[::2]:
                line.close()  # some before their child is there
            for line in lines[1::2]:
                assert "ready" in lifeline.receive(line)[0]
                line.shutdown(socket.SHUT_WR)
            for line in lines[1::2]:
                assert lifeline.receive(line)[0]["exit"] == 0
                line.close()
    test_a_child_from_ready_to_exit(started)


def test_it_ends_on_sigterm_too(started):
    process, _ = started
    process.terminate()
    assert process.wait(10) == 0


def test_bad_arguments_are_refused():
    result = subprocess.run(
        [sys.executable, "-m", "course.cloud.parent", "--preload", "tea"], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "invalid choice: 'tea'" in result.stderr


def test_an_import_failure_is_one_line_and_exit_code_1(tmp_path):
    command = [*LIGHT, "--preload", "broken", "--socket", str(tmp_path / "b.sock")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("The course's broken parent cannot start: cannot import course.cloud.no_such_module")


def test_the_real_kinds_are_these():
    assert set(parent.KINDS) == {"world", "job"}
    assert {"numpy", "pandas", "joblib", "sklearn.ensemble"} <= set(parent.KINDS["job"].modules)
