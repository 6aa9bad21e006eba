"""Start warm parents (course.runtime.parent). Standard library only: every kernel imports this.

Everything started here hangs on a lifeline of this process: if it ends in any way, so do they.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Self

from course.runtime.errors import LaunchError

START_SECONDS = 60.0  # a cold disk under the imports of a parent
CLOSE_SECONDS = 8.0  # more than a parent gives its children to end in order
PACKAGE_ROOT = Path(__file__).resolve().parents[2]

# What a parent gets from our environment. A job can read its parent's in /proc/self/environ, so it gets the least.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")

NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


class Parents:
    """The warm parents of one owner. A context manager; `sockets` says where each kind listens."""

    def __init__(self, directory: Path, sockets: dict[str, Path]) -> None:
        self.directory = directory
        self.sockets = sockets
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._errors: dict[str, IO[bytes]] = {}
        self._ready: set[str] = set()

    def wait_ready(self, kind: str, timeout: float = START_SECONDS) -> None:
        """Wait until the parent has imported everything; LaunchError if it cannot (its words), or after `timeout` s."""
        if kind in self._ready:
            return
        process = self._processes[kind]
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], timeout)[0]:
            raise LaunchError(f"The course's {kind} parent was not ready after {timeout:g} s; is the machine busy?")
        line = process.stdout.readline()
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CLOSE_SECONDS)
            said = last_lines(self._errors[kind], 1)
            raise LaunchError(said or f"The course's {kind} parent ended unready (exit code {process.poll()}).")
        if json.loads(line).get("ready") is not True:
            raise LaunchError(f"The course's {kind} parent said something else than that it is ready: {line!r}.")
        self._ready.add(kind)

    def pid(self, kind: str) -> int:
        """The process id of a parent."""
        return self._processes[kind].pid

    def close(self) -> None:
        """End the parents and everything they started; returns when they are gone. Calling it again does nothing."""
        for process in self._processes.values():
            assert process.stdin is not None
            process.stdin.close()
        for kind, process in self._processes.items():
            try:
                process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()
            self._errors[kind].close()
            self.sockets[kind].unlink(missing_ok=True)
        self._processes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start_parents(
    directory: Path,
    kinds: Sequence[str],
    command: Sequence[str],
    told: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Parents:
    """Spawn the parents of `kinds` side by side and return at once; their sockets take connections from now on.

    directory: made if missing, then closed to everyone else; keep its path under about 90 characters.
    command: a program whose main is that of course.runtime.parent. told: the variables that a kind's parent gets
        besides KEPT.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    parents = Parents(directory, {kind: directory / f"{kind}.sock" for kind in kinds})
    try:
        for kind, path in parents.sockets.items():
            _spawn(parents, kind, path, command, told.get(kind, {}))
    except BaseException:
        parents.close()
        raise
    return parents


def _spawn(parents: Parents, kind: str, path: Path, command: Sequence[str], told: Mapping[str, str]) -> None:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(str(path))
        except OSError as error:
            reason = f"Cannot listen at {path} ({error}); choose a folder with a shorter path on a local disk."
            raise LaunchError(reason) from None
        path.chmod(0o600)
        listener.listen(4096)
        errors = tempfile.TemporaryFile()  # noqa: SIM115 lives as long as the parent
        parents._errors[kind] = errors
        parents._processes[kind] = subprocess.Popen(
            [*command, "--preload", kind, "--socket", str(path), "--listener", str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment() | dict(told),
            pass_fds=[listener.fileno()],
            # Ctrl-C at the terminal is for the owner alone: it decides what to end, and in which order.
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if sys.platform == "darwin":
        kept["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"  # a parent forks without exec, which is what it is for
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(PACKAGE_ROOT), *(os.path.abspath(path) for path in given if path)]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def last_lines(file: IO[bytes], count: int) -> str:
    """The last lines of an open file, without moving where its writers are (they share its offset)."""
    size = os.fstat(file.fileno()).st_size
    tail = os.pread(file.fileno(), 16384, max(0, size - 16384))
    lines = [line for line in tail.decode(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-count:])
