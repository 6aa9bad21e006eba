"""A pipeline's definition: JSON of schema version 2020-12-01, as CreatePipeline takes it and the SDK writes it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from .cache import CacheConfig
from .fault import DefinitionFault
from .parameters import Parameter
from .retry import Policy

VERSION = "2020-12-01"
MAX_STEPS = 200
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_MEMBERS = ("Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps")
_BRANCHES = (("IfSteps", True), ("ElseSteps", False))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step. `branch` is the Condition step that decides on it, and the outcome with which it runs."""

    name: str
    type: str
    document: dict[str, Any]  # as written
    arguments: dict[str, Any]
    depends_on: tuple[str, ...]
    cache: CacheConfig
    retries: tuple[Policy, ...]
    branch: tuple[str, bool] | None = None

    def property_file(self, name: str) -> dict[str, str] | None:
        return next((f for f in self.document.get("PropertyFiles", []) if f.get("PropertyFileName") == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A parsed definition. `steps` holds those of every branch too, in the order in which they are written."""

    parameters: dict[str, Parameter]
    steps: dict[str, Step]
    experiment: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> "Definition":
        """Read the structure. Raises DefinitionFault; what the steps refer to is checked by `rules.check`."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise DefinitionFault(f"The definition is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise DefinitionFault("Expecting start of Json Object.")
        for member in document:
            if member not in _MEMBERS:
                raise DefinitionFault(f"Cannot parse object, unknown property '{member}'.")
        if document.get("Version") != VERSION:
            raise DefinitionFault(f"Version must be '{VERSION}'; got {document.get('Version')!r}.")
        if document.get("MlflowConfig"):
            raise DefinitionFault("This cloud does not support MlflowConfig yet.")
        parameters: dict[str, Parameter] = {}
        for item in _list(document, "Parameters", "the definition"):
            parameter = Parameter.parse(item)
            if parameter.name in parameters:
                raise DefinitionFault(f"The parameter name '{parameter.name}' is used twice.")
            parameters[parameter.name] = parameter
        if "Steps" not in document:
            raise DefinitionFault("The definition needs Steps.")
        steps: dict[str, Step] = {}
        _read(_list(document, "Steps", "the definition"), steps, None)
        if not 1 <= len(steps) <= MAX_STEPS:
            raise DefinitionFault(f"A pipeline has between 1 and {MAX_STEPS} steps; got {len(steps)}.")
        return cls(parameters, steps, _object(document, "PipelineExperimentConfig", "the definition"))


def _read(documents: list[Any], steps: dict[str, Step], branch: tuple[str, bool] | None) -> None:
    for document in documents:
        step = _step(document, branch)
        if step.name in steps:
            raise DefinitionFault(f"The step name '{step.name}' is used twice. Names of steps are unique.")
        steps[step.name] = step
        if step.type == "Condition":
            if branch:
                raise DefinitionFault(
                    f"The Condition step '{step.name}' stands in a branch of '{branch[0]}': Condition steps can not "
                    "be nested."
                )
            for member, outcome in _BRANCHES:
                _read(_list(step.arguments, member, f"step '{step.name}'"), steps, (step.name, outcome))


def _step(document: Any, branch: tuple[str, bool] | None) -> Step:
    if not isinstance(document, dict):
        raise DefinitionFault("Expecting start of Json Object in Steps.")
    name, kind = document.get("Name"), document.get("Type")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionFault(f"The name of a step must match {_NAME.pattern}; got {name!r}.")
    if not isinstance(kind, str):
        raise DefinitionFault(f"Step '{name}' needs a Type.")
    where = f"step '{name}'"
    depends_on = _list(document, "DependsOn", where)
    if not all(isinstance(other, str) for other in depends_on):
        raise DefinitionFault(f"DependsOn of {where} is a list of names of steps.")
    return Step(
        name,
        kind,
        document,
        _object(document, "Arguments", where),
        tuple(depends_on),
        CacheConfig.parse(document.get("CacheConfig"), name),
        tuple(Policy.parse(policy, name) for policy in _list(document, "RetryPolicies", where)),
        branch,
    )


def _list(document: dict[str, Any], member: str, where: str) -> list[Any]:
    value = document.get(member) or []
    if not isinstance(value, list):
        raise DefinitionFault(f"Expecting start of Json Array in {member} of {where}.")
    return value


def _object(document: dict[str, Any], member: str, where: str) -> dict[str, Any]:
    value = document.get(member) or {}
    if not isinstance(value, dict):
        raise DefinitionFault(f"Expecting start of Json Object in {member} of {where}.")
    return value
