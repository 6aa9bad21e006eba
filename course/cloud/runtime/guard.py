"""A job where the system refuses namespaces: the same contract, kept by agreement rather than by walls.

Own session, rlimits, SM_* variables that lead to the real folder instead of /opt/ml, and an audit hook that refuses
network addresses, the course's source and signals to others. It stops accidents and honest code; a program that
means harm can pass it, for it runs as the learner. Everything the job started ends with it all the same (on Linux even
what left its session).
"""

import contextlib
import errno
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from course.cloud.runtime import lifeline, linux, program, scratch
from course.cloud.runtime.rootfs import CHECKOUT, OPT_ML, PACKAGE
from course.cloud.runtime.sandbox import FIRST_ID, IDS

HIDDEN = [str(PACKAGE / "hidden"), *(str(CHECKOUT / name) for name in ("source", "tests") if CHECKOUT)]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Guard:
    """One job, seen from its supervisor (the only thread of its process)."""

    def __init__(self, job: dict, output: int, channel: int, line: socket.socket) -> None:
        """Start it, and send {"ready": …} with the listener on `line`."""
        entry = program.entry_point(job["entry"])
        tie, self._tie_end = os.pipe()
        if linux.HERE:
            linux.adopt_orphans()
        listener = None
        if job["cloud_port"] is not None:
            listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1] if listener else None
        user = _own_id(job["opt_ml"])
        if user is not None:
            scratch.give(Path(job["opt_ml"]), user)
        processes = _processes(job["limits"]["processes"], user)
        os.makedirs(os.path.join(job["opt_ml"], "tmp"), exist_ok=True)
        self._user_pid = os.fork()
        if self._user_pid == 0:
            os.close(self._tie_end)
            program.conclude(lambda: _be_user(job, entry, output, channel, port, user, processes, tie))
        os.close(tie)
        lifeline.send(line, {"ready": True}, [listener.fileno()] if listener else [])
        if listener:
            listener.close()

    def terminate(self) -> None:
        """SIGTERM to the user's process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._user_pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to everything the job started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._user_pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._user_pid, signal.SIGKILL)

    def finished(self) -> int | None:
        """The user's exit code (negative: its signal) once it is over and nothing else is left, else None."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return None
            if pid == self._user_pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                _sweep()
                return os.waitstatus_to_exitcode(status)


def _sweep() -> None:
    """End all that is left below us. Orphans become our children, so nothing gets away (Linux)."""
    stopped: set[int] = set()
    # Stop first: a tree that forks faster than we kill would otherwise always leave someone.
    while new := set(_descendants()) - stopped:
        for pid in new:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGSTOP)
        stopped |= new
    for pid in stopped:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _descendants() -> list[int]:
    if not linux.HERE:
        return []
    found = linux.children(os.getpid())
    for pid in found:  # grows while we walk it
        found += linux.children(pid)
    return found


def _own_id(opt_ml: str) -> int | None:
    """An unprivileged id for a job of real root, if that user could reach Python and the job's folder; else None."""
    if os.geteuid() != 0:
        return None
    needed = [Path(path).resolve() for path in (sys.prefix, sys.base_prefix, sys.executable)]
    folders = {folder for path in needed for folder in (path, *path.parents)} | set(Path(opt_ml).resolve().parents)
    if all(stat.S_IMODE(folder.stat().st_mode) & 0o001 for folder in folders):
        return FIRST_ID + os.getpid() % IDS
    return None


def _processes(limit: int, user: int | None) -> int | None:
    """RLIMIT_NPROC for a job: it counts all of a user's tasks, so those running already come on top. None: not held."""
    if user is not None:
        return limit
    if not linux.HERE or os.geteuid() == 0:
        return None
    running = 0
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                running += len(os.listdir(f"{entry.path}/task"))
    return running + limit


def _be_user(
    job: dict,
    entry: Callable[[], object],
    output: int,
    channel: int,
    port: int | None,
    user: int | None,
    processes: int | None,
    tie: int,
) -> None:
    os.setsid()
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if linux.HERE:
        linux.no_new_privileges()
        linux.set_dumpable(True)
        linux.die_with_parent(signal.SIGKILL)
    os.set_blocking(tie, False)
    with contextlib.suppress(BlockingIOError):
        os.read(tie, 1)
        os._exit(1)  # the supervisor died before the kernel knew of our wish
    job = {**job, "environment": environment(job, port)}
    program.prepare(job, output, channel, job["opt_ml"], processes)
    sys.addaudithook(Hook(port))
    entry()


def environment(job: dict, port: int | None) -> dict[str, str]:
    """The job's variables with the real folder for /opt/ml and our own listener for the cloud's port."""
    folder = job["opt_ml"]
    tmp = os.path.join(folder, "tmp")
    moved = {"HOME": tmp, "TMPDIR": tmp, "SAGEMAKER_BASE_DIR": folder}
    for name, value in job["environment"].items():
        value = folder + value[len(OPT_ML) :] if value == OPT_ML or value.startswith(f"{OPT_ML}/") else value
        if port is not None:
            for host in ("127.0.0.1", "localhost"):
                value = value.replace(f"{host}:{job['cloud_port']}", f"{host}:{port}")
        moved[name] = value
    return moved


class Hook:
    """The audit hook: refuses with the errors that a machine without a network, or without these files, would give."""

    def __init__(self, port: int | None) -> None:
        self._allowed = {("127.0.0.1", port), ("localhost", port)}
        self._checks = {
            "socket.connect": self._address,
            "socket.sendto": self._address,
            "socket.sendmsg": self._address,
            "socket.bind": self._bind,
            "socket.getaddrinfo": self._name,
            "socket.gethostbyname": self._name,
            "open": self._path,
            "os.listdir": self._path,
            "os.scandir": self._path,
            "os.kill": self._signal,
            "os.killpg": self._signal,
        }

    def __call__(self, event: str, arguments: tuple) -> None:
        if check := self._checks.get(event):
            check(*arguments)

    def _address(self, _socket: socket.socket, address: object = None, *_: object) -> None:
        if isinstance(address, tuple) and tuple(address[:2]) not in self._allowed:
            code = errno.ECONNREFUSED if address[0] in LOOPBACK else errno.ENETUNREACH
            raise OSError(code, os.strerror(code))

    def _bind(self, _socket: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _name(self, host: object, *_: object) -> None:
        host = os.fsdecode(host) if isinstance(host, bytes) else host
        if host and host not in LOOPBACK:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    def _path(self, path: object, *_: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            name = os.path.abspath(os.fsdecode(path))
            if name in HIDDEN or name.startswith(tuple(f"{folder}{os.sep}" for folder in HIDDEN)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)

    def _signal(self, pid: int, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            if pid < 0 or os.getsid(pid) != os.getsid(0):
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
