"""Enum, pattern, length and range of a request, read from botocore's model and worded as AWS words them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import OperationModel, Shape

from .errors import ValidationFailed

_LENGTH_KINDS = {"string", "list", "map", "blob"}
_RANGE_KINDS = {"integer", "long", "float", "double"}


def validate(operation: OperationModel, parameters: dict[str, Any]) -> None:
    """Raise ValidationFailed with every fault in one message, as AWS does."""
    if operation.input_shape is None:
        return
    faults = list(_faults(operation.input_shape, parameters, ""))
    if faults:
        noun = "error" if len(faults) == 1 else "errors"
        message = f"{len(faults)} validation {noun} detected: " + "; ".join(faults)
        declared = {shape.name for shape in operation.error_shapes}
        raise ValidationFailed(message, code="ValidationError" if "ValidationError" in declared else "")


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield _fault("null", _join(path, name), "Member must not be null")
        for name, member in value.items():
            yield from _faults(shape.members[name], member, _join(path, name))
        return
    yield from (_fault(_shown(shape, value), path, rule) for rule in broken_rules(shape, kind, value))
    if kind == "list":
        for index, item in enumerate(value):
            yield from _faults(shape.member, item, f"{path}.{index + 1}.member")
    elif kind == "map":
        for key, item in value.items():
            yield from _faults(shape.key, key, f"{path}.key")
            yield from _faults(shape.value, item, f"{path}.{key}.member")


def broken_rules(shape: Shape, kind: str, value: Any) -> Iterator[str]:
    """What `value` breaks of the length, range, enum and pattern that `shape`, of type `kind`, asks for."""
    rules = shape.metadata
    if kind in _LENGTH_KINDS:
        if "max" in rules and len(value) > rules["max"]:
            yield f"Member must have length less than or equal to {rules['max']}"
        if "min" in rules and len(value) < rules["min"]:
            yield f"Member must have length greater than or equal to {rules['min']}"
    elif kind in _RANGE_KINDS:
        if "max" in rules and value > rules["max"]:
            yield f"Member must have value less than or equal to {rules['max']}"
        if "min" in rules and value < rules["min"]:
            yield f"Member must have value greater than or equal to {rules['min']}"
    if kind == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        if "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(value):
            yield f"Member must satisfy regular expression pattern: {rules['pattern']}"


# Java's character classes as the inside of a Python set; letters, marks and digits are \w, as near as re comes.
_JAVA_CLASSES = {
    r"\p{ASCII}": r"\x00-\x7f",
    r"\p{Print}": r"\x20-\x7e",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{L}": r"\w",
    r"\p{M}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{P}": r"!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u205e",
    r"\p{S}": r"$+<=>^`|~\u00a2-\u00b8\u2044-\u2bff",
}
_SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"  # Java's spelling of everything beyond the basic plane
_TOKEN = re.compile(r"\\p\{\w+\}|\\.|\[|\]|.", re.DOTALL)


@cache
def _pattern(java: str) -> re.Pattern[str]:
    """Java's regular expression as Python's. AWS matches the whole value."""
    text = java.replace(_SURROGATES, r"\U00010000-\U0010FFFF").replace("${", "{").replace(r"\z", r"\Z")
    python, inside = [], False
    for token in _TOKEN.findall(text):
        if token in _JAVA_CLASSES:
            token = _JAVA_CLASSES[token] if inside else f"[{_JAVA_CLASSES[token]}]"
        elif token in "[]":
            if token == "[" and inside:
                token = r"\["
            else:
                inside = token == "["
        python.append(token)
    return re.compile("".join(python), re.DOTALL)


def _fault(value: str, path: str, rule: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {rule}"


def _shown(shape: Shape, value: Any) -> str:
    if shape.type_name == "blob":
        return "at the body"
    text = str(value)
    return f"'{text if len(text) <= 256 else text[:253] + '...'}'"


def _join(path: str, name: str) -> str:
    """AWS writes member paths in camelCase: TrainingJobName is 'trainingJobName'."""
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name
