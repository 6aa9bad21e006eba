"""Processing jobs: a command of the caller's, or an image's own program, between inputs from S3 and outputs to S3."""

import asyncio
import codecs
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from course.runtime.process import Process, Spec

from ..containers import layout
from ..errors import CloudError, ValidationFailed
from ..images import resolve
from ..logs import LogStream
from ..meter import price_per_hour
from ..operations import Call, operation
from ..storage import StorageError
from ..store import Kind, Resource
from . import jobs
from .jobs import Ground, JobFailed
from .output import Output, read
from .resources import JOB_STATUSES, SERVICE, arn_of, create, enter, get

PROCESSING_JOB = Kind("ProcessingJob", "processing-job", JOB_STATUSES)
enter(PROCESSING_JOB)

_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_DEFAULT_RUNTIME = 86_400  # seconds, AWS's default for MaxRuntimeInSeconds
_UPLOAD_SECONDS = 1.0  # real time between two looks at the outputs of S3UploadMode Continuous
_MESSAGE_BYTES = 1024
_ROOT = PurePosixPath("/opt/ml/processing")
_ENTRYPOINT = "course.cloud.containers.processing:main"


@operation(
    SERVICE,
    "CreateProcessingJob",
    resource=arn_of(PROCESSING_JOB),
    uses=(
        "ProcessingJobName",
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "ProcessingResources",
        "StoppingCondition",
        "AppSpecification",
        "Environment",
        "NetworkConfig",
        "RoleArn",
        "Tags",
    ),
    no_effect=(
        "ExperimentConfig",
        "NetworkConfig.VpcConfig.SecurityGroupIds",
        "NetworkConfig.EnableInterContainerTrafficEncryption",
    ),
    refuses=(
        "ProcessingInputs.AppManaged",
        "ProcessingInputs.DatasetDefinition",
        "ProcessingInputs.S3Input.S3InputMode=Pipe",
        "ProcessingOutputConfig.Outputs.AppManaged",
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput",
        "ProcessingResources.ClusterConfig.InstancePreferences",
    ),
)
async def create_processing_job(call: Call) -> dict[str, Any]:
    """Run a container's command, or an image's own program, in processes of their own, as the role."""
    p, world = call.parameters, call.world
    check_application(p["AppSpecification"])
    cluster = p["ProcessingResources"]["ClusterConfig"]
    if "InstanceType" not in cluster:
        raise ValidationFailed("You must specify an InstanceType in ProcessingResources.ClusterConfig.")
    jobs.check_instances(cluster["InstanceType"], cluster.setdefault("InstanceCount", 1), "processing job")
    p.setdefault("ProcessingInputs", [])
    p.setdefault("ProcessingOutputConfig", {"Outputs": []})
    _check_paths(p["ProcessingInputs"], p["ProcessingOutputConfig"]["Outputs"])
    jobs.check_role(world, p["RoleArn"])
    p.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", _DEFAULT_RUNTIME)
    job = create(call, PROCESSING_JOB, "InProgress")
    job.runtime = asyncio.Event()  # set when someone asks it to stop
    world.spawn(_process(world, job, job.runtime))
    return {"ProcessingJobArn": job.arn}


async def run(world: Any, name: str, request: dict[str, Any], harvest: Callable[["Instance"], None]) -> Resource:
    """A job that the cloud itself asks for, from its start to its end; the job, which has ended.

    request: as in CreateProcessingJob, checked, with nothing left to a default. harvest: looks at what lies in the
    folder of each instance that ran, before it goes.
    """
    job = world.store.add(PROCESSING_JOB, name, request, {}, "InProgress")
    job.runtime = asyncio.Event()
    await _process(world, job, job.runtime, harvest)
    return job


def check_application(application: dict[str, Any]) -> None:
    """Raise ValidationFailed unless there is something to run."""
    jobs.check_image(application["ImageUri"])
    if not application.get("ContainerEntrypoint") and not resolve(application["ImageUri"]).programs.process:
        raise ValidationFailed(
            f"You must specify a ContainerEntrypoint in AppSpecification: the image {application['ImageUri']} "
            "has no program of its own for processing jobs."
        )
    if application.get("ContainerArguments") and not application.get("ContainerEntrypoint"):
        raise ValidationFailed(
            f"The program of the image {application['ImageUri']} takes no ContainerArguments; they need a "
            "ContainerEntrypoint."
        )


