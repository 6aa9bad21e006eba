"""The graph that a definition makes: who needs whose outputs, who comes after whom."""

from dataclasses import dataclass

from .definition import Definition, Step
from .references import found_in


@dataclass(frozen=True, slots=True)
class Edges:
    """What a step waits for.

    needs: steps that must have succeeded. follows: steps of both branches of a condition that DependsOn names, of
    which the branch that is taken must have succeeded.
    """

    needs: frozenset[str]
    follows: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.needs | self.follows


def edges(definition: Definition) -> dict[str, Edges]:
    """Every step's Edges, from references, DependsOn and branches. A name may be one that no step has."""
    found = {}
    for step in definition.steps.values():
        needs = {get.name for get in found_in(own(step)) if get.root == "Steps"} | set(step.depends_on)
        after = set()
        for name in step.depends_on:
            other = definition.steps.get(name)
            if other and other.type == "Condition" and (step.branch is None or step.branch[0] != name):
                after |= {s.name for s in definition.steps.values() if s.branch and s.branch[0] == name}
        if step.branch:
            needs.add(step.branch[0])
        found[step.name] = Edges(frozenset(needs), frozenset(after))
    return found


def own(step: Step) -> dict:
    """What belongs to the step itself: a Condition's branches are steps of their own."""
    if step.type != "Condition":
        return step.document
    return {"Conditions": step.arguments.get("Conditions", [])}


def cycle(graph: dict[str, Edges]) -> list[str] | None:
    """The steps of one cycle, the first again at the end; None if there is none."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        if found := _walk(start, graph, path, done):
            return found
    return None


def _walk(name: str, graph: dict[str, Edges], path: list[str], done: set[str]) -> list[str] | None:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done or name not in graph:
        return None
    path.append(name)
    for other in sorted(graph[name].all):
        if found := _walk(other, graph, path, done):
            return found
    path.pop()
    done.add(name)
    return None


def reaches(graph: dict[str, Edges], start: str, goal: str) -> bool:
    """Whether `start` waits for `goal`, directly or through others."""
    seen, front = set(), [start]
    while front:
        for other in graph[front.pop()].all - seen:
            if other == goal:
                return True
            seen.add(other)
            front.append(other)
    return False
