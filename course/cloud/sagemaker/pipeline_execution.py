"""Executions of pipelines: started, stopped, tried again, listed, and answered where a Callback step waits."""

import string
from typing import Any

from ..errors import NotFound, ValidationFailed
from ..operations import Call, operation
from ..pipelines import selection
from ..pipelines.execution import EXECUTION, STEP, Execution
from ..pipelines.fault import StepFailed
from ..pipelines.parameters import bind
from ..pipelines.references import resolve, text
from ..pipelines.steps.kind import Waiting
from ..store import Resource, page
from .pipeline import Pipeline, find, pipeline_arn, token_of, within
from .resources import SERVICE, user

_LETTERS = string.ascii_lowercase + string.digits


def execution_arn(call: Call) -> str:
    """The execution that IAM is asked about."""
    return str(call.parameters.get("PipelineExecutionArn", "*"))


def get(call: Call, arn: str | None = None) -> Resource:
    """The execution that the call names. Raises NotFound."""
    arn = arn or execution_arn(call)
    found = call.world.store.by_arn(arn)
    if found is None or found.kind is not EXECUTION:
        raise NotFound(f"Pipeline execution with ARN {arn} does not exist.")
    return found


@operation(
    SERVICE,
    "StartPipelineExecution",
    resource=pipeline_arn,
    uses=(
        "PipelineName",
        "PipelineExecutionDisplayName",
        "PipelineParameters",
        "PipelineExecutionDescription",
        "ClientRequestToken",
        "ParallelismConfiguration",
        "SelectiveExecutionConfig",
        "PipelineVersionId",
    ),
)
async def start_pipeline_execution(call: Call) -> dict[str, Any]:
    """Run a pipeline: every step as soon as what it refers to is there, with the permissions of the pipeline's role."""
    p, world = call.parameters, call.world
    pipeline = find(call)
    runtime: Pipeline = pipeline.runtime
    if seen := runtime.tokens.get(token_of(call)):
        return {"PipelineExecutionArn": seen}
    version = runtime.version(p.get("PipelineVersionId"))
    source, selected = None, []
    if wanted := p.get("SelectiveExecutionConfig"):
        selected = [step["StepName"] for step in wanted["SelectedSteps"]]
        selection.check(version.definition, selected, wanted.get("SourcePipelineExecutionArn"))
        source = _source(call, pipeline, wanted.get("SourcePipelineExecutionArn"))
    inherited = source.values if source else {}
    values = bind(version.definition.parameters, p.get("PipelineParameters", []), inherited)
    parallelism = p.get("ParallelismConfiguration") or pipeline.fields.get("ParallelismConfiguration")
    name = "".join(world.random.choices(_LETTERS, k=12))
    fields = {
        "PipelineArn": pipeline.arn,
        "PipelineExecutionDisplayName": p.get(
            "PipelineExecutionDisplayName", f"execution-{int(world.clock.time() * 1000)}"
        ),
        "PipelineExecutionDescription": p.get("PipelineExecutionDescription"),
        "ParallelismConfiguration": parallelism,
        "SelectiveExecutionConfig": p.get("SelectiveExecutionConfig"),
        "PipelineVersionId": version.id,
        "CreatedBy": user(call),
        "LastModifiedBy": user(call),
        "_definition": (version.text, version.created),
    }
    resource = world.store.add(EXECUTION, f"{pipeline.name}/execution/{name}", fields, {}, "Executing")
    limit = parallelism["MaxParallelExecutionSteps"] if parallelism else None
    execution = Execution(world, resource, version.definition, values, pipeline.fields["RoleArn"], limit)
    resource.runtime = execution
    try:
        if selected:
            selection.borrow(execution, source, selected)
        experiment = await resolve(version.definition.experiment, execution)
    except (ValidationFailed, StepFailed):
        world.store.remove(resource)
        raise
    resource.fields["PipelineExperimentConfig"] = experiment or None
    pipeline.fields["LastRunTime"] = world.clock.now()
    runtime.tokens[token_of(call)] = version.last_execution = resource.arn
    world.spawn(execution.run())
    return {"PipelineExecutionArn": resource.arn}


