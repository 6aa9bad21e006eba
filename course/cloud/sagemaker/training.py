"""Training jobs: a script, data and hyperparameters in; a model archive, logs and metrics out."""

import asyncio
import math
import os
import re
from pathlib import Path
from typing import Any

from ..containers import layout
from ..errors import CloudError, ValidationFailed
from ..images import resolve
from ..logs import LogStream
from ..meter import price_per_hour
from ..operations import Call, operation
from ..runtime.process import Process, Spec
from ..storage import StorageError, pack
from ..store import Resource
from . import jobs
from .jobs import Ground, JobFailed
from .resources import SERVICE, TRAINING_JOB, arn_of, create, get

_LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_DEFAULT_RUNTIME = 86_400  # seconds, AWS's default for MaxRuntimeInSeconds


class Run:
    """A job that is under way: its process, and whether someone asked it to stop."""

    def __init__(self) -> None:
        self.process: Process | None = None
        self.stopping = asyncio.Event()


@operation(
    SERVICE,
    "CreateTrainingJob",
    resource=arn_of(TRAINING_JOB),
    uses=(
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Tags",
        "EnableNetworkIsolation",
        "Environment",
    ),
    no_effect=(
        "VpcConfig",
        "EnableInterContainerTrafficEncryption",
        "DebugHookConfig",
        "ProfilerConfig",
        "ProfilerRuleConfigurations",
        "ExperimentConfig",
        "RetryStrategy",
        "RemoteDebugConfig",
    ),
    refuses=(
        "AlgorithmSpecification.AlgorithmName",
        "AlgorithmSpecification.ContainerEntrypoint",
        "AlgorithmSpecification.ContainerArguments",
        "InputDataConfig.InputMode=Pipe",
        "InputDataConfig.InputMode=FastFile",
        "AlgorithmSpecification.TrainingInputMode=Pipe",
        "AlgorithmSpecification.TrainingInputMode=FastFile",
        "InputDataConfig.DataSource.FileSystemDataSource",
        "InputDataConfig.DataSource.DatasetSource",
        "InputDataConfig.CompressionType=Gzip",
        "InputDataConfig.RecordWrapperType=RecordIO",
        "InputDataConfig.ShuffleConfig",
        "InputDataConfig.DataSource.S3DataSource.S3DataType=ManifestFile",
        "InputDataConfig.DataSource.S3DataSource.S3DataType=AugmentedManifestFile",
        "ResourceConfig.InstanceGroups",
        "OutputDataConfig.CompressionType=NONE",
    ),
)
async def create_training_job(call: Call) -> dict[str, Any]:
    """Train by running the caller's script in a process of its own, as its role."""
    p, world = call.parameters, call.world
    for member in ("AlgorithmSpecification", "ResourceConfig"):
        if member not in p:
            raise ValidationFailed(f"{member} is required for a training job with an image of its own.")
    image = p["AlgorithmSpecification"].get("TrainingImage")
    if not image:
        raise ValidationFailed("You must specify a TrainingImage in AlgorithmSpecification.")
    jobs.check_image(image)
    if p["ResourceConfig"].get("InstanceCount", 1) != 1:
        raise ValidationFailed("This cloud does not support an InstanceCount above 1 in CreateTrainingJob yet.")
    jobs.check_role(world, p["RoleArn"])
    for metric in p["AlgorithmSpecification"].get("MetricDefinitions", []):
        _check_regex(metric)
    await _check_inputs(call)
    p.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", _DEFAULT_RUNTIME)
    p.setdefault("HyperParameters", {})
    p.setdefault("EnableNetworkIsolation", False)
    p.setdefault("EnableInterContainerTrafficEncryption", False)
    job = create(call, TRAINING_JOB, "InProgress", EnableManagedSpotTraining=False, SecondaryStatusTransitions=[])
    job.runtime = Run()
    _phase(world, job, "Starting", "Starting the training job")
    world.spawn(_train(world, job))
    return {"TrainingJobArn": job.arn}


def _check_regex(metric: dict[str, str]) -> None:
    try:
        re.compile(metric["Regex"])
    except re.error as error:
        raise ValidationFailed(f"The Regex of metric {metric['Name']} is not valid: {error}") from None


async def _check_inputs(call: Call) -> None:
    """Refuse a channel whose prefix holds nothing, as AWS does when the job is created."""
    names = [channel["ChannelName"] for channel in call.parameters.get("InputDataConfig", [])]
    if len(set(names)) != len(names):
        raise ValidationFailed("Channel names must be unique within InputDataConfig.")
    async with jobs.ground(call.world, call.parameters["RoleArn"], "check", 900) as here:
        for channel in call.parameters.get("InputDataConfig", []):
            uri = _s3_uri(channel)
            try:
                found = await here.storage.keys(uri)
            except CloudError as error:
                if error.code not in ("AccessDenied", "NoSuchBucket"):
                    raise
                found = []
            except StorageError as error:
                raise ValidationFailed(str(error)) from None
            if not found:
                raise ValidationFailed(
                    f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
                    f"bucket exists in the selected region ({call.world.region}), that objects exist under that S3 "
                    f'prefix, and that the role "{call.parameters["RoleArn"]}" has "s3:ListBucket" permissions on '
                    "the bucket."
                )


