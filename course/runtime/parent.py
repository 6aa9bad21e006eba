"""The warm parent: a fork server that has imported everything a child needs, and nothing else.

Its program calls `main` with the kinds of children that it may have (course/cloud/parent.py has the cloud's) and gets

    --preload KIND --socket PATH

Its lifeline is stdin: at end of file it ends every child, then itself. It prints {"ready": true, "pid": …} once it has
imported all. A client connects at PATH and sends one frame (course.runtime.lifeline) with file descriptors; the
parent forks, and answers {"exit": code, "cpu": seconds} (code: negative for a signal; seconds: of the child and all
that it waited for) when the child ends. The child keeps the connection as its lifeline. One thread, no open socket but
its own: that is what makes forking safe and cheap.
"""

import argparse
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from course.runtime import lifeline, linux, process, program

GRACE_SECONDS = 3.0  # what a child gets to clean up between the end of its lifeline and SIGTERM to its supervisor
KILL_SECONDS = 1.0  # and from there to SIGKILL
REQUEST_SECONDS = 5.0  # what a client gets to send its frame
PEER_GONE = getattr(select, "POLLRDHUP", 0)  # POLLHUP is always reported; macOS knows no other


@dataclass(frozen=True)
class Kind:
    """What a parent imports, and what its children do: run(message, descriptors, lifeline, pulse)."""

    run: Callable[[dict, list[int], socket.socket, int], None]
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()  # imported with every module in them: a sandboxed child cannot import them later
    prepare: Callable[[], object] | None = None  # called once after importing; children inherit what it cached
    small: "Kind | None" = None  # a second parent, which is forked off before the rest is imported


class PreloadError(Exception):
    """The parent cannot import what its children need."""


def preload(kind: Kind) -> None:
    """Import all that this kind's children need, and make the result cheap and safe to fork."""
    # Libraries read these when imported: threads of theirs would not survive a fork.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1")
    os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
    for module in kind.modules:
        _import(module)
    for package in kind.packages:
        for found in pkgutil.walk_packages(_import(package).__path__, f"{package}."):
            _import(found.name)
    if kind.prepare:
        kind.prepare()
    if linux.HERE and len(tasks := list(Path("/proc/self/task").iterdir())) > 1:
        names = ", ".join(sorted((task / "comm").read_text().strip() for task in tasks))
        raise PreloadError(f"a library started a thread while it was imported ({names}), so forking is not safe")
    gc.collect()
    gc.freeze()
    if linux.HERE:
        linux.collapse_memory()