def _check_paths(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    """Refuse what cannot be laid out below /opt/ml/processing; fill in the defaults of inputs."""
    taken: dict[str, str] = {}
    for kind, items in (("Input", inputs), ("Output", outputs)):
        names = [item[f"{kind}Name"] for item in items]
        if len(set(names)) != len(names):
            raise ValidationFailed(f"{kind}Name must be unique within the {kind.lower()}s of a processing job.")
        for name, item in zip(names, items, strict=True):
            place = item.get(f"S3{kind}")
            if not place:
                raise ValidationFailed(f"You must specify an S3{kind} for the processing {kind.lower()} {name}.")
            if not place["S3Uri"].startswith("s3://"):
                raise ValidationFailed(f"S3Uri {place['S3Uri']} of {name} is not an S3 URI (s3://bucket/key).")
            path = local_path(name, place)
            if path in taken:
                raise ValidationFailed(f"LocalPath {path} of {name} is that of {taken[path]} already.")
            taken[path] = name
    for item in inputs:
        source = item["S3Input"]
        for member, value in (
            ("S3InputMode", "File"),
            ("S3DataDistributionType", "FullyReplicated"),
            ("S3CompressionType", "None"),
        ):
            source.setdefault(member, value)
        if source["S3CompressionType"] == "Gzip":
            raise ValidationFailed("S3CompressionType Gzip can only be used when S3InputMode is Pipe.")


def local_path(name: str, place: dict[str, Any]) -> str:
    """Where an input or output lies in the container. Raises ValidationFailed unless that is below _ROOT."""
    path = PurePosixPath(place.get("LocalPath", ""))
    if _ROOT not in path.parents or ".." in path.parts:
        raise ValidationFailed(
            f"LocalPath {place.get('LocalPath', '')!r} of {name} must be an absolute path that begins with {_ROOT}/"
        )
    return str(path)


@operation(SERVICE, "StopProcessingJob", uses=("ProcessingJobName",), resource=arn_of(PROCESSING_JOB))
async def stop_processing_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop: SIGTERM, 120 seconds, SIGKILL. Only what was uploaded continuously is kept."""
    job = get(call, PROCESSING_JOB)
    if job.status == "InProgress":
        call.world.store.move(job, "Stopping")
        job.runtime.set()
    elif job.status != "Stopping":
        raise ValidationFailed(f"The request was rejected because the processing job is in status {job.status}.")
    return {}


@operation(SERVICE, "DeleteProcessingJob", uses=("ProcessingJobName",), resource=arn_of(PROCESSING_JOB))
async def delete_processing_job(call: Call) -> dict[str, Any]:
    """Forget a job that has ended; its name is free again."""
    job = get(call, PROCESSING_JOB)
    if job.status in ("InProgress", "Stopping"):
        raise ValidationFailed(
            f"Processing job {job.name} is in status {job.status}. Stop it first.", code="ResourceInUse"
        )
    call.world.store.remove(job)
    return {}


@dataclass(slots=True)
class Instance:
    """One of a job's instances: its host name, its ground (/opt/ml is the folder), its outputs by upload mode."""

    host: str
    ground: Ground
    at_end: list[Output] = field(default_factory=list)
    continuous: list[Output] = field(default_factory=list)

    async def upload(self, outputs: list[Output]) -> None:
        """Raises JobFailed."""
        try:
            for output in outputs:
                await output.upload(self.ground.storage)
        except StorageError as error:
            raise JobFailed(f"ClientError: Failed to upload data. {error}") from None


async def _process(
    world: Any, job: Resource, stopping: asyncio.Event, harvest: Callable[["Instance"], None] = lambda instance: None
) -> None:
    """The whole life of a job. Whatever happens, it ends Completed, Stopped or Failed."""
    line = None
    try:
        runtime = job.fields["StoppingCondition"]["MaxRuntimeInSeconds"]
        vpc = job.fields.get("NetworkConfig", {}).get("VpcConfig")
        async with jobs.ground(world, job.fields["RoleArn"], job.name, runtime + 3600, vpc) as here:
            world.store.touch(job, ProcessingStartTime=world.clock.now())
            cluster = job.fields["ProcessingResources"]["ClusterConfig"]
            rate = price_per_hour(cluster["InstanceType"], cluster["InstanceCount"])
            line = world.meter.start(job.name, "ProcessingJob", job.arn, rate)
            instances = await _prepare(job, here)
            try:
                completed = await _run(world, job, instances, stopping)
            finally:
                _take_message(world, job, instances)
                for instance in instances:
                    harvest(instance)
                    await instance.upload(instance.continuous)
            for instance in instances if completed else ():
                await instance.upload(instance.at_end)
        _finish(world, job, line, "Completed" if completed else "Stopped")
    except JobFailed as failure:
        _finish(world, job, line, "Failed", str(failure))
    except asyncio.CancelledError:
        raise
    except Exception:
        world.log.exception("processing job %s", job.name)
        _finish(world, job, line, "Failed", "InternalServerError: We encountered an internal error. Please try again.")


async def _prepare(job: Resource, here: Ground) -> list[Instance]:
    """The job's instances, with their inputs and configuration. Raises JobFailed."""
    description = _description(job)
    outputs = job.fields["ProcessingOutputConfig"]
    key = outputs.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    hosts = [f"algo-{n + 1}" for n in range(job.fields["ProcessingResources"]["ClusterConfig"]["InstanceCount"])]
    instances = []
    for number, host in enumerate(hosts):
        instance = Instance(host, Ground(here.folder / host, here.session, here.storage, here.way))
        place = layout.prepare_processing(instance.ground.folder, description, hosts, host)
        for item in job.fields["ProcessingInputs"]:
            source = item["S3Input"]
            sharded = source["S3DataDistributionType"] == "ShardedByS3Key"
            share = slice(number, None, len(hosts)) if sharded else slice(None)
            await _download(here, source, place.place(source["LocalPath"]), share)
        for item in outputs["Outputs"]:
            target = item["S3Output"]
            folder = PurePosixPath(target["LocalPath"]).relative_to(layout.BASE)
            output = Output(instance.ground.folder, folder, target["S3Uri"], encryption)
            (instance.continuous if target["S3UploadMode"] == "Continuous" else instance.at_end).append(output)
        instances.append(instance)
    return instances


def _description(job: Resource) -> dict[str, Any]:
    """processingjobconfig.json: the request, with null for what it left out. Source: developer guide, see layout.py."""
    fields = job.fields
    outputs, cluster = fields["ProcessingOutputConfig"], fields["ProcessingResources"]["ClusterConfig"]
    return {
        "ProcessingJobArn": job.arn,
        "ProcessingJobName": job.name,
        "AppSpecification": {"ContainerEntrypoint": None, "ContainerArguments": None, **fields["AppSpecification"]},
        "Environment": fields.get("Environment", {}),
        "ProcessingInputs": [
            {**item, "S3Input": {**item["S3Input"], "S3DownloadMode": "StartOfJob"}}
            for item in fields["ProcessingInputs"]
        ],
        "ProcessingOutputConfig": {"KmsKeyId": None, **outputs},
        "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": None, **cluster}},
        "RoleArn": fields["RoleArn"],
        "StoppingCondition": fields["StoppingCondition"],
    }


