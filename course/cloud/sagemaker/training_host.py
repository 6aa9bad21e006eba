"""One host of a training job: its /opt/ml, its process, its log stream.

Hosts share nothing. On AWS they reach each other by name over the network; here each has a network of its own with the
cloud as its only neighbour, so a program that calls another host fails to connect.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from course.runtime.process import Process, Spec

from ..containers import command, layout
from ..logs import LogStream, MetricPoint
from ..storage import Storage
from ..store import Resource
from . import jobs
from . import training_input as inputs
from .jobs import Ground
from .training_checkpoints import Checkpoints
from .training_input import Channel
from .training_pipe import Pipe

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_SPARE_SECONDS = 3600  # that a role session outlives the longest run
Reader = Callable[["Host", AsyncIterator[bytes]], AsyncIterator[bytes]]


class Host:
    """`prepare`, `start`, then `wait` or `stop`, then `end`."""

    def __init__(self, world: Any, job: Resource, name: str, names: list[str], ground: Ground) -> None:
        self.name = name
        self._world, self._job, self._names, self._ground = world, job, names, ground
        config = job.fields.get("CheckpointConfig")
        self.checkpoints = Checkpoints(config, ground.folder, ground.storage) if config else None
        self.loads: list[asyncio.Task[None]] = []
        """What goes on beside the program; each ends only by its failure, or when its work is done."""
        self._channels: list[Channel] = []
        self._streams: list[inputs.Stream] = []
        self._pipes: list[Pipe] = []
        self._log: LogStream | None = None
        self._reading: asyncio.Task[None] | None = None
        self._process: Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, world: Any, job: Resource, name: str, names: list[str]) -> AsyncIterator["Host"]:
        """A host that is cleared away afterwards."""
        seconds = job.fields["StoppingCondition"]["MaxRuntimeInSeconds"] + _SPARE_SECONDS
        vpc = job.fields.get("VpcConfig")
        async with jobs.ground(world, job.fields["RoleArn"], job.name, seconds, vpc) as ground:
            yield cls(world, job, name, names, ground)

    @property
    def folder(self) -> Path:
        return self._ground.folder

    @property
    def storage(self) -> Storage:
        return self._ground.storage

    @property
    def is_first(self) -> bool:
        return self.name == self._names[0]

    @property
    def points(self) -> list[MetricPoint]:
        """The metrics found in its output."""
        return self._log.points if self._log else []

    @property
    def _place(self) -> tuple[int, int]:
        return self._names.index(self.name), len(self._names)

    async def prepare(self, channels: list[Channel]) -> None:
        """Fill /opt/ml: channels, configuration, checkpoints, the caller's code. Raises JobFailed."""
        fields = self._job.fields
        self._channels = channels
        await inputs.download(channels, self.folder, self.storage, *self._place)
        layout.prepare_training(
            self.folder,
            hyperparameters=fields["HyperParameters"],
            channels={channel.name: channel.entries for channel in channels},
            hosts=self._names,
            current_host=self.name,
            instance_type=fields["ResourceConfig"]["InstanceType"],
            checkpoints=fields.get("CheckpointConfig"),
        )
        if self.checkpoints:
            await self.checkpoints.restore()
        if uri := fields["HyperParameters"].get("sagemaker_submit_directory"):
            await jobs.fetch_code(jobs.plain(uri), self._ground, self.folder)

    async def start(self, entry: str, reader: Reader) -> None:
        """Start the program: the image's, or the command that the request names. Raises JobFailed."""
        world, job, algorithm = self._world, self._job, self._job.fields["AlgorithmSpecification"]
        self._streams = await inputs.open_streams(self._channels, self.folder, self.storage, *self._place)
        pipes = [channel for channel in self._channels if channel.mode == inputs.PIPE]
        self._pipes = [Pipe(channel, self.folder, self.storage, *self._place) for channel in pipes]
        metrics = [(m["Name"], m["Regex"]) for m in algorithm.get("MetricDefinitions", [])]
        stream = f"{job.name}/{self.name}-{int(world.clock.time())}"
        self._log = LogStream(world.base, world.clock, LOG_GROUP, stream, metrics, self._ground.session.access_key)
        await self._log.open()
        variables = {**job.fields.get("Environment", {}), "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
        isolated = job.fields["EnableNetworkIsolation"]
        if not isolated:
            variables = jobs.environment(world, self._ground.session, variables)
        if words := [*algorithm.get("ContainerEntrypoint", []), *algorithm.get("ContainerArguments", [])]:
            entry, variables = command.ENTRY, variables | command.variables(words)
        self._process = await jobs.start(
            world,
            Spec(
                entry=entry,
                opt_ml=self.folder,
                environment=variables,
                limits=jobs.limits(job.fields["ResourceConfig"]["InstanceType"]),
                cloud_port=None if isolated else world.port,
                hostname=self.name,
            ),
            self._ground.way,
        )
        self._reading = asyncio.ensure_future(self._log.follow(reader(self, self._process.lines())))
        self.loads += [asyncio.ensure_future(pipe.feed()) for pipe in self._pipes]
        if self._streams:
            self.loads.append(asyncio.ensure_future(inputs.stream(self._streams, self.storage)))
        if self.checkpoints:
            self.loads.append(asyncio.ensure_future(self.checkpoints.follow()))

    async def wait(self) -> int:
        """The program's exit code, negative for a signal."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` real seconds."""
        if self._process is not None:
            await jobs.stop(self._process, grace)

    async def save(self) -> None:
        """Copy what the program has left among its checkpoints. Raises JobFailed."""
        if self.checkpoints:
            await self.checkpoints.save()

    async def end(self) -> None:
        """Have nothing run any more, and every line in the log."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
        for load in self.loads:
            load.cancel()
        await asyncio.gather(*self.loads, return_exceptions=True)
        inputs.close_streams(self._streams)
        for pipe in self._pipes:
            pipe.close()
        if self._reading is not None:
            await self._reading
        if self._process is not None:
            self._process.close()
