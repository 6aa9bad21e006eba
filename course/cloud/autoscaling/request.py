"""What the operations have in common: what a call names, what IAM is asked about it, and pages of an answer."""

from typing import TYPE_CHECKING, Any

from ..errors import CloudError, ValidationFailed
from ..operations import Call
from ..store import page
from .dimension import NAMESPACE, Scalable, check_namespace, scalable

if TYPE_CHECKING:
    from .target import Target

SERVICE = "application-autoscaling"
TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")
"""The members that name a scalable target."""
_PAGE = 50


class ObjectNotFound(CloudError):
    code, status = "ObjectNotFoundException", 400


def named(call: Call) -> Scalable:
    """What the call names, registered or not."""
    return scalable(call.world, *(call.parameters[member] for member in TARGET))


def spoken(call: Call) -> str:
    p = call.parameters
    return (
        f"service namespace: {p['ServiceNamespace']}, resource ID: {p['ResourceId']}, "
        f"scalable dimension: {p['ScalableDimension']}"
    )


def registered(call: Call) -> "Target":
    """The scalable target that the call names. Raises ObjectNotFoundException."""
    p = call.parameters
    check_namespace(p["ServiceNamespace"], p["ScalableDimension"])
    found = call.world.scaling.find(p["ResourceId"], p["ScalableDimension"])
    if found is None:
        raise ObjectNotFound(f"No scalable target registered for {spoken(call)}")
    return found


def arn_of(call: Call) -> str:
    """What IAM is asked about: the scalable target, or any for one that is still to be registered."""
    p = call.parameters
    found = call.world.scaling.find(p.get("ResourceId"), p.get("ScalableDimension"))
    return found.arn if found else f"{call.world.scaling.arn_prefix}scalable-target/*"


def keys(call: Call) -> dict[str, Any]:
    """Condition keys: the namespace and the dimension, the tags that the call brings and those of its target."""
    p = call.parameters
    found: dict[str, Any] = {
        f"{SERVICE}:{key}": str(p[member])
        for key, member in (("service-namespace", "ServiceNamespace"), ("scalable-dimension", "ScalableDimension"))
        if member in p
    }
    given = p.get("Tags")
    if isinstance(given, dict) and given:
        found |= {f"aws:RequestTag/{key}": str(value) for key, value in given.items()}
        found["aws:TagKeys"] = list(given)
    target = call.world.scaling.find(p.get("ResourceId"), p.get("ScalableDimension"))
    target = target or call.world.scaling.by_arn(p.get("ResourceARN"))
    return found | {f"aws:ResourceTag/{key}": value for key, value in (target.tags if target else {}).items()}


def selected(call: Call) -> list["Target"]:
    """The targets whose policies or actions a Describe operation asks for."""
    p = call.parameters
    check_namespace(p["ServiceNamespace"], p.get("ScalableDimension"))
    if "ScalableDimension" in p and "ResourceId" not in p:
        raise ValidationFailed("ResourceId must be specified when ScalableDimension is specified.")
    return [
        target
        for target in call.world.scaling.targets.values()
        if p.get("ResourceId", target.resource_id) == target.resource_id
        and p.get("ScalableDimension", target.dimension) == target.dimension
    ]


def page_of(call: Call, member: str, found: list[Any]) -> dict[str, Any]:
    """One page of `found`, each as it shows itself."""
    size = call.parameters.get("MaxResults", _PAGE)
    if not 1 <= size <= _PAGE:
        raise ValidationFailed(f"MaxResults must be between 1 and {_PAGE}.")
    try:
        chunk, token = page(found, size, call.parameters.get("NextToken"))
    except ValidationFailed as error:
        raise CloudError(error.message, code="InvalidNextTokenException", status=400) from None
    return {member: [item.shown() for item in chunk], "NextToken": token}


def placed(target: "Target") -> dict[str, str]:
    """How an answer names a target."""
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
    }