def _s3_uri(channel: dict[str, Any]) -> str:
    source = channel["DataSource"].get("S3DataSource")
    if not source:
        raise ValidationFailed(f"The channel {channel['ChannelName']} needs an S3DataSource.")
    return source["S3Uri"]


@operation(SERVICE, "StopTrainingJob", uses=("TrainingJobName",), resource=arn_of(TRAINING_JOB))
async def stop_training_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop: SIGTERM, 120 seconds, SIGKILL. What it had saved is kept."""
    job = get(call, TRAINING_JOB)
    if job.status == "InProgress":
        call.world.store.move(job, "Stopping")
        _phase(call.world, job, "Stopping", "Stopping the training job")
        job.runtime.stopping.set()
    elif job.status != "Stopping":
        raise ValidationFailed(f"The request was rejected because the training job is in status {job.status}.")
    return {}


@operation(SERVICE, "DeleteTrainingJob", uses=("TrainingJobName",), resource=arn_of(TRAINING_JOB))
async def delete_training_job(call: Call) -> dict[str, Any]:
    """Forget a job that has ended."""
    job = get(call, TRAINING_JOB)
    if job.status in ("InProgress", "Stopping"):
        raise ValidationFailed(
            f"Training job {job.name} is in status {job.status}. Stop it first.", code="ResourceInUse"
        )
    call.world.store.remove(job)
    return {}


def _phase(world: Any, job: Resource, status: str, message: str) -> None:
    """Enter the next secondary status."""
    now, steps = world.clock.now(), job.fields["SecondaryStatusTransitions"]
    if steps:
        steps[-1]["EndTime"] = now
    steps.append({"Status": status, "StartTime": now, "StatusMessage": message})
    if status in ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded"):
        steps[-1]["EndTime"] = now
    world.store.touch(job, SecondaryStatus=status)


async def _train(world: Any, job: Resource) -> None:
    """The whole life of a job. Whatever happens, it ends Completed, Stopped or Failed."""
    line = None
    try:
        runtime = job.fields["StoppingCondition"]["MaxRuntimeInSeconds"]
        async with jobs.ground(world, job.fields["RoleArn"], job.name, runtime + 3600) as here:
            _phase(world, job, "Downloading", "Downloading input data")
            world.store.touch(job, TrainingStartTime=world.clock.now())
            resources = job.fields["ResourceConfig"]
            line = world.meter.start(
                job.name,
                "TrainingJob",
                job.arn,
                price_per_hour(resources.get("InstanceType", ""), resources.get("InstanceCount", 1)),
            )
            await _prepare(world, job, here)
            _phase(world, job, "Training", "Training image download completed. Training in progress.")
            end = await _run(world, job, here)
            if job.status == "InProgress" and end == "Completed":
                _phase(world, job, "Uploading", "Uploading generated training model")
            await _upload(job, here)
        _finish(world, job, line, end)
    except JobFailed as failure:
        _finish(world, job, line, "Failed", str(failure))
    except asyncio.CancelledError:
        raise
    except Exception:
        world.log.exception("training job %s", job.name)
        _finish(world, job, line, "Failed", "InternalServerError: We encountered an internal error. Please try again.")


async def _prepare(world: Any, job: Resource, here: Ground) -> None:
    """Fill /opt/ml: channels, configuration, the caller's code."""
    channels = {}
    for channel in job.fields.get("InputDataConfig", []):
        name, uri = channel["ChannelName"], _s3_uri(channel)
        folder = here.folder / "input" / "data" / name
        folder.mkdir(parents=True)
        try:
            await here.storage.download(uri, folder)
        except (StorageError, CloudError) as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from None
        source = channel["DataSource"]["S3DataSource"]
        channels[name] = {
            "TrainingInputMode": "File",
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        }
        if channel.get("ContentType"):
            channels[name]["ContentType"] = channel["ContentType"]
    hyperparameters = job.fields["HyperParameters"]
    layout.prepare_training(
        here.folder,
        hyperparameters=hyperparameters,
        channels=channels,
        hosts=["algo-1"],
        current_host="algo-1",
        instance_type=job.fields["ResourceConfig"].get("InstanceType", ""),
    )
    if uri := hyperparameters.get("sagemaker_submit_directory"):
        await jobs.fetch_code(jobs.plain(uri), here, here.folder)


