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
from collections.abc import Collection
from pathlib import Path

from course import waking
from course.cloud import launch
from course.runtime import linux

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
            _end(program)
            _sweep(spare={parents.pid(kind) for kind in parents.sockets})
    except launch.LaunchError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        _sweep()
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


def _end(program: subprocess.Popen) -> None:
    """Kill what is left of the program's own session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def _sweep(spare: Collection[int] = ()) -> None:
    """Kill every descendant but `spare` and theirs, again until none is left (Linux)."""
    while linux.HERE and (left := _descendants(spare)):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:  # those that are not our children become so when their parent is reaped
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _descendants(spare: Collection[int]) -> list[int]:
    found = [pid for pid in linux.children(os.getpid()) if pid not in spare]
    for pid in found:  # grows while we walk it
        found += linux.children(pid)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
