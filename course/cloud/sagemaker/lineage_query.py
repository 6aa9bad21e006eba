"""QueryLineage: what went into an entity, what came of it, and the way between."""

from collections.abc import Iterable
from typing import Any

from ..operations import Call, operation
from ..store import Resource, page
from .lineage_association import entity_of
from .lineage_graph import Association, Graph, entity_type
from .resources import SERVICE

_DEEPEST, _MOST = 10, 50


@operation(
    SERVICE,
    "QueryLineage",
    uses=("StartArns", "Direction", "IncludeEdges", "Filters", "MaxDepth", "MaxResults", "NextToken"),
)
async def query_lineage(call: Call) -> dict[str, Any]:
    """Follow associations up, down or both ways; filters choose what is shown, not where the way leads."""
    p, graph = call.parameters, call.world.lineage
    starts = [entity_of(call, arn) for arn in p.get("StartArns", [])]
    depth = p.get("MaxDepth", _DEEPEST)
    steps: list[Step] = []
    for upwards in {"Ascendants": (True,), "Descendants": (False,)}.get(p.get("Direction", "Both"), (True, False)):
        steps += _walk(graph, starts, depth, upwards=upwards)
    reached = _unique(step[1] for step in steps) if starts else graph.entities()
    begun = {start.arn for start in starts}
    matched = [entity for entity in reached if entity.arn not in begun and _matches(entity, p.get("Filters", {}))]
    shown, edges = matched, []
    if p.get("IncludeEdges"):
        on_the_way, edges = _ways(steps, matched)
        shown = [*starts, *(entity for entity in reached if entity.arn in on_the_way - begun)]
    chunk, token = page(shown, p.get("MaxResults", _MOST), p.get("NextToken"))
    return {
        "Vertices": [{"Arn": e.arn, "Type": entity_type(e), "LineageType": e.kind.name} for e in chunk],
        "Edges": [_edge(edge) for edge in edges] if "NextToken" not in p else [],
        "NextToken": token,
    }


Step = tuple[Resource, Resource, Association]  # from the nearer entity to the farther, over the association


def _walk(graph: Graph, starts: list[Resource], depth: int, *, upwards: bool) -> list[Step]:
    """Every association within `depth` of a start, nearest first."""
    steps: list[Step] = []
    seen, layer = {start.arn for start in starts}, starts
    for _ in range(depth):
        following: list[Resource] = []
        for near in layer:
            for edge in graph.entering(near.arn) if upwards else graph.leaving(near.arn):
                far = edge.source if upwards else edge.destination
                steps.append((near, far, edge))
                if far.arn not in seen:
                    seen.add(far.arn)
                    following.append(far)
        layer = following
    return steps


def _ways(steps: list[Step], matched: list[Resource]) -> tuple[set[str], list[Association]]:
    """ARNs of the entities that lie between a start and a match, both included, and the associations on the way."""
    wanted, more = {entity.arn for entity in matched}, True
    while more:
        before = len(wanted)
        wanted |= {near.arn for near, far, _ in steps if far.arn in wanted}
        more = len(wanted) > before
    edges = {(edge.source.arn, edge.destination.arn): edge for _, far, edge in steps if far.arn in wanted}
    return wanted, list(edges.values())


def _unique(entities: Iterable[Resource]) -> list[Resource]:
    return list({entity.arn: entity for entity in entities}.values())


def _matches(entity: Resource, filters: dict[str, Any]) -> bool:
    properties = entity.fields.get("Properties", {})
    return (
        (not filters.get("Types") or entity_type(entity) in filters["Types"])
        and (not filters.get("LineageTypes") or entity.kind.name in filters["LineageTypes"])
        and ("CreatedAfter" not in filters or entity.created > filters["CreatedAfter"])
        and ("CreatedBefore" not in filters or entity.created < filters["CreatedBefore"])
        and ("ModifiedAfter" not in filters or entity.modified > filters["ModifiedAfter"])
        and ("ModifiedBefore" not in filters or entity.modified < filters["ModifiedBefore"])
        and (
            not filters.get("Properties")
            or any(properties.get(name) == value for name, value in filters["Properties"].items())
        )
    )


def _edge(edge: Association) -> dict[str, Any]:
    return {"SourceArn": edge.source.arn, "DestinationArn": edge.destination.arn, "AssociationType": edge.type}