async def _run(world: Any, job: Resource, here: Ground) -> str:
    """Run the process to its end: Completed, Stopped or MaxRuntimeExceeded. Raises JobFailed."""
    run: Run = job.runtime
    if run.stopping.is_set():
        return "Stopped"
    algorithm = job.fields["AlgorithmSpecification"]
    metrics = [(m["Name"], m["Regex"]) for m in algorithm.get("MetricDefinitions", [])]
    stream = f"{job.name}/algo-1-{int(world.clock.time())}"
    log = LogStream(world.base, world.clock, _LOG_GROUP, stream, metrics, here.session.access_key)
    await log.open()
    variables = {**job.fields.get("Environment", {}), "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
    isolated = job.fields["EnableNetworkIsolation"]
    process = run.process = await jobs.start(
        world,
        Spec(
            entry=resolve(algorithm["TrainingImage"]).programs.train,
            opt_ml=here.folder,
            environment=jobs.environment(world, here.session, variables) if not isolated else variables,
            limits=jobs.limits(job.fields["ResourceConfig"].get("InstanceType", "")),
            cloud_port=None if isolated else world.port,
        ),
    )
    reading = asyncio.ensure_future(log.follow(process.lines()))
    ended = asyncio.ensure_future(process.wait())
    stop = asyncio.ensure_future(run.stopping.wait())
    try:
        await asyncio.wait(
            {ended, stop},
            timeout=job.fields["StoppingCondition"]["MaxRuntimeInSeconds"],
            return_when=asyncio.FIRST_COMPLETED,
        )
        if ended.done():
            code, end = ended.result(), "Completed"
        else:
            end = "Stopped" if stop.done() else "MaxRuntimeExceeded"
            code = await jobs.stop(process)
    finally:
        process.kill()
        stop.cancel()
    await reading
    await process.wait()
    process.close()
    _record_metrics(world, job, log)
    if end == "Completed" and code != 0:
        raise JobFailed(failure_reason(here.folder, code))
    return end


def failure_reason(folder: Path, code: int) -> str:
    """FailureReason of a process that ended with `code`: the first 1,024 characters of /opt/ml/output/failure."""
    try:
        descriptor = os.open(folder / "output" / "failure", os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            text = file.read(8192).decode("utf-8", "replace").strip()[:1024]
    except OSError:
        text = ""
    if not text:
        text = f"Please check the logs. exit code: {code}" if code >= 0 else f"The process was killed by signal {-code}"
    return text if text.startswith(("AlgorithmError", "ClientError")) else f"AlgorithmError: {text}, exit code: {code}"


def _record_metrics(world: Any, job: Resource, log: LogStream) -> None:
    last = {point.name: point for point in log.points}
    world.store.touch(
        job, FinalMetricDataList=[{"MetricName": p.name, "Value": p.value, "Timestamp": p.at} for p in last.values()]
    )
    world.spawn(world.put_metrics("/aws/sagemaker/TrainingJobs", log.points, {"Host": f"{job.name}/algo-1"}))


async def _upload(job: Resource, here: Ground) -> None:
    """model.tar.gz and, if the script wrote any, output.tar.gz, with the role's permissions."""
    target = f"{job.fields['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"
    key = job.fields["OutputDataConfig"].get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    try:
        for folder, name in ((here.folder / "model", "model"), (here.folder / "output" / "data", "output")):
            if folder.is_dir() and any(folder.iterdir()):
                archive = await asyncio.to_thread(pack, folder)
                await here.storage.write(f"{target}/{name}.tar.gz", archive, **encryption)
                if name == "model":
                    job.fields["ModelArtifacts"] = {"S3ModelArtifacts": f"{target}/model.tar.gz"}
    except StorageError as error:
        raise JobFailed(f"ClientError: Data upload failed:{error}") from None


def _finish(world: Any, job: Resource, line: Any, end: str, reason: str = "") -> None:
    now = world.clock.now()
    start = job.fields.get("TrainingStartTime")
    times: dict[str, Any] = {"TrainingEndTime": now}
    if line is not None:
        world.meter.stop(line)
        seconds = max(1, math.ceil((now - start).total_seconds()))
        times |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    if reason:
        times["FailureReason"] = reason[:1024]
    message = {
        "Completed": "Training job completed",
        "Failed": reason,
        "Stopped": "Training job stopped",
        "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds",
    }[end]
    _phase(world, job, end, message)
    job.runtime = None
    status = "Stopped" if end == "MaxRuntimeExceeded" else end
    if status == "Completed" and job.status == "Stopping":
        status = "Stopped"
    if status == "Stopped" and job.status == "InProgress":
        world.store.move(job, "Stopping")
    world.store.move(job, status, **times)
