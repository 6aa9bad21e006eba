"""What stands in a Dask worker while a course is graded there: it has a desk beside it, and passes jobs on.

A Dask worker is as a rule a daemon of `multiprocessing`, which may have no such children, and it has threads: so jobs
are done in a process beside it (course.grading.desk), which starts with the first job and ends with the worker or the
run.
"""

import contextlib
import hashlib
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from course.errors import CourseError
from course.grading import carriage, key
from course.runtime.parents import PACKAGE_ROOT

KEY_FILE = "COURSE_KEY_FILE"  # what a course keeps beside the work has its seeds from there
DESKS = 2  # that a job may wear out
CLOSE_SECONDS = 20.0  # more than a desk's warm parents get to end


def about(config: Any, trust: bool) -> bytes:
    """A parcel that tells a worker's fingerprint, and how it holds students' processes, or why it cannot."""
    from course.grading import execute  # here, and not in the thread of the worker's loop, nor in the scheduler

    try:
        held = {"mode": execute.mode(config, trust=trust)}
    except CourseError as error:
        held = {"refused": str(error)}
    return carriage.joined({"fingerprint": fingerprint(), **held})


def fingerprint() -> dict[str, str]:
    """What must be the same on every machine, as hashes."""
    path = os.environ.get(KEY_FILE)
    try:
        secret = hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
    except OSError as error:
        secret = f"unreadable: {error.strerror}"
    return {"environment": key.environment(), KEY_FILE: secret}


def grade(name: str, expected: dict[str, str], parcel: bytes) -> bytes:
    """Do a job: a parcel to a parcel (course.grading.carriage). This is what Dask calls, in a thread of the worker."""
    worker = get_worker()
    if fingerprint() != expected:  # it has joined in the middle of a run
        return carriage.joined({"stop": differs(worker.address, expected, fingerprint())})
    return worker.plugins[name].grade(parcel)


def differs(address: str, expected: dict[str, str], found: dict[str, str]) -> str:
    """The sentence about a worker that would not grade as we do."""
    if found.get("environment") != expected["environment"]:
        return (
            f"The worker at {address} has another Python, other packages or another version of the course than this "
            "machine: set both up from the same requirements.lock with the same Python, and start it again."
        )
    return (
        f"The worker at {address} has not the course's key that this machine has: give it the same file, name it in "
        f"{KEY_FILE}, and start it again."
    )


class Station(WorkerPlugin):
    """The desk of a Dask worker, for one run. plan, seconds, trust: as for a Cluster."""

    def __init__(self, name: str, plan: Any, seconds: float, trust: bool) -> None:
        self.name = name
        self._plan = pickle.dumps((plan, seconds, trust))

    def setup(self, worker: Any) -> None:
        self._address = worker.address
        self._lock = threading.Lock()
        self._desk: _Desk | None = None
        self._closed = False

    def teardown(self, worker: Any) -> None:
        """Let the desk end. Nobody waits for that: a Dask worker that is kept from closing may never close."""
        with self._lock:
            self._closed = True
            desk, self._desk = self._desk, None
        if desk:
            threading.Thread(target=desk.close, daemon=True).start()

    def grade(self, parcel: bytes) -> bytes:
        """Have a job done at the desk; by a new one if it ended."""
        for _ in range(DESKS):
            desk = self._ready()
            if desk is None:
                break
            with contextlib.suppress(EOFError, OSError):
                return self._signed(desk.ask(parcel))
        return self._signed(carriage.joined({"stop": "the process that grades there ended."}))

    def _ready(self) -> "_Desk | None":
        with self._lock:
            if self._closed:
                return None
            if self._desk and self._desk.ended():
                self._desk.close()
                self._desk = None
            self._desk = self._desk or _Desk(self._plan)
            return self._desk

    def _signed(self, parcel: bytes) -> bytes:
        """The same parcel; if it tells why nothing can be graded here, with where that is."""
        told, packed = carriage.parted(parcel)
        if not told.get("stop"):
            return parcel
        return carriage.joined({**told, "stop": f"The worker at {self._address}: {told['stop']}"}, packed)


class _Desk:
    """The process, and our connections to it."""

    def __init__(self, plan: bytes) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="desk-"))
        (self._folder / "plan").write_bytes(plan)
        self._place = str(self._folder / "socket")
        self._idle: list[Connection] = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self._place)
            listener.listen(128)
            number = str(listener.fileno())
            paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "course.grading.desk", str(self._folder), number],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[listener.fileno()], start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE_ROOT), *paths])},
            )  # fmt: skip

    def ask(self, parcel: bytes) -> bytes:
        """The answer to a parcel. EOFError or OSError if the desk ended."""
        connection = self._idle.pop() if self._idle else self._connected()
        try:
            connection.send_bytes(parcel)
            said = connection.recv_bytes()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return said

    def _connected(self) -> Connection:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.connect(self._place)
        except OSError:
            line.close()
            raise
        return Connection(line.detach())

    def ended(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        """End it with all that it started."""
        while self._idle:
            self._idle.pop().close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
