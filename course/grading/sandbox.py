"""A student's process as the examiner sees it: forked from a warm parent, held, and ended with all that it started.

How it is held, best first; `detect` says which of it a machine allows:

    namespaces   user, mount, pid, network, ipc and host name of its own, then Landlock (where the kernel has it),
                 seccomp and rlimits. It sees the system, Python, a copy of its folder at /assignment and an empty /tmp,
                 both of bounded size in memory; no other process, and of the network a loopback with the one listener.
    landlock     without namespaces, as an ordinary user: Landlock, seccomp and rlimits (course/runtime/fence.py).
                 It has no network at all, so a submission that needs a service beside it cannot be graded this way: to
                 open the loopback would open every port of the host to it. Real root is not held like that.
    trusted      rlimits only: it can do all that its owner can. Only where someone has said that the work is trusted.

Nothing that a student's process writes reaches `folder`: it works on a copy, which `files` shows and which is gone with
it. On 2 cores at lowest priority its first line comes after 40 to 55 ms, its end after 65 to 95 ms, for about 60 ms of
CPU (95 ms where eight other processes are at work): three forks of what the parent has imported, 1,700 mappings and
140 MB.
"""

import contextlib
import functools
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from course.errors import CourseError
from course.runtime import fence, landlock, lifeline, parents, process, seccomp
from course.runtime.errors import LaunchError
from course.runtime.parents import Parents

Mode = Literal["namespaces", "landlock", "trusted"]
MODULES = "COURSE_STUDENT_MODULES"  # what the warm parent imports besides, separated by commas
COMMAND = (sys.executable, "-P", "-m", "course.grading.parent")
FORCED = "COURSE_SANDBOX_MODE"  # landlock: as if there were no namespaces; refused: as if there were neither
PLACE = "/assignment"  # a name that no Python lies under
HOSTNAME = "grading"
START_SECONDS = 60.0  # a busy machine, and a parent that still imports
CLOSE_SECONDS = 8.0  # more than a parent gives its children to end
_READ_BYTES = 64 << 10
_READS = 16  # at a time: nobody who writes without end keeps a reader from its other work


@dataclass(frozen=True)
class Limits:
    """What one student's process and its children may use.

    Per process: memory_bytes (address space), cpu_seconds, open_files. Per file: file_bytes. Together: the rest.
    total_memory_bytes is looked at four times a second. folder_… hold for the copy of the folder, tmp_bytes for /tmp.
    output_bytes: what is kept of the output between two reads.
    """

    memory_bytes: int = 4 << 30
    total_memory_bytes: int = 4 << 30
    processes: int = 64
    cpu_seconds: int = 600
    open_files: int = 512
    file_bytes: int = 512 << 20
    folder_bytes: int = 512 << 20
    folder_files: int = 16_384
    tmp_bytes: int = 256 << 20
    output_bytes: int = 1 << 20


def start_parent(directory: Path, modules: Sequence[str] = (), command: Sequence[str] = COMMAND) -> Parents:
    """Start the warm parent of students' processes; its `sockets["student"]` is what a Sandbox asks.

    directory: becomes a folder of mode 0700, its path under about 90 characters. modules: what children need of the
    course besides the usual libraries. Everything ends when this process does.
    """
    return parents.start_parents(directory, ("student",), command, {"student": {MODULES: ",".join(modules)}})


def detect(*, trust: bool = False, service: bool = False) -> Mode:
    """How student code is held on this machine. CourseError where it cannot be, unless `trust` says it need not.

    service: whether something must run beside it that it can reach, which takes namespaces.
    """
    missing = _missing()
    if "namespaces" not in missing:
        return "namespaces"
    if "landlock" not in missing and not service:
        return "landlock"
    if trust:
        return "trusted"
    raise CourseError(
        f"Student code cannot be held on this machine ({missing['namespaces']}; {missing['landlock']}): allow "
        "unprivileged user namespaces, or grade on another machine, or say --trust if you trust every submission."
    )


def layers(mode: Mode) -> tuple[str, ...]:
    """What holds a student's process in a mode on this machine, by name, and by "no …" what of it is missing here."""
    if mode == "trusted":
        return ("rlimits",)
    abi = landlock.version()
    filtered = "seccomp" if seccomp.known() else "no seccomp (this processor's calls are not known)"
    walls = ("namespaces",) if mode == "namespaces" else ()
    return (*walls, f"Landlock (ABI {abi})" if abi else "no Landlock (not in this kernel)", filtered, "rlimits")


