"""A job in namespaces of its own: user, mount, pid, network, ipc and host name.

    supervisor (outside) → init (process 1 inside) → the user's process

The supervisor forks init; init builds what the job sees, gives up every right, forks the user's process and then only
forwards SIGTERM to it and reaps. When init ends, for whatever reason, the kernel ends everything inside.
"""

import os
import select
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from course.runtime import landlock, lifeline, linux, program, rootfs, scratch, seccomp

INSIDE_ID = 1000  # what an ordinary user's jobs call themselves; outside they are that user
FIRST_ID, IDS = 60_000, 4096  # real root's jobs run under one of these
_STATUS = struct.Struct("i")


class Sandbox:
    """One job, seen from its supervisor (the only thread of its process)."""

    def __init__(self, job: dict, output: int, channel: int, line: socket.socket) -> None:
        """Start it. Either `line` gets {"ready": …} with the listener, or {"error": …} and `finished` soon says so."""
        entry = program.entry_point(job["entry"])
        supervisor = os.getpid()
        self._report, report_end = os.pipe()
        tie, self._tie_end = os.pipe()
        privileged = os.geteuid() == 0
        if privileged:
            linux.unshare(linux.NEW_PID)
            user = FIRST_ID + supervisor % IDS
        else:
            user = INSIDE_ID
            _become_mapped_user(user)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # init must not miss one before it has its handler
        self._init = os.fork()
        if self._init == 0:
            os.close(self._report)
            os.close(self._tie_end)
            init = Init(job, output, channel, line, report_end, tie, supervisor)
            init.run(entry, user, privileged)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.close(report_end)
        os.close(tie)

    def terminate(self) -> None:
        """SIGTERM to the user's process."""
        os.kill(self._init, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to everything inside."""
        os.kill(self._init, signal.SIGKILL)

    def finished(self) -> int | None:
        """The user's exit code (negative: its signal) once nothing is left inside, else None. Never blocks."""
        pid, status = os.waitpid(self._init, os.WNOHANG)
        if pid == 0:
            return None
        report = os.read(self._report, _STATUS.size)
        return _STATUS.unpack(report)[0] if report else os.waitstatus_to_exitcode(status)

    def processes(self) -> list[int]:
        """Process ids outside of all that is inside."""
        return [self._init, *linux.descendants(self._init)]


class Init:
    """Process 1 of the job."""

    def __init__(
        self, job: dict, output: int, channel: int, line: socket.socket, report: int, tie: int, supervisor: int
    ) -> None:
        self._job = job
        self._output = output
        self._channel = channel
        self._line = line
        self._report = report  # the user's exit code goes here
        self._tie = tie  # at end of file once the supervisor is gone
        self._supervisor = supervisor  # its process id outside
        self._place = job.get("place", rootfs.OPT_ML)
        self._copy = rootfs.Copy(**job["copy"]) if job.get("copy") else None
        self._user_pid = 0

    def run(self, entry: Callable[[], object], user: int, privileged: bool) -> NoReturn:
        """Everything from new namespaces to the end of the job."""
        try:
            try:
                listener = self._build(user, privileged)
                ready = {"ready": {"pid": self._supervisor}}
                lifeline.send(self._line, ready, [listener.fileno()] if listener else [])
                if self._copy:
                    self._send_files()
            except Exception as error:
                lifeline.send(self._line, {"error": f"The job's sandbox could not be made: {error}"})
                os._exit(1)
            if listener:
                listener.close()
            self._user_pid = os.fork()
            if self._user_pid == 0:
                program.conclude(lambda: self._be_user(entry))
            self._serve()
        finally:
            os._exit(1)

    def _send_files(self) -> None:
        """Nobody outside sees a copy but by its descriptor."""
        files = os.open(self._place, os.O_RDONLY | os.O_DIRECTORY)
        lifeline.send(self._line, {"files": self._place}, [files])
        os.close(files)

    def _build(self, user: int, privileged: bool) -> socket.socket | None:
        signal.set_wakeup_fd(-1)  # it is the supervisor's
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.umask(0o022)
        opt_ml = self._job["opt_ml"]
        linux.unshare(sum(linux.NEW_NAMESPACES.values()))
        linux.raise_loopback()
        listener = _listen(self._job["cloud_port"])
        linux.set_hostname(self._job["hostname"])
        if privileged and not self._copy:
            scratch.give(Path(opt_ml), user)
        read_only, hostname = tuple(self._job["read_only"]), self._job["hostname"]
        rootfs.enter(opt_ml, user, user, read_only, hostname, self._place, self._copy)
        linux.drop_bounding_capabilities()
        if privileged:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        linux.drop_capabilities()
        linux.no_new_privileges()
        linux.set_dumpable(False)  # the job must not trace its init, nor borrow its descriptors
        # Last, because a change of rights clears it.
        linux.die_with_parent(signal.SIGKILL)
        if select.select([self._tie], [], [], 0)[0]:
            os._exit(1)
        seccomp.install()
        return listener

    def _be_user(self, entry: Callable[[], object]) -> None:
        os.setsid()  # the kernel shares out the processors by session
        linux.set_dumpable(True)  # an ordinary process again: its own /proc/self is its own
        program.prepare(self._job, self._output, self._channel, self._place, self._job["limits"]["processes"])
        if self._job.get("landlock"):
            devices = [f"/dev/{name}" for name in rootfs.DEVICES]
            # What the root shows may be read; that the host's files lie outside it is what this adds.
            landlock.restrict(read=["/"], write=[self._place, "/tmp", "/dev/shm"], devices=devices)
        entry()

    def _serve(self) -> NoReturn:
        signal.signal(signal.SIGTERM, self._forward)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        program.close_descriptors({self._report})
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == self._user_pid:
                os.write(self._report, _STATUS.pack(os.waitstatus_to_exitcode(status)))
                os._exit(0)

    def _forward(self, number: int, _frame: object) -> None:
        os.kill(self._user_pid, number)


def _become_mapped_user(inside: int) -> None:
    """Enter a user namespace in which we are `inside` and may make the others; children get a pid namespace."""
    user, group = os.getuid(), os.getgid()
    linux.unshare(linux.NEW_USER | linux.NEW_PID)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")


def _listen(port: int | None) -> socket.socket | None:
    if port is None:
        return None
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener
