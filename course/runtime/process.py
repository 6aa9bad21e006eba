"""A job's process as the cloud's server sees it: start one, read its output, wait for it, end it.

The server never forks: it asks the job parent (course.runtime.parent), and holds the job by the connection it asked on.
"""

import asyncio
import contextlib
import functools
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from course.runtime import lifeline, scratch
from course.runtime.errors import LaunchError
from course.runtime.rootfs import HOSTNAME

Mode = Literal["namespaces", "guard"]
LONGEST_LINE = 16 << 10  # bytes; a longer one comes in pieces
_PIPE_BYTES = 64 << 10  # what a pipe holds
PROBE_SECONDS = 20.0


@dataclass(frozen=True)
class Limits:
    """What one job may use. memory_bytes is per process, open_files too; file_bytes is per file."""

    memory_bytes: int = 4 << 30
    processes: int = 128
    file_bytes: int = 4 << 30
    open_files: int = 1024


@dataclass(frozen=True)
class Spec:
    """What to run.

    entry: "package.module:function", called without arguments in the forked, sandboxed child.
    opt_ml: a folder made by the caller; it is /opt/ml inside (guard mode: SAGEMAKER_BASE_DIR names it). The job owns
        it; after the job it holds regular files and folders only.
    environment: every variable of the job, but for the defaults in runtime/program.py. AWS's address there must be
        127.0.0.1:cloud_port.
    cloud_port: where the cloud's listener appears inside; None for a job without any network.
    read_only: sub-paths of opt_ml that the job may read only (guard mode does not hold it).
    hostname: what the job's machine is called (guard mode keeps the real name).
    """

    entry: str
    opt_ml: Path
    environment: dict[str, str]
    limits: Limits = field(default_factory=Limits)
    cloud_port: int | None = None
    read_only: tuple[str, ...] = ()
    hostname: str = HOSTNAME