def _missing() -> dict[str, str]:
    """The modes that this machine lacks, and why."""
    forced = os.environ.get(FORCED, "")
    reasons = {
        "namespaces": f"{FORCED}={forced} is set" if forced else process.namespaces_refused(),
        "landlock": f"{FORCED}={forced} is set" if forced == "refused" else _landlock_refused(),
    }
    return {mode: reason for mode, reason in reasons.items() if reason}


@functools.cache
def _landlock_refused() -> str:
    if (abi := landlock.version()) < fence.LEAST_ABI:
        return f"Landlock's ABI is {abi} and must be {fence.LEAST_ABI}, as from Linux 6.2 on"
    if not seccomp.known():
        return "seccomp's filter is not made for this processor"
    if os.geteuid() == 0:
        return "without namespaces real root cannot be held"
    return ""


class Output:
    """What a student's process and its children write to fd 1 and 2. Never blocks, and keeps no more than its bound."""

    def __init__(self, pipe: int, most: int) -> None:
        self.dropped = 0  # bytes that were more than could be kept
        self.ended = False  # nobody can write any more
        self._pipe = pipe
        self._most = most
        self._kept = bytearray()
        os.set_blocking(pipe, False)

    def fileno(self) -> int:
        """The pipe's descriptor, to wait on."""
        return self._pipe

    def pump(self) -> None:
        """Take what has been written, so that the writers go on."""
        for _ in range(_READS):
            if self.ended:
                return
            try:
                data = os.read(self._pipe, _READ_BYTES)
            except BlockingIOError:
                return
            self.ended = not data
            room = max(0, self._most - len(self._kept))
            self._kept += data[:room]
            self.dropped += max(0, len(data) - room)

    def read(self) -> bytes:
        """What has come since the last call: the first `Limits.output_bytes` of it."""
        self.pump()
        kept, self._kept = bytes(self._kept), bytearray()
        return kept

    def close(self) -> None:
        """Give the pipe back; calling it again does nothing."""
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe, self.ended = -1, True


