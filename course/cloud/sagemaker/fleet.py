"""The processes behind an endpoint: one worker for each instance of each variant."""

import asyncio
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..containers import layout
from ..images import resolve
from ..logs import LogStream
from ..meter import Line
from ..runtime.process import Process, Spec
from ..runtime.worker import Worker, WorkerDied
from ..storage import StorageError, unpack
from ..store import Resource
from . import jobs
from .jobs import Ground, JobFailed

_STARTUP_SECONDS = 240.0  # healthy within four minutes, unless the variant says otherwise
_STOP_SECONDS = 30.0  # between SIGTERM and SIGKILL
_SESSION_SECONDS = 366 * 86_400


class Variant:
    """A variant at work: its share, its workers, its counts."""

    def __init__(self, settings: dict[str, Any]):
        self.name: str = settings["VariantName"]
        self.settings = settings
        self.weight: float = settings["InitialVariantWeight"]
        self.workers: list[Worker] = []
        self.ready = asyncio.Event()
        self.counts = {"ok": 0, "4xx": 0, "5xx": 0}
        self._turn = itertools.count()

    def worker(self) -> Worker | None:
        """The next healthy worker, in turn."""
        return self.workers[next(self._turn) % len(self.workers)] if self.workers else None


class Fleet:
    """All variants of one endpoint, and the role sessions and files that they stand on."""

    def __init__(self, world: Any, endpoint: Resource, variants: list[tuple[dict[str, Any], Resource]]):
        self._world, self._endpoint = world, endpoint
        self.variants = {settings["VariantName"]: Variant(settings) for settings, _ in variants}
        self._models = {settings["VariantName"]: model for settings, model in variants}
        self.lines: list[Line] = []  # the meter's, one for each variant
        self._grounds: list[Any] = []
        self._processes: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def counts(self) -> dict[str, dict[str, int]]:
        """Answered requests by variant and outcome."""
        return {variant.name: dict(variant.counts) for variant in self.variants.values()}

    async def start(self) -> None:
        """Start every instance and wait until each answers /ping. Raises JobFailed."""
        await asyncio.gather(*(self._start_variant(variant) for variant in self.variants.values()))

    async def _start_variant(self, variant: Variant) -> None:
        model = self._models[variant.name]
        role, vpc = model.fields["ExecutionRoleArn"], model.fields.get("VpcConfig")
        context = jobs.ground(self._world, role, self._endpoint.name, _SESSION_SECONDS, vpc)
        here = await context.__aenter__()
        self._grounds.append(context)
        await self._fetch(model, here)
        await asyncio.gather(
            *(self._start_worker(variant, model, here) for _ in range(variant.settings["InitialInstanceCount"]))
        )

    async def _fetch(self, model: Resource, here: Ground) -> None:
        container = model.fields["PrimaryContainer"]
        (here.folder / "model").mkdir()
        if uri := container.get("ModelDataUrl"):
            try:
                archive = await here.storage.read(uri)
                await asyncio.to_thread(unpack, archive, here.folder / "model", uri)
            except StorageError as error:
                raise JobFailed(
                    f'Failed to download model data for container "primary" from URL: "{uri}". {error}'
                ) from None
        code = jobs.plain(container["Environment"].get("SAGEMAKER_SUBMIT_DIRECTORY", ""))
        if code.startswith("s3://"):
            await jobs.fetch_code(code, here, here.folder)

    async def _start_worker(self, variant: Variant, model: Resource, here: Ground) -> None:
        world, container = self._world, model.fields["PrimaryContainer"]
        folder = Path(tempfile.mkdtemp(prefix="instance-", dir=here.folder.parent))
        await asyncio.to_thread(_copy, here.folder, folder)
        layout.prepare_serving(folder)
        isolated = model.fields["EnableNetworkIsolation"]
        variables = dict(container["Environment"])
        if variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "").startswith("s3://"):
            variables["SAGEMAKER_SUBMIT_DIRECTORY"] = "/opt/ml/code"
        stream = f"{variant.name}/i-{world.random.getrandbits(68):017x}"
        group = f"/aws/sagemaker/Endpoints/{self._endpoint.name}"
        log = LogStream(world.base, world.clock, group, stream, access_key=here.session.access_key)
        await log.open()
        process = await jobs.start(
            world,
            Spec(
                entry=resolve(container["Image"]).programs.serve,
                opt_ml=folder,
                environment=jobs.environment(world, here.session, variables) if not isolated else variables,
                limits=jobs.limits(variant.settings["InstanceType"]),
                cloud_port=None if isolated else world.port,
                read_only=("model",),
            ),
            here.way,
        )
        self._processes.add(process)
        self._follow(variant, model, here, process, log, folder)
        worker = Worker(process)
        limit = variant.settings.get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_SECONDS)
        try:
            healthy = await worker.ping(limit)
        except WorkerDied:
            healthy = False
        if not healthy:
            process.kill()
            raise JobFailed(
                f"The primary container for production variant {variant.name} did not pass the ping health "
                "check. Please check CloudWatch logs for this endpoint."
            )
        variant.workers.append(worker)
        worker.log_stream = stream

    def _follow(
        self, variant: Variant, model: Resource, here: Ground, process: Process, log: LogStream, folder: Path
    ) -> None:
        """Keep the instance's log; when its process ends by itself, put another in its place."""

        async def follow() -> None:
            await log.follow(process.lines())
            await process.wait()
            process.close()
            self._processes.discard(process)
            served = [worker for worker in variant.workers if worker.process is process]
            for worker in served:
                variant.workers.remove(worker)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            if served and not self._closing:
                try:
                    await self._start_worker(variant, model, here)
                except JobFailed:
                    self._world.log.warning(
                        "endpoint %s: variant %s lost an instance", self._endpoint.name, variant.name
                    )

        task = asyncio.ensure_future(follow())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop every process and clear away what they stood on."""
        self._closing = True
        await asyncio.gather(*(jobs.stop(process, _STOP_SECONDS) for process in list(self._processes)))
        await asyncio.gather(*list(self._tasks), return_exceptions=True)
        for context in self._grounds:
            await context.__aexit__(None, None, None)
        self._grounds.clear()


def _copy(source: Path, target: Path) -> None:
    """An instance's own /opt/ml: what one instance writes, another does not see."""
    for name in ("model", "code"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
