"""One instance of a transform job: its container, and the objects that it takes through it.

Up to MaxConcurrentTransforms requests are with the container at once, of one object or of several. A request keeps its
place until its result has been written in its order, so no more than that many payloads are ever held.
"""

import asyncio
import contextlib
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, TypeVar

from course.cloud.worker import Worker, WorkerDied

from ..logs import LogStream
from ..storage import Object, Storage, StorageError
from ..store import Resource
from . import jobs, serving_container
from .jobs import Ground, JobFailed
from .transform_payload import BadObject, Batching, unzipped
from .transform_record import Processing, Stamp

T = TypeVar("T")
LOG_GROUP = "/aws/sagemaker/TransformJobs"
_STARTUP_SECONDS = 1800.0  # then AWS gives up pinging (github.com/aws/amazon-sagemaker-examples/issues/815)
_STOP_SECONDS = 30.0  # between SIGTERM and SIGKILL, as for endpoints
_CHUNK_BYTES = (1 << 20, 8 << 20)  # that are read from S3 at once: as a payload is large, within these
_INLINE_BYTES = 32 << 10  # payloads up to this are not worth a thread
_INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
_UNREACHABLE = "Unable to get response from algorithm"


@dataclass(frozen=True, slots=True)
class Task:
    """What is done with every object: the settings of the job as they hold for all instances."""

    batching: Batching
    processing: Processing
    concurrency: int
    timeout: float  # real seconds of one request
    retries: int
    content_type: str | None
    accept: str | None
    is_gzip: bool
    by_line: bool  # AssembleWith
    output: str  # URI of a folder
    encryption: dict[str, str]


class Host:
    """An instance at work. `failures` are the reasons of the objects that it could not transform."""

    def __init__(self, world: Any, job: Resource, log: "DataLog", worker: Worker, storage: Storage):
        self._world, self._job, self._log, self.worker, self._storage = world, job, log, worker, storage
        self.done: list[Object] = []
        self.failures: list[str] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, world: Any, job: Resource, model: Resource, here: Ground, variables: dict[str, str]
    ) -> AsyncIterator["Host"]:
        """A host whose container answers /ping; afterwards its process is gone. Raises JobFailed."""
        stream = f"{job.name}/i-{world.random.getrandbits(68):017x}-{int(world.clock.time())}"
        key = here.session.access_key
        log = LogStream(world.base, world.clock, LOG_GROUP, stream, access_key=key)
        await log.open()
        kind = job.fields["TransformResources"]["InstanceType"]
        process, folder = await serving_container.start(world, model, here, jobs.limits(kind), variables)
        reading = asyncio.ensure_future(log.follow(process.lines()))
        worker = Worker(process)
        async with DataLog.opened(world, f"{stream}/data-log", key) as data_log:
            try:
                await _healthy(worker)
                yield cls(world, job, data_log, worker, here.storage)
            finally:
                if worker.in_flight:
                    process.kill()  # nobody waits for what it is at
                await jobs.stop(process, _STOP_SECONDS)
                await reading
                worker.close()
                process.close()
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def say(self, text: str) -> None:
        """A line of the service's own in the job's log."""
        self._log.say(text)

    async def transform(self, objects: list[tuple[Object, Stamp]], task: Task) -> None:
        """Take the objects through the container: `done` and `failures` say what came of it."""
        waiting, places = iter(objects), asyncio.Semaphore(task.concurrency)
        lanes = [self._lane(waiting, task, places) for _ in range(min(task.concurrency, len(objects)))]
        await all_of(lanes)

    async def _lane(self, waiting: Iterator[tuple[Object, Stamp]], task: Task, places: asyncio.Semaphore) -> None:
        for found, stamp in waiting:
            name = found.uri.removeprefix("s3://")
            try:
                await self._transform(found, stamp, task, places)
            except BadObject as error:
                self.failures.append(error.reason)
                for line in str(error).splitlines():
                    self.say(f"{name}: {line}")
            except StorageError as error:
                self.failures.append(f"ClientError: {error}")
                self.say(f"{name}: {error}")
            else:
                self.done.append(found)

    async def _transform(self, found: Object, stamp: Stamp, task: Task, places: asyncio.Semaphore) -> None:
        """One object. Raises BadObject, StorageError; then it leaves nothing behind."""
        low, high = _CHUNK_BYTES
        chunks = self._storage.chunks(found, min(max(low, task.batching.limit), high))
        upload = self._storage.upload(f"{task.output.rstrip('/')}/{found.path}.out", **task.encryption)
        under_way: deque[tuple[bytes, asyncio.Task[bytes]]] = deque()

        async def write_first() -> None:
            payload, asked = under_way[0]
            answer = await asked
            result = await _beside(len(payload) + len(answer), task.processing.result, payload, answer, stamp)
            if task.by_line and not result.endswith(b"\n"):
                result += b"\n"
            await upload.write(result)
            under_way.popleft()
            places.release()

        try:
            async for payload in task.batching.payloads(unzipped(chunks) if task.is_gzip else chunks):
                while under_way and (places.locked() or under_way[0][1].done()):
                    await write_first()
                await places.acquire()
                under_way.append((payload, asyncio.create_task(self._ask(payload, task))))
            while under_way:
                await write_first()
            await upload.finish()
        except BaseException:
            for _, asked in under_way:
                asked.cancel()
                places.release()
            await asyncio.gather(*(asked for _, asked in under_way), return_exceptions=True)
            await upload.abort()
            raise

    async def _ask(self, payload: bytes, task: Task) -> bytes:
        """The container's answer to one payload; asked again where it gave none or 5XX. Raises BadObject."""
        body = await _beside(len(payload), task.processing.request, payload)
        if len(body) > task.batching.limit:
            raise BadObject("Too much data for max payload size")
        for again in range(task.retries + 1):
            try:
                async with asyncio.timeout(task.timeout):
                    status, _, answer = await self.worker.invoke(body, task.content_type, task.accept)
            except (TimeoutError, WorkerDied):
                if again == task.retries or not self.worker.alive:
                    raise BadObject(_UNREACHABLE, _INTERNAL) from None
                continue
            if status < 300:
                return answer
            if status < 500 or again == task.retries:
                raise _refused(status, answer)
        raise AssertionError("the last try returns or raises")


