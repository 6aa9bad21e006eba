"""Run cells in a process forked from one that has imported what notebooks import: a fresh kernel's start is saved.

The cells are the author's own: nothing holds them back. Submissions are run by course.grading.
"""

import atexit
import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from nbformat import NotebookNode

from course.grading.outputs import Outputs
from course.grading.shell import make_shell

GRACE_SECONDS = 30.0  # beyond what its cells may take, until a process is ended
PRELOADED = (
    "boto3", "botocore.waiter", "ipywidgets", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "numpy",
    "pandas", "scipy.stats", "sklearn.ensemble", "sklearn.linear_model", "sklearn.metrics", "sklearn.pipeline",
    "course.learn", "course.learn.opening", "course.learn.marking", "course.learn.quizzing", "course.exam", __name__,
)  # fmt: skip


class DeadRehearsal(RuntimeError):
    """The process ended, or hung, before it had run its cells."""


def stage() -> multiprocessing.context.ForkServerContext:
    """What rehearsals are forked from; it starts with the first one."""
    # Threads of a library's would not survive a fork.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def rehearse(
    context: multiprocessing.context.ForkServerContext,
    cells: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    timeout: float,
) -> list[Outputs]:
    """The outputs of each cell, going on after errors; `timeout` seconds for one. DeadRehearsal if there are none."""
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_play, args=(theirs, list(cells), cwd, dict(environment), timeout))
    process.start()
    theirs.close()
    try:
        if not ours.poll(timeout * len(cells) + GRACE_SECONDS):
            raise DeadRehearsal("the process hung")
        said = ours.recv()
    except EOFError:
        process.join()
        raise DeadRehearsal(f"the process ended (exit code {process.exitcode})") from None
    finally:
        ours.close()
        process.join(GRACE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
    outputs = []
    for cell in said:
        outputs.append(Outputs())
        for output in cell:
            outputs[-1].take(output)
    return outputs


def fill(cells: Sequence[NotebookNode], outputs: Sequence[Outputs]) -> None:
    """Put outputs into their cells."""
    for number, (cell, shown) in enumerate(zip(cells, outputs, strict=True), 1):
        cell.outputs, cell.execution_count = list(shown), number


def _play(line: Connection, cells: list[str], cwd: str, environment: dict[str, str], timeout: float) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = [""]
    shell = make_shell()
    shell.enable_matplotlib("inline")
    said: list[list[dict[str, Any]]] = []
    for number, source in enumerate(cells, 1):
        said.append([])
        shell.tell = said[-1].append
        with _bell(timeout):
            shell.run(source, number)
    line.send(said)
    line.close()
    atexit._run_exitfuncs()  # the worlds that the cells have opened end in order


@contextlib.contextmanager
def _bell(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError("the cell took too long")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
