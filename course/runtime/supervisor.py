"""The supervisor of one job or world: the forked child of a warm parent that stays between the two.

It runs nothing foreign. It ends what it holds when the lifeline or the parent goes, and then itself in the same way.
"""

import contextlib
import os
import resource
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from course.runtime import guard, lifeline, sandbox, scratch
from course.runtime.tree import Tree


class Cage(Protocol):
    """What holds a running job or world."""

    def terminate(self) -> None:
        """SIGTERM to the user's process."""

    def kill(self) -> None:
        """SIGKILL to all of it."""

    def finished(self) -> int | None:
        """The user's exit code (negative: its signal) once nothing of it is left, else None. Never blocks."""

    def processes(self) -> list[int]:
        """Process ids, as seen from here, of all in it."""


LOOK_SECONDS = 1.0
MODES = {"namespaces": sandbox.Sandbox, "guard": guard.start}


def supervise(message: dict, descriptors: list[int], line: socket.socket, pulse: int) -> NoReturn:
    """Run one job to its end.

    message: a Spec and its mode. descriptors: its output and its end of the channel. line: the lifeline to the server.
    pulse: a pipe that is at end of file once the job parent is gone.
    """
    folder = Path(message["opt_ml"])
    look = Look(LOOK_SECONDS, lambda _cage: "disk" if _full(folder) else None)
    hold(MODES[message["mode"]], message, descriptors, line, pulse, look, lambda: scratch.settle(folder))


@dataclass(frozen=True)
class Look:
    """What is looked at now and then: `over` says in a word what there is too much of, and all of it is killed."""

    seconds: float
    over: Callable[["Cage"], str | None]


def hold(
    start: Callable[[dict, int, int, socket.socket], "Cage"],
    message: dict,
    descriptors: list[int],
    line: socket.socket,
    pulse: int,
    look: Look,
    settle: Callable[[], object],
) -> NoReturn:
    """Start what is asked for in a cage and see to its end; then `settle` what it leaves. See `supervise`.

    The owner is told {"over": …} when it is killed for what a look has found.
    """
    wake = _wake_on_child()
    output, channel = descriptors
    try:
        cage = start(message, output, channel, line)
    except Exception as error:
        lifeline.send(line, {"error": f"The job could not be started: {error}"})
        raise SystemExit(1) from error
    for descriptor in descriptors:
        os.close(descriptor)  # the server must see the end of the output when the job ends
    code = _watch(cage, line, pulse, wake, look)
    try:
        settle()
    finally:
        _end_like(code)


def supervise_world(run: Callable[[], object], descriptors: list[int], line: socket.socket, pulse: int) -> NoReturn:
    """Run a world to its end: it sees to its own lifeline, we to it and all it starts."""
    wake = _wake_on_child()
    world = Tree.fork(run)
    line.close()
    for descriptor in descriptors:
        os.close(descriptor)
    _end_like(_watch(world, None, pulse, wake))


def _wake_on_child() -> int:
    """A descriptor that gets a byte when a child ends or SIGTERM comes; our standard input and output are given up."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    wake, wake_end = os.pipe()
    for descriptor in (wake, wake_end):
        os.set_blocking(descriptor, False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    return wake


def _watch(cage: Cage, line: socket.socket | None, pulse: int, wake: int, look: Look | None = None) -> int:
    """Wait for the end of what is in the cage, or bring it about; returns its exit code.

    A job writes as many files into its folder as it likes, for one: nothing but a look now and then keeps it from the
    last free byte of the owner's disk.
    """
    poll = select.poll()
    for descriptor in (pulse, wake, *([line.fileno()] if line else [])):
        poll.register(descriptor, select.POLLIN)
    frames = lifeline.Frames()
    over = None
    while (code := cage.finished()) is None:
        if look and not over and (over := look.over(cage)):
            cage.kill()
            if line:
                with contextlib.suppress(OSError):
                    lifeline.send(line, {"over": over})
        for descriptor, _ in poll.poll(look.seconds * 1000 if look else None):
            if descriptor == wake:
                if signal.SIGTERM in os.read(wake, 4096):
                    cage.kill()
                continue
            data = _read(line) if line and descriptor == line.fileno() else b""
            if not data:
                poll.unregister(descriptor)
                cage.kill()
            for message in frames.feed(data):
                if message.get("do") == "terminate":
                    cage.terminate()
    return code


def _full(folder: Path) -> bool:
    try:
        return scratch.room(folder) < scratch.RESERVE_BYTES // 2
    except OSError:  # the server has removed it: whoever did that will end us too
        return False


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
