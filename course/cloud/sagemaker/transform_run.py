"""The life of a transform job: its instances, the settings that their containers ask for, and how it ends.

The role is the model's, for the model, the input and the output (API reference: S3Uri of TransformS3DataSource and
KmsKeyId of TransformOutput); so is the VPC. Objects are divided among the instances by key, each to one of them. An
object with a bad record has no output and fails the job, and the others keep theirs (developer guide, "Troubleshooting"
of batch transform).
"""

import asyncio
import contextlib
import json
import random
from typing import Any

from course.cloud.worker import WorkerDied

from ..errors import CloudError
from ..meter import price_per_hour
from ..storage import Object, StorageError
from ..store import Resource
from . import jobs, serving_container, transform_capture
from .jobs import Ground, JobFailed
from .transform_host import Host, Task, all_of
from .transform_path import InvalidPath
from .transform_payload import Batching
from .transform_record import Processing, stamp_of

PAYLOAD_MB, MOST_PAYLOAD_MB = 6, 100  # the default, and the most; of all concurrent requests together, too
_SETTINGS = ("MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy")
_DEFAULTS = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": PAYLOAD_MB, "BatchStrategy": "MULTI_RECORD"}
_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}  # as requests and containers say it
_SESSION_SECONDS = 6 * 86_400  # AWS ends a transform job after five days
_PARAMETERS_SECONDS = 60.0  # for /execution-parameters


