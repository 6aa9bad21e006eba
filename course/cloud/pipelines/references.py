"""References inside a definition: {"Get": …}, {"Std:Join": …}, {"Std:JsonGet": …}.

The forms are those of the definition's schema, version 2020-12-01
(https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.model import Shape

from .fault import DefinitionFault

FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")
EXECUTION = (
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
)
"""What Execution.… can name."""
_TOKEN = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^']+)'\]|\[\"([^\"]+)\"\]")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Get:
    """A parsed {"Get": text}. `name` is the parameter, the execution's variable or the step."""

    text: str
    root: str  # Parameters | Execution | Steps
    name: str
    path: Path

    @classmethod
    def parse(cls, text: Any) -> "Get":
        """Raises DefinitionFault."""
        if isinstance(text, str):
            root, _, _ = text.partition(".")
            path = split(text[len(root) :])
            if root in ("Parameters", "Execution", "Steps") and path and isinstance(path[0], str):
                return cls(text, root, path[0], path[1:])
        raise DefinitionFault(
            f"{text!r} is not a reference: Parameters.name, Execution.name or Steps.name.path is expected."
        )


def split(path: str) -> Path | None:
    """'.Outputs['train'].S3Output[0]' → its parts; None if it is not a path."""
    parts: list[str | int] = []
    position = 0
    while position < len(path):
        found = _TOKEN.match(path, position)
        if not found:
            return None
        member, index, *named = found.groups()
        parts.append(int(index) if index else member or named[0] or named[1])
        position = found.end()
    return tuple(parts)


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FUNCTIONS


def found_in(value: Any) -> Iterator[Get]:
    """Every Get in `value`, inside Std:Join and Std:JsonGet too. Raises DefinitionFault."""
    if is_reference(value):
        function, argument = next(iter(value.items()))
        if function == "Get":
            yield Get.parse(argument)
            return
        _check(function, argument)
        value = argument
    if isinstance(value, dict):
        for member in value.values():
            yield from found_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from found_in(item)


def _check(function: str, argument: Any) -> None:
    members = {"Std:Join": ("On", "Values"), "Std:JsonGet": ("PropertyFile", "S3Uri", "Path")}[function]
    if not isinstance(argument, dict) or any(member not in members for member in argument):
        raise DefinitionFault(f"{function} takes {', '.join(members)}; got {json.dumps(argument)[:200]}.")
    if function == "Std:Join":
        if not isinstance(argument.get("Values"), list) or not isinstance(argument.get("On", ""), str):
            raise DefinitionFault("Std:Join takes a text in On and a list in Values.")
    elif ("PropertyFile" in argument) == ("S3Uri" in argument) or not isinstance(argument.get("Path"), str):
        raise DefinitionFault("Std:JsonGet takes a Path and either a PropertyFile or an S3Uri.")


def shape_at(shape: Shape, path: Path) -> Shape | None:
    """The shape at `path` below `shape`; None if there is no such member."""
    for part in path:
        if shape.type_name == "structure" and part in shape.members:
            shape = shape.members[part]
        elif shape.type_name == "list":  # by position, or by the name that an item carries
            shape = shape.member
        elif shape.type_name == "map" and isinstance(part, str):
            shape = shape.value
        else:
            return None
    return shape


def value_at(document: Any, path: Path) -> Any:
    """The value at `path`. Raises LookupError, whose text is the part that is not there."""
    for part in path:
        there = isinstance(document, dict) and part in document
        if there or (isinstance(document, list) and isinstance(part, int) and part < len(document)):
            document = document[part]
        elif isinstance(document, list) and isinstance(part, str):
            document = next((item for item in document if _named(item, part)), None)
            if document is None:
                raise LookupError(part)
        else:
            raise LookupError(part)
    return document


def _named(item: Any, name: str) -> bool:
    """Whether `item` is the one that Outputs['name'] means: OutputName, MetricName … says so."""
    return isinstance(item, dict) and any(k.endswith("Name") and v == name for k, v in item.items())


class Scope(Protocol):
    """Where references find their values. Both raise StepFailed."""

    def get(self, reference: Get) -> Any: ...

    async def read_json(self, argument: dict[str, Any]) -> Any:
        """The value of a Std:JsonGet, whose own references are resolved already (PropertyFile excepted)."""


async def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every reference replaced. A reference to nothing (null) leaves its member out."""
    if is_reference(value):
        function, argument = next(iter(value.items()))
        if function == "Get":
            return scope.get(Get.parse(argument))
        if function == "Std:Join":
            return argument.get("On", "").join([text(await resolve(item, scope)) for item in argument["Values"]])
        if "S3Uri" in argument:
            argument = {**argument, "S3Uri": await resolve(argument["S3Uri"], scope)}
        return await scope.read_json(argument)
    if isinstance(value, dict):
        resolved = {member: await resolve(item, scope) for member, item in value.items()}
        return {member: item for member, item in resolved.items() if item is not None}
    if isinstance(value, list):
        return [await resolve(item, scope) for item in value]
    return value


def text(value: Any) -> str:
    """A value inside Std:Join."""
    return value if isinstance(value, str) else json.dumps(value)
