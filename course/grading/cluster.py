"""The same jobs on the workers of a Dask cluster: `course grade --cluster tcp://HOST:PORT`.

    here: take the files ── parcel ──▸ a Dask worker (station) ──▸ its desk: repair, examine in the sandbox
    here: the one writer ◂── parcel ────────────────────────────────────────┘

Whoever grades starts the scheduler and the workers (docs/grading.md). A worker needs the course in the same version and
Python's packages in the same versions, and no disk of ours: what is needed of source/ goes there once, a submission's
files with its job. It never sees the gradebook.

What learners wrote crosses as parcels (course.grading.carriage), and of a task's result nothing else is read: the
client takes no pickles there. But Dask itself is pickles between machines that trust each other: whoever reaches the
scheduler's port can run code on every machine of the cluster and on this one. A cluster belongs in a network of its
own, or behind TLS, with tls://HOST:PORT and Dask's own settings for it (DASK_DISTRIBUTED__COMM__TLS__…).
"""

import contextlib
import platform
import queue
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Future
from distributed.scheduler import KilledWorker

from course.errors import CourseError
from course.grading import autograded, carriage, files, key, station, submission
from course.grading.pool import ATTEMPTS
from course.grading.submission import Job, Outcome, Plan

CONNECT_SECONDS = 8.0  # an address where nobody answers
JOIN_SECONDS = 10.0  # for the first worker to be there
CHECK_SECONDS = 120.0  # a worker's imports, from a cold disk
LOOK_SECONDS = 2.0  # between two looks at which workers there are
ALONE_SECONDS = 60.0  # without any worker in the middle of a run
GATHER_SECONDS = 60.0  # to get an answer from the worker that has it
CLOSE_SECONDS = 30.0
AHEAD = 2  # jobs under way per thread of the cluster: one is done, one waits
MODES = ("trusted", "landlock", "namespaces")  # the weakest first
SETTINGS = {"distributed.admin.large-graph-warning-threshold": "1 GB"}  # a submission's files are part of its task


@dataclass
class Flight:
    """A job that is under way: when it is given up, and how often it was sent."""

    job: Job
    future: Future
    deadline: float
    attempt: int


