"""One instance of a variant: the model as its role reads it, and the container that serves it."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from course.cloud.worker import PING_SECONDS, Worker, WorkerDied
from course.runtime.process import Limits, Process

from ..logs import LogStream
from ..store import Resource
from . import jobs, serving_container
from .jobs import Ground, JobFailed

_VOLUME_GIB = 30  # of an instance whose variant does not say
_SERVERLESS_STARTUP_SECONDS = 180.0  # developer guide, "Invoke a serverless endpoint"
_BETWEEN_PINGS_SECONDS = 0.1  # a container is asked until it is healthy: it does not tell by itself
_STOP_SECONDS = 30.0  # between SIGTERM and SIGKILL
_SESSION_SECONDS = 366 * 86_400
_FIRST_PAUSE_SECONDS = 60.0  # of cloud time, after a container that did not come up again; then twice as long each time
_LONGEST_PAUSE_SECONDS = 3600.0


class Instance:
    """Starts its container, starts it again when it ends by itself, and stops it when told.

    A container's end costs what it held, not the instance: its log stream, its files and its bill go on. `on_up` and
    `on_down` are called with the worker when it becomes healthy and when it can no longer be asked. heals: whether a
    container that ends by itself is started again.
    """

    def __init__(
        self,
        world: Any,
        endpoint: str,
        settings: dict[str, Any],
        model: Resource,
        on_up: Callable[[Worker], None],
        on_down: Callable[[Worker], None],
        heals: bool = True,
    ):
        self._world, self._endpoint, self._settings, self._model = world, endpoint, settings, model
        self._on_up, self._on_down, self._heals = on_up, on_down, heals
        self.stream = f"{settings['VariantName']}/i-{world.random.getrandbits(68):017x}"
        self._held = contextlib.AsyncExitStack()  # the role's session and the files
        self._here: Ground
        self._log: LogStream
        self._process: Process | None = None
        self._worker: Worker | None = None  # of a container that has been healthy
        self.folder: Path | None = None  # /opt/ml of the latest container
        self._tasks: set[asyncio.Task[None]] = set()
        self._pause = _FIRST_PAUSE_SECONDS
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process that all of the container's descend from; 0 while there is no healthy one."""
        return self._worker.process.pid if self._worker is not None else 0

    @property
    def memory_bytes(self) -> int:
        return jobs.limits(self._settings["InstanceType"]).memory_bytes

    @property
    def disk_bytes(self) -> int:
        return self._settings.get("VolumeSizeInGB", _VOLUME_GIB) << 30

    async def start(self, source: "Instance | None" = None) -> Worker:
        """Fetch the model and start the container; returns its worker when it is healthy. Raises JobFailed.

        `source` is an instance that has fetched the model already and outlives this one.
        """
        if source is None:
            await self.prepare()
        else:
            self._here = source._here
        world, group = self._world, f"/aws/sagemaker/Endpoints/{self._endpoint}"
        key = self._here.session.access_key
        self._log = LogStream(world.base, world.clock, group, self.stream, access_key=key)
        await self._log.open()
        return await self._start_container()

    async def prepare(self) -> None:
        """Fetch the model, as its role. Raises JobFailed."""
        world, fields = self._world, self._model.fields
        ground = jobs.ground(
            world, fields["ExecutionRoleArn"], self._endpoint, _SESSION_SECONDS, fields.get("VpcConfig")
        )
        self._here = await self._held.enter_async_context(ground)
        limit = self._settings.get("ModelDataDownloadTimeoutInSeconds")
        try:
            async with asyncio.timeout(limit):
                await serving_container.fetch(self._model, self._here)
        except TimeoutError:
            raise JobFailed(
                f"The model data download for production variant {self._settings['VariantName']} did not end within "
                f"{limit} seconds."
            ) from None

    async def stop(self, answer_seconds: float = 0.0) -> None:
        """Take the instance away. It may answer what it has been asked for `answer_seconds` more before SIGTERM."""
        self._stopping = True
        if self._worker is not None:
            self._on_down(self._worker)
            await self._worker.idle(answer_seconds)
            await jobs.stop(self._worker.process, _STOP_SECONDS)
        elif self._process is not None:
            self._process.kill()  # not up: it owes nobody anything
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._held.aclose()

    async def _start_container(self) -> Worker:
        process, folder = await serving_container.start(self._world, self._model, self._here, _limits(self._settings))
        self._process, worker, self.folder = process, Worker(process), folder
        worker.log_stream = self.stream
        self._spawn(self._follow(worker, process, folder))
        if not await self._is_healthy(worker):
            process.kill()
            raise JobFailed(
                f"The primary container for production variant {self._settings['VariantName']} did not pass the ping "
                "health check. Please check CloudWatch logs for this endpoint."
            )
        if not self._stopping:
            self._worker, self._pause = worker, _FIRST_PAUSE_SECONDS
            self._on_up(worker)
        return worker

    async def _is_healthy(self, worker: Worker) -> bool:
        """Whether a /ping is answered by 200 within two seconds, before the time for the start is over."""
        usual = _SERVERLESS_STARTUP_SECONDS if "ServerlessConfig" in self._settings else self._world.startup_seconds
        limit = self._settings.get("ContainerStartupHealthCheckTimeoutInSeconds", usual)
        with contextlib.suppress(TimeoutError, WorkerDied):
            async with asyncio.timeout(limit):
                while not await worker.ping(PING_SECONDS):
                    await asyncio.sleep(_BETWEEN_PINGS_SECONDS)
            return True
        return False

    async def _follow(self, worker: Worker, process: Process, folder: Path) -> None:
        """Keep the container's log; when it has ended clear away after it, and start another if it served."""
        reading = asyncio.ensure_future(self._log.follow(process.lines()))
        await process.wait()
        self._on_down(worker)
        await reading
        process.close()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if self._worker is worker and not self._stopping:
            self._worker = None
            if self._heals:
                await self._restart()

    async def _restart(self) -> None:
        try:
            await self._start_container()
        except Exception as error:
            if self._stopping:
                return
            self._world.log.warning("endpoint %s: %s does not come up again: %s", self._endpoint, self.stream, error)
            clock, pause = self._world.clock, self._pause
            self._pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            clock.at(clock.time() + pause, self._try_again, f"restart of {self._endpoint}/{self.stream}")

    async def _try_again(self) -> None:
        if not self._stopping:
            await self._spawn(self._restart())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _limits(settings: dict[str, Any]) -> Limits:
    """A serverless process has the memory that was asked for and 5 GB of disk, an instance what its type has."""
    if serverless := settings.get("ServerlessConfig"):
        return Limits(memory_bytes=serverless["MemorySizeInMB"] << 20, file_bytes=5 << 30)
    return jobs.limits(settings["InstanceType"])
