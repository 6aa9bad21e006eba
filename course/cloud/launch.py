"""Start the warm parents, and open worlds from them. Standard library only: every kernel imports this.

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
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from course.cloud.runtime import lifeline

START_SECONDS = 60.0  # a cold disk under the imports of a parent
CLOSE_SECONDS = 8.0  # more than a parent gives its children to end in order
COMMAND = (sys.executable, "-P", "-m", "course.cloud.parent")
PACKAGE_ROOT = Path(__file__).resolve().parents[2]

# What a parent gets from our environment. A job can read its parent's in /proc/self/environ, so it gets the least.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
KEPT_BY_WORLDS = "COURSE_"


class LaunchError(RuntimeError):
    """Something did not start, or did not answer in time. The message is one sentence for people."""


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
    directory: Path, kinds: Sequence[str] = ("world", "job"), command: Sequence[str] = COMMAND
) -> Parents:
    """Spawn the parents of `kinds` side by side and return at once; their sockets take connections from now on.

    directory: made if missing, then closed to everyone else; keep its path under about 90 characters.
    command: what to run instead of this Python's own parent (tests).
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    parents = Parents(directory, {kind: directory / f"{kind}.sock" for kind in kinds})
    try:
        for kind, path in parents.sockets.items():
            _spawn(parents, kind, path, command)
    except BaseException:
        parents.close()
        raise
    return parents


def _spawn(parents: Parents, kind: str, path: Path, command: Sequence[str]) -> None:
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
            env=_environment(kind),
            pass_fds=[listener.fileno()],
            # Ctrl-C at the terminal is for the owner alone: it decides what to end, and in which order.
            start_new_session=True,
        )


def _environment(kind: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if kind == "world":
        kept |= {name: value for name, value in os.environ.items() if name.startswith(KEPT_BY_WORLDS)}
    paths = [str(PACKAGE_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


class WorldHandle:
    """A running world, alive as long as this handle (or this process) holds its lifeline."""

    def __init__(self, port: int, line: socket.socket, output: IO[bytes]) -> None:
        self.port = port
        self.pid = 0
        self.exit_code: int | None = None
        self._line = line
        self._output = output
        self._frames = lifeline.Frames()
        self._ended = False

    def alive(self) -> bool:
        """Whether the world still runs; never blocks."""
        if not self._ended:
            self._listen(0.0)
        return not self._ended

    def last_words(self, count: int = 5) -> str:
        """The last lines the world wrote to its standard output and error."""
        return "" if self._output.closed else last_lines(self._output, count)

    def close(self) -> None:
        """End the world; returns when it is gone (after CLOSE_SECONDS at most). Calling it again does nothing."""
        if self._output.closed:
            return
        # Half a close: the world reads end of file, and its parent can still tell us that it has ended.
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + CLOSE_SECONDS
        while not self._ended and (left := deadline - time.monotonic()) > 0:
            self._listen(left)
        self._ended = True
        self._line.close()
        self._output.close()

    def _wait_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._ended and (left := deadline - time.monotonic()) > 0:
            for message in self._listen(left):
                if "ready" in message:
                    return
                if "error" in message:
                    raise LaunchError(message["error"])
        if not self._ended:
            raise LaunchError(f"The notebook's cloud did not answer within {timeout:g} s; is the machine busy?")
        words = self.last_words()
        said = f":\n{words}" if words else "."
        raise LaunchError(f"The notebook's cloud ended before it answered (exit code {self.exit_code}){said}")

    def _listen(self, timeout: float) -> list[dict]:
        """Messages that arrive within `timeout` s; notes the end."""
        if not select.select([self._line], [], [], timeout)[0]:
            return []
        try:
            data = self._line.recv(65536)
        except OSError:  # it went away, or was never there
            data = b""
        messages = list(self._frames.feed(data))
        for message in messages:
            self.pid = message.get("ready", {}).get("pid", self.pid)
            if "exit" in message:
                self.exit_code = message["exit"]
                self._ended = True
        if not data:
            self._ended = True
        return messages


def open_world(
    sockets: Mapping[str, Path],
    *,
    listener: socket.socket,
    seed: int,
    start: float | None,
    token: str,
    timeout: float = START_SECONDS,
) -> WorldHandle:
    """A fresh world that answers on `listener` (bound to 127.0.0.1 and listening; the caller keeps it and closes it).

    sockets: where the parents listen (Parents.sockets). seed: of its randomness. start: its clock's first second (Unix
    time), None for now. token: what its control plane asks for. LaunchError if it does not answer within `timeout` s.
    """
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    output = tempfile.TemporaryFile()  # noqa: SIM115 lives as long as the handle
    world = WorldHandle(listener.getsockname()[1], line, output)
    job = str(sockets["job"]) if "job" in sockets else None
    message = {"do": "world", "seed": seed, "start": start, "token": token, "job_socket": job}
    try:
        try:
            line.connect(str(sockets["world"]))
            lifeline.send(line, message, [listener.fileno(), output.fileno()])
        except OSError as error:
            reason = f"The course's world parent does not answer at {sockets['world']} ({error}); start it again."
            raise LaunchError(reason) from None
        world._wait_ready(timeout)
    except BaseException:
        world.close()
        raise
    return world


def last_lines(file: IO[bytes], count: int) -> str:
    """The last lines of an open file, without moving where its writers are (they share its offset)."""
    size = os.fstat(file.fileno()).st_size
    tail = os.pread(file.fileno(), 16384, max(0, size - 16384))
    lines = [line for line in tail.decode(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-count:])