class Cluster:
    """What a Pool is, on a cluster's workers. A context manager; `plan` is known in full when it is entered.

    address: the scheduler's. seconds: as for a Pool; from there on, a job is given up that nobody answers for in the
    time that all attempts at it and at the job before it may take. trust: go on where a worker cannot sandbox.
    """

    def __init__(self, plan: Plan, address: str, seconds: float, *, trust: bool = False) -> None:
        self._given = files.given(plan.source, plan.ignore, plan.theirs)
        with tempfile.TemporaryDirectory(prefix="grade-") as folder:
            files.lay(plan.source, self._given, Path(folder))
            self.plan = replace(plan, given=carriage.pack(Path(folder)))
        self._address, self._seconds, self._trust = address, seconds, trust
        self.patience = seconds * ATTEMPTS * AHEAD
        self._name = f"course-grade-{key.of(host=platform.node(), source=str(plan.source))[:16]}"
        self._flying: dict[str, Flight] = {}
        self._landed: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._threads, self._looked, self._seen = 0, 0.0, 0.0
        self._stack = ExitStack()

    def __enter__(self) -> "Cluster":
        with ExitStack() as stack:
            stack.enter_context(dask.config.set(SETTINGS))
            self._client = self._connected()
            stack.callback(self._client.close, timeout=CLOSE_SECONDS)
            self._expected = station.fingerprint()
            modes = self._checked(self._workers())
            if not self.plan.examine:
                self.plan = replace(self.plan, mode=min(modes, key=MODES.index))
            self._client.register_plugin(station.Station(self._name, self.plan, self._seconds, self._trust))
            stack.callback(self._leave)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _connected(self) -> Client:
        """A client. CourseError within seconds if no scheduler answers."""
        found: queue.SimpleQueue[Client | Exception] = queue.SimpleQueue()

        def connect() -> None:
            try:
                # Of what tasks give back, bytes alone are read.
                made = Client(
                    self._address,
                    timeout=CONNECT_SECONDS,
                    set_as_default=False,
                    name="course-grade",
                    deserializers=["dask", "msgpack"],
                )
                found.put(made)
            except Exception as error:
                found.put(error)

        # Dask's own timeout does not hold where something listens that is no scheduler, and says nothing.
        threading.Thread(target=connect, daemon=True).start()
        try:
            answer = found.get(timeout=2 * CONNECT_SECONDS)
        except queue.Empty:
            answer = TimeoutError("what listens there does not answer as one")
        if isinstance(answer, Client):
            return answer
        said = (str(answer).splitlines() or [type(answer).__name__])[0]
        raise CourseError(
            f"No Dask scheduler answers at {self._address} ({said}): start one with `dask scheduler`, and give the "
            "address that it prints, such as tcp://10.0.0.1:8786."
        )

    def _workers(self) -> list[str]:
        """Addresses of the workers, once there is one."""
        until = time.monotonic() + JOIN_SECONDS
        while not (threads := self._client.nthreads()):
            if time.monotonic() > until:
                raise CourseError(
                    f"The cluster at {self._address} has no worker: start some with `dask worker {self._address}`, "
                    "on every machine that is to grade, in the course's environment."
                )
            time.sleep(0.1)
        self._threads, self._looked, self._seen = sum(threads.values()), time.monotonic(), time.monotonic()
        return sorted(threads)

    def _checked(self, addresses: list[str]) -> list[str]:
        """How each worker holds students' processes. CourseError about one that would not grade as we do."""
        # By a function that every Python has: a task that cannot be read breaks a worker's line to its scheduler.
        for address, said in self._client.run(exec, f"import {station.__name__}", on_error="return").items():
            if said is not None:
                raise CourseError(
                    f"The worker at {address} has not this course, or another version of it ({said}): set it up from "
                    "the same requirements.lock as this machine, and start `dask worker` there from its .venv/bin."
                )
        asked = {
            address: self._client.submit(
                station.about, self.plan.config, self._trust, workers=[address], pure=False, key=f"about-{uuid.uuid4()}"
            )
            for address in addresses
        }
        return [self._mode(address, future) for address, future in asked.items()]

    def _mode(self, address: str, about: Future) -> str:
        try:
            told = carriage.parted(about.result(CHECK_SECONDS))[0]
        except RuntimeError as error:  # Dask's: the scheduler reads a task too
            raise CourseError(
                f"The scheduler at {self._address} cannot read a task ({str(error).splitlines()[0]}): start "
                "`dask scheduler` in the course's environment, too."
            ) from None
        except Exception as error:
            raise CourseError(f"The worker at {address} does not answer ({type(error).__name__}: {error}).") from None
        if told["fingerprint"] != self._expected:
            raise CourseError(station.differs(address, self._expected, told["fingerprint"]))
        if "refused" in told and not self.plan.examine:
            raise CourseError(f"The worker at {address}: {told['refused']}")
        return told.get("mode", "trusted")

    def _leave(self) -> None:
        """End what is under way on the workers."""
        with contextlib.suppress(Exception):  # a scheduler that is gone has no worker of ours any more
            self._client.cancel([flight.future for flight in self._flying.values()])
            if self._client.status == "running":
                leave = self._client.scheduler.unregister_worker_plugin
                self._client.sync(leave, name=self._name, callback_timeout=CLOSE_SECONDS)  # a worker may be silent
        self._flying.clear()

    # Jobs -------------------------------------------------------------------------------------------------------------

    def outcomes(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Do the jobs; what came of each, as it comes, once. No more are asked for than the cluster can soon begin."""
        todo = iter(jobs)
        while True:
            while len(self._flying) < max(1, AHEAD * self._threads):
                job = next(todo, None)
                if job is None:
                    break
                yield from self._send(job, 1)
            if not self._flying:
                return
            try:
                future = self._landed.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                future = None
            if future is not None and (flight := self._flying.pop(future.key, None)):
                yield from self._arrived(flight)
            if time.monotonic() - self._looked > LOOK_SECONDS:
                yield from self._look()

    def _send(self, job: Job, attempt: int) -> Iterator[Outcome]:
        """Send a job on its way; yields an outcome if its files cannot be read."""
        try:
            with tempfile.TemporaryDirectory(prefix="grade-") as folder:
                taken = submission.take(self.plan, job, Path(folder))
                told = {"student": job.student, "submission": job.submission, "variant": job.variant}
                parcel = carriage.submitted(told, Path(folder), taken, self._given)
        except Exception as error:
            yield submission.broken(self.plan, job, error)
            return
        future = self._client.submit(
            station.grade, self._name, self._expected, parcel, pure=False, key=f"grade-{uuid.uuid4()}"
        )
        self._flying[future.key] = Flight(job, future, time.monotonic() + self.patience, attempt)
        future.add_done_callback(self._landed.put)

    def _arrived(self, flight: Flight) -> Iterator[Outcome]:
        """The outcome of a job whose task has ended; if that was the cluster's fault, the job is sent again."""
        future, job = flight.future, flight.job
        try:
            if future.status in ("cancelled", "lost"):
                yield self._stopped(job, f"The scheduler at {self._address} is gone, or was restarted.")
            elif future.status == "error" and isinstance(future.exception(), KilledWorker):
                reason = "Every worker that graded it was lost."
                yield Outcome(job, submission.absent(self.plan, job.student, "failed", reason))
            else:
                try:
                    parcel = bytes(future.result(GATHER_SECONDS))
                except Exception as error:  # a worker's, or that of the way to it
                    if flight.attempt < ATTEMPTS:
                        yield from self._send(job, flight.attempt + 1)
                    else:
                        reason = f"The cluster could not do a job ({type(error).__name__}: {str(error)[:300]})."
                        yield self._stopped(job, reason)
                else:
                    yield self._outcome(job, parcel)
        finally:
            future.release()

    def _outcome(self, job: Job, parcel: bytes) -> Outcome:
        """What a worker says that came of a job, with its files where the writer wants them."""
        try:
            told, packed = carriage.parted(parcel)
            if told["stop"]:
                return self._stopped(job, told["stop"])
            staged = None
            if told["staged"]:
                staged = autograded.staging(job.target)
                carriage.unpack(packed, staged)
                files.lay(self.plan.source, self._given, staged)
                autograded.settle(staged, self.plan.permissions)
            unanswered = {name: frozenset(ids) for name, ids in told["unanswered"].items()}
            return Outcome(job, told["result"], staged, frozenset(told["handed_in"]), unanswered)
        except Exception as error:
            return submission.broken(self.plan, job, error)

    def _stopped(self, job: Job, reason: str) -> Outcome:
        return Outcome(job, submission.absent(self.plan, job.student, "failed", reason), stop=reason)

    def _look(self) -> Iterator[Outcome]:
        """See which workers there are, and give up what is overdue."""
        now = time.monotonic()
        threads: dict[str, Any] = {}
        with contextlib.suppress(OSError):  # if it is gone, its futures tell
            threads = self._client.nthreads()
        self._threads, self._looked = sum(threads.values()), now
        if threads:
            self._seen = now
        elif self._flying and now - self._seen > ALONE_SECONDS:
            job = next(iter(self._flying.values())).job
            yield self._stopped(job, f"All workers have left the cluster at {self._address}.")
        for key_, flight in list(self._flying.items()):
            if flight.deadline <= now:
                del self._flying[key_]
                flight.future.cancel()
                reason = f"No worker of the cluster has answered for it within {self.patience:g} s."
                yield Outcome(flight.job, submission.absent(self.plan, flight.job.student, "failed", reason))
