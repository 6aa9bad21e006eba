"""Worker processes, forked from a server that has everything imported. One that dies costs its submission one retry.

Each worker has a pipe of its own, so that a death is known to be that of one submission and disturbs no other. A worker
ends when its pipe does: nothing outlives the one who started it, however that one ends.
"""

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing import connection
from typing import Any

from course.grading import submission
from course.grading.submission import Job, Outcome, Plan

PRELOADED = ("course.grading.submission",)
ATTEMPTS = 2
CLOSE_SECONDS = 5.0
# One thread each: the workers are as many as the processors.
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Pool:
    """`workers` processes that grade by one plan. A context manager.

    seconds: how long one submission may take in all before its worker is ended; the cells' own limits are the
        examiner's.
    """

    def __init__(self, plan: Plan, workers: int, seconds: float) -> None:
        self._plan, self._seconds = plan, seconds
        methods = multiprocessing.get_all_start_methods()
        self._context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if self._context.get_start_method() == "forkserver":
            self._context.set_forkserver_preload(list(PRELOADED))
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []
        self._workers = workers

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._busy:
            worker.kill()
        for worker in self._idle:
            worker.close()

    def outcomes(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Do the jobs; what came of each, as it comes. Jobs are asked for when a worker is free, never ahead."""
        todo, again, done = iter(jobs), deque[tuple[Job, int]](), deque[Outcome]()
        while True:
            while len(self._busy) < self._workers:
                job, attempt = again.popleft() if again else (next(todo, None), 1)
                if job is None:
                    break
                worker = self._idle.pop() if self._idle else _Worker(self._context, self._plan)
                worker.give(job, attempt, self._seconds)
                self._busy.append(worker)
            yield from done  # the workers are busy meanwhile
            done.clear()
            if not self._busy:
                return
            for worker in self._finished():
                self._busy.remove(worker)
                outcome = worker.take()
                if outcome:
                    self._idle.append(worker)
                    done.append(outcome)
                elif worker.attempt < ATTEMPTS:
                    again.append((worker.job, worker.attempt + 1))
                else:
                    reason = f"The process that graded it ended {ATTEMPTS} times: {worker.end}."
                    result = submission.absent(self._plan, worker.job.student, "failed", reason)
                    done.append(Outcome(worker.job, result))

    def _finished(self) -> list["_Worker"]:
        """Wait for workers that have answered, have died, or are overdue."""
        patience = max(0.0, min(worker.deadline for worker in self._busy) - time.monotonic())
        ready = set(connection.wait([end for worker in self._busy for end in worker.ends], patience))
        now = time.monotonic()
        return [worker for worker in self._busy if ready.intersection(worker.ends) or worker.deadline <= now]


class _Worker:
    """One process, its pipe, and what it is at."""

    def __init__(self, context: Any, plan: Plan) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, plan))
        self._process.start()
        theirs.close()
        self.ends = (self._pipe, self._process.sentinel)
        self.end = ""

    def give(self, job: Job, attempt: int, seconds: float) -> None:
        self.job, self.attempt, self.deadline = job, attempt, time.monotonic() + seconds
        self._limit = seconds
        with contextlib.suppress(OSError):  # it has died while idle: `take` will see that
            self._pipe.send(job)

    def take(self) -> Outcome | None:
        """The answer; None if the process is gone or had to be ended, and `end` says how."""
        try:
            if self._pipe.poll():
                return self._pipe.recv()
        except (EOFError, OSError):
            pass
        if self._process.is_alive() and self.deadline <= time.monotonic():
            self.end = f"it took more than {self._limit:g} s"
            self.kill()
        else:
            self._process.join(CLOSE_SECONDS)
            self.end = f"exit code {self._process.exitcode}"
            self.kill()
        return None

    def close(self) -> None:
        self._pipe.close()
        self._process.join(CLOSE_SECONDS)
        self.kill()

    def kill(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def _serve(pipe: connection.Connection, plan: Plan) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    os.environ.update(SINGLE)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            pipe.send(submission.grade(plan, pipe.recv()))
