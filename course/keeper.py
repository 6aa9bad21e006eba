"""The keeper of a lab: holds the warm parents, JupyterLab and all that they start, and ends them together.

    python -P -m course.keeper DIRECTORY COMMAND…

It is a process of its own, so that `kill -9` of `course lab` leaves nothing behind. Standard input is the lifeline to
`course lab`: a byte asks for an end in order, end of file for an end at once. DIRECTORY (of this lab alone) holds the
parents' sockets and is removed at the end. Kernels and terminals have sessions of their own; on Linux the keeper
adopts whatever loses its parent, so nothing can slip away from it. Elsewhere JupyterLab's own orderly end must do.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from course import waking
from course.cloud import launch
from course.cloud.runtime import linux

ENDING = {signal.SIGTERM, signal.SIGHUP}
ORDERLY_SECONDS = 8.0  # JupyterLab gives its kernels five


def main(arguments: list[str]) -> int:
    """Keep the command running until it ends by itself or the lifeline says so; returns its exit code."""
    directory, command = Path(arguments[0]), arguments[1:]
    if linux.HERE:
        linux.adopt_orphans()
    try:
        with waking.woken_by(signal.SIGCHLD, *ENDING) as wake, launch.start_parents(directory) as parents:
            program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "COURSE_LAB_SOCKETS": str(parents.directory)},
                start_new_session=True,  # Ctrl-C at the terminal is for `course lab`; JupyterLab would ask back
                preexec_fn=_die_with_keeper if linux.HERE else None,
            )
            _watch(program, wake)
            _sweep(program, spare={parents.pid(kind) for kind in parents.sockets})
    except launch.LaunchError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        _sweep(None)
        shutil.rmtree(directory, ignore_errors=True)
    return program.returncode


def _die_with_keeper() -> None:
    linux.die_with_parent(signal.SIGKILL)


def _watch(program: subprocess.Popen, wake: int) -> None:
    """Return when the program has ended, or must be ended now."""
    deadline = None
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while program.poll() is None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = {descriptor for descriptor, _ in poll.poll(None if left is None else left * 1000)}
        if wake in ready and waking.read(wake) & ENDING:
            return
        if 0 in ready and not os.read(0, 1):
            if linux.HERE or deadline is not None:
                return
            poll.unregister(0)  # elsewhere only JupyterLab itself can find all its kernels
        if deadline is None and 0 in ready:
            deadline = time.monotonic() + ORDERLY_SECONDS
            program.terminate()
        elif deadline is not None and time.monotonic() >= deadline:
            return


def _sweep(program: subprocess.Popen | None, spare: frozenset[int] | set[int] = frozenset()) -> None:
    """Kill the program and every descendant but `spare` and theirs, again until none is left."""
    if program is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    while linux.HERE and (left := _descendants(os.getpid(), spare)):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:  # orphans become our children when their parent is reaped
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _descendants(ancestor: int, spare: frozenset[int] | set[int]) -> list[int]:
    """Everything below a process, children first, without `spare` and what is below those."""
    parent_of = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{entry}/stat") as stat:
                # "pid (name) state ppid …": a name may hold spaces and brackets.
                parent_of[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
    found, generation = [], {ancestor}
    while generation:
        generation = {pid for pid, parent in parent_of.items() if parent in generation} - spare
        found += sorted(generation)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
