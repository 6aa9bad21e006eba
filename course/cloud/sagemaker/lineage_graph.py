"""The lineage of a world: entities, which are resources, and the associations that join them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..clock import Clock
from ..store import Kind, Resource, Store

ARTIFACT = Kind("Artifact", "artifact", shown=lambda artifact: {"ArtifactName": artifact.fields.get("Name")})
ACTION = Kind("Action", "action")
CONTEXT = Kind("Context", "context")
TRIAL_COMPONENT = Kind(
    "TrialComponent",
    "experiment-trial-component",
    shown=lambda component: {
        "DisplayName": component.name,
        "Sources": [component.fields["Source"]],
        "TrialComponentSource": component.fields["Source"],
    },
)
KINDS = (TRIAL_COMPONENT, ARTIFACT, CONTEXT, ACTION)


@dataclass(frozen=True, slots=True)
class Association:
    """A directed edge: `source` contributed to, is associated with, produced or is the source of `destination`."""

    source: Resource
    destination: Resource
    type: str | None
    created: datetime
    by: dict[str, Any] | None  # None: the cloud itself


def entity_type(entity: Resource) -> str:
    """What an entity stands for: DataSet, Model, Image, TrainingJob, ModelDeployment, Endpoint …"""
    return entity.fields[f"{entity.kind.name}Type"]


def entity_name(entity: Resource) -> str | None:
    """Its name; an artifact may have none."""
    return entity.fields.get("Name") if entity.kind is ARTIFACT else entity.name


def artifact_id(source: dict[str, Any]) -> str:
    """An artifact is what its source is: the same URI with the same ids is the same artifact."""
    ids = sorted((given["SourceIdType"], given["Value"]) for given in source.get("SourceTypes", []))
    return hashlib.sha256(repr((source["SourceUri"], ids)).encode()).hexdigest()[:32]


class Graph:
    """Associations by their two ends. Entities are kept in the store, where tags and ARNs find them."""

    def __init__(self, store: Store, clock: Clock):
        self._store, self._clock = store, clock
        self._edges: dict[tuple[str, str], Association] = {}
        self._out: dict[str, dict[str, Association]] = {}
        self._in: dict[str, dict[str, Association]] = {}

    def entity(self, arn: str) -> Resource | None:
        """The entity with that ARN."""
        found = self._store.by_arn(arn)
        return found if found is not None and found.kind in KINDS else None

    def entities(self) -> list[Resource]:
        return [entity for kind in KINDS for entity in self._store.all(kind)]

    def artifact(self, uri: str, type_: str, **fields: Any) -> Resource:
        """The artifact for `uri`, made if there is none yet: SageMaker reuses what is there, whoever made it."""
        source = {"SourceUri": uri}
        name = artifact_id(source)
        if self._store.find(ARTIFACT, name) is None:
            for found in self._store.all(ARTIFACT):
                if found.fields["Source"]["SourceUri"] == uri:
                    return found
        return self.add(ARTIFACT, name, Source=source, ArtifactType=type_, **fields)

    def add(self, kind: Kind, name: str, **fields: Any) -> Resource:
        """An entity of that name, made unless it is there."""
        return self._store.find(kind, name) or self._store.add(kind, name, fields, {})

    def associate(
        self, source: Resource, destination: Resource, type_: str | None, by: dict[str, Any] | None = None
    ) -> bool:
        """Join two entities; False if they are joined already."""
        key = source.arn, destination.arn
        if key in self._edges:
            return False
        edge = self._edges[key] = Association(source, destination, type_, self._clock.now(), by)
        self._out.setdefault(source.arn, {})[destination.arn] = edge
        self._in.setdefault(destination.arn, {})[source.arn] = edge
        return True

    def dissociate(self, source_arn: str, destination_arn: str) -> bool:
        """Part two entities; False if nothing joins them."""
        if self._edges.pop((source_arn, destination_arn), None) is None:
            return False
        del self._out[source_arn][destination_arn]
        del self._in[destination_arn][source_arn]
        return True

    def associations(self) -> Iterable[Association]:
        return self._edges.values()

    def leaving(self, arn: str) -> list[Association]:
        """Associations to the descendants of an entity."""
        return list(self._out.get(arn, {}).values())

    def entering(self, arn: str) -> list[Association]:
        """Associations from the ascendants of an entity."""
        return list(self._in.get(arn, {}).values())
