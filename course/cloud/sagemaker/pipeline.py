"""Pipelines: definitions with a role, in versions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import NotFound, ValidationFailed
from ..operations import Call, operation
from ..pipelines.definition import Definition
from ..pipelines.execution import EXECUTION, STEP
from ..pipelines.fault import DefinitionFault
from ..pipelines.rules import check
from ..storage import StorageError
from ..store import Kind, Resource, page
from . import jobs
from .resources import SERVICE, listing, tags_of, user

PIPELINE = Kind("Pipeline", "pipeline", {"Active": ("Deleting",)})
_LONGEST = 1_048_576  # characters of a definition


@dataclass(slots=True)
class Version:
    """One definition of a pipeline. `text` is as given, `definition` as read."""

    id: int
    text: str
    definition: Definition
    role: str
    created: datetime
    display: str = ""
    description: str = ""
    last_execution: str = ""


@dataclass(slots=True)
class Pipeline:
    """What a pipeline's resource carries: its versions, and the answers to tokens of requests already seen."""

    versions: list[Version] = field(default_factory=list)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)  # (operation, ClientRequestToken) → ARN

    def version(self, number: int | None) -> Version:
        """The version of that number, None for the newest. Raises NotFound."""
        if number is None:
            return self.versions[-1]
        if not 1 <= number <= len(self.versions):
            raise NotFound(f"The pipeline has no version {number}. Its newest is {len(self.versions)}.")
        return self.versions[number - 1]


def pipeline_arn(call: Call) -> str:
    """The pipeline that IAM is asked about."""
    given = call.parameters.get("PipelineName") or call.parameters.get("PipelineArn") or ""
    return call.world.store.arn(PIPELINE, str(given))


def find(call: Call) -> Resource:
    """The pipeline that the call names, by name or ARN. Raises NotFound."""
    found = call.world.store.by_arn(pipeline_arn(call))
    if found is None or found.kind is not PIPELINE:
        raise NotFound(f"Pipeline '{pipeline_arn(call)}' does not exist.")
    return found


def token_of(call: Call) -> tuple[str, str]:
    """What makes two requests the same one."""
    return call.operation, call.parameters["ClientRequestToken"]


@operation(
    SERVICE,
    "CreatePipeline",
    resource=pipeline_arn,
    uses=(
        "PipelineName",
        "PipelineDisplayName",
        "PipelineDefinition",
        "PipelineDefinitionS3Location",
        "PipelineDescription",
        "ClientRequestToken",
        "RoleArn",
        "Tags",
        "ParallelismConfiguration",
    ),
)
async def create_pipeline(call: Call) -> dict[str, Any]:
    """Store a definition whose every step could run: types, references and arguments are checked."""
    p, world = call.parameters, call.world
    existing = world.store.find(PIPELINE, p["PipelineName"])
    if existing and token_of(call) in existing.runtime.tokens:
        return {"PipelineArn": existing.arn}
    if existing:
        raise ValidationFailed(
            "Pipeline names must be unique within an AWS account and region. Pipeline with name "
            f"({p['PipelineName']}) already exists."
        )
    jobs.check_role(world, p["RoleArn"])
    text = await _text(call, p["RoleArn"])
    if text is None:
        raise ValidationFailed("Either PipelineDefinition or PipelineDefinitionS3Location must be specified.")
    definition = _read(text)
    fields = {
        "PipelineDisplayName": p.get("PipelineDisplayName", p["PipelineName"]),
        "PipelineDescription": p.get("PipelineDescription"),
        "RoleArn": p["RoleArn"],
        "ParallelismConfiguration": p.get("ParallelismConfiguration"),
        "CreatedBy": user(call),
        "LastModifiedBy": user(call),
    }
    pipeline = world.store.add(PIPELINE, p["PipelineName"], fields, tags_of(p.get("Tags", [])), "Active")
    version = Version(1, text, definition, p["RoleArn"], pipeline.created)
    pipeline.runtime = Pipeline([version], {token_of(call): pipeline.arn})
    return {"PipelineArn": pipeline.arn}


async def _text(call: Call, role: str) -> str | None:
    """The definition in the request or in S3, which is read as the pipeline's role. None: the request has none."""
    p = call.parameters
    if "PipelineDefinition" in p and "PipelineDefinitionS3Location" in p:
        raise ValidationFailed("Only one of PipelineDefinition and PipelineDefinitionS3Location can be specified.")
    if "PipelineDefinition" in p:
        return p["PipelineDefinition"]
    where = p.get("PipelineDefinitionS3Location")
    if where is None:
        return None
    if "VersionId" in where:
        raise ValidationFailed("This cloud does not support PipelineDefinitionS3Location.VersionId yet.")
    try:
        async with jobs.ground(call.world, role, "definition", 900) as here:
            body = await here.storage.read(f"s3://{where['Bucket']}/{where['ObjectKey']}")
    except StorageError as error:
        raise ValidationFailed(f"Unable to read the pipeline definition from S3. {error}") from None
    if len(body) > _LONGEST:
        raise ValidationFailed(f"The pipeline definition is larger than {_LONGEST} bytes.")
    return body.decode("utf-8", "replace")


def _read(text: str) -> Definition:
    try:
        definition = Definition.parse(text)
        check(definition)
    except RecursionError:
        raise DefinitionFault("The definition is nested too deeply.") from None
    return definition


