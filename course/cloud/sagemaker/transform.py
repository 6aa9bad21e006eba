"""Batch transform: the operations. transform_run.py is the life of a job."""

from typing import Any

from ..errors import NotSupported, ValidationFailed
from ..operations import Call, operation
from ..store import Kind
from . import jobs
from .resources import JOB_STATUSES, MODEL, SERVICE, arn_of, create, enter, get
from .transform_path import OPERATORS, ROOT, check
from .transform_record import CSV, media_type
from .transform_run import MOST_PAYLOAD_MB, PAYLOAD_MB, Life

TRANSFORM_JOB = Kind("TransformJob", "transform-job", JOB_STATUSES)
enter(TRANSFORM_JOB)


def _model_arn(call: Call) -> dict[str, Any]:
    """sagemaker:ModelArn: the model that is run."""
    named = call.parameters.get("ModelName")
    return {"sagemaker:ModelArn": [call.world.store.arn(MODEL, named)]} if isinstance(named, str) else {}


@operation(
    SERVICE,
    "CreateTransformJob",
    resource=arn_of(TRANSFORM_JOB),
    context=_model_arn,
    uses=(
        "TransformJobName",
        "ModelName",
        "MaxConcurrentTransforms",
        "ModelClientConfig",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput",
        "TransformOutput",
        "DataCaptureConfig",
        "TransformResources",
        "DataProcessing",
        "Tags",
    ),
    no_effect=("ExperimentConfig", "TransformResources.VolumeKmsKeyId", "TransformResources.TransformAmiVersion"),
    refuses=(
        "TransformInput.DataSource.S3DataSource.S3DataType=AugmentedManifestFile",
        "TransformInput.DataSource.S3DataSource.S3DataType=Converse",
    ),
)
async def create_transform_job(call: Call) -> dict[str, Any]:
    """Take objects of S3 through a model, and write an object for each; input and output as the model's role."""
    p, world = call.parameters, call.world
    model = get(call, MODEL, p["ModelName"])
    resources, source = p["TransformResources"], p["TransformInput"]
    jobs.check_instances(resources["InstanceType"], resources["InstanceCount"], "transform job")
    for uri in (source["DataSource"]["S3DataSource"]["S3Uri"], p["TransformOutput"]["S3OutputPath"]):
        if not uri.startswith("s3://"):
            raise ValidationFailed(f"{uri} is not an S3 URI (s3://bucket/key).")
    source.setdefault("CompressionType", "None")
    source.setdefault("SplitType", "None")
    p["TransformOutput"].setdefault("AssembleWith", "None")
    _check_batches(p)
    _check_processing(p)
    jobs.check_role(world, model.fields["ExecutionRoleArn"])
    job = create(call, TRANSFORM_JOB, "InProgress")
    job.runtime = Life(world, job, model)
    world.spawn(job.runtime.live())
    return {"TransformJobArn": job.arn}


def _check_batches(p: dict[str, Any]) -> None:
    """Raise what AWS refuses of strategy, payload and concurrency."""
    payload = p.get("MaxPayloadInMB", PAYLOAD_MB)
    if payload == 0:
        raise NotSupported(
            "This cloud does not support MaxPayloadInMB=0 (HTTP chunked encoding) in CreateTransformJob yet."
        )
    if payload > MOST_PAYLOAD_MB:
        raise ValidationFailed(f"MaxPayloadInMB {payload} is invalid. It cannot be greater than {MOST_PAYLOAD_MB} MB.")
    if (product := p.get("MaxConcurrentTransforms", 0) * payload) > MOST_PAYLOAD_MB:
        raise ValidationFailed(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {product}. It cannot be greater than {MOST_PAYLOAD_MB} MB."
        )


def _check_processing(p: dict[str, Any]) -> None:
    """Raise for filters, a join or inference ids that the content types, SplitType and AssembleWith do not go with."""
    given, source, target = p.get("DataProcessing", {}), p["TransformInput"], p["TransformOutput"]
    join = given.get("JoinSource") == "Input"
    filters = {name: given.get(name) or ROOT for name in ("InputFilter", "OutputFilter")}
    stamped = p.get("DataCaptureConfig", {}).get("GenerateInferenceId", False)
    taken, answered = media_type(source.get("ContentType")), media_type(target.get("Accept"))
    reads = join or filters["InputFilter"].strip() != ROOT
    writes = join or stamped or filters["OutputFilter"].strip() != ROOT
    for wanted, member, kind in ((reads, "ContentType", taken), (writes, "Accept", answered)):
        if wanted and kind not in OPERATORS:
            raise ValidationFailed(
                f"DataProcessing and GenerateInferenceId need {member} to be one of {', '.join(OPERATORS)}, "
                f"but it is {repr(kind) if kind else 'not set'}."
            )
    if join and (taken == CSV) != (answered == CSV):
        raise ValidationFailed(f"JoinSource Input cannot join {answered} with {taken}: both are CSV, or both JSON.")
    if reads and taken == CSV and source["SplitType"] != "Line":
        raise ValidationFailed("DataProcessing of text/csv input needs SplitType Line.")
    if writes and answered == CSV and target["AssembleWith"] != "Line":
        raise ValidationFailed("DataProcessing of text/csv output needs AssembleWith Line.")
    for (member, path), kind in zip(filters.items(), (taken, answered), strict=True):
        if path.strip() != ROOT and (reason := check(member, path, kind)):
            raise ValidationFailed(reason)


@operation(SERVICE, "StopTransformJob", uses=("TransformJobName",), resource=arn_of(TRANSFORM_JOB))
async def stop_transform_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop. Objects that were done keep their output; the others have none."""
    job = get(call, TRANSFORM_JOB)
    if job.status == "InProgress":
        job.runtime.stop()
    elif job.status != "Stopping":
        raise ValidationFailed(f"The request was rejected because the transform job is in status {job.status}.")
    return {}