def _source(call: Call, pipeline: Resource, arn: str | None) -> Execution | None:
    """The execution whose outputs a selective execution uses. Raises NotFound, ValidationFailed."""
    if not arn:
        return None
    found = get(call, arn)
    if found.fields["PipelineArn"] != pipeline.arn:
        raise ValidationFailed(f"Invalid SourcePipelineExecutionArn: {arn} is not an execution of {pipeline.arn}.")
    if found.status not in ("Failed", "Succeeded"):
        raise ValidationFailed(f"Invalid SourcePipelineExecutionArn: the execution {arn} is in status {found.status}.")
    return found.runtime


@operation(
    SERVICE, "StopPipelineExecution", resource=execution_arn, uses=("PipelineExecutionArn", "ClientRequestToken")
)
async def stop_pipeline_execution(call: Call) -> dict[str, Any]:
    """Begin no further step and stop running jobs; a Callback step is told, a Lambda step is waited for."""
    execution = get(call)
    if execution.status == "Executing":
        execution.runtime.stop()
    elif execution.status != "Stopping":
        raise ValidationFailed(
            f"Pipeline execution {execution.arn} is in status {execution.status}. Only executions with Executing "
            "status can be stopped."
        )
    return {"PipelineExecutionArn": execution.arn}


@operation(
    SERVICE,
    "RetryPipelineExecution",
    resource=execution_arn,
    uses=("PipelineExecutionArn", "ClientRequestToken", "ParallelismConfiguration"),
)
async def retry_pipeline_execution(call: Call) -> dict[str, Any]:
    """Try an execution again from the steps that failed or were stopped."""
    p, world = call.parameters, call.world
    resource = get(call)
    tokens = world.store.by_arn(resource.fields["PipelineArn"]).runtime.tokens
    if token_of(call) in tokens:
        return {"PipelineExecutionArn": resource.arn}
    if resource.status not in ("Failed", "Stopped"):
        raise ValidationFailed(
            f"Pipeline execution {resource.arn} is in status {resource.status}. Only executions with Failed or "
            "Stopped status can be retried."
        )
    execution: Execution = resource.runtime
    tokens[token_of(call)] = resource.arn
    if parallelism := p.get("ParallelismConfiguration"):
        resource.fields["ParallelismConfiguration"] = parallelism
        execution.parallel = parallelism["MaxParallelExecutionSteps"]
    execution.again()
    world.spawn(execution.run())
    return {"PipelineExecutionArn": resource.arn}


@operation(
    SERVICE,
    "UpdatePipelineExecution",
    resource=execution_arn,
    uses=(
        "PipelineExecutionArn",
        "PipelineExecutionDescription",
        "PipelineExecutionDisplayName",
        "ParallelismConfiguration",
    ),
)
async def update_pipeline_execution(call: Call) -> dict[str, Any]:
    """Change an execution's description, display name, or how many of its steps may run at once."""
    p, execution = call.parameters, get(call)
    changes = {member: value for member, value in p.items() if member != "PipelineExecutionArn"}
    call.world.store.touch(execution, **changes, LastModifiedBy=user(call))
    if parallelism := p.get("ParallelismConfiguration"):
        execution.runtime.allow(parallelism["MaxParallelExecutionSteps"])
    return {"PipelineExecutionArn": execution.arn}


@operation(SERVICE, "DescribePipelineExecution", resource=execution_arn, uses=("PipelineExecutionArn",))
async def describe_pipeline_execution(call: Call) -> dict[str, Any]:
    """An execution and how it stands."""
    return get(call).description()


@operation(SERVICE, "DescribePipelineDefinitionForExecution", resource=execution_arn, uses=("PipelineExecutionArn",))
async def describe_pipeline_definition_for_execution(call: Call) -> dict[str, Any]:
    """The definition that an execution runs, whatever became of the pipeline since."""
    definition, created = get(call).fields["_definition"]
    return {"PipelineDefinition": definition, "CreationTime": created}


