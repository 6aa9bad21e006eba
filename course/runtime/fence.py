"""A student's process where the system refuses namespaces: held by Landlock, a longer seccomp filter and rlimits.

It runs as the owner, so what namespaces would leave out has to be refused call by call (course/runtime/seccomp.py,
ALONE): it has no network at all, not even its own loopback, sees no other process, signals nobody outside, and changes
no file outside its folder. What stays open: whether a path exists and what stat says of it; the load on processors and
disk; a memory bound that is looked at now and then instead of held. Without walls it is a plain process of the owner's,
for work that is trusted. Either way everything that it started ends with it.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from course.runtime import guard, landlock, lifeline, linux, program, rootfs, scratch, seccomp
from course.runtime.tree import Tree

LEAST_ABI = 3  # of Landlock: before it, a file outside could be cut short
ETC = ("passwd", "group", "nsswitch.conf", "hosts", "localtime", "timezone", "fonts", "mime.types")
# What a process may know of itself and the machine; /proc/self is its own, and not that of what it starts.
PROC = ("self", "cpuinfo", "meminfo", "stat", "filesystems", "version", "sys/kernel/osrelease", "sys/vm")


class Fence:
    """One student's process, its folder (a copy of the job's, with the place for temporary files), and its end."""

    def __init__(self, job: dict, output: int, channel: int, line: socket.socket) -> None:
        """Start it: `line` gets {"ready": …} with the listener if any, then {"files": path} with the folder."""
        entry = program.entry_point(job["entry"])
        self.folder = Path(tempfile.mkdtemp(prefix="course-student-"))
        try:
            self._fill(job)
            self._tree = self._start(entry, job, output, channel, line)
        except BaseException:
            self.remove()
            raise
        self.terminate, self.kill, self.finished = self._tree.terminate, self._tree.kill, self._tree.finished
        self.processes = self._tree.processes

    def _fill(self, job: dict) -> None:
        for part in (self.work, self.tmp):
            os.mkdir(part)
        source = os.open(job["opt_ml"], os.O_RDONLY | os.O_DIRECTORY)
        try:
            bounds = job["copy"]
            scratch.copy(source, self.work, most_bytes=bounds["size_bytes"], most_files=bounds["files"])
        finally:
            os.close(source)

    @property
    def work(self) -> str:
        """Where the copy is."""
        return str(self.folder / "work")

    @property
    def tmp(self) -> str:
        """Where temporary files go."""
        return str(self.folder / "tmp")

    def _start(self, entry: Callable[[], object], job: dict, output: int, channel: int, line: socket.socket) -> Tree:
        listener = None if job["cloud_port"] is None else socket.create_server(("127.0.0.1", 0))
        environment = self._environment(job, listener)
        processes = guard.room_for(job["limits"]["processes"], None)

        def be_user() -> None:
            linux.no_new_privileges()
            linux.set_dumpable(True)
            program.prepare({**job, "environment": environment}, output, channel, self.work, processes)
            if job["walls"]:
                self._close_in()
            entry()

        tree = Tree.fork(be_user)
        lifeline.send(line, {"ready": {"pid": os.getpid()}}, [listener.fileno()] if listener else [])
        if listener:
            listener.close()
        files = os.open(self.work, os.O_RDONLY | os.O_DIRECTORY)
        lifeline.send(line, {"files": str(self.folder)}, [files])
        os.close(files)
        return tree

    def _environment(self, job: dict, listener: socket.socket | None) -> dict[str, str]:
        """The job's variables, with the real listener where the cloud's port stands."""
        moved = {"HOME": self.tmp, "TMPDIR": self.tmp, **job["environment"]}
        if listener:
            here = f"127.0.0.1:{listener.getsockname()[1]}"
            for host in ("127.0.0.1", "localhost"):
                told = f"{host}:{job['cloud_port']}"
                moved = {name: value.replace(told, here) for name, value in moved.items()}
        return moved

    def _close_in(self) -> None:
        places = [*rootfs.SYSTEM, *rootfs.python_places()]
        if any(os.path.realpath(place) == "/" for place in places):
            raise OSError("this Python lies in /, so that the whole machine would be open to the student's process")
        landlock.restrict(
            read=[*places, *(f"/etc/{name}" for name in ETC), *(f"/proc/{name}" for name in PROC)],
            write=[self.work, self.tmp],
            devices=[f"/dev/{name}" for name in rootfs.DEVICES],
            hidden=_hidden(),
        )
        seccomp.install()
        seccomp.install_alone(signals=landlock.version() < landlock.SCOPES_SINCE)

    def remove(self) -> None:
        """Remove the folder. To be called when nothing writes there any more."""
        remove(self.folder)


def _hidden() -> set[str]:
    """The course, and what lies beside an environment in its checkout."""
    beside = [] if rootfs.CHECKOUT is None else [rootfs.CHECKOUT / name for name in ("source", "tests", "release")]
    return {str(path) for path in (rootfs.PACKAGE, *beside)}


def remove(folder: Path) -> None:
    """Remove a student's folder, whatever stands in it."""
    if folder.is_dir():
        scratch.settle(folder)
        shutil.rmtree(folder)
