"""Start the cloud's warm parents, and open worlds from them. Standard library only: every kernel imports this.

Everything started here hangs on a lifeline of this process: if it ends in any way, so do they.
"""

import contextlib
import os
import select
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from course.runtime import lifeline, parents
from course.runtime.errors import LaunchError
from course.runtime.parents import CLOSE_SECONDS, START_SECONDS, Parents, last_lines

COMMAND = (sys.executable, "-P", "-m", "course.cloud.parent")
KEPT_BY_WORLDS = "COURSE_"


def start_parents(
    directory: Path, kinds: Sequence[str] = ("world", "job"), command: Sequence[str] = COMMAND
) -> Parents:
    """Spawn the parents of `kinds` side by side and return at once; see course.runtime.parents.

    command: what to run instead of this Python's own parent (tests).
    """
    told = {name: value for name, value in os.environ.items() if name.startswith(KEPT_BY_WORLDS)}
    return parents.start_parents(directory, kinds, command, {"world": told})


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
    guests: socket.socket | None = None,
    timeout: float = START_SECONDS,
) -> WorldHandle:
    """A fresh world that answers on `listener` (bound to 127.0.0.1 and listening; the caller keeps it and closes it).

    sockets: where the parents listen (Parents.sockets). seed: of its randomness. start: its clock's first second (Unix
    time), None for now. token: what its control plane asks for. guests: one more listener, in whatever network, at
    which nobody is the account's root. LaunchError if it does not answer within `timeout` s.
    """
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    output = tempfile.TemporaryFile()  # noqa: SIM115 lives as long as the handle
    world = WorldHandle(listener.getsockname()[1], line, output)
    job = str(sockets["job"]) if "job" in sockets else None
    message = {"do": "world", "seed": seed, "start": start, "token": token, "job_socket": job}
    try:
        try:
            line.connect(str(sockets["world"]))
            others = [guests.fileno()] if guests else []
            lifeline.send(line, message, [listener.fileno(), output.fileno(), *others])
        except OSError as error:
            reason = f"The course's world parent does not answer at {sockets['world']} ({error}); start it again."
            raise LaunchError(reason) from None
        world._wait_ready(timeout)
    except BaseException:
        world.close()
        raise
    return world
