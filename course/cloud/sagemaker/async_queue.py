"""The queue behind an asynchronous endpoint: requests wait here until an instance has a place for them.

Waiting is cloud time: a request's age, its time to live, the minutes of the metrics. An invocation is limited in real
seconds. What is under way is awaited at the end of each of the cloud's minutes, so that `advance` does not outrun it.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from course.cloud.worker import Worker

from ..base import Session
from ..errors import CloudError, RuntimeFailed
from ..logs import LogStream
from ..storage import Storage, StorageError
from ..store import Resource
from . import async_config, async_result
from .async_metrics import Minute
from .async_result import Result
from .invocation import Invocation, serve
from .resources import ENDPOINT

MOST_BYTES = 1 << 30
"""Of an input object (developer guide, "Asynchronous inference")."""
_CONCURRENCY = 4
"""MaxConcurrentInvocationsPerInstance where none is given; SageMaker "chooses an optimal value"."""
_PATIENCE_SECONDS = 10.0
"""Real seconds for which the clock waits for an invocation; one that takes longer goes on beside it."""
_BEFORE_THE_END = 0.001  # seconds of cloud time: a minute's point is there when alarms look at that minute
_SESSION_SECONDS = 366 * 86_400


@dataclass(slots=True, eq=False)
class Request:
    """One asynchronous request. received, expires: cloud time; timeout: real seconds for the model."""

    inference_id: str
    body: bytes | None
    input_location: str | None
    output_location: str | None
    failure_location: str | None
    content_type: str
    accept: str
    custom_attributes: str | None
    timeout: float
    received: float
    expires: float


@dataclass(slots=True, eq=False)
class _Work:
    """A request in its place on an instance, until `due` (cloud time)."""

    request: Request
    worker: Worker
    began: float  # cloud time
    due: asyncio.Event
    task: asyncio.Task[None] = field(init=False)
    started: float = field(default_factory=time.monotonic)

    @property
    def patience(self) -> float:
        """Real seconds for which the clock still waits for it."""
        return self.started + _PATIENCE_SECONDS - time.monotonic()


class Queue:
    """The requests of one endpoint. First in, first out; each instance works on so many at once."""

    def __init__(self, world: Any, endpoint: Resource):
        self._world, self._endpoint = world, endpoint
        self._waiting: deque[Request] = deque()
        self._working: set[_Work] = set()
        self._session: Session | None = None
        self._logs: dict[str, LogStream] = {}
        self._next_expiry: float | None = None
        self._closed = False
        self._ends = 0.0  # of the minute under way, in cloud time
        self.minute = Minute()
        self._tick_at_next_minute()

    # -- what the metrics say ---------------------------------------------------------------------------------------

    @property
    def backlog(self) -> int:
        """Requests that wait or are being worked on (developer guide, ApproximateBacklogSize)."""
        return len(self._waiting) + len(self._working)

    @property
    def instances(self) -> int:
        return self._variant.current

    @property
    def oldest(self) -> float | None:
        """When the oldest of the backlog was received, in cloud time."""
        working = min((work.request.received for work in self._working), default=None)
        waiting = self._waiting[0].received if self._waiting else None
        return min((moment for moment in (working, waiting) if moment is not None), default=None)

    # -- the way of a request ---------------------------------------------------------------------------------------

    def put(self, request: Request) -> None:
        self._waiting.append(request)
        self._expire_at(request.expires)
        self.wake()

    def wake(self) -> None:
        """Give waiting requests to instances that have a place: to be called when either may have changed."""
        while self._waiting and not self._closed and (worker := self._free_worker()):
            self._begin(self._waiting.popleft(), worker)

    @property
    def _config(self) -> dict[str, Any]:
        return async_config.of(self._endpoint) or {"OutputConfig": {}}

    @property
    def _variant(self) -> Any:
        return next(iter(self._endpoint.runtime.variants.values()))

    def _free_worker(self) -> Worker | None:
        """The healthy worker with the fewest invocations, if it may have one more.

        One that has timed out keeps its place until the container has answered it all the same, or is put to an end.
        """
        places = self._config.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", _CONCURRENCY)
        held = {worker: 0 for worker in self._variant.workers if worker.alive}
        for work in self._working:
            if work.worker in held:
                held[work.worker] += 1
        taken = {worker: max(count, worker.in_flight) for worker, count in held.items()}
        worker = min(taken, key=taken.__getitem__, default=None)
        return worker if worker is not None and taken[worker] < places else None

    def _begin(self, request: Request, worker: Worker) -> None:
        clock, seconds = self._world.clock, self._world.queues.work_seconds
        work = _Work(request, worker, clock.time(), asyncio.Event())
        self.minute.waited(work.began - request.received)
        self._working.add(work)
        work.task = asyncio.get_running_loop().create_task(self._do(work))
        if seconds:
            clock.at(work.began + seconds, lambda: self._come_due(work), f"asynchronous request {request.inference_id}")
        else:
            work.due.set()

    async def _come_due(self, work: _Work) -> None:
        work.due.set()
        await asyncio.wait({work.task}, timeout=_PATIENCE_SECONDS)

    async def _do(self, work: _Work) -> None:
        try:
            result = await self._ask(work)
            await work.due.wait()
            told = await self._deliver(work.request, result)
            if told:
                await self._note(work, told)
        except asyncio.CancelledError:
            raise
        except Exception:
            self._world.log.exception("asynchronous request %s", work.request.inference_id)
        finally:
            self._working.discard(work)
            self.wake()

    async def _ask(self, work: _Work) -> Result:
        """The model's answer. What fails is a result too."""
        request, began = work.request, time.perf_counter()
        try:
            body = await self._read(request)
        except (StorageError, CloudError) as error:
            self.minute.count("RequestDownloadFailures")
            return Result(b"", failure=f"ClientError: Failed to download the request payload. {error}")
        self.minute.lasted("RequestDownloadLatency", time.perf_counter() - began)
        asked = Invocation(body, request.content_type, request.accept, request.custom_attributes, request.inference_id)
        try:
            answer = await serve(self._world, self._endpoint, self._variant, asked, request.timeout, worker=work.worker)
        except RuntimeFailed as error:
            return _failure(error)
        except ValueError:
            return Result(b"", failure=f"ClientError: A payload of {len(body)} bytes is larger than a container takes.")
        return Result(answer.body, answer.content_type)

    async def _read(self, request: Request) -> bytes:
        if request.body is not None:
            return request.body
        body = await self._storage().read(request.input_location)
        if len(body) > MOST_BYTES:
            raise StorageError(f"The payload has {len(body)} bytes; an asynchronous request takes up to {MOST_BYTES}.")
        return body

    async def _deliver(self, request: Request, result: Result) -> list[str]:
        """Object first, then message: who gets the message finds the object. Returns what did not go well."""
        problems = [result.failure] if result.failure is not None else []
        output, began = self._config["OutputConfig"], time.perf_counter()
        try:
            await async_result.store(self._storage(), request, result, output.get("KmsKeyId"))
        except (StorageError, CloudError) as error:
            self.minute.count("ResponseUploadFailures")
            if result.failure is None:
                reason = f"ClientError: Failed to upload the response payload. {error}"
                return await self._deliver(request, Result(b"", failure=reason))
            problems.append(f"Failed to upload the failure. {error}")
        else:
            self.minute.lasted("ResponseUploadLatency", time.perf_counter() - began)
        self.minute.count("InvocationsProcessed")
        if result.failure is not None:
            self.minute.count("InvocationFailures")
        try:
            key = self._role_session().access_key
            reason = await async_result.tell(self._world, key, self._endpoint.name, request, result, output)
        except CloudError as error:
            reason = str(error)
        if reason:
            self.minute.count("NotificationFailures")
            problems.append(f"Failed to publish the notification. {reason}")
        self.minute.processed(self._world.clock.time() - request.received)
        return problems

    async def _note(self, work: _Work, problems: list[str]) -> None:
        """Write into the data log of the instance (developer guide, "Monitor asynchronous endpoint", Logs)."""
        stream = f"{work.worker.log_stream}/data-log"
        log = self._logs.get(stream)
        if log is None:
            group, key = f"/aws/sagemaker/Endpoints/{self._endpoint.name}", self._role_session().access_key
            log = self._logs[stream] = LogStream(self._world.base, self._world.clock, group, stream, access_key=key)
            await log.open()
        for problem in problems:
            await log.write(f"[sagemaker logs] [{work.request.inference_id}] {problem}")

    def _role_session(self) -> Session:
        """The execution role's, kept: what the role may do is asked anew at each call. Raises CloudError."""
        if self._session is None:
            role = self._variant.model.fields["ExecutionRoleArn"]
            self._session = self._world.base.assume_role(role, "sagemaker.amazonaws.com", "SageMaker", _SESSION_SECONDS)
        return self._session

    def _storage(self) -> Storage:
        world, vpc = self._world, self._variant.model.fields.get("VpcConfig")
        return Storage(world.base, self._role_session().access_key, world.base.way_to_s3(vpc))

    # -- time -------------------------------------------------------------------------------------------------------

    def _expire_at(self, moment: float) -> None:
        if self._next_expiry is None or moment < self._next_expiry:
            self._next_expiry = moment
            self._world.clock.at(moment, self._expire, f"expiry of requests of endpoint {self._endpoint.name}")

    async def _expire(self) -> None:
        """Fail what has waited longer than it may."""
        now = self._world.clock.time()
        late = [request for request in self._waiting if request.expires <= now]
        self._waiting = deque(request for request in self._waiting if request.expires > now)
        self._next_expiry = None
        if self._closed:
            return
        if self._waiting:
            self._expire_at(min(request.expires for request in self._waiting))
        for request in late:
            self.minute.count("ExpiredRequests")
            seconds = round(request.expires - request.received)
            reason = f"ClientError: The request expired: it was queued for longer than RequestTTLSeconds, {seconds}."
            await self._deliver(request, Result(b"", failure=reason))

    def _tick_at_next_minute(self) -> None:
        clock = self._world.clock
        now = clock.time()
        self._ends = max(now // 60 * 60, self._ends) + 60
        clock.at(self._ends - _BEFORE_THE_END, self._tick)

    async def _tick(self) -> None:
        if self._closed:
            return
        self.wake()
        await self._settle()
        self.minute.put(
            self._world.metrics, self._endpoint.name, self._variant.name, self, self._ends - _BEFORE_THE_END
        )
        self.minute = Minute()
        self._tick_at_next_minute()

    async def _settle(self) -> None:
        """Wait for what is under way and due, and for what follows it; not for an invocation that takes too long."""
        while left := {work.task: work.patience for work in self._working if work.due.is_set() and work.patience > 0}:
            await asyncio.wait(left, timeout=max(left.values()), return_when=asyncio.FIRST_COMPLETED)

    def close(self) -> None:
        """Drop all that waits, and what is under way."""
        self._closed = True
        self._waiting.clear()
        for work in self._working:
            work.task.cancel()
        if self._session is not None:
            self._world.base.end_session(self._session)


def _failure(error: RuntimeFailed) -> Result:
    """What the queue says of an invocation that failed; the model's own words are the object that is stored."""
    status, said = error.members.get("OriginalStatusCode", 0), error.members.get("OriginalMessage", "")
    if not status:
        return Result(b"", failure=f"ClientError: {error.message}")
    side = "client" if 400 <= status < 500 else "server"
    reason = (
        f"ClientError: Received {side} error ({status}) from model. See the SageMaker Endpoint logs in your account "
    )
    return Result(said.encode(), failure=reason + "for more information.")


class Queues:
    """The queues of a world's asynchronous endpoints: each is made with its endpoint and goes with it.

    work_seconds: cloud seconds for which a request holds its place on an instance, however quick the model was: what a
    big file takes. 0: as long as it really takes.
    """

    def __init__(self, world: Any):
        self._world = world
        self._queues: dict[Resource, Queue] = {}
        self.work_seconds = 0.0
        world.store.watch(self._follow)

    def of(self, endpoint: Resource) -> Queue:
        """The queue of an asynchronous endpoint that is there."""
        return self._queues[endpoint]

    def wake(self, endpoint: Resource) -> None:
        """An instance of this endpoint may have a place."""
        if queue := self._queues.get(endpoint):
            queue.wake()

    def _follow(self, resource: Resource, status: str) -> None:
        if resource.kind is not ENDPOINT:
            return
        if status in ("Deleting", "Deleted", "Failed") or (status == "InService" and not async_config.of(resource)):
            if queue := self._queues.pop(resource, None):
                queue.close()
        elif status == "InService":
            if resource not in self._queues:
                self._queues[resource] = Queue(self._world, resource)
            self._queues[resource].wake()
