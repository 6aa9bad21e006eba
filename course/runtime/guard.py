"""A job where the system refuses namespaces: the same contract, kept by agreement rather than by walls.

Own session, rlimits, SM_* variables that lead to the real folder instead of /opt/ml, and an audit hook that refuses
network addresses, the course's source and signals to others. It stops accidents and honest code; a program that
means harm can pass it, for it runs as the learner. Everything the job started ends with it all the same (on Linux even
what left its session).
"""

import contextlib
import errno
import os
import socket
import stat
import sys
from pathlib import Path

from course.runtime import lifeline, linux, program, scratch
from course.runtime.rootfs import CHECKOUT, OPT_ML, PACKAGE
from course.runtime.sandbox import FIRST_ID, IDS
from course.runtime.tree import Tree, die_with

HIDDEN = [str(PACKAGE / "hidden"), *(str(CHECKOUT / name) for name in ("source", "tests") if CHECKOUT)]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def start(job: dict, output: int, channel: int, line: socket.socket) -> Tree:
    """Start a job, and send {"ready": …} with its listener on `line`."""
    entry = program.entry_point(job["entry"])
    listener = None if job["cloud_port"] is None else socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1] if listener else None
    user = _own_id(job["opt_ml"])
    os.makedirs(os.path.join(job["opt_ml"], "tmp"), exist_ok=True)
    if user is not None:
        scratch.give(Path(job["opt_ml"]), user)
    processes = room_for(job["limits"]["processes"], user)
    supervisor = os.getpid()

    def be_user() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            die_with(supervisor)
        if linux.HERE:
            linux.no_new_privileges()
            linux.set_dumpable(True)
        program.prepare({**job, "environment": environment(job, port)}, output, channel, job["opt_ml"], processes)
        sys.addaudithook(Hook(port))
        entry()

    tree = Tree.fork(be_user)
    lifeline.send(line, {"ready": {"pid": supervisor}}, [listener.fileno()] if listener else [])
    if listener:
        listener.close()
    return tree


def _own_id(opt_ml: str) -> int | None:
    """An unprivileged id for a job of real root, if that user could reach Python and the job's folder; else None."""
    if os.geteuid() != 0:
        return None
    needed = [Path(path).resolve() for path in (sys.prefix, sys.base_prefix, sys.executable)]
    folders = {folder for path in needed for folder in (path, *path.parents)} | set(Path(opt_ml).resolve().parents)
    if all(stat.S_IMODE(folder.stat().st_mode) & 0o001 for folder in folders):
        return FIRST_ID + os.getpid() % IDS
    return None


def room_for(limit: int, user: int | None) -> int | None:
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
