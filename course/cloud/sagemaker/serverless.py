"""A serverless variant at work: processes that come with the requests and go when none comes.

Each process takes one request at a time. A request that finds none free starts one (a cold start, measured in the
metric ModelSetupTime); beyond MaxConcurrency it is throttled. ProvisionedConcurrency keeps so many of them ready.

Limits: developer guide, "Deploy models with Amazon SageMaker Serverless Inference" and "Invoke a serverless endpoint".
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from course.cloud.worker import Worker

from ..errors import RuntimeFailed
from ..meter import GB, Line, provisioned_price_per_hour
from ..store import Resource
from .instance import Instance
from .invocation_metrics import NAMESPACE, Tally
from .jobs import JobFailed

if TYPE_CHECKING:
    from ..world import World

IDLE_SECONDS = 600.0
"""Cloud time after which a process without a request ends. Ours: how long AWS waits is documented nowhere."""
PAYLOAD_BYTES = 4 << 20
"""The largest request and the largest answer."""


class Serverless:
    """A serverless variant: a Variant's face, and the processes that are there at the moment.

    The model is fetched once, as its role; every process copies it from there.
    """

    capture = None  # there is none (AWS's list of exclusions), nor a shadow
    copies = 0

    def __init__(
        self,
        world: "World",
        endpoint: Resource,
        settings: dict[str, Any],
        model: Resource,
        counts: dict[str, int],
        tally: Tally,
    ):
        self.name: str = settings["VariantName"]
        self.settings, self.model = settings, model
        self.counts, self.tally = counts, tally
        self.weight: float = settings["InitialVariantWeight"]
        self.desired_weight = self.weight
        self.config: dict[str, int] = dict(settings["ServerlessConfig"])
        self.desired_config = self.config
        self.line: Line | None = None  # the meter's, for provisioned concurrency
        self.throttled = 0
        self._world, self._endpoint = world, endpoint
        self._source = self._process()  # of the model; it never runs
        self._processes: dict[Worker, Instance] = {}
        self._free: list[tuple[float, Worker]] = []  # since when (cloud time) it waits; the last used is the last
        self._taken = 0  # requests under way, each with a process or waiting for its start
        self._starting = 0  # processes that start without a request
        self._watched = False  # whether somebody will look for idle processes
        self._closed = False

    @property
    def processes(self) -> int:
        """How many there are, or are about to be."""
        return len(self._free) + self._taken + self._starting

    @property
    def provisioned(self) -> int:
        return self.config.get("ProvisionedConcurrency", 0)

    def summary(self) -> dict[str, Any]:
        """A ProductionVariantSummary, with what is asked for instead of numbers of instances."""
        image = self.model.fields["PrimaryContainer"]["Image"]
        return {
            "VariantName": self.name,
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": self.model.created}],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.desired_weight,
            "CurrentServerlessConfig": self.config,
            "DesiredServerlessConfig": self.desired_config,
        }

    async def open(self) -> None:
        """Fetch the model and see whether its container starts, as often as is provisioned. Raises JobFailed.

        Without provisioned concurrency nothing is left running: the first request starts cold.
        """
        await self._source.prepare()
        if self.provisioned:
            await asyncio.gather(*(self._start_free() for _ in range(self.provisioned)))
        else:
            await self._end(await self._start())
        self._bill()

    async def stop(self, answer_seconds: float = 0.0) -> None:
        """No more requests. What is taken may answer for `answer_seconds` more."""
        self._closed = True
        self._bill()
        self._free.clear()
        await asyncio.gather(*(process.stop(answer_seconds) for process in list(self._processes.values())))
        self._processes.clear()
        await self._source.stop()

    @contextlib.asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[Worker]:
        """A worker for one request of `size` bytes, started if none is free.

        Raises RuntimeFailed: ValidationError for a request that is too large, ThrottlingException beyond
        MaxConcurrency, ModelError if the container does not start.
        """
        if size > PAYLOAD_BYTES:
            raise RuntimeFailed(
                f"Request payload of {size} bytes exceeds the maximum of {PAYLOAD_BYTES} bytes for serverless "
                "endpoints.",
                status=413,
            )
        if self._taken >= self.config["MaxConcurrency"]:
            self.throttled += 1
            # 400: SageMaker's reference, "Common Error Types".
            raise RuntimeFailed("Rate exceeded", code="ThrottlingException", status=400)
        self._taken += 1
        self._measure()
        worker = None
        try:
            worker = self._take() or await self._cold()
            start = time.perf_counter()
            try:
                yield worker
            finally:
                self._use(time.perf_counter() - start, size)
        finally:
            self._taken -= 1
            if worker is not None:
                self._give_back(worker)

    def answered(self, size: int) -> None:
        """An answer of `size` bytes has come. Raises RuntimeFailed if it is too large to be passed on."""
        if size > PAYLOAD_BYTES:
            raise RuntimeFailed(
                f"Response payload of {size} bytes exceeds the maximum of {PAYLOAD_BYTES} bytes for serverless "
                "endpoints.",
                code="ModelError",
                status=424,
            )
        self._count("data", size / GB, count=0)

    async def reconfigure(self, **changes: int) -> None:
        """Another MaxConcurrency or ProvisionedConcurrency, in force once the processes stand. Raises JobFailed."""
        self.desired_config = self.config | changes
        missing = self.desired_config.get("ProvisionedConcurrency", 0) - self.processes
        try:
            await asyncio.gather(*(self._start_free() for _ in range(missing)))
        except BaseException:
            self.desired_config = self.config
            raise
        self.config = self.desired_config
        self._bill()
        self._watch()

    # -- processes -------------------------------------------------------------------------------------------------

    def _process(self) -> Instance:
        return Instance(
            self._world,
            self._endpoint.name,
            self.settings,
            self.model,
            on_up=lambda worker: None,
            on_down=self._drop,
            heals=False,
        )

    async def _start(self) -> Worker:
        """A worker that answers /ping. Raises JobFailed."""
        start = time.perf_counter()
        process = self._process()
        try:
            worker = await process.start(self._source)
        except BaseException:
            await process.stop()
            raise
        self._put({"ModelSetupTime": (time.perf_counter() - start) * 1e6}, "Microseconds")
        self._processes[worker] = process
        return worker

    async def _start_free(self) -> None:
        """Start one for a request that has not come yet. Raises JobFailed."""
        self._starting += 1
        try:
            worker = await self._start()
        finally:
            self._starting -= 1
        self._wait(worker)

    async def _cold(self) -> Worker:
        try:
            return await self._start()
        except JobFailed as error:
            self.counts["5xx"] += 1
            self.tally.add("5xx", None)
            raise RuntimeFailed(str(error), code="ModelError", status=424) from None

    async def _end(self, worker: Worker) -> None:
        if process := self._processes.pop(worker, None):
            await process.stop()

    def _drop(self, worker: Worker) -> None:
        """The worker's process has ended. One that waited for a request is replaced if it was provisioned."""
        waiting = [(since, free) for since, free in self._free if free is not worker]
        if len(waiting) < len(self._free):
            self._free = waiting
            self._world.spawn(self._replace(worker))

    def _take(self) -> Worker | None:
        while self._free:
            worker = self._free.pop()[1]
            if worker.alive:
                return worker
        return None

    def _give_back(self, worker: Worker) -> None:
        # A request that was given up is still worked on, and its process takes no other.
        if worker.alive and not worker.in_flight and not self._closed:
            self._wait(worker)
            return
        self._world.spawn(self._replace(worker))

    async def _replace(self, worker: Worker) -> None:
        """End a process that is of no use any more; start another if it was one of those provisioned."""
        worker.process.kill()
        await self._end(worker)
        if self.processes < self.provisioned and not self._closed:
            try:
                await self._start_free()
            except JobFailed as error:
                self._world.log.warning("endpoint %s: %s", self._endpoint.name, error)

    def _wait(self, worker: Worker) -> None:
        self._free.append((self._world.clock.time(), worker))
        self._watch()

    def _watch(self) -> None:
        """Have someone look when the process that has waited longest will have waited too long."""
        if not self._watched and self._free and self.processes > self.provisioned and not self._closed:
            self._watched = True
            self._world.clock.at(self._free[0][0] + IDLE_SECONDS, self._look, f"{self._endpoint.name}/{self.name} idle")

    async def _look(self) -> None:
        self._watched = False
        limit = self._world.clock.time() - IDLE_SECONDS
        while self._free and self._free[0][0] <= limit and self.processes > self.provisioned:
            await self._end(self._free.pop(0)[1])
        self._watch()

    # -- what is counted -------------------------------------------------------------------------------------------

    def _bill(self) -> None:
        """Let the meter run at the price of what is provisioned."""
        meter = self._world.meter
        count = 0 if self._closed else self.provisioned
        rate = provisioned_price_per_hour(self.config["MemorySizeInMB"], count)
        if self.line is not None and rate == self.line.rate:
            return
        if self.line is not None:
            meter.stop(self.line)
        name = f"{self._endpoint.name}/{self.name}"
        self.line = meter.start(name, "Endpoint", self._endpoint.arn, rate) if rate else None

    def _use(self, seconds: float, size: int) -> None:
        """Bill a request: its milliseconds, rounded up, and the bytes that came in."""
        self._count("serverless", math.ceil(seconds * 1000) / 1000 * self.config["MemorySizeInMB"] / 1024)
        self._count("data", size / GB)

    def _count(self, price: str, quantity: float, count: int = 1) -> None:
        endpoint = self._endpoint
        self._world.meter.use(f"{endpoint.name}/{self.name}", "Endpoint", endpoint.arn, price, quantity, count)

    def _measure(self) -> None:
        """The metrics of a request that has its place.

        Names: developer guide, "Alarms and logs for tracking metrics from serverless endpoints".
        """
        self._put({"ServerlessConcurrentExecutionsUtilization": self._taken / self.config["MaxConcurrency"]}, "None")
        if self.provisioned:
            within = self._taken <= self.provisioned
            self._put({"ServerlessProvisionedConcurrencyUtilization": self._taken / self.provisioned}, "None")
            self._put(
                {
                    "ServerlessProvisionedConcurrencyExecutions": min(self._taken, self.provisioned),
                    f"ServerlessProvisionedConcurrency{'' if within else 'Spillover'}Invocations": 1,
                },
                "Count",
            )

    def _put(self, values: dict[str, float], unit: str) -> None:
        dimensions = {"EndpointName": self._endpoint.name, "VariantName": self.name}
        self._world.metrics.put(NAMESPACE, dimensions, values, unit=unit)