async def all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all give, in their order; the first that raises ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return [task.result() for task in tasks]


async def _healthy(worker: Worker) -> None:
    try:
        if await worker.ping(_STARTUP_SECONDS):
            return
    except WorkerDied:
        pass
    raise JobFailed(
        "AlgorithmError: Model container failed to respond to ping; Ensure /ping endpoint is implemented and responds "
        "with an HTTP 200 status code"
    )


async def _beside(size: int, work: Callable[..., bytes], *arguments: Any) -> bytes:
    """Do `work` on so many bytes, beside the event loop if that may take a while."""
    if size > _INLINE_BYTES:
        return await asyncio.to_thread(work, *arguments)
    return work(*arguments)


def _refused(status: int, body: bytes) -> BadObject:
    """The container's own words, as the service logs them."""
    said = body[:4096].decode("utf-8", "replace")
    if status < 500:
        return BadObject(f"ClientError: {status}\n\nMessage:\n{said}")
    return BadObject(
        f"Bad HTTP status received from algorithm: {status}\n\nMessage:\n{said}",
        "AlgorithmError: See job logs for more information",
    )


class DataLog:
    """The stream <host>/data-log, in which the service itself tells of the objects."""

    def __init__(self, clock: Any):
        self._clock = clock
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, world: Any, stream: str, access_key: str) -> AsyncIterator["DataLog"]:
        log, data_log = LogStream(world.base, world.clock, LOG_GROUP, stream, access_key=access_key), cls(world.clock)
        await log.open()
        writing = asyncio.ensure_future(log.follow(data_log._all()))
        try:
            yield data_log
        finally:
            data_log._lines.put_nowait(None)
            await writing

    def say(self, text: str) -> None:
        at = self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds").partition("+")[0]
        self._lines.put_nowait(f"{at}:[sagemaker logs]: {text}".encode())

    async def _all(self) -> AsyncIterator[bytes]:
        while (line := await self._lines.get()) is not None:
            yield line
