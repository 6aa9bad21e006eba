"""`course lab`: hand the notebooks out, start the warm parents and JupyterLab, and stop everything together.

1. find a port, so that a taken one is told before anything is done
2. copy what is released to work/ (`handout`)
3. start the keeper, which starts the parents and JupyterLab (`keeper`)
4. wait until JupyterLab answers, and say where
5. wait for Ctrl-C or a signal, then ask the keeper for an end in order; a second Ctrl-C ends at once
"""

import contextlib
import http.client
import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from course import loopback, waking
from course.errors import CourseError
from course.handout import hand_out

SETTINGS = Path(__file__).with_name("lab_settings")
FIRST_PORT = 8888
START_SECONDS = 120.0  # a cold disk under JupyterLab's imports
RUNNING = b"is running at:"  # what Jupyter Server logs once it listens
LOG = Path(".course") / "lab.log"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(root: Path, port: int | None, browser: bool) -> int:
    """Run the lab of the course at `root` until it is asked to stop; returns the exit code.

    port: None for the first free one from 8888 on, 0 for any. browser: whether JupyterLab opens one.
    """
    work = root / "work"
    if port is None:
        port = loopback.free_port(FIRST_PORT)
    else:
        with loopback.listen(port) as taken:
            port = taken.getsockname()[1]
    for line in hand_out(root / "release", work):
        print(line)
    token = secrets.token_hex(24)
    directory = Path(tempfile.mkdtemp(prefix="five-bridges-"))  # mode 0700; the keeper removes it
    with waking.woken_by(*ENDING) as wake, (work / LOG).open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "course.keeper", str(directory), *_command(work, port, browser)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=root,
            env=_environment(directory, token),
            start_new_session=True,
        )
        print("Starting JupyterLab …", flush=True)
        return _Lab(keeper, wake, log, work, port, token).run()


def _command(work: Path, port: int, browser: bool) -> list[str]:
    options = {
        "ServerApp.ip": loopback.ADDRESS,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": work,
        "ServerApp.open_browser": browser,
        "ServerApp.allow_root": True,  # containers; it binds loopback only and asks for the token
        "LabApp.app_settings_dir": SETTINGS / "frontend",
        "LabApp.extra_labextensions_path": SETTINGS / "extensions",
    }
    return [sys.executable, "-P", "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]


def _environment(directory: Path, token: str) -> dict[str, str]:
    """What JupyterLab and its kernels inherit."""
    environment = dict(os.environ)
    paths = [str(SETTINGS), *filter(None, [environment.get("JUPYTER_CONFIG_PATH")])]
    environment.setdefault("PYTHONSTARTUP", str(SETTINGS / "startup.py"))  # kernels run it; someone's own comes first
    return environment | {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(paths),
        "JUPYTER_RUNTIME_DIR": str(directory / "jupyter"),
        "JUPYTER_TOKEN": token,  # not on the command line, which every user of the machine can read
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")]),
    }


class _Lab:
    """One running lab, seen from the terminal."""

    def __init__(self, keeper: subprocess.Popen, wake: int, log: IO[bytes], work: Path, port: int, token: str) -> None:
        self.keeper, self.wake, self.log, self.work, self.port, self.token = keeper, wake, log, work, port, token
        self.answers = False
        self.asked = 0  # how often it was asked to stop
        self.tail = b""

    def run(self) -> int:
        """Follow JupyterLab's log and the signals until everything has ended; returns the exit code."""
        assert self.keeper.stderr is not None and self.keeper.stdin is not None
        output = self.keeper.stderr.fileno()
        with self.keeper, contextlib.suppress(BrokenPipeError):
            poll = select.poll()
            poll.register(output, select.POLLIN)
            poll.register(self.wake, select.POLLIN)
            while ready := dict(poll.poll(None if self.answers or self.asked else START_SECONDS * 1000)):
                if self.wake in ready:
                    waking.read(self.wake)
                    self.stop()
                if output in ready:
                    data = os.read(output, 65536)
                    if not data:
                        break
                    self.read(data)
            else:
                self.keeper.stdin.close()
                self.fail(f"JupyterLab did not answer within {START_SECONDS:g} s")
        if not self.asked and not self.answers:
            self.fail("JupyterLab did not start")
        if not self.asked and self.keeper.returncode:
            self.fail("JupyterLab ended unexpectedly")
        print(f"The lab has stopped. Your work is in {self.work}.")
        return 0

    def read(self, data: bytes) -> None:
        """Write a piece of JupyterLab's log to its file, and look for the word that it listens."""
        self.log.write(data)
        self.log.flush()
        self.tail = (self.tail + data)[-4096:]
        if not self.answers and RUNNING in self.tail and self.is_up():
            self.answers = True
            print(f"The course is at  http://{loopback.ADDRESS}:{self.port}/lab?token={self.token}")
            print("Ctrl-C stops it, and every cloud and kernel with it.", flush=True)

    def is_up(self) -> bool:
        """Ask JupyterLab once; it listens already, so the answer comes as soon as it serves."""
        connection = http.client.HTTPConnection(loopback.ADDRESS, self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/api/status", headers={"Authorization": f"token {self.token}"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """The first time ask the keeper for an end in order, then for one at once."""
        assert self.keeper.stdin is not None
        self.asked += 1
        if self.asked == 1:
            with contextlib.suppress(BrokenPipeError):
                self.keeper.stdin.write(b".")
                self.keeper.stdin.flush()
            print("\nStopping …", flush=True)
        else:
            self.keeper.stdin.close()

    def fail(self, what: str) -> None:
        said = [line for line in self.tail.decode(errors="replace").splitlines() if line.strip()]
        reason = f" ({said[-1].strip()})" if said else ""
        raise CourseError(f"{what}{reason}; its log is {self.work / LOG}.")
