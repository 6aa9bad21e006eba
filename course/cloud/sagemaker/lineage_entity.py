"""Artifacts, actions and contexts: what people add to the lineage that the cloud writes by itself."""

from collections.abc import Callable
from typing import Any

from ..errors import LimitExceeded, NotFound, ValidationFailed
from ..operations import Call, operation
from ..protocol import operation_model
from ..store import Kind, Resource
from .lineage_graph import ACTION, ARTIFACT, CONTEXT, artifact_id
from .resources import SERVICE, arn_of, listing, tags_of, user

# https://docs.aws.amazon.com/sagemaker/latest/dg/lineage-tracking-manual-creation.html, by account
_MOST = {ARTIFACT.name: 6000, ACTION.name: 3000, CONTEXT.name: 500}


def _members(operation_name: str) -> tuple[str, ...]:
    return tuple(operation_model(SERVICE, operation_name).input_shape.members)


def _resource(kind: Kind) -> Callable[[Call], str]:
    """An artifact is named by its ARN, the others by their name."""
    if kind is ARTIFACT:
        return lambda call: call.parameters.get("ArtifactArn", call.world.store.arn(ARTIFACT, "*"))
    return arn_of(kind)


def find(call: Call, kind: Kind) -> Resource:
    """The entity that the call names. Raises NotFound."""
    name = call.parameters[kind.arn_member if kind is ARTIFACT else kind.name_member]
    found = call.world.store.find(kind, name)
    if found is None:
        raise NotFound(f"{kind.name} '{name}' does not exist.")
    return found


def _create(kind: Kind) -> None:
    @operation(SERVICE, f"Create{kind.name}", uses=_members(f"Create{kind.name}"), resource=_resource(kind))
    async def create(call: Call) -> dict[str, Any]:
        """Add an entity to the lineage. One that is there already is refused."""
        p, store = call.parameters, call.world.store
        name = artifact_id(p["Source"]) if kind is ARTIFACT else p[kind.name_member]
        if store.find(kind, name):
            raise ValidationFailed(f"{kind.name} already exists: {store.arn(kind, name)}")
        if sum("CreatedBy" in made.fields for made in store.all(kind)) >= _MOST[kind.name]:
            raise LimitExceeded(f"The account-level limit of {_MOST[kind.name]} {kind.name}s is reached.")
        fields = {k: v for k, v in p.items() if k not in ("Tags", kind.name_member)}
        if kind is ARTIFACT and "ArtifactName" in p:
            fields["Name"] = p["ArtifactName"]
        by = {"CreatedBy": user(call), "LastModifiedBy": user(call)}
        return {kind.arn_member: store.add(kind, name, fields | by, tags_of(p.get("Tags", []))).arn}


def _describe(kind: Kind) -> None:
    @operation(SERVICE, f"Describe{kind.name}", uses=_members(f"Describe{kind.name}"), resource=_resource(kind))
    async def describe(call: Call) -> dict[str, Any]:
        """An entity of the lineage."""
        return find(call, kind).description()


def _list(kind: Kind) -> None:
    type_member = f"{kind.name}Type"

    @operation(SERVICE, f"List{kind.name}s", uses=_members(f"List{kind.name}s"))
    async def list_entities(call: Call) -> dict[str, Any]:
        """Entities by source, type and time, newest first."""
        p = call.parameters
        found = [
            entity
            for entity in call.world.store.all(kind)
            if p.get("SourceUri", entity.fields["Source"]["SourceUri"]) == entity.fields["Source"]["SourceUri"]
            and p.get(type_member, entity.fields[type_member]) == entity.fields[type_member]
        ]
        return listing(call, f"{kind.name}Summaries", found)


def _update(kind: Kind) -> None:
    @operation(SERVICE, f"Update{kind.name}", uses=_members(f"Update{kind.name}"), resource=_resource(kind))
    async def update(call: Call) -> dict[str, Any]:
        """Change what is said of an entity; its source and type stay."""
        p, entity = call.parameters, find(call, kind)
        removed = p.get("PropertiesToRemove", [])
        kept = {k: v for k, v in entity.fields.get("Properties", {}).items() if k not in removed}
        properties = kept | p.get("Properties", {})
        if len(properties) > 30:
            raise ValidationFailed("An entity of the lineage can have at most 30 properties.")
        new = {member: p[member] for member in ("Description", "Status") if member in p}
        if kind is ARTIFACT and "ArtifactName" in p:
            new["Name"] = p["ArtifactName"]
        call.world.store.touch(entity, Properties=properties, LastModifiedBy=user(call), **new)
        return {kind.arn_member: entity.arn}


def _delete(kind: Kind) -> None:
    @operation(SERVICE, f"Delete{kind.name}", uses=_members(f"Delete{kind.name}"), resource=_resource(kind))
    async def delete(call: Call) -> dict[str, Any]:
        """Delete an entity that nothing is associated with any more."""
        p, graph = call.parameters, call.world.lineage
        if kind is ARTIFACT and "ArtifactArn" not in p:
            if "Source" not in p:
                raise ValidationFailed("Either ArtifactArn or Source must be specified.")
            p["ArtifactArn"] = call.world.store.arn(ARTIFACT, artifact_id(p["Source"]))
        entity = find(call, kind)
        joined = len(graph.entering(entity.arn)) + len(graph.leaving(entity.arn))
        if joined:
            raise ValidationFailed(
                f"{kind.name} {entity.arn} cannot be deleted because it has {joined} association(s). Delete them first."
            )
        call.world.store.remove(entity)
        return {kind.arn_member: entity.arn}


for _kind in (ARTIFACT, ACTION, CONTEXT):
    for _enter in (_create, _describe, _list, _update, _delete):
        _enter(_kind)