class Sandbox:
    """One student's process, held. A context manager; single-threaded, no event loop.

    pid: of its supervisor outside. channel: a blocking stream to the process, which finds its end in
    COURSE_CHANNEL_FD. listener: listens at 127.0.0.1:port inside; serve it from outside. files: a descriptor of the
    process's working folder, for a look at what it wrote (open with dir_fd and O_NOFOLLOW: links lead outside).
    code, cpu_seconds, over: once it has ended, its exit code (negative: the signal), what it and its children used, and
    "memory" or "files" if it was killed for too much of that.

    Whoever waits for the channel does so with `readable`: a process whose output nobody takes stands still.
    """

    def __init__(
        self,
        parent: Path,
        folder: Path,
        *,
        entry: str,
        port: int | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        mode: Mode | None = None,
    ) -> None:
        """Start it; returns when it is held and about to run. LaunchError if it cannot start.

        parent: where the warm parent listens. folder: the submission's files; they are copied, links are left out.
        entry: "package.module:function" of a module that the parent has imported. environment: every variable, but
        for the usual ones (PATH, HOME, …); an address in it must be 127.0.0.1:port.
        """
        mode = mode or detect()
        if mode == "landlock" and port is not None:
            raise CourseError(
                "This assignment needs a service beside each submission, which takes namespaces "
                f"({_missing().get('namespaces', 'mode landlock was asked for')}): allow unprivileged user namespaces, "
                "or grade on another machine, or say --trust if you trust every submission."
            )
        self.mode: Mode = mode
        self.pid = 0
        self.listener: socket.socket | None = None
        self.files = -1
        self.code: int | None = None
        self.cpu_seconds = 0.0
        self.over: str | None = None
        self._place: Path | None = None
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        limits = limits or Limits()
        output, output_end = os.pipe()
        self.output = Output(output, limits.output_bytes)
        self.channel, channel_end = socket.socketpair()
        try:
            try:
                self._ask(parent, folder, entry, port, limits, environment or {}, [output_end, channel_end.fileno()])
            finally:
                os.close(output_end)
                channel_end.close()
            self._await_start()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise LaunchError(f"The warm parent at {parent} does not answer ({error}).") from None
            raise

    def _ask(
        self,
        parent: Path,
        folder: Path,
        entry: str,
        port: int | None,
        limits: Limits,
        environment: Mapping[str, str],
        descriptors: list[int],
    ) -> None:
        self._line.settimeout(START_SECONDS)
        self._line.connect(str(parent))
        copy = {"size_bytes": limits.folder_bytes, "files": limits.folder_files, "tmp_bytes": limits.tmp_bytes}
        message = {
            "do": "student",
            "mode": self.mode,
            "walls": self.mode != "trusted",
            "landlock": landlock.version() > 0,
            "entry": entry,
            "opt_ml": str(folder.resolve()),
            "place": PLACE,
            "copy": copy,
            "environment": {"MPLBACKEND": "Agg", **environment},
            "limits": asdict(limits),
            "cloud_port": port,
            "read_only": (),
            "hostname": HOSTNAME,
        }
        lifeline.send(self._line, message, descriptors)

    def _await_start(self) -> None:
        while self.files < 0:
            message, descriptors = lifeline.receive(self._line)
            if message and "error" in message:
                raise LaunchError(f"{message['error']}.")
            if message is None or "exit" in message:
                raise LaunchError("The student's process ended before it ran.")
            if "ready" in message:
                self.pid = message["ready"]["pid"]
                if descriptors:
                    self.listener = socket.socket(fileno=descriptors[0])
            if "files" in message:
                (self.files,) = descriptors
                if self.mode != "namespaces":
                    self._place = Path(message["files"])

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def readable(self, timeout: float | None, line: socket.socket | None = None) -> bool:
        """Wait until there is something (or the end) to be read from the channel, or from another line to the process.

        False after `timeout` seconds.
        """
        return self._watch(timeout, [line or self.channel])

    def interrupt(self) -> None:
        """SIGTERM to the student's own process."""
        self._tell(lambda: self._line.sendall(lifeline.encode({"do": "terminate"})))

    def kill(self) -> None:
        """SIGKILL to all of it; `wait` says when it is gone."""
        # Half a close: the supervisor reads end of file, and the parent can still report.
        self._tell(lambda: self._line.shutdown(socket.SHUT_WR))

    def wait(self, timeout: float | None) -> int | None:
        """The exit code once nothing is left of it; None after `timeout` seconds. Takes the output meanwhile."""
        self._watch(timeout)
        return self.code

    def close(self) -> None:
        """Give everything back, and kill what still runs; nothing is left. Calling it again does nothing."""
        if self._line.fileno() < 0:
            return
        if self.pid and self.code is None:
            self.kill()
            self.wait(CLOSE_SECONDS)
        self._line.close()
        self.channel.close()
        if self.listener:
            self.listener.close()
        self.output.close()
        if self.files >= 0:
            os.close(self.files)
            self.files = -1
        if self._place:  # it is there still if its supervisor was killed
            fence.remove(self._place)

    def _tell(self, act: Callable[[], object]) -> None:
        if self.code is None:
            with contextlib.suppress(OSError):
                act()

    def _watch(self, timeout: float | None, wanted: Sequence[socket.socket] = ()) -> bool:
        """Take the output and hear the supervisor until one of `wanted` is readable; without any, until the end of all.

        False after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while wanted or self.code is None:
            watched = {thing.fileno(): thing for thing in wanted}
            if not self.output.ended:
                watched[self.output.fileno()] = self.output
            if self.code is None:
                watched[self._line.fileno()] = self._line
            poll = select.poll()
            for descriptor in watched:
                poll.register(descriptor, select.POLLIN)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = [watched[descriptor] for descriptor, _ in poll.poll(None if left is None else left * 1000)]
            if self.output in ready:
                self.output.pump()
            if self._line in ready:
                self._hear()
            if any(thing in ready for thing in wanted):
                return True
            if left == 0.0:
                return self.code is not None and not wanted
        self.output.pump()
        return True

    def _hear(self) -> None:
        try:
            message, _ = lifeline.receive(self._line)
        except OSError:
            message = None
        if message is None:  # its parent died, and it with it
            message = {"exit": -9}
        self.over = message.get("over", self.over)
        if "exit" in message:
            self.code, self.cpu_seconds = message["exit"], message.get("cpu", 0.0)