class Process:
    """A running job. Made by `launch`; its caller reads `lines` to the end and awaits `wait`, then `close`s it."""

    def __init__(self, connection: socket.socket, output: BinaryIO, channel: socket.socket) -> None:
        self.pid = 0  # of its supervisor
        self.listener: socket.socket | None = None
        self.channel = channel
        self.way: dict[str, str] = {}  # condition keys of its calls to S3: the VPC endpoint that they pass
        self._connection = connection
        self._output: BinaryIO | None = output
        self._frames = lifeline.Frames()
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._exit: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(connection.fileno(), self._hear)

    async def lines(self) -> AsyncIterator[bytes]:
        """Standard output and error line by line, without line ends, until the job and all it started have closed them.

        Nothing is read ahead but one pipe's worth: a job that writes faster than its reader reads has to wait.
        """
        if self._output is None:
            return
        pipe, self._output = self._output, None
        os.set_blocking(pipe.fileno(), False)
        line = b""
        try:
            while data := await self._read(pipe):
                *whole, rest = (line + data).split(b"\n")
                *begun, line = _pieces(rest)
                for piece in [piece for each in whole for piece in _pieces(each)] + begun:
                    yield piece
            if line:
                yield line
        finally:
            pipe.close()

    async def _read(self, pipe: BinaryIO) -> bytes:
        """What has come through the pipe, as soon as anything has; empty at its end.

        Not by connect_read_pipe: uvloop 0.23 closes a pipe's descriptor twice, and between the two another thread may
        have been given its number.
        """
        while True:
            readable = self._loop.create_future()
            self._loop.add_reader(pipe.fileno(), _settle, readable)
            try:
                await readable
            finally:
                self._loop.remove_reader(pipe.fileno())
            if (data := pipe.read(_PIPE_BYTES)) is not None:
                return data

    async def wait(self) -> int:
        """The exit code (negative: the signal) of the user's process; nothing of the job is left then."""
        return await asyncio.shield(self._exit)

    def terminate(self) -> None:
        """SIGTERM to the user's process."""
        if not self._exit.done():
            with contextlib.suppress(OSError):
                self._connection.send(lifeline.encode({"do": "terminate"}))

    def kill(self) -> None:
        """SIGKILL to all of the job; `wait` says when it is gone."""
        if not self._exit.done():
            # Half a close: the supervisor reads end of file, and the parent can still report. It also sees to a
            # supervisor that does not react.
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give everything back; kills the job if it still runs."""
        self._end(-9)
        self.channel.close()
        if self.listener:
            self.listener.close()
        if self._output is not None:
            self._output.close()

    def _hear(self) -> None:
        """Something arrived on the connection."""
        try:
            data, descriptors = lifeline.take(self._connection, 65536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, descriptors = b"", []
        for descriptor in descriptors:
            self.listener = socket.socket(fileno=descriptor)
            self.listener.setblocking(False)
        for message in self._frames.feed(data):
            if "ready" in message and not self._ready.done():
                self.pid = message["ready"]["pid"]
                self._ready.set_result(None)
            if "error" in message and not self._ready.done():
                self._ready.set_exception(LaunchError(f"{message['error']}."))
            if "exit" in message:
                self._end(message["exit"])
                return
        if not data:
            self._end(-9)  # its parent died, and it with it

    def _end(self, code: int) -> None:
        if self._exit.done():
            return
        self._loop.remove_reader(self._connection.fileno())
        self._connection.close()
        self._exit.set_result(code)
        if not self._ready.done():
            self._ready.set_exception(LaunchError(f"The job's process ended before it ran (exit code {code})."))


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _pieces(line: bytes) -> list[bytes]:
    """At least one, and none longer than LONGEST_LINE."""
    return [line[start : start + LONGEST_LINE] for start in range(0, len(line) or 1, LONGEST_LINE)]


def small_parent(job_parent_socket: Path) -> Path:
    """Where the second parent of jobs listens, for programs that need NumPy and nothing larger."""
    return job_parent_socket.with_name(f"{job_parent_socket.stem}-small.sock")


async def launch(job_parent_socket: Path, spec: Spec) -> Process:
    """Start a job; returns when its sandbox stands and its code is about to run. LaunchError if it cannot start."""
    if not spec.opt_ml.is_dir():
        raise LaunchError(f"The job's folder {spec.opt_ml} is not there; make it before launching.")
    if scratch.room(spec.opt_ml) < scratch.RESERVE_BYTES:
        least = scratch.RESERVE_BYTES >> 20
        raise LaunchError(f"Less than {least} MiB are free on the disk of {spec.opt_ml}; make some room there.")
    loop = asyncio.get_running_loop()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        await loop.sock_connect(connection, str(job_parent_socket))
    except OSError as error:
        connection.close()
        raise LaunchError(f"The course's job parent does not answer at {job_parent_socket} ({error}).") from None
    output, output_end = os.pipe()
    channel, channel_end = socket.socketpair()
    channel.setblocking(False)
    process = Process(connection, open(output, "rb", buffering=0), channel)  # noqa: SIM115 closed by `lines` or `close`
    try:
        with channel_end:
            try:
                job = {**asdict(spec), "opt_ml": str(spec.opt_ml.resolve())}
                frame = lifeline.encode({"do": "job", "mode": mode(), **job})
                sent = socket.send_fds(connection, [frame[:4]], [output_end, channel_end.fileno()])
                await loop.sock_sendall(connection, frame[sent:])
            finally:
                os.close(output_end)
        await process._ready
    except BaseException as error:
        process.close()
        if isinstance(error, OSError):
            raise LaunchError(f"The course's job parent went away ({error}).") from None
        raise
    return process


def mode() -> Mode:
    """How jobs are held on this machine, found out once by trying; COURSE_JOB_MODE=guard forces the fallback."""
    return "guard" if refusal() else "namespaces"


def refusal() -> str:
    """Why jobs run in guard mode, in a few words; empty where they have namespaces."""
    forced = os.environ.get("COURSE_JOB_MODE", "")
    if forced == "guard":
        return "COURSE_JOB_MODE=guard is set"
    return namespaces_refused()


def namespaces_refused() -> str:
    """Why the system refuses us namespaces, in a few words, found out once by trying; empty where it does not."""
    return _probe()


@functools.cache
def _probe() -> str:
    if sys.platform != "linux":
        return f"{sys.platform} has no namespaces"
    # Another process, because this one may have threads, and must keep its own namespaces.
    root = str(Path(__file__).resolve().parents[2])
    code = "import sys; sys.path.insert(0, sys.argv[1]); from course.runtime import probe; probe.main()"
    with tempfile.TemporaryDirectory(prefix="course-probe-") as folder:
        command = [sys.executable, "-I", "-c", code, root, folder]
        nothing = subprocess.DEVNULL
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, stdin=nothing)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"trying namespaces failed: {error}"
    if answer.returncode == 0:
        return ""
    lines = (answer.stdout + answer.stderr).strip().splitlines()
    return lines[-1] if lines else f"trying namespaces ended with code {answer.returncode}"
