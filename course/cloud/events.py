"""What the cloud tells EventBridge: every change of state of a SageMaker resource, as AWS documents it.

A rule may send it to a queue, a topic or a function (the base does), or start a pipeline (here). Scheduled rules run
on the cloud's clock. Source: the SageMaker developer guide, "Events that Amazon SageMaker AI sends to EventBridge".
"""

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .errors import CloudError, ValidationFailed
from .logs import MetricPoint
from .perform import perform
from .pipelines import events as pipelines
from .protocol import operation_model
from .store import Resource

if TYPE_CHECKING:
    from .world import World

SOURCE = "aws.sagemaker"
DETAIL_TYPES = {
    "TrainingJob": "SageMaker Training Job State Change",
    "HyperParameterTuningJob": "SageMaker HyperParameter Tuning Job State Change",
    "TransformJob": "SageMaker Transform Job State Change",
    "ProcessingJob": "SageMaker Processing Job State Change",
    "Endpoint": "SageMaker Endpoint State Change",
    "ModelPackage": "SageMaker Model Package State Change",
    "ModelCard": "SageMaker Model Card State Change",
    "FeatureGroup": "SageMaker Feature Group State Change",
    "Image": "SageMaker Image State Change",
    "Model": "SageMaker Model State Change",
}
"""Kind of resource → detail-type. Pipelines have their own (pipelines/events.py); other kinds have no event."""


def connect(world: "World") -> None:
    """Let a world's changes reach EventBridge, and EventBridge's pipelines and schedules reach the world."""
    statuses = pipelines.Statuses()

    def changed(resource: Resource, status: str) -> None:
        tell(world, resource)
        if resource.kind.name in pipelines.DETAIL_TYPES:
            _tell_of_pipeline(world, resource, status, statuses.before(resource, status))

    world.store.watch(changed)
    world.base.deliveries.pipeline = lambda rule, target: world.spawn(_start_pipeline(world, rule, target))
    world.base.deliveries.failed = lambda rule, target, reason: world.spawn(_failed(world, rule, target, reason))


def tell(world: "World", resource: Resource) -> None:
    """Send the event of a resource as it is now. For changes that the store does not see, call this after them."""
    detail_type = DETAIL_TYPES.get(resource.kind.name)
    if detail_type and world.base.events_are_wanted():
        emit(world, detail_type, detail_of(resource), [resource.arn])


def _tell_of_pipeline(world: "World", resource: Resource, status: str, previous: str | None) -> None:
    if status != "Deleted" and world.base.events_are_wanted():
        detail = pipelines.detail_of(resource, previous)
        emit(world, pipelines.DETAIL_TYPES[resource.kind.name], detail, pipelines.resources_of(resource))


def emit(world: "World", detail_type: str, detail: dict[str, Any], resources: list[str], source: str = SOURCE) -> None:
    """Send one event, if a rule may be interested."""
    if world.base.events_are_wanted():
        world.base.put_event(source, detail_type, detail, resources)


def detail_of(resource: Resource) -> dict[str, Any]:
    """What Describe answers, with times in milliseconds and tags as a map. Endpoints spell their status IN_SERVICE."""
    shape = operation_model("sagemaker", f"Describe{resource.kind.name}").output_shape
    shown = {name: value for name, value in resource.description().items() if name in shape.members}
    if resource.kind.name == "Endpoint" and resource.status:
        shown["EndpointStatus"] = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", resource.status).upper()
    return {**_plain(shown), "Tags": dict(resource.tags)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


async def _start_pipeline(world: "World", rule: str, target: dict[str, Any]) -> None:
    """A target that is a pipeline: StartPipelineExecution as the target's role."""
    try:
        await _start_as_role(world, target)
    except CloudError as error:
        await _failed(world, rule, target, error.message)


async def _start_as_role(world: "World", target: dict[str, Any]) -> None:
    if not target.get("RoleArn"):
        raise ValidationFailed("A pipeline target needs a RoleArn.")
    session = world.base.assume_role(target["RoleArn"], "events.amazonaws.com", "EventBridge", 900)
    try:
        parameters = {
            "PipelineName": target["Arn"].rpartition("/")[2],
            "PipelineParameters": target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", []),
            "ClientRequestToken": str(uuid.uuid4()),
        }
        caller = world.base.credential(session.access_key, session.token)
        await perform(world, "sagemaker", "StartPipelineExecution", parameters, caller, "events.amazonaws.com")
    finally:
        world.base.end_session(session)


async def _failed(world: "World", rule: str, target: dict[str, Any], reason: str) -> None:
    """A delivery that failed shows in AWS/Events, FailedInvocations, as on AWS; the reason goes into the log."""
    world.log.warning("rule %s could not reach %s: %s", rule, target.get("Arn"), reason)
    point = MetricPoint("FailedInvocations", 1.0, world.clock.now())
    await world.put_metrics("AWS/Events", [point], {"RuleName": rule})


class Schedules:
    """Scheduled rules, fired when the cloud's clock comes to them."""

    def __init__(self, world: "World"):
        self._world = world
        self._next: float | None = None

    def look(self) -> None:
        """See which rule is due next. To be called when rules may have changed."""
        base, clock = self._world.base, self._world.clock
        base.tick_schedules()  # a rule that is new begins to count now
        due = base.next_schedule(clock.time())
        if due is not None and (self._next is None or due < self._next):
            self._next = due
            clock.at(due, self._fire, "scheduled rules")

    async def _fire(self) -> None:
        self._next = None
        self.look()