@operation(
    SERVICE,
    "UpdatePipeline",
    resource=pipeline_arn,
    uses=(
        "PipelineName",
        "PipelineDisplayName",
        "PipelineDefinition",
        "PipelineDefinitionS3Location",
        "PipelineDescription",
        "RoleArn",
        "ParallelismConfiguration",
    ),
)
async def update_pipeline(call: Call) -> dict[str, Any]:
    """Change a pipeline. A new definition is a new version; executions under way keep theirs."""
    p, world = call.parameters, call.world
    pipeline = find(call)
    role = p.get("RoleArn", pipeline.fields["RoleArn"])
    if "RoleArn" in p:
        jobs.check_role(world, role)
    text = await _text(call, role)
    runtime: Pipeline = pipeline.runtime
    if text is not None:
        definition = _read(text)
        number = len(runtime.versions) + 1
        runtime.versions.append(Version(number, text, definition, role, world.clock.now()))
    kept = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
    changes = {member: p[member] for member in kept if member in p}
    world.store.touch(pipeline, **changes, LastModifiedBy=user(call))
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": runtime.versions[-1].id}


@operation(SERVICE, "DescribePipeline", resource=pipeline_arn, uses=("PipelineName", "PipelineVersionId"))
async def describe_pipeline(call: Call) -> dict[str, Any]:
    """A pipeline with its newest definition, or with that of a version."""
    pipeline = find(call)
    version = pipeline.runtime.version(call.parameters.get("PipelineVersionId"))
    return {
        **pipeline.description(),
        "PipelineDefinition": version.text,
        "PipelineVersionDisplayName": version.display or None,
        "PipelineVersionDescription": version.description or None,
    }


@operation(
    SERVICE,
    "ListPipelines",
    uses=("PipelineNamePrefix", "CreatedAfter", "CreatedBefore", "SortBy", "SortOrder", "NextToken", "MaxResults"),
)
async def list_pipelines(call: Call) -> dict[str, Any]:
    """Pipelines, the newest first."""
    prefix = call.parameters.get("PipelineNamePrefix", "")
    found = [pipeline for pipeline in call.world.store.all(PIPELINE) if pipeline.name.startswith(prefix)]
    return listing(call, "PipelineSummaries", found, _summary)


def _summary(pipeline: Resource) -> dict[str, Any]:
    return {**pipeline.description(), "LastExecutionTime": pipeline.fields.get("LastRunTime")}


def within(moment: datetime, p: dict[str, Any]) -> bool:
    """Whether `moment` is between CreatedAfter and CreatedBefore."""
    return ("CreatedAfter" not in p or moment > p["CreatedAfter"]) and (
        "CreatedBefore" not in p or moment < p["CreatedBefore"]
    )


@operation(SERVICE, "DeletePipeline", resource=pipeline_arn, uses=("PipelineName", "ClientRequestToken"))
async def delete_pipeline(call: Call) -> dict[str, Any]:
    """Delete a pipeline and all its executions, none of which may still run."""
    pipeline, store = find(call), call.world.store
    executions = [e for e in store.all(EXECUTION) if e.fields["PipelineArn"] == pipeline.arn]
    running = [e.arn for e in executions if e.status in ("Executing", "Stopping")]
    if running:
        raise ValidationFailed(
            f"Pipeline '{pipeline.arn}' can not be deleted: its execution {running[0]} is running. Stop it first."
        )
    store.move(pipeline, "Deleting")
    arns = {execution.arn for execution in executions}
    for step in store.all(STEP):
        if step.fields["PipelineExecutionArn"] in arns:
            store.remove(step)
    for execution in executions:
        store.remove(execution)
    store.remove(pipeline)
    return {"PipelineArn": pipeline.arn}


@operation(
    SERVICE,
    "ListPipelineVersions",
    resource=pipeline_arn,
    uses=("PipelineName", "CreatedAfter", "CreatedBefore", "SortOrder", "NextToken", "MaxResults"),
)
async def list_pipeline_versions(call: Call) -> dict[str, Any]:
    """A pipeline's versions, the newest first."""
    p, pipeline = call.parameters, find(call)
    found = [version for version in pipeline.runtime.versions if within(version.created, p)]
    if p.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    chunk, token = page(found, p.get("MaxResults", 10), p.get("NextToken"))
    return {
        "PipelineVersionSummaries": [
            {
                "PipelineArn": pipeline.arn,
                "PipelineVersionId": version.id,
                "CreationTime": version.created,
                "PipelineVersionDisplayName": version.display or None,
                "PipelineVersionDescription": version.description or None,
                "LastExecutionPipelineExecutionArn": version.last_execution or None,
            }
            for version in chunk
        ],
        "NextToken": token,
    }


@operation(
    SERVICE,
    "UpdatePipelineVersion",
    resource=pipeline_arn,
    uses=("PipelineArn", "PipelineVersionId", "PipelineVersionDisplayName", "PipelineVersionDescription"),
)
async def update_pipeline_version(call: Call) -> dict[str, Any]:
    """Name and describe a version."""
    p, pipeline = call.parameters, find(call)
    version = pipeline.runtime.version(p["PipelineVersionId"])
    version.display = p.get("PipelineVersionDisplayName", version.display)
    version.description = p.get("PipelineVersionDescription", version.description)
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": version.id}