class Life:
    """A job that is under way. `live` carries it to its end: Completed, Stopped or Failed, whatever happens."""

    def __init__(self, world: Any, job: Resource, model: Resource):
        self._world, self._job, self._model = world, job, model
        self._stopping = asyncio.Event()
        self._line: Any = None

    def stop(self) -> None:
        """StopTransformJob."""
        self._world.store.move(self._job, "Stopping")
        self._stopping.set()

    async def live(self) -> None:
        try:
            await self._until_the_end()
        except JobFailed as failure:
            self._finish("Failed", str(failure))
        except asyncio.CancelledError:
            raise
        except Exception:
            self._world.log.exception("transform job %s", self._job.name)
            self._finish("Failed", "InternalServerError: We encountered an internal error. Please try again.")
        else:
            self._finish("Stopped" if self._stopping.is_set() else "Completed")

    async def _until_the_end(self) -> None:
        """Work until all is done or someone stops it. Raises JobFailed."""
        work = asyncio.ensure_future(self._work())
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)  # its processes end; what was not done leaves nothing

    async def _work(self) -> None:
        job, model, world = self._job, self._model, self._world
        role, vpc = model.fields["ExecutionRoleArn"], model.fields.get("VpcConfig")
        async with jobs.ground(world, role, job.name, _SESSION_SECONDS, vpc) as here:
            objects = await self._objects(here)
            resources = job.fields["TransformResources"]
            kind, count = resources["InstanceType"], resources["InstanceCount"]
            world.store.touch(job, TransformStartTime=world.clock.now())
            self._line = world.meter.start(job.name, "TransformJob", job.arn, price_per_hour(kind, count))
            await serving_container.fetch(model, here)
            async with contextlib.AsyncExitStack() as stack:
                hosts = await all_of(
                    stack.enter_async_context(Host.opened(world, job, model, here, self._variables()))
                    for _ in range(count)
                )
                task = await self._task(hosts)
                time = job.fields["TransformStartTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
                work = [(found, stamp_of(random.Random(world.random.getrandbits(64)), time)) for found in objects]
                await all_of(host.transform(work[n::count], task) for n, host in enumerate(hosts))
            failures = [failure for host in hosts for failure in host.failures]
            if failures:
                raise JobFailed(failures[0])
            await transform_capture.write(job, here.storage, objects, world.random)

    async def _objects(self, here: Ground) -> list[Object]:
        source = self._job.fields["TransformInput"]["DataSource"]["S3DataSource"]
        uri, manifest = source["S3Uri"], source["S3DataType"] == "ManifestFile"
        try:
            found = await (here.storage.manifest if manifest else here.storage.listing)(uri)
        except (StorageError, CloudError) as error:
            said = str(error) if isinstance(error, StorageError) else f"{error.code}: {error.message} ({uri})"
            raise JobFailed(f"ClientError: Failed to list the input data. {said}") from None
        if not found:
            raise JobFailed(
                f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
                "the bucket exists in the selected region, that objects exist under that S3 prefix, and that the "
                "model's role has s3:ListBucket permissions."
            )
        return found

    def _variables(self) -> dict[str, str]:
        """The container's, beside the model's. Source: developer guide, "Use Your Own Inference Code with Batch
        Transform"."""
        fields = self._job.fields
        variables = {**fields.get("Environment", {}), "SAGEMAKER_BATCH": "true"}
        if payload := fields.get("MaxPayloadInMB"):
            variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(payload)
        if strategy := fields.get("BatchStrategy"):
            variables["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[strategy]
        if concurrency := fields.get("MaxConcurrentTransforms"):
            variables["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(concurrency)
        return variables

    async def _task(self, hosts: list[Host]) -> Task:
        """The settings: the request's, else the container's own, else the defaults. Raises JobFailed."""
        fields = self._job.fields
        source, target = fields["TransformInput"], fields["TransformOutput"]
        patience = fields.get("ModelClientConfig", {})
        given = {name: fields[name] for name in _SETTINGS if fields.get(name)}
        if "BatchStrategy" in given:
            given["BatchStrategy"] = _STRATEGIES[given["BatchStrategy"]]
        settings = _DEFAULTS | await _execution_parameters(hosts[0]) | given
        for host in hosts:
            host.say(", ".join(f"{name}={settings[name]}" for name in _SETTINGS))
        key, single = target.get("KmsKeyId"), settings["BatchStrategy"] == "SINGLE_RECORD"
        payload = settings["MaxPayloadInMB"]
        try:
            processing = Processing.of(fields)
        except InvalidPath as error:
            for host in hosts:
                host.say(str(error))
            raise JobFailed("ClientError: See job logs for more information") from None
        return Task(
            batching=Batching(source["SplitType"], single, payload << 20),
            processing=processing,
            concurrency=max(1, min(settings["MaxConcurrentTransforms"], MOST_PAYLOAD_MB // payload)),
            timeout=patience.get("InvocationsTimeoutInSeconds", 600),
            retries=patience.get("InvocationsMaxRetries", 3),
            content_type=source.get("ContentType"),
            accept=target.get("Accept"),
            is_gzip=source["CompressionType"] == "Gzip",
            by_line=target["AssembleWith"] == "Line",
            output=target["S3OutputPath"],
            encryption={"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {},
        )

    def _finish(self, end: str, reason: str = "") -> None:
        world, job = self._world, self._job
        if self._line is not None:
            world.meter.stop(self._line)
        fields: dict[str, Any] = {"TransformEndTime": world.clock.now()}
        if reason:
            fields["FailureReason"] = reason[:1024]
        job.runtime = None
        world.store.move(job, end, **fields)


async def _execution_parameters(host: Host) -> dict[str, Any]:
    """What the container wants, where it is fit; a container need not answer. Raises JobFailed."""
    try:
        async with asyncio.timeout(_PARAMETERS_SECONDS):
            status, _, body = await host.worker.request("GET", "/execution-parameters")
        answer = json.loads(body) if status == 200 else {}
    except (TimeoutError, ValueError, RecursionError):
        return {}
    except WorkerDied:
        raise JobFailed("AlgorithmError: See job logs for more information") from None
    if not isinstance(answer, dict):
        return {}
    numbers = {name: answer.get(name) for name in _SETTINGS[:2]}
    wanted: dict[str, Any] = {
        name: number
        for name, number in numbers.items()
        if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST_PAYLOAD_MB
    }
    if answer.get("BatchStrategy") in _STRATEGIES.values():
        wanted["BatchStrategy"] = answer["BatchStrategy"]
    return wanted
