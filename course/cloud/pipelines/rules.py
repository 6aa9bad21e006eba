"""What a definition must keep beyond its structure: known types, references that lead somewhere, no cycle."""

from . import steps
from .definition import Definition, Step
from .fault import DefinitionFault
from .graph import cycle, edges, own
from .references import EXECUTION, Get, found_in
from .steps.kind import StepType

_COMMON = ("Name", "Type", "DisplayName", "Description", "DependsOn", "Arguments")


def check(definition: Definition) -> None:
    """Raise DefinitionFault for the first fault found."""
    kinds = {step.name: _kind(step) for step in definition.steps.values()}
    for step in definition.steps.values():
        for member in step.document:
            if member not in (*_COMMON, *kinds[step.name].members):
                raise DefinitionFault(
                    f"Cannot parse object, unknown property '{member}' of step '{step.name}' ({step.type})."
                )
        _check_dependencies(step, definition)
    graph = edges(definition)
    if found := cycle(graph):
        raise DefinitionFault(f"The steps wait for each other in a cycle: {' -> '.join(found)}.")
    for step in definition.steps.values():

        def kind_of(get: Get, step: Step = step) -> str | None:
            return _kind_of(get, f"step '{step.name}'", definition, kinds)

        for get in found_in(own(step)):
            kind_of(get)
        kinds[step.name].check(step, kind_of)
    for get in found_in(definition.experiment):
        _kind_of(get, "PipelineExperimentConfig", definition, kinds)


def _kind(step: Step) -> StepType:
    kind = steps.find(step.type)
    if kind is None:
        raise DefinitionFault(
            f"Step '{step.name}' has the type '{step.type}', which this cloud does not run. "
            f"It runs {', '.join(steps.names())}."
        )
    return kind


def _check_dependencies(step: Step, definition: Definition) -> None:
    for name in step.depends_on:
        if name not in definition.steps:
            raise DefinitionFault(f"Step '{step.name}' depends on '{name}', which the pipeline does not have.")
    referred = [get.name for get in found_in(own(step)) if get.root == "Steps"]
    for name in (*step.depends_on, *referred):
        other = definition.steps.get(name)
        if other is None:
            continue  # `_kind_of` names the reference
        if other.type == "Fail":
            raise DefinitionFault(f"{step.name} can not depends on {name}: a Fail step ends the pipeline.")
        if step.branch and other.branch and step.branch[0] == other.branch[0] and step.branch != other.branch:
            raise DefinitionFault(
                f"Step '{step.name}' can not depend on '{name}': they are in different branches of '{step.branch[0]}'."
            )


def _kind_of(get: Get, where: str, definition: Definition, kinds: dict[str, StepType]) -> str | None:
    """The pipeline type of what a reference stands for, None where only the run can tell."""
    if get.root == "Parameters":
        if get.name not in definition.parameters or get.path:
            known = ", ".join(definition.parameters) or "none"
            raise DefinitionFault(f"The reference [{get.text}] in {where} names no parameter. There are: {known}.")
        return definition.parameters[get.name].type
    if get.root == "Execution":
        if get.name not in EXECUTION or get.path:
            raise DefinitionFault(
                f"The reference [{get.text}] in {where} names no execution variable. There are: {', '.join(EXECUTION)}."
            )
        return "String"
    if get.name not in definition.steps:
        raise DefinitionFault(f"The reference [{get.text}] in {where} names no step of the pipeline.")
    other = definition.steps[get.name]
    try:
        return kinds[get.name].kind_at(other, get.path)
    except LookupError:
        raise DefinitionFault(
            f"The reference [{get.text}] in {where} leads nowhere: a step of type {other.type} has no such output."
        ) from None
