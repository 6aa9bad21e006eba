"""One notebook of a submission, run: the work's cells in a sandboxed process, the tests here.

What comes from there may be forged, all of it. So the work decides what it shows in its own cells, and no more: while a
test runs it can only print and answer what it is asked.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.grading import plain, sandbox, trusted
from course.grading.beside import Beside, Nothing, Replay
from course.grading.limits import Limits
from course.grading.link import Gone, Link, TimedOut
from course.grading.objects import Objects
from course.grading.outputs import LARGEST, Outputs
from course.grading.shell import Shell, make_shell
from course.grading.trusted import Source
from course.runtime import linux

INTERRUPT_SECONDS = 3.0  # what a cell gets between being interrupted and being ended
START_SECONDS = 60.0
HARD_SECONDS = 30.0  # from the alarm that a test can be stopped by to the one that ends its process
MEMORY = 4 << 30  # bytes of address space that a test may add to what the examiner has
RESTARTS = 8  # processes that a submission may wear out


@dataclass
class Worker:
    """A student's process and our line to it."""

    sandbox: sandbox.Sandbox
    link: Link
    objects: Objects


class Examination:
    """One notebook of a submission. `submitted` gets the outputs."""

    def __init__(
        self,
        task: Mapping[str, Any],
        source: NotebookNode,
        submitted: NotebookNode,
        folder: Path,
        limits: Limits,
        deadline: float,
    ) -> None:
        self._task, self._folder, self._limits, self._deadline = task, folder, limits, deadline
        self._source, self._notebook = Source(source), submitted
        self._beside = _beside(task, folder)
        self._replays = self._beside.replays(source)
        self._shell = make_shell()
        self._shell.tell = self._show
        self._outputs = Outputs()
        self._count = 0
        self._done: list[NotebookNode] = []  # the work's cells that ran to their end
        self._restarts = 0
        self._testing = False
        self._heard = 0  # characters that the work has printed while tests ran
        self._worker: Worker | None = None
        self.problems: dict[str, str] = {}  # by key: why a cell is what it is
        self.flags: list[str] = []
        self.record: dict[str, Any] = {}
        self.cpu = 0.0

    def run(self) -> None:
        """Run every code cell in order."""
        self._define()
        for place, cell in enumerate(self._notebook.cells):
            if cell.cell_type != "code":
                continue
            for replay in self._replays:
                if replay.begin == trusted.key(cell):
                    self._replay(replay, place)
            cell.outputs = self._execute(cell)
            cell.execution_count = self._count

    def close(self) -> None:
        self.record = self._beside.record()
        self.flags += self.record.pop("flags", [])
        Shell.clear_instance()
        self._drop()
        self._beside.close()

    def _execute(self, cell: NotebookNode) -> Outputs:
        """A cell's outputs. The time that a cell may take is its own; that of the whole is shared."""
        outputs, before = Outputs(), self._outputs
        self._outputs = outputs
        self._count += 1
        try:
            if time.monotonic() >= self._deadline:
                self._fail(cell, "not reached", "The submission had used up its time.")
            elif trusted.key(cell) in self._source.tests:
                self._testing = True
                self._test(cell)
            else:
                self._work(cell)
        finally:
            self._testing = False
            self._outputs = before
        return outputs

    def _work(self, cell: NotebookNode) -> None:
        """Run a cell of the work over there."""
        try:
            worker = self._ready()
            worker.link.deadline = self._until()
            said = worker.link.ask({"do": "run", "source": cell.source, "count": self._count})
            if text := worker.sandbox.output.read():  # written past Python's own streams
                self._show({"output_type": "stream", "name": "stdout", "text": text.decode(errors="replace")})
            if said.get("fine") is True:
                self._done.append(cell)
        except TimedOut:
            self._fail(cell, "timed out", f"The cell took longer than {self._limits.cell_seconds:g} seconds.")
            self._interrupt()
        except (Gone, plain.Broken) as error:
            self._lost(cell, error)

    def _test(self, cell: NotebookNode) -> None:
        """Run a test here, on what the work has to show."""
        names = self._source.wanted(cell.source)
        try:
            worker = self._ready()
            worker.link.deadline = self._until()
            found = worker.objects.fetch(names)
        except (TimedOut, Gone, plain.Broken) as error:
            self._lost(cell, error)
            return
        space = self._shell.user_ns
        for name in names:
            space.pop(name, None)
        space.update(found)
        with _bounded(self._limits.cell_seconds * 2):
            fine = self._shell.run(cell.source, self._count)
        if not fine and not any(output.output_type == "error" for output in self._outputs):
            words = "IPython could not run this test; its words are above."
            self._show({"output_type": "error", "ename": "UsageError", "evalue": words, "traceback": [words]})
        if worker is self._worker:
            self._after_test(cell, worker)

    def _after_test(self, cell: NotebookNode, worker: Worker) -> None:
        """Give the work the names that the visible part of a test has bound; see whether it still answers."""
        try:
            worker.link.deadline = time.monotonic() + INTERRUPT_SECONDS
            worker.link.settle()
            names = trusted.bound(trusted.visible(cell.source))
            worker.objects.push({name: self._shell.user_ns[name] for name in names if name in self._shell.user_ns})
        except TimedOut:
            self._interrupt()
        except (Gone, plain.Broken) as error:
            self._lost(cell, error)

    def _replay(self, replay: Replay, place: int) -> None:
        """Run an exercise once more, in a hidden world, in a copy of the process as it is now."""
        ours, theirs = socket.socketpair()
        problem, cells = "", []
        before, problems, done = dict(self._shell.user_ns), dict(self.problems), list(self._done)
        count = self._count
        try:
            worker = self._ready()
            worker.link.deadline = time.monotonic() + START_SECONDS
            child = worker.link.ask({"do": "fork"}, [theirs.fileno()])["pid"]
            theirs.close()
            copy = self._worker = self._talk(worker.sandbox, ours)
            with self._beside.world(replay.world):
                for cell in self._notebook.cells[place:]:
                    if cell.cell_type == "code":
                        ran = nbformat.from_dict(dict(cell))
                        ran.outputs = self._execute(cell)
                        cells.append(ran)
                    if trusted.key(cell) == replay.end or self._worker is not copy:
                        break
            if self._worker is copy:  # else it took the process with it that it was copied from
                self._worker = worker
                worker.link.deadline = time.monotonic() + INTERRUPT_SECONDS
                worker.link.ask({"do": "reap", "pid": child})
        except (TimedOut, Gone, plain.Broken, KeyError) as error:
            problem = f"the process ended ({error})"
            self._drop()
        finally:
            ours.close()
            theirs.close()
            self._shell.user_ns.clear()
            self._shell.user_ns.update(before)
            self.problems, self._done, self._count = problems, done, count
        self._beside.note(replay, cells, problem)

    def _define(self) -> None:
        """Bind what tests have from the course's own cells."""
        for names, code in self._source.definitions:
            if not self._shell.run(code, 0):
                self._source.ours -= names  # the work may have them, and the next ones may do
        self._outputs = Outputs()

    # The process over there ---------------------------------------------------------------------------------------

    def _ready(self) -> Worker:
        """The student's process, as it would be after all cells so far."""
        if self._worker is None:
            if self._restarts > RESTARTS:
                raise Gone("the work has ended one process after the other")
            self._restarts += 1
            self._worker = self._start()
            self._again(self._worker)
        return self._worker

    def _start(self) -> Worker:
        task, beside = self._task, self._beside
        held = sandbox.Sandbox(
            Path(task["parent"]),
            self._folder,
            entry="course.grading.student:main",
            port=beside.port,
            limits=self._limits.process,
            mode=task["mode"],
        )
        try:
            beside.listen(held.listener)
            worker = self._talk(held, held.channel)
            worker.link.deadline = time.monotonic() + START_SECONDS
            modules = {module: list(names) for module, names in beside.modules.items()}
            given = {"prepare": beside.prepare, "given": dict(beside.given)}
            worker.link.ask({"do": "begin", "modules": modules, **given})
        except BaseException:
            held.close()
            raise
        return worker

    def _talk(self, held: sandbox.Sandbox, line: socket.socket) -> Worker:
        link = Link(line, self._serve, self._hear, lambda timeout: held.readable(timeout, line))
        return Worker(held, link, Objects(link, self._beside.folder, self._source.modules))

    def _again(self, worker: Worker) -> None:
        """Bring a new process to where the old one was: the cells that went well, without their outputs."""
        outputs, self._outputs = self._outputs, Outputs()
        try:
            for cell in self._done:
                worker.link.deadline = self._until()
                worker.link.ask({"do": "run", "source": cell.source, "count": 0})
        finally:
            self._outputs = outputs

    def _interrupt(self) -> None:
        """Stop what a cell does; the process is ended if it does not stop."""
        if (worker := self._worker) is None:
            return
        try:
            worker.sandbox.interrupt()
            worker.link.deadline = time.monotonic() + INTERRUPT_SECONDS
            worker.link.settle()
        except (TimedOut, Gone, plain.Broken):
            self._drop()

    def _lost(self, cell: NotebookNode, error: Exception) -> None:
        """The process ended in a cell."""
        status, words = "crashed", "The process that ran the notebook ended here."
        if isinstance(error, plain.Broken):
            words = f"What the work has to show cannot be read ({error})."
        if isinstance(error, TimedOut):
            status, words = "timed out", f"The cell took longer than {self._limits.cell_seconds:g} seconds."
        self._fail(cell, status, words)
        self._drop()

    def _fail(self, cell: NotebookNode, status: str, words: str) -> None:
        self.problems[trusted.key(cell)] = status
        self._show({"output_type": "error", "ename": _ENAMES[status], "evalue": words, "traceback": [words]})

    def _drop(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            worker.sandbox.close()
            self.cpu += worker.sandbox.cpu_seconds
            if worker.sandbox.over == "memory":
                self.flags.append("a process was ended because it used too much memory")

    def _until(self) -> float:
        return min(self._deadline, time.monotonic() + self._limits.cell_seconds)

    # What comes from there ----------------------------------------------------------------------------------------

    def _serve(self, question: dict[str, Any]) -> dict[str, Any]:
        """The work asks: for a function of the course, or for one of a test's that it was given."""
        worker = self._worker
        assert worker is not None
        if question.get("do") == "call back":
            return worker.objects.call_back(question)
        if question.get("do") != "stand in" or self._testing:
            return {"refused": "nobody here does that now"}
        module, name = str(question.get("module")), str(question.get("name"))
        if name not in self._beside.modules.get(module, ()):
            return {"refused": f"{module}.{name} is not to be had"}
        begun, left = time.monotonic(), worker.link.deadline or 0.0
        try:
            args = [worker.objects.unpack(value) for value in _list(question.get("args"))]
            kwargs = {str(key): worker.objects.unpack(value) for key, value in _dict(question.get("kwargs")).items()}
            with self._shell.streams():
                value = self._beside.perform(module, name, args, kwargs)
            return {"value": worker.objects.hand_over(value)}
        except plain.NotPlain as error:
            return {"refused": str(error)}
        except Exception as error:
            return {"raised": [type(error).__name__, str(error), type(error).__module__]}
        finally:
            worker.link.deadline = left + time.monotonic() - begun  # our time is not the cell's

    def _hear(self, remark: dict[str, Any]) -> None:
        """What the work shows. A test's outputs decide its score, so the work adds nothing to them but what it prints.

        That goes through our own streams: the test may want to catch it.
        """
        if not self._testing:
            self._outputs.hear(remark)
        elif remark.get("output_type") == "stream" and isinstance(text := remark.get("text"), str):
            self._heard += len(text)
            if self._heard <= LARGEST:
                print(text, end="", file=sys.stderr if remark.get("name") == "stderr" else sys.stdout)

    def _show(self, output: dict[str, Any]) -> None:
        self._outputs.take(output)


_ENAMES = {"timed out": "TimedOut", "crashed": "ProcessEnded", "not reached": "OutOfTime"}


def _beside(task: Mapping[str, Any], folder: Path) -> Beside:
    if not task.get("beside"):
        return Nothing(task["student"], folder)
    module, _, name = task["beside"].partition(":")
    return getattr(importlib.import_module(module), name)(task["student"], folder)


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """A last resort: a test that computes for ever on what the work gave it, or makes too much of it.

    Where no signal can interrupt it, this process ends, and its pool tries once more.
    """

    def ring(*_: object) -> None:
        raise TimedOut("the test took too long")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(seconds + HARD_SECONDS, exit=True, file=sys.__stderr__)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if linux.HERE:
        most = linux.address_space(os.getpid()) + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most if soft < 0 else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