@operation(
    SERVICE,
    "ListPipelineExecutions",
    resource=pipeline_arn,
    uses=("PipelineName", "CreatedAfter", "CreatedBefore", "SortBy", "SortOrder", "NextToken", "MaxResults"),
)
async def list_pipeline_executions(call: Call) -> dict[str, Any]:
    """A pipeline's executions, the newest first."""
    p, pipeline = call.parameters, find(call)
    found = [
        execution
        for execution in call.world.store.all(EXECUTION)
        if execution.fields["PipelineArn"] == pipeline.arn and within(execution.created, p)
    ]
    by_arn = p.get("SortBy") == "PipelineExecutionArn"
    found.sort(key=lambda r: r.arn if by_arn else r.created, reverse=p.get("SortOrder", "Descending") == "Descending")
    chunk, token = page(found, p.get("MaxResults", 10), p.get("NextToken"))
    return {
        "PipelineExecutionSummaries": [
            {
                **execution.description(),
                "StartTime": execution.created,
                "PipelineExecutionFailureReason": execution.fields.get("FailureReason"),
            }
            for execution in chunk
        ],
        "NextToken": token,
    }


@operation(
    SERVICE,
    "ListPipelineExecutionSteps",
    resource=execution_arn,
    uses=("PipelineExecutionArn", "NextToken", "MaxResults", "SortOrder"),
)
async def list_pipeline_execution_steps(call: Call) -> dict[str, Any]:
    """The steps that an execution has begun, the newest first. A step that never ran is not listed."""
    p, execution = call.parameters, get(call)
    found = [s for s in call.world.store.all(STEP) if s.fields["PipelineExecutionArn"] == execution.arn]
    found.sort(key=lambda step: step.fields["StartTime"])
    if p.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    chunk, token = page(found, p.get("MaxResults", 10), p.get("NextToken"))
    return {
        "PipelineExecutionSteps": [{**step.fields, "StepStatus": step.status} for step in chunk],
        "NextToken": token,
    }


@operation(
    SERVICE,
    "ListPipelineParametersForExecution",
    resource=execution_arn,
    uses=("PipelineExecutionArn", "NextToken", "MaxResults"),
)
async def list_pipeline_parameters_for_execution(call: Call) -> dict[str, Any]:
    """The value that every parameter has in an execution."""
    p = call.parameters
    values = [{"Name": name, "Value": text(value)} for name, value in get(call).runtime.values.items()]
    chunk, token = page(values, p.get("MaxResults", 10), p.get("NextToken"))
    return {"PipelineParameters": chunk, "NextToken": token}


@operation(
    SERVICE,
    "SendPipelineExecutionStepSuccess",
    uses=("CallbackToken", "OutputParameters", "ClientRequestToken"),
)
async def send_pipeline_execution_step_success(call: Call) -> dict[str, Any]:
    """Answer a Callback step: it goes on with these outputs."""
    arn, waiting = _waiting(call)
    waiting.answer.set_result({o["Name"]: o["Value"] for o in call.parameters.get("OutputParameters", [])})
    return {"PipelineExecutionArn": arn}


@operation(
    SERVICE,
    "SendPipelineExecutionStepFailure",
    uses=("CallbackToken", "FailureReason", "ClientRequestToken"),
)
async def send_pipeline_execution_step_failure(call: Call) -> dict[str, Any]:
    """Answer a Callback step: it fails for this reason."""
    arn, waiting = _waiting(call)
    waiting.answer.set_exception(StepFailed(call.parameters.get("FailureReason", "")))
    return {"PipelineExecutionArn": arn}


def _waiting(call: Call) -> tuple[str, Waiting]:
    """The ARN of the execution with the step that waits under the call's token, and what it waits for."""
    token = call.parameters["CallbackToken"]
    for execution in call.world.store.all(EXECUTION):
        waiting = execution.runtime.callbacks.get(token)
        if waiting and waiting.answer.done():
            raise ValidationFailed(f"Step {waiting.step} is already in a terminal status.")
        if waiting:
            return execution.arn, waiting
    raise NotFound(f"Callback token {token} does not exist.")
