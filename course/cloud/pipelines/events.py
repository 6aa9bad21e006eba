"""What EventBridge hears of executions and their steps, in the spelling of these events: names begin in lower case.

Source: the SageMaker developer guide, "Events that Amazon SageMaker AI sends to EventBridge", pipeline execution and
pipeline step. Times are ISO 8601 in UTC, to the second.
"""

from datetime import UTC, datetime
from typing import Any

from ..store import Resource

DETAIL_TYPES = {
    "PipelineExecution": "SageMaker Model Building Pipeline Execution Status Change",
    "PipelineExecutionStep": "SageMaker Model Building Pipeline Execution Step Status Change",
}
"""Kind of resource → detail-type."""
_ENDED = ("Succeeded", "Failed", "Stopped")


class Statuses:
    """The last status of every execution and step: a change tells where it leads, the event also whence it came."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}  # by ARN

    def before(self, resource: Resource, status: str) -> str | None:
        """The status before `status`, None at the first; `status` is the next call's answer."""
        previous = self._last.get(resource.arn)
        if status == "Deleted":
            self._last.pop(resource.arn, None)
        else:
            self._last[resource.arn] = status
        return previous


def detail_of(resource: Resource, previous: str | None) -> dict[str, Any]:
    """The detail of an execution's or a step's event. Members that have no value are left out."""
    told = _execution(resource, previous) if resource.kind.name == "PipelineExecution" else _step(resource, previous)
    return {name: value for name, value in told.items() if value is not None}


def resources_of(resource: Resource) -> list[str]:
    """The ARNs of the pipeline and of the execution."""
    execution = resource.fields.get("PipelineExecutionArn", resource.arn)
    return [execution.rpartition("/execution/")[0], execution]


def _execution(execution: Resource, previous: str | None) -> dict[str, Any]:
    pipeline, arn = resources_of(execution)
    return {
        "pipelineExecutionDescription": execution.fields.get("PipelineExecutionDescription"),
        "pipelineExecutionDisplayName": execution.fields.get("PipelineExecutionDisplayName"),
        "currentPipelineExecutionStatus": execution.status,
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": _iso(execution.created),
        "executionEndTime": _iso(execution.modified) if execution.status in _ENDED else None,
        "pipelineArn": pipeline,
        "pipelineExecutionArn": arn,
    }


def _step(step: Resource, previous: str | None) -> dict[str, Any]:
    pipeline, arn = resources_of(step)
    fields = step.fields
    cached = fields.get("CacheHitResult")
    return {
        "metadata": _lower(fields["Metadata"]),
        "stepStartTime": _iso(fields["StartTime"]),
        "stepEndTime": _iso(fields["EndTime"]) if "EndTime" in fields else None,
        "stepName": fields["StepName"],
        "stepType": fields["StepType"],
        "previousStepStatus": previous,
        "currentStepStatus": step.status,
        "failureReason": fields.get("FailureReason"),
        "cacheHitResult": _lower(cached) if cached else None,
        "pipelineArn": pipeline,
        "pipelineExecutionArn": arn,
    }


def _lower(value: Any) -> Any:
    """Every name in `value` with its first letter in lower case."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower(inner) for name, inner in value.items() if inner is not None}
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
