"""`course lab`: it answers whom it should, and however it ends, it leaves no process and no file behind."""

import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient

from course import lab
from course.errors import CourseError
from course.runtime import linux

ROOT = Path(__file__).resolve().parents[1]
LINUX = pytest.mark.skipif(not linux.HERE, reason="finds processes in /proc")
END_SECONDS = 30


@dataclass
class Lab:
    """A running `course lab`. `keeper` is the process id of its keeper."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    token: str

    @property
    def keeper(self) -> int:
        return linux.children(self.process.pid)[0]

    def request(self, method: str, path: str, token: str | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=END_SECONDS)
        try:
            connection.request(method, path, headers={"Authorization": f"token {token or self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        status, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    def start_kernel(self, code: str) -> None:
        """Start a kernel and run a line of code in it."""
        status, body = self.request("POST", "/api/kernels")
        assert status == 201, body
        [runtime] = (self.folder / "tmp").glob("five-bridges-*/jupyter")
        client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{json.loads(body)['id']}.json"))
        client.load_connection_file()
        client.start_channels()
        try:
            # Not wait_for_ready(): on a busy machine it takes a kernel that is slow to start for a dead one.
            assert client.execute(code, reply=True, timeout=60)["content"]["status"] == "ok"
        finally:
            client.stop_channels()

    def processes(self) -> list[int]:
        """Descriptors of every process of this lab."""
        found = [self.process.pid]
        for pid in found:
            found += linux.children(pid)
        return [os.pidfd_open(pid) for pid in found]


@contextmanager
def start(folder: Path) -> Iterator[Lab]:
    """A lab of a copy of the course in a new folder."""
    (folder / "course").mkdir()
    shutil.copy(ROOT / "course" / "syllabus.toml", folder / "course")
    shutil.copytree(ROOT / "release", folder / "release")
    (folder / "tmp").mkdir()
    command = [sys.executable, "-P", "-m", "course", "lab", "--no-browser", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = [process.stdout.readline()]
            while said[-1] and "Ctrl-C" not in said[-1]:
                said.append(process.stdout.readline())
            port, token = re.search(r"http://127\.0\.0\.1:(\d+)/lab\?token=(\w+)", "".join(said)).groups()
            yield Lab(process, folder, int(port), token)
        finally:
            if process.poll() is None:
                process.terminate()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Lab]:
    with start(tmp_path) as lab:
        yield lab


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for all tests that only ask it something; the last of them shuts it down."""
    with start(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def wait_gone(processes: list[int], seconds: float = END_SECONDS) -> int:
    """Wait until the processes have ended; returns how many have not within the time."""
    left, deadline = set(processes), time.monotonic() + seconds
    while left and (ended := select.select(list(left), [], [], max(0.0, deadline - time.monotonic()))[0]):
        left -= set(ended)
        for descriptor in ended:
            os.close(descriptor)
    return len(left)


def test_it_hands_the_notebooks_out_and_answers_only_with_the_token(answering: Lab) -> None:
    assert (answering.folder / "work" / "d0_orientation" / "d0_orientation.ipynb").is_file()
    assert answering.request("GET", "/api/kernels")[0] == 200
    assert answering.request("GET", "/api/kernels", token="guessed")[0] == 403
    command_lines = "".join(
        Path(f"/proc/{pid}/cmdline").read_text() for pid in [answering.keeper, *linux.children(answering.keeper)]
    )
    assert answering.token not in command_lines + (answering.folder / "work" / lab.LOG).read_text()


def test_it_asks_nobody_for_news_and_installs_nothing(answering: Lab) -> None:
    notification = answering.get("/lab/api/settings/@jupyterlab/apputils-extension:notification")["schema"][
        "properties"
    ]
    assert (notification["fetchNews"]["default"], notification["checkForUpdates"]["default"]) == ("false", False)
    page = answering.request("GET", "/lab")[1].decode()
    config = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    assert config["news"] == {"disabled": True}
    assert config["extensionManager"]["name"] == "read-only"
    assert "@jupyter/nbgrader" in config["disabledExtensions"]
    assert answering.request("GET", "/formgrader")[0] == 404


def test_shutting_down_from_the_browser_ends_the_lab(answering: Lab) -> None:
    assert answering.request("POST", "/api/shutdown")[0] == 200
    assert answering.process.wait(END_SECONDS) == 0


@LINUX
@pytest.mark.parametrize("end", ["one Ctrl-C", "two Ctrl-C", "SIGTERM", "kill the lab", "kill the keeper"])
def test_nothing_outlives_it(running: Lab, end: str) -> None:
    # A process that left the kernel's session, and lost its parent: only an adopter can find it.
    noted = running.folder / "orphan"
    running.start_kernel(f"import subprocess; subprocess.run('setsid sleep 1000 & echo $! > {noted}', shell=True)")
    orphan = int(noted.read_text())
    processes = running.processes()
    assert len(processes) >= 6  # lab, keeper, two parents, JupyterLab, kernel
    keeper = running.keeper
    assert orphan in linux.children(keeper)
    number = {"SIGTERM": signal.SIGTERM, "kill the lab": signal.SIGKILL}
    if end == "kill the keeper":
        # Nobody is left to adopt, so the orphan is ours to end; all others go by themselves.
        os.kill(keeper, signal.SIGKILL)
        os.kill(orphan, signal.SIGKILL)
    else:
        running.process.send_signal(number.get(end, signal.SIGINT))
    if end == "two Ctrl-C":
        assert "Stopping" in [running.process.stdout.readline(), running.process.stdout.readline()][1]
        running.process.send_signal(signal.SIGINT)
    assert wait_gone(processes) == 0
    code = running.process.wait(END_SECONDS)
    if end == "kill the keeper":
        assert code == 1
    elif end == "kill the lab":
        assert code == -signal.SIGKILL
    else:
        assert code == 0
        assert f"Your work is in {running.folder / 'work'}." in running.process.stdout.read()
    if end != "kill the keeper":
        assert list((running.folder / "tmp").iterdir()) == []


def test_a_jupyterlab_that_does_not_start_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "release").mkdir()
    monkeypatch.setattr(lab, "_command", lambda *_: [sys.executable, "-c", "raise SystemExit('no luck')"])
    with pytest.raises(CourseError, match=r"^JupyterLab did not start \(no luck\); its log is .*lab\.log\.$"):
        lab.run(tmp_path, port=0, browser=False)
