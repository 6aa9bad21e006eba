"""A forked process with everything that descends from it, and the way to end all of that."""

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Self

from course.runtime import linux, program


class Tree:
    """A child of this process, in a session of its own, and its descendants. For a process without other children."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    @classmethod
    def fork(cls, call: Callable[[], object]) -> Self:
        """Run `call` in a forked child, which ends with it, and with this process."""
        if linux.HERE:
            linux.adopt_orphans()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            program.conclude(lambda: _be_root(call, parent))
        return cls(pid)

    def terminate(self) -> None:
        """SIGTERM to the child itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the child and its session; `finished` sees to the rest."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def finished(self) -> int | None:
        """The child's exit code (negative: its signal) once it is over and nothing else is left, else None."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return None
            if pid == self._pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                _sweep()
                return os.waitstatus_to_exitcode(status)

    def processes(self) -> list[int]:
        """Process ids of the child and all below it (Linux)."""
        return linux.descendants(os.getpid())


def _be_root(call: Callable[[], object], parent: int) -> None:
    os.setsid()
    die_with(parent)
    call()


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends (Linux). A change of user undoes it."""
    if linux.HERE:
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it ended before the kernel knew of our wish


def _sweep() -> None:
    """End all that is left below us. Orphans become our children, so nothing gets away (Linux)."""
    stopped: set[int] = set()
    # Stop first: a tree that forks faster than we kill would otherwise always leave someone.
    while new := set(linux.descendants(os.getpid())) - stopped:
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
