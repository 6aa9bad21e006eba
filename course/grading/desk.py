"""The process beside a Dask worker that does its jobs, each as `course grade` does it on one machine.

    python -P -m course.grading.desk FOLDER LISTENER

FOLDER holds the plan as `station` wrote it; LISTENER is a listening socket. Each connection is a thread of the Dask
worker: it sends a parcel and gets one back (course.grading.carriage), and has a process of its own for that, forked
from a server, as in `pool`. Nothing of a submission is read in the Dask worker's own process.

It ends with all that it started when its standard input does, and when it was not needed for a while.
"""

import contextlib
import multiprocessing
import os
import pickle
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from course.errors import CourseError
from course.grading import carriage, execute, submission
from course.grading.pool import SINGLE, Pool
from course.grading.submission import Job, Outcome, Plan
from course.runtime.errors import LaunchError

IDLE_SECONDS = 600.0  # the one who sends jobs may be gone without a word
LOOK_SECONDS = 5.0


class Desk:
    """Does what comes over connections. stop: why nothing can be graded here; empty if it can."""

    def __init__(self, plan: Plan, seconds: float, folder: Path, stop: str = "") -> None:
        self._plan, self._seconds, self._folder, self._stop = plan, seconds, folder, stop
        self._given = carriage.names(plan.given)
        self._busy = 0
        self._asked = time.monotonic()
        self._lock = threading.Lock()

    def idle_seconds(self) -> float:
        """How long nothing was asked."""
        with self._lock:
            return 0.0 if self._busy else time.monotonic() - self._asked

    def serve(self, connection: Connection) -> None:
        """One thread of the Dask worker, until it hangs up."""
        with contextlib.suppress(EOFError, OSError), connection, Pool(self._plan, 1, self._seconds) as pool:
            while True:
                parcel = connection.recv_bytes()
                self._count(1)
                try:
                    connection.send_bytes(self._graded(pool, parcel))
                finally:
                    self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self._busy += more
            self._asked = time.monotonic()

    def _graded(self, pool: Pool, parcel: bytes) -> bytes:
        told, _ = carriage.parted(parcel)
        if self._stop:
            return carriage.joined({"stop": self._stop})
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        job = Job(told["student"], folder, told["submission"], folder / "graded", told["variant"], parcel)
        try:
            [outcome] = pool.outcomes([job])
            return answer(outcome, self._given)
        except Exception as error:  # a full disk, such as
            return answer(submission.broken(self._plan, job, error), ())
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def answer(outcome: Outcome, without: Collection[str]) -> bytes:
    """What came of a job, for the way back."""
    told = {
        "result": outcome.result,
        "staged": outcome.staged is not None,
        "handed_in": sorted(outcome.handed_in),
        "unanswered": {name: sorted(ids) for name, ids in outcome.unanswered.items()},
        "stop": outcome.stop,
    }
    return carriage.joined(told, carriage.pack(outcome.staged, without) if outcome.staged else b"")


def main(folder: Path, listener: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    os.environ.update(SINGLE)
    plan, seconds, trust = pickle.loads((folder / "plan").read_bytes())  # the instructor's own
    with ExitStack() as stack:
        stop = ""
        try:
            if not plan.examine:
                plan = replace(plan, **stack.enter_context(execute.held(plan.config, trust=trust)))
        except (CourseError, LaunchError) as error:
            stop = str(error)
        desk = Desk(plan, seconds, folder, stop)
        threading.Thread(target=_accept, args=(socket.socket(fileno=listener), desk), daemon=True).start()
        while not select.select([sys.stdin], [], [], LOOK_SECONDS)[0] and desk.idle_seconds() < IDLE_SECONDS:
            pass
    for child in multiprocessing.active_children():
        child.kill()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # without a word of threads that still wait for an answer


def _accept(listener: socket.socket, desk: Desk) -> None:
    while True:
        connection = Connection(listener.accept()[0].detach())
        threading.Thread(target=desk.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
