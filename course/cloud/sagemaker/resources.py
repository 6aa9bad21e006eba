"""What every SageMaker resource has in common: Create, Describe, List, Delete and tags, by the model's own naming."""

from collections.abc import Callable
from typing import Any

from ..errors import InUse, NotFound, ValidationFailed
from ..operations import Call, operation
from ..protocol import operation_model
from ..store import Kind, Resource, page

SERVICE = "sagemaker"

JOB_STATUSES = {
    "InProgress": ("Completed", "Failed", "Stopping"),
    "Stopping": ("Stopped", "Failed"),
}
TRAINING_JOB = Kind("TrainingJob", "training-job", JOB_STATUSES)
MODEL = Kind("Model", "model")
ENDPOINT_CONFIG = Kind("EndpointConfig", "endpoint-config", spoken="endpoint configuration")
ENDPOINT = Kind(
    "Endpoint",
    "endpoint",
    {
        "Creating": ("InService", "Failed"),
        "InService": ("Updating", "Deleting"),
        "Updating": ("InService", "RollingBack"),
        "RollingBack": ("InService",),
        "Failed": ("Deleting",),
    },
    shown=lambda endpoint: endpoint.runtime.description() if endpoint.runtime else {},
)
"""AWS has three states more. SystemUpdating is its own maintenance, which nothing here needs; UpdateRollbackFailed is
a rolling deployment that can neither go on nor back; OutOfService is an endpoint that AWS has taken out of service. An
update that fails leaves the endpoint as it was, in service, so that Failed follows on Creating only."""

KINDS: dict[str, Kind] = {}
"""Every kind that Describe and List answer for; its module adds it with `enter`."""
_FILTERS = (
    "NextToken",
    "MaxResults",
    "CreationTimeAfter",
    "CreationTimeBefore",
    "LastModifiedTimeAfter",
    "LastModifiedTimeBefore",
    "NameContains",
    "StatusEquals",
    "SortBy",
    "SortOrder",
)
_STATUS_OF_A_PAGE = ("ListTrainingJobs",)
"""With MaxResults, these take so many resources of any status first, and of those what StatusEquals asks for."""


def arn_of(kind: Kind):
    """The resource that IAM is asked about: the one that the call names."""
    return lambda call: call.world.store.arn(kind, str(call.parameters.get(kind.name_member, "")))


def get(call: Call, kind: Kind, name: str | None = None) -> Resource:
    """The resource that the call names. Raises what the operation declares for a missing one."""
    name = name if name is not None else call.parameters[kind.name_member]
    found = call.world.store.find(kind, name)
    if found is None:
        arn = call.world.store.arn(kind, name)
        declared = {shape.name for shape in operation_model(SERVICE, call.operation).error_shapes}
        if "ResourceNotFound" in declared and kind.statuses is JOB_STATUSES:
            raise NotFound("Requested resource not found.")
        raise ValidationFailed(kind.missing.format(spoken=kind.spoken_name, arn=arn))
    return found


def create(call: Call, kind: Kind, status: str = "", **computed: Any) -> Resource:
    """Make the resource that the call describes: its parameters, and what was computed from them."""
    name = call.parameters[kind.name_member]
    arn = call.world.store.arn(kind, name)
    if call.world.store.find(kind, name):
        if kind.statuses is JOB_STATUSES:
            raise InUse(
                f"{kind.spoken_name.capitalize()} names must be unique within an AWS account and region, and a "
                f"{kind.spoken_name} with this name already exists ({arn})"
            )
        raise ValidationFailed(kind.taken.format(spoken=kind.spoken_name, arn=arn))
    fields = {k: v for k, v in call.parameters.items() if k not in ("Tags", kind.name_member)}
    return call.world.store.add(kind, name, {**fields, **computed}, tags_of(call.parameters.get("Tags", [])), status)


def user(call: Call) -> dict[str, Any]:
    """The caller as CreatedBy and LastModifiedBy show it."""
    return {"IamIdentity": {"Arn": call.caller.arn, "PrincipalId": call.caller.principal_id}}


def tags_of(tags: list[dict[str, str]]) -> dict[str, str]:
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) != len(tags):
        raise ValidationFailed("Duplicate tag keys are not allowed.")
    return found


def _describe(kind: Kind) -> None:
    @operation(SERVICE, f"Describe{kind.name}", uses=(kind.name_member,), resource=arn_of(kind))
    async def describe(call: Call) -> dict[str, Any]:
        return get(call, kind).description()


def _list(kind: Kind) -> None:
    name = f"List{kind.name}s"
    model = operation_model(SERVICE, name)
    members = tuple(model.input_shape.members)
    result = next(member for member, shape in model.output_shape.members.items() if shape.type_name == "list")

    @operation(SERVICE, name, uses=tuple(m for m in members if m in _FILTERS))
    async def list_all(call: Call) -> dict[str, Any]:
        return listing(call, result, call.world.store.all(kind))