async def _download(here: Ground, source: dict[str, Any], folder: Any, share: slice) -> None:
    uri = source["S3Uri"]
    try:
        manifest = source["S3DataType"] == "ManifestFile"
        found = await (here.storage.manifest if manifest else here.storage.listing)(uri)
        for one in found[share]:
            await here.storage.fetch(one, folder)
    except StorageError as error:
        raise JobFailed(f"ClientError: Failed to download data. {error}") from None
    except CloudError as error:
        raise JobFailed(
            f"ClientError: Failed to download data. ListObjectsV2 failed for {uri}: {error.code}: {error.message}"
        ) from None
    if not found:
        raise JobFailed(
            f'ClientError: Failed to download data. No S3 objects found under S3 URL "{uri}" given in input data '
            "source."
        )


async def _run(world: Any, job: Resource, instances: list[Instance], stopping: asyncio.Event) -> bool:
    """Run all instances to their end: True if they completed, False if they were stopped. Raises JobFailed."""
    if stopping.is_set():
        return False
    async with contextlib.AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(_running(world, job, instance)) for instance in instances]
        ends = [asyncio.ensure_future(process.wait()) for process in processes]
        stop = asyncio.ensure_future(stopping.wait())
        stack.callback(stop.cancel)
        if await _wait(job, instances, ends, stop):
            failed = [end.done() and end.result() != 0 for end in ends]
            if any(failed):
                index = failed.index(True)
                raise JobFailed(_failure_reason(instances[index], ends[index].result()))
            return True
        await asyncio.gather(*(jobs.stop(process) for process in processes))
        return False


