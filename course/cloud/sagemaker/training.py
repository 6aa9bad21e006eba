"""Training jobs: data, a program and hyperparameters in; a model archive, logs and metrics out."""

import re
from typing import Any

from ..errors import CloudError, ValidationFailed
from ..operations import Call, operation
from ..storage import StorageError
from . import jobs, training_checkpoints
from .resources import SERVICE, TRAINING_JOB, arn_of, create, get
from .training_input import Channel
from .training_run import Life

_DEFAULT_RUNTIME = 86_400  # seconds, AWS's default for MaxRuntimeInSeconds
_SOURCE = "InputDataConfig.DataSource"


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
        "EnableManagedSpotTraining",
        "CheckpointConfig",
        "Environment",
        "VpcConfig",
    ),
    no_effect=(
        "VpcConfig.SecurityGroupIds",
        "EnableInterContainerTrafficEncryption",
        "DebugHookConfig",
        "ProfilerConfig",
        "ProfilerRuleConfigurations",
        "ExperimentConfig",
        "RetryStrategy",
        "RemoteDebugConfig",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        "ResourceConfig.VolumeSizeInGB",
        "ResourceConfig.VolumeKmsKeyId",
    ),
    refuses=(
        "AlgorithmSpecification.AlgorithmName",
        "AlgorithmSpecification.TrainingImageConfig",
        "InputDataConfig.RecordWrapperType=RecordIO",
        f"{_SOURCE}.FileSystemDataSource",
        f"{_SOURCE}.DatasetSource",
        f"{_SOURCE}.S3DataSource.S3DataType=AugmentedManifestFile",
        f"{_SOURCE}.S3DataSource.S3DataType=Converse",
        f"{_SOURCE}.S3DataSource.AttributeNames",
        f"{_SOURCE}.S3DataSource.InstanceGroupNames",
        f"{_SOURCE}.S3DataSource.ModelAccessConfig",
        f"{_SOURCE}.S3DataSource.HubAccessConfig",
        "ResourceConfig.InstanceGroups",
        "ResourceConfig.InstancePlacementConfig",
        "ResourceConfig.InstancePreferences",
        "ResourceConfig.KeepAlivePeriodInSeconds",
        "ResourceConfig.TrainingPlanArn",
        "StoppingCondition.MaxPendingTimeInSeconds",
    ),
)
async def create_training_job(call: Call) -> dict[str, Any]:
    """Train by running the program of an image, or the caller's, in a process for each instance, as the job's role."""
    p, world = call.parameters, call.world
    _check_algorithm(p)
    _check_instances(p)
    jobs.check_role(world, p["RoleArn"])
    p.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", _DEFAULT_RUNTIME)
    for switch in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        p.setdefault(switch, False)
    _check_spot(p)
    if "CheckpointConfig" in p:
        training_checkpoints.below_base(p["CheckpointConfig"].setdefault("LocalPath", training_checkpoints.LOCAL_PATH))
    await _check_inputs(call)
    p.setdefault("HyperParameters", {})
    job = create(call, TRAINING_JOB, "InProgress", SecondaryStatusTransitions=[])
    job.runtime = Life(world, job)
    world.spawn(job.runtime.live())
    return {"TrainingJobArn": job.arn}


def _check_algorithm(p: dict[str, Any]) -> None:
    for member in ("AlgorithmSpecification", "ResourceConfig"):
        if member not in p:
            raise ValidationFailed(f"{member} is required for a training job with an image of its own.")
    algorithm = p["AlgorithmSpecification"]
    if not algorithm.get("TrainingImage"):
        raise ValidationFailed("You must specify a TrainingImage in AlgorithmSpecification.")
    jobs.check_image(algorithm["TrainingImage"])
    if "ContainerArguments" in algorithm and "ContainerEntrypoint" not in algorithm:
        raise ValidationFailed("This cloud does not support ContainerArguments without a ContainerEntrypoint yet.")
    for metric in algorithm.get("MetricDefinitions", []):
        try:
            re.compile(metric["Regex"])
        except re.error as error:
            raise ValidationFailed(f"The Regex of metric {metric['Name']} is not valid: {error}") from None


def _check_instances(p: dict[str, Any]) -> None:
    resources = p["ResourceConfig"]
    if "InstanceType" not in resources:
        raise ValidationFailed("ResourceConfig needs an InstanceType and an InstanceCount.")
    if resources.setdefault("InstanceCount", 1) < 1:
        raise ValidationFailed("ResourceConfig.InstanceCount must be at least 1.")
    jobs.check_instances(resources["InstanceType"], resources["InstanceCount"], "training job")


def _check_spot(p: dict[str, Any]) -> None:
    condition = p["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds")
    if p["EnableManagedSpotTraining"]:
        if wait is None or wait < condition["MaxRuntimeInSeconds"]:
            raise ValidationFailed(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
    elif wait is not None:
        raise ValidationFailed(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        )


async def _check_inputs(call: Call) -> None:
    """Refuse a channel whose prefix holds nothing, as AWS does when the job is created."""
    p = call.parameters
    channels = [
        Channel.of(settings, p["AlgorithmSpecification"]["TrainingInputMode"])
        for settings in p.get("InputDataConfig", [])
    ]
    if len({channel.name for channel in channels}) != len(channels):
        raise ValidationFailed("Channel names must be unique within InputDataConfig.")
    async with jobs.ground(call.world, p["RoleArn"], "check", 900, p.get("VpcConfig")) as here:
        for channel in channels:
            try:
                found = await here.storage.listing(channel.uri)
            except CloudError as error:
                if error.code not in ("AccessDenied", "NoSuchBucket"):
                    raise
                found = []
            except StorageError as error:
                raise ValidationFailed(str(error)) from None
            if not found:
                raise ValidationFailed(
                    f'No S3 objects found under S3 URL "{channel.uri}" given in input data source. Please ensure that '
                    f"the bucket exists in the selected region ({call.world.region}), that objects exist under that S3 "
                    f'prefix, and that the role "{p["RoleArn"]}" has "s3:ListBucket" permissions on the bucket.'
                )


@operation(SERVICE, "StopTrainingJob", uses=("TrainingJobName",), resource=arn_of(TRAINING_JOB))
async def stop_training_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop: SIGTERM, 120 seconds, SIGKILL. What it had saved is kept."""
    job = get(call, TRAINING_JOB)
    if job.status == "InProgress":
        job.runtime.stop()
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
