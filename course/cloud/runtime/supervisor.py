"""The supervisor of one job: the forked child of the job parent that holds the job's lifeline.

It never runs foreign code. It ends the job when its lifeline or the parent goes, and then itself as the job ended.
"""

import os
import resource
import select
import signal
import socket
from pathlib import Path
from typing import NoReturn, Protocol

from course.cloud.runtime import guard, lifeline, sandbox, scratch


class Cage(Protocol):
    """What holds a running job."""

    def terminate(self) -> None:
        """SIGTERM to the user's process."""

    def kill(self) -> None:
        """SIGKILL to all of the job."""

    def finished(self) -> int | None:
        """The user's exit code (negative: its signal) once nothing of the job is left, else None. Never blocks."""


MODES = {"namespaces": sandbox.Sandbox, "guard": guard.Guard}


def supervise(message: dict, descriptors: list[int], line: socket.socket, pulse: int) -> NoReturn:
    """Run one job to its end.

    message: a Spec and its mode. descriptors: its output and its end of the channel. line: the lifeline to the server.
    pulse: a pipe that is at end of file once the job parent is gone.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    wake, wake_end = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    output, channel = descriptors
    try:
        cage: Cage = MODES[message["mode"]](message, output, channel, line)
    except Exception as error:
        lifeline.send(line, {"error": f"the job could not be started: {error}"})
        raise SystemExit(1) from error
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    for descriptor in descriptors:
        os.close(descriptor)  # the server must see the end of the output when the job ends
    code = _watch(cage, line, pulse, wake)
    try:
        scratch.settle(Path(message["opt_ml"]))
    finally:
        _end_like(code)


def _watch(cage: Cage, line: socket.socket, pulse: int, wake: int) -> int:
    """Wait for the job's end, or bring it about; returns its exit code."""
    poll = select.poll()
    for descriptor in (line.fileno(), pulse, wake):
        poll.register(descriptor, select.POLLIN)
    frames = lifeline.Frames()
    while (code := cage.finished()) is None:  # once before the first wait: it may have ended before we could be woken
        for descriptor, _ in poll.poll():
            if descriptor == wake:
                os.read(wake, 4096)
                continue
            data = _read(line) if descriptor == line.fileno() else b""
            if not data:
                poll.unregister(descriptor)
                cage.kill()
            for message in frames.feed(data):
                if message.get("do") == "terminate":
                    cage.terminate()
    return code


def _read(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionError:
        return b""


def _end_like(code: int) -> NoReturn:
    """End this process with the job's own status, by its signal if it was one."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = -code
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(code if code >= 0 else 128 - code)