async def _wait(
    job: Resource, instances: list[Instance], ends: list[asyncio.Future[int]], stop: asyncio.Future[bool]
) -> bool:
    """Wait until every process has ended, or one has failed: True. False: it shall stop, or its time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + job.fields["StoppingCondition"]["MaxRuntimeInSeconds"]
    continuous = any(instance.continuous for instance in instances)
    while True:
        running = [end for end in ends if not end.done()]
        if not running or any(end.done() and end.result() != 0 for end in ends):
            return True
        left = deadline - loop.time()
        if stop.done() or left <= 0:
            return False
        patience = min(left, _UPLOAD_SECONDS) if continuous else left
        await asyncio.wait({*running, stop}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for instance in instances:
            await instance.upload(instance.continuous)


@contextlib.asynccontextmanager
async def _running(world: Any, job: Resource, instance: Instance) -> AsyncIterator[Process]:
    """The process of one instance and its log; afterwards both have ended."""
    stream = f"{job.name}/{instance.host}-{int(world.clock.time())}"
    log = LogStream(world.base, world.clock, _LOG_GROUP, stream, access_key=instance.ground.session.access_key)
    await log.open()
    application = job.fields["AppSpecification"]
    isolated = job.fields.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
    variables = job.fields.get("Environment", {})
    own, programs = bool(application.get("ContainerEntrypoint")), resolve(application["ImageUri"]).programs
    process = await jobs.start(
        world,
        Spec(
            entry=_ENTRYPOINT if own else programs.process,
            opt_ml=instance.ground.folder,
            environment=variables if isolated else jobs.environment(world, instance.ground.session, variables),
            limits=jobs.limits(job.fields["ProcessingResources"]["ClusterConfig"]["InstanceType"]),
            cloud_port=None if isolated else world.port,
        ),
        instance.ground.way,
        small=programs.small and not own,
    )
    reading = asyncio.ensure_future(log.follow(process.lines()))
    try:
        yield process
    finally:
        process.kill()
        await process.wait()
        await reading
        process.close()


def _failure_reason(instance: Instance, code: int) -> str:
    """FailureReason of an instance whose process ended with `code`: what it wrote into /opt/ml/output/failure."""
    text = (read(instance.ground.folder, PurePosixPath("output/failure"), 1024) or b"").decode("utf-8", "replace")
    if text.startswith(("AlgorithmError", "ClientError", "InternalServerError")):
        return text
    text = text.strip() or "See job logs for more information"
    return f"AlgorithmError: {text}, " + (f"exit code: {code}" if code >= 0 else f"killed by signal {-code}")


def _take_message(world: Any, job: Resource, instances: list[Instance]) -> None:
    """ExitMessage: what the containers wrote into /opt/ml/output/message. Raises JobFailed unless it is UTF-8."""
    text = ""
    for instance in instances:
        said = read(instance.ground.folder, PurePosixPath("output/message"), _MESSAGE_BYTES) or b""
        try:
            text += codecs.getincrementaldecoder("utf-8")().decode(said, final=len(said) < _MESSAGE_BYTES)
        except UnicodeDecodeError:
            raise JobFailed("ClientError: The exit message in /opt/ml/output/message is not UTF-8.") from None
    if text:
        world.store.touch(job, ExitMessage=text[:_MESSAGE_BYTES])


def _finish(world: Any, job: Resource, line: Any, end: str, reason: str = "") -> None:
    if line is not None:
        world.meter.stop(line)
    times: dict[str, Any] = {"ProcessingEndTime": world.clock.now()}
    if reason:
        times["FailureReason"] = reason[:1024]
    if end == "Completed" and job.status == "Stopping":
        end = "Stopped"
    if end == "Stopped" and job.status == "InProgress":
        world.store.move(job, "Stopping")
    job.runtime = None
    world.store.move(job, end, **times)