def listing(
    call: Call, result: str, found: list[Resource], shown: Callable[[Resource], dict[str, Any]] = Resource.description
) -> dict[str, Any]:
    """One page of `found` as a List operation answers: filtered and sorted by its members, newest first by default.

    `shown` gives a resource's summary. The reference gives Ascending as the default order of some operations; of jobs
    it tells itself that they come "from the most current to the oldest" (ListTrainingJobs), and AWS's own samples
    take the first of ListModelPackages for the newest.
    """
    p = call.parameters
    late = call.operation in _STATUS_OF_A_PAGE and "MaxResults" in p
    found = [r for r in found if _matches(r, p) and (late or _has_status(r, p))]
    newest_first = "Ascending" not in p.get("SortOrder", "Descending")
    found.sort(key=_sort_key(p.get("SortBy", "CreationTime")), reverse=newest_first)
    chunk, token = page(found, p.get("MaxResults", 10), p.get("NextToken"))
    return {result: [shown(r) for r in chunk if _has_status(r, p)], "NextToken": token}


def _has_status(resource: Resource, p: dict[str, Any]) -> bool:
    return p.get("StatusEquals", resource.status) == resource.status


def _matches(resource: Resource, p: dict[str, Any]) -> bool:
    return (
        p.get("NameContains", "").lower() in resource.name.lower()
        and all(resource.created > p[member] for member in ("CreationTimeAfter", "CreatedAfter") if member in p)
        and all(resource.created < p[member] for member in ("CreationTimeBefore", "CreatedBefore") if member in p)
        and ("LastModifiedTimeAfter" not in p or resource.modified > p["LastModifiedTimeAfter"])
        and ("LastModifiedTimeBefore" not in p or resource.modified < p["LastModifiedTimeBefore"])
    )


def _sort_key(by: str):
    return {"Name": lambda r: r.name, "Status": lambda r: r.status}.get(by, lambda r: r.created)


def enter(kind: Kind) -> None:
    """Enter Describe and List of `kind` into the table of operations."""
    KINDS[kind.name] = kind
    _describe(kind)
    _list(kind)


for _kind in (TRAINING_JOB, MODEL, ENDPOINT_CONFIG, ENDPOINT):
    enter(_kind)


@operation(SERVICE, "DeleteModel", uses=("ModelName",), resource=arn_of(MODEL))
async def delete_model(call: Call) -> dict[str, Any]:
    """Delete a model. Endpoints that serve it go on; they can no longer be scaled or repaired."""
    call.world.store.remove(get(call, MODEL))
    return {}


@operation(SERVICE, "DeleteEndpointConfig", uses=("EndpointConfigName",), resource=arn_of(ENDPOINT_CONFIG))
async def delete_endpoint_config(call: Call) -> dict[str, Any]:
    """Delete an endpoint configuration, in use or not."""
    call.world.store.remove(get(call, ENDPOINT_CONFIG))
    return {}


def _tagged(call: Call) -> Resource:
    arn = call.parameters["ResourceArn"]
    found = call.world.store.by_arn(arn)
    if found is None:
        raise ValidationFailed(f"Could not find the resource {arn}. Check its ARN with List or Describe.")
    return found


def _tag_arn(call: Call) -> str:
    return call.parameters.get("ResourceArn", "*")


@operation(SERVICE, "AddTags", uses=("ResourceArn", "Tags"), resource=_tag_arn)
async def add_tags(call: Call) -> dict[str, Any]:
    """Add or overwrite tags (at most 50 on a resource)."""
    resource = _tagged(call)
    merged = {**resource.tags, **tags_of(call.parameters["Tags"])}
    if len(merged) > 50:
        raise ValidationFailed("A resource may have at most 50 tags.")
    resource.tags.update(merged)  # in place: a model package version shares its group's tags
    return {"Tags": _tag_list(resource)}


@operation(SERVICE, "ListTags", uses=("ResourceArn", "NextToken", "MaxResults"), resource=_tag_arn)
async def list_tags(call: Call) -> dict[str, Any]:
    """The tags of a resource."""
    chunk, token = page(
        _tag_list(_tagged(call)), call.parameters.get("MaxResults", 50), call.parameters.get("NextToken")
    )
    return {"Tags": chunk, "NextToken": token}


@operation(SERVICE, "DeleteTags", uses=("ResourceArn", "TagKeys"), resource=_tag_arn)
async def delete_tags(call: Call) -> dict[str, Any]:
    """Remove tags by key; keys that are not there are ignored."""
    resource = _tagged(call)
    for key in call.parameters["TagKeys"]:
        resource.tags.pop(key, None)
    return {}


def _tag_list(resource: Resource) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v} for k, v in resource.tags.items()]
