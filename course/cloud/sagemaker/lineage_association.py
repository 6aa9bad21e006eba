"""Associations between entities of the lineage."""

from typing import Any

from ..errors import LimitExceeded, NotFound, ValidationFailed
from ..operations import Call, operation
from ..protocol import operation_model
from ..store import Resource, page
from .lineage_graph import TRIAL_COMPONENT, Association, entity_name, entity_type
from .resources import SERVICE, user

_MOST = 6000  # https://docs.aws.amazon.com/sagemaker/latest/dg/lineage-tracking-manual-creation.html


def entity_of(call: Call, arn: str) -> Resource:
    """The entity with that ARN. Raises NotFound."""
    found = call.world.lineage.entity(arn)
    if found is None:
        raise NotFound(f"{arn} does not exist.")
    return found


def _source(call: Call) -> str:
    return call.parameters.get("SourceArn", "*")


@operation(SERVICE, "AddAssociation", uses=("SourceArn", "DestinationArn", "AssociationType"), resource=_source)
async def add_association(call: Call) -> dict[str, Any]:
    """Join two entities. The type is free: AWS suggests uses and restricts none."""
    p, graph = call.parameters, call.world.lineage
    source, destination = entity_of(call, p["SourceArn"]), entity_of(call, p["DestinationArn"])
    if source is destination:
        raise ValidationFailed("SourceArn and DestinationArn must name two entities.")
    if source.kind is destination.kind is TRIAL_COMPONENT:
        raise ValidationFailed("An association cannot be created between two experiment entities.")
    if sum(edge.by is not None for edge in graph.associations()) >= _MOST:
        raise LimitExceeded(f"The account-level limit of {_MOST} associations is reached.")
    if not graph.associate(source, destination, p.get("AssociationType"), user(call)):
        raise ValidationFailed(f"An association between {source.arn} and {destination.arn} already exists.")
    return {"SourceArn": source.arn, "DestinationArn": destination.arn}


@operation(SERVICE, "DeleteAssociation", uses=("SourceArn", "DestinationArn"), resource=_source)
async def delete_association(call: Call) -> dict[str, Any]:
    """Part two entities."""
    p = call.parameters
    if not call.world.lineage.dissociate(p["SourceArn"], p["DestinationArn"]):
        raise NotFound(f"There is no association between {p['SourceArn']} and {p['DestinationArn']}.")
    return {"SourceArn": p["SourceArn"], "DestinationArn": p["DestinationArn"]}


@operation(SERVICE, "ListAssociations", uses=tuple(operation_model(SERVICE, "ListAssociations").input_shape.members))
async def list_associations(call: Call) -> dict[str, Any]:
    """Associations by their ends and types, newest first."""
    p, graph = call.parameters, call.world.lineage
    if "SourceArn" in p:
        found = graph.leaving(entity_of(call, p["SourceArn"]).arn)
    elif "DestinationArn" in p:
        found = graph.entering(entity_of(call, p["DestinationArn"]).arn)
    else:
        found = list(graph.associations())
    shown = [_summary(edge) for edge in found if _matches(edge, p)]
    by = p.get("SortBy", "CreationTime")
    shown.sort(key=lambda summary: summary[by], reverse=p.get("SortOrder") != "Ascending")
    chunk, token = page(shown, p.get("MaxResults", 10), p.get("NextToken"))
    return {"AssociationSummaries": chunk, "NextToken": token}


def _matches(edge: Association, p: dict[str, Any]) -> bool:
    return (
        p.get("DestinationArn", edge.destination.arn) == edge.destination.arn
        and p.get("SourceType") in (None, *_types(edge.source))
        and p.get("DestinationType") in (None, *_types(edge.destination))
        and p.get("AssociationType", edge.type) == edge.type
        and ("CreatedAfter" not in p or edge.created > p["CreatedAfter"])
        and ("CreatedBefore" not in p or edge.created < p["CreatedBefore"])
    )


def _types(entity: Resource) -> tuple[str, str]:
    """A filter may name what an entity stands for (Model) or what it is (Artifact)."""
    return entity_type(entity), entity.kind.name


def _summary(edge: Association) -> dict[str, Any]:
    return {
        "SourceArn": edge.source.arn,
        "SourceName": entity_name(edge.source),
        "SourceType": entity_type(edge.source),
        "DestinationArn": edge.destination.arn,
        "DestinationName": entity_name(edge.destination),
        "DestinationType": entity_type(edge.destination),
        "AssociationType": edge.type,
        "CreationTime": edge.created,
        "CreatedBy": edge.by,
    }