def _import(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise PreloadError(f"cannot import {module} ({reason}); see whether {sys.prefix} has its packages") from error


@dataclass
class Child:
    """A forked child as the parent sees it."""

    connection: socket.socket
    deadline: float | None = None  # monotonic seconds at which it is told to end: its owner is gone
    told: bool = False  # and the next time it is killed


class Parent:
    """The loop: accept, fork, reap."""

    def __init__(self, kind: Kind, listener: socket.socket, small: int = 0) -> None:
        """small: the process id of the second parent, which is our child and sees to its own end; 0 without one."""
        self._kind = kind
        self._listener = listener
        self._small = small
        self._children: dict[int, Child] = {}
        self._pulse, self._pulse_end = os.pipe()
        self._wake, self._wake_end = os.pipe()
        self._owner = _watch_owner()
        self._stopping = False
        for descriptor in (self._wake, self._wake_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        if linux.HERE:
            linux.adopt_orphans()
        self._poll = select.poll()
        for descriptor in (self._wake, self._listener.fileno(), *self._owner):
            self._poll.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Serve until the owner is gone, then end every child."""
        while not self._stopping or self._children:
            self._attend({descriptor for descriptor, _ in self._poll.poll(self._patience())})
            self._kill_late()

    def _attend(self, ready: set[int]) -> None:
        """See to all that is ready, in an order that closes no descriptor before its own turn."""
        for child in self._children.values():
            if child.deadline is None and child.connection.fileno() in ready:
                self._release(child)
        if self._owner_gone(ready):
            self._stop()
        if self._wake in ready:
            if set(os.read(self._wake, 4096)) - {signal.SIGCHLD}:
                self._stop()
            self._reap()
        if not self._stopping and self._listener.fileno() in ready:
            self._accept()

    def _owner_gone(self, ready: set[int]) -> bool:
        stdin, *process = self._owner
        return bool(ready.intersection(process)) or (stdin in ready and not os.read(stdin, 4096))

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # the client went away again
        descriptors: list[int] = []
        try:
            connection.settimeout(REQUEST_SECONDS)
            message, descriptors = lifeline.receive(connection)
            connection.settimeout(None)
            if message is None:
                connection.close()
            else:
                self._fork(connection, message, descriptors)
        except OSError as error:
            with contextlib.suppress(OSError):
                lifeline.send(connection, {"error": f"The warm parent could not start a child: {error}"})
            connection.close()
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _fork(self, connection: socket.socket, message: dict, descriptors: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            program.conclude(lambda: self._be_child(connection, message, descriptors))
        self._children[pid] = Child(connection)
        self._poll.register(connection, PEER_GONE)

    def _be_child(self, connection: socket.socket, message: dict, descriptors: list[int]) -> None:
        program.reset_signals()
        for child in self._children.values():
            child.connection.close()
        self._listener.close()
        for descriptor in (self._pulse_end, self._wake, self._wake_end, *self._owner[1:]):
            os.close(descriptor)
        program.reseed()
        self._kind.run(message, descriptors, connection, self._pulse)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                break
            if pid == self._small:
                self._small = 0
            if child := self._children.pop(pid, None):
                if child.deadline is None:
                    self._poll.unregister(child.connection)
                seconds = used.ru_utime + used.ru_stime
                _report(child.connection, {"exit": os.waitstatus_to_exitcode(status), "cpu": seconds})
                child.connection.close()
        # What a killed child left behind comes to us (adopt_orphans); each one's end brings its own children here.
        if linux.HERE:
            for orphan in linux.children(os.getpid()):
                if orphan not in self._children and orphan != self._small:
                    os.kill(orphan, signal.SIGKILL)

    def _release(self, child: Child) -> None:
        """A client is gone: its child sees the same end of file, and gets some time to go in order."""
        self._poll.unregister(child.connection)
        child.deadline = time.monotonic() + GRACE_SECONDS

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        for descriptor in (self._listener.fileno(), *self._owner):
            self._poll.unregister(descriptor)
        self._listener.close()
        if self._small:
            os.kill(self._small, signal.SIGTERM)  # the owner's end is not always to be seen in stdin
        for child in self._children.values():
            if child.deadline is None:
                self._release(child)
                # The socket is the child's too: it reads end of file now, and can still be reported on.
                with contextlib.suppress(OSError):
                    child.connection.shutdown(socket.SHUT_RD)

    def _patience(self) -> float | None:
        """Milliseconds until the next child must be killed; None: no child is on its way out."""
        deadlines = [child.deadline for child in self._children.values() if child.deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) * 1000 if deadlines else None

    def _kill_late(self) -> None:
        now = time.monotonic()
        for pid, child in self._children.items():
            if child.deadline is not None and child.deadline <= now:
                os.kill(pid, signal.SIGKILL if child.told else signal.SIGTERM)
                child.told, child.deadline = True, now + KILL_SECONDS


def _watch_owner() -> list[int]:
    """Descriptors that become readable when the owner is gone: stdin first, then (Linux) the owner's process.

    A copy of our stdin's writing end may live on in a process that the owner forked, so stdin alone is not enough.
    """
    watched = [0]
    if linux.HERE:
        with contextlib.suppress(OSError):
            watched.append(os.pidfd_open(os.getppid()))
    return watched


def _report(connection: socket.socket, message: dict) -> None:
    with contextlib.suppress(OSError):  # the client may be gone
        connection.send(lifeline.encode(message), socket.MSG_DONTWAIT)


def listen(path: str) -> socket.socket:
    """A listening AF_UNIX socket at `path` that only its owner may use; it lies in a folder of mode 0700."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(mask)
    listener.listen(4096)
    return listener


def refuse_all(listener: socket.socket, reason: str) -> None:
    """Tell everyone who waits in the listener's queue why there will be no answer."""
    listener.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            connection, _ = listener.accept()
            _report(connection, {"error": reason})
            connection.close()


def _fork_small(kind: Kind, other: socket.socket, path: str) -> int:
    """Import what the second parent's children need, and fork it off. It ends as we do: its owner is ours, and we.

    Returns its process id; 0 where nobody may listen at `path`, and all is the first parent's.
    """
    try:
        listener = listen(path)
    except OSError:
        return 0
    with listener:
        preload(kind)
        pid = os.fork()
        if pid == 0:

            def serve() -> None:
                other.close()
                try:
                    Parent(kind, listener).run()
                finally:
                    Path(path).unlink(missing_ok=True)

            program.conclude(serve)
    return pid


def main(kinds: Mapping[str, Kind], arguments: list[str] | None = None) -> int:
    """Run a parent; returns its exit code."""
    parser = argparse.ArgumentParser(description="A warm parent.")
    parser.add_argument("--preload", choices=kinds, required=True, help="what its children are")
    parser.add_argument("--socket", required=True, metavar="PATH", help="where it listens")
    parser.add_argument("--listener", type=int, metavar="FD", help="a socket already listening at PATH, inherited")
    options = parser.parse_args(arguments)
    # Listening comes before importing: clients may connect from the first moment and wait in the queue.
    listener = listen(options.socket) if options.listener is None else socket.socket(fileno=options.listener)
    listener.set_inheritable(False)
    kind, small = kinds[options.preload], 0
    try:
        if kind.small:
            small = _fork_small(kind.small, listener, str(process.small_parent(Path(options.socket))))
        preload(kind)
    except PreloadError as error:
        reason = f"The course's {options.preload} parent cannot start: {error}."
        refuse_all(listener, reason)
        print(reason, file=sys.stderr)
        return 1
    try:
        parent = Parent(kind, listener, small)
        print(json.dumps({"ready": True, "pid": os.getpid()}), flush=True)
        parent.run()
        if small:
            with contextlib.suppress(ChildProcessError):  # it ended, and was reaped, before us
                os.waitpid(small, 0)
    finally:
        Path(options.socket).unlink(missing_ok=True)
    return 0
