"""Scalable targets: what may be scaled, between which bounds, and their tags."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import CloudError, ValidationFailed
from ..operations import Call, operation
from .dimension import Scalable, check_namespace
from .request import SERVICE, TARGET, arn_of, keys, named, page_of, placed, registered

if TYPE_CHECKING:
    from .policy import Policy
    from .schedule import ScheduledAction

_SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_MOST_TAGS = 50


@dataclass(slots=True, eq=False)
class Target:
    """A scalable target: its bounds, what drives it, and what it waits for after it was scaled."""

    scalable: Scalable
    resource_id: str
    arn: str
    role: str
    least: int
    most: int
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    suspended: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(_SUSPENDED, False))
    policies: dict[str, "Policy"] = field(default_factory=dict)
    schedules: dict[str, "ScheduledAction"] = field(default_factory=dict)
    unsettled: bool = False  # out of its bounds, at a moment when it could not be changed

    @property
    def dimension(self) -> str:
        return self.scalable.dimension.name

    def clamp(self, capacity: int) -> int:
        return min(max(capacity, self.least), self.most)

    def shown(self) -> dict[str, Any]:
        return {
            **placed(self),
            "MinCapacity": self.least,
            "MaxCapacity": self.most,
            "RoleARN": self.role,
            "CreationTime": self.created,
            "SuspendedState": self.suspended,
            "ScalableTargetARN": self.arn,
        }


@operation(
    SERVICE,
    "RegisterScalableTarget",
    uses=(*TARGET, "MinCapacity", "MaxCapacity", "SuspendedState", "Tags"),
    no_effect=("RoleARN",),  # SageMaker is scaled with the service-linked role, whatever is given here
    resource=arn_of,
    context=keys,
)
async def register_scalable_target(call: Call) -> dict[str, Any]:
    """Say between which bounds a variant may be scaled, or change them; what lies outside is brought in at once."""
    world, p = call.world, call.parameters
    target = world.scaling.find(p["ResourceId"], p["ScalableDimension"])
    scalable = target.scalable if target else named(call)
    least, most = (
        p.get(member, now)
        for member, now in (
            ("MinCapacity", target.least if target else None),
            ("MaxCapacity", target.most if target else None),
        )
    )
    if least is None or most is None:
        raise ValidationFailed("MinCapacity and MaxCapacity must be specified when registering a new scalable target")
    if scalable.variant is None:
        raise ValidationFailed(f"SageMaker endpoint variant doesn't exist: {p['ResourceId']}")
    if scalable.current is None:
        raise ValidationFailed(f"The variant {scalable.variant_name} has no {scalable.dimension.spoken} to scale.")
    check_bounds(scalable, least, most)
    if target is None:
        if not scalable.ready:
            raise ValidationFailed(
                f"The endpoint {scalable.endpoint_name} is {scalable.endpoint.status}; to register one of its variants "
                "it must be InService."
            )
        role = await _service_linked_role(call)
        target = world.scaling.register(scalable, p["ResourceId"], role, least, most, dict(p.get("Tags", {})))
    elif p.get("Tags"):
        raise ValidationFailed("To tag an existing scalable target, use TagResource.")
    target.least, target.most = least, most
    target.suspended.update(p.get("SuspendedState", {}))
    world.scaling.settle(target)
    return {"ScalableTargetARN": target.arn}


def check_bounds(scalable: Scalable, least: int, most: int) -> None:
    """Raise ValidationException for bounds that a variant cannot have."""
    if least < scalable.least:
        raise ValidationFailed(
            f"Minimum capacity must be at least {scalable.least} for the {scalable.dimension.spoken} of this variant."
        )
    if least > most:
        raise ValidationFailed("Minimum capacity cannot be greater than maximum capacity")


async def _service_linked_role(call: Call) -> str:
    """The role that the service works with. It is made at the first registration, if the caller may make it."""
    name, service = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint", f"sagemaker.{SERVICE}.amazonaws.com"
    path = f"/aws-service-role/{service}/"
    arn = f"arn:aws:iam::{call.world.account}:role{path}{name}"
    base = call.world.base
    if base.role(arn) is None:
        call.world.access.authorise(call.caller, "iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": service})
        # The base's CreateServiceLinkedRole would give it another name.
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        await base.call("iam", "CreateRole", RoleName=name, Path=path, AssumeRolePolicyDocument=trusting)
    return arn


@operation(
    SERVICE,
    "DescribeScalableTargets",
    uses=("ServiceNamespace", "ResourceIds", "ScalableDimension", "MaxResults", "NextToken"),
)
async def describe_scalable_targets(call: Call) -> dict[str, Any]:
    """The targets of a namespace, or those of the resources that are named."""
    p = call.parameters
    check_namespace(p["ServiceNamespace"], p.get("ScalableDimension"))
    if "ScalableDimension" in p and not p.get("ResourceIds"):
        raise ValidationFailed("ResourceIds must be specified when ScalableDimension is specified.")
    found = [
        target
        for target in call.world.scaling.targets.values()
        if target.resource_id in (p.get("ResourceIds") or (target.resource_id,))
        and p.get("ScalableDimension", target.dimension) == target.dimension
    ]
    return page_of(call, "ScalableTargets", found)


@operation(SERVICE, "DeregisterScalableTarget", uses=TARGET, resource=arn_of, context=keys)
async def deregister_scalable_target(call: Call) -> dict[str, Any]:
    """Forget a target with its policies, their alarms and its scheduled actions; the capacity stays as it is."""
    call.world.scaling.deregister(registered(call))
    return {}


def _tagged(call: Call) -> Target:
    arn = call.parameters["ResourceARN"]
    found = call.world.scaling.by_arn(arn)
    if found is None:
        raise CloudError(
            f"The specified resource doesn't exist: {arn}",
            code="ResourceNotFoundException",
            status=400,
            members={"ResourceName": arn},
        )
    return found


def _tag_arn(call: Call) -> str:
    return str(call.parameters.get("ResourceARN", "*"))


@operation(SERVICE, "TagResource", uses=("ResourceARN", "Tags"), resource=_tag_arn, context=keys)
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or overwrite tags of a scalable target (at most 50)."""
    target = _tagged(call)
    merged = {**target.tags, **call.parameters["Tags"]}
    if len(merged) > _MOST_TAGS:
        raise CloudError(
            f"A scalable target may have at most {_MOST_TAGS} tags.",
            code="TooManyTagsException",
            status=400,
            members={"ResourceName": target.arn},
        )
    target.tags = merged
    return {}


@operation(SERVICE, "UntagResource", uses=("ResourceARN", "TagKeys"), resource=_tag_arn, context=keys)
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags by key; keys that are not there are ignored."""
    target = _tagged(call)
    for key in call.parameters["TagKeys"]:
        target.tags.pop(key, None)
    return {}


@operation(SERVICE, "ListTagsForResource", uses=("ResourceARN",), resource=_tag_arn, context=keys)
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """The tags of a scalable target."""
    return {"Tags": _tagged(call).tags}
