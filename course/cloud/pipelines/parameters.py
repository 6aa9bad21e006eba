"""Parameters of a pipeline: what the definition declares, and the values that an execution gives them."""

import re
from dataclasses import dataclass
from typing import Any

from ..errors import ValidationFailed
from .fault import DefinitionFault

_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (float, int), "Boolean": (bool,)}
_MEMBERS = ("Name", "Type", "DefaultValue", "EnumValues", "Description")


def type_of(value: Any) -> str:
    """The pipeline type of a JSON scalar."""
    return {str: "String", bool: "Boolean", int: "Integer", float: "Float"}.get(type(value), type(value).__name__)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter. `default` is None where an execution must give the value."""

    name: str
    type: str
    default: Any = None
    enum: tuple[Any, ...] = ()

    @classmethod
    def parse(cls, document: Any) -> "Parameter":
        """Raises DefinitionFault."""
        if not isinstance(document, dict):
            raise DefinitionFault("Expecting start of Json Object in Parameters.")
        name = document.get("Name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise DefinitionFault(f"The name of a parameter must match {_NAME.pattern}; got {name!r}.")
        for member in document:
            if member not in _MEMBERS:
                raise DefinitionFault(f"Cannot parse object, unknown property '{member}' of parameter '{name}'.")
        kind = document.get("Type", "String")
        if kind not in _TYPES:
            raise DefinitionFault(f"Parameter '{name}' has the Type '{kind}'; the types are {', '.join(_TYPES)}.")
        enum = document.get("EnumValues") or []
        if not isinstance(enum, list):
            raise DefinitionFault(f"Expecting start of Json Array in EnumValues of parameter '{name}'.")
        for value in [*enum, *([document["DefaultValue"]] if document.get("DefaultValue") is not None else [])]:
            if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "Boolean"):
                raise DefinitionFault(f"Parameter '{name}' is of type {kind}; {value!r} is of type {type_of(value)}.")
        default = document.get("DefaultValue")
        if enum and default is not None and default not in enum:
            raise DefinitionFault(f"The DefaultValue {default!r} of parameter '{name}' is not one of {enum}.")
        return cls(name, kind, default, tuple(enum))

    def read(self, text: str) -> Any:
        """The value that `text`, as StartPipelineExecution sends it, stands for. Raises ValidationFailed."""
        if not text:
            raise ValidationFailed(f'[string "" is too short (length: 0, required minimum: 1)] in {self.name}')
        try:
            value: Any = {"Integer": int, "Float": float, "Boolean": _boolean}.get(self.type, str)(text)
        except ValueError:
            raise ValidationFailed(
                f"Parameter '{self.name}' is of type {self.type}; {text!r} can not be read as one."
            ) from None
        if self.enum and value not in self.enum:
            raise ValidationFailed(f"{text!r} is not a value of parameter '{self.name}', which has {list(self.enum)}.")
        return value


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def bind(declared: dict[str, Parameter], given: list[dict[str, str]], inherited: dict[str, Any]) -> dict[str, Any]:
    """Every declared parameter's value in an execution: the given one, else the inherited one, else the default.

    given: [{"Name", "Value"}]. Raises ValidationFailed for a name that is unknown, given twice or missing.
    """
    names = [item["Name"] for item in given]
    for name in names:
        if name not in declared:
            raise ValidationFailed(f"The pipeline has no parameter '{name}'. It has {', '.join(declared) or 'none'}.")
        if names.count(name) > 1:
            raise ValidationFailed(f"The parameter '{name}' is given twice.")
    values = {name: inherited.get(name, parameter.default) for name, parameter in declared.items()}
    values |= {item["Name"]: declared[item["Name"]].read(item["Value"]) for item in given}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise ValidationFailed(f"Parameters without a default need a value: {', '.join(missing)}.")
    return values
