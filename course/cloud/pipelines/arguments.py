"""A step's Arguments held against the operation that will be called with them, as far as literals allow."""

import json
from collections.abc import Callable
from typing import Any

from botocore.model import Shape

from ..validation import broken_rules
from .fault import DefinitionFault
from .references import Get, is_reference

_TYPES = {
    "string": ("String",),
    "integer": ("Integer",),
    "long": ("Integer",),
    "float": ("Float", "Integer"),
    "double": ("Float", "Integer"),
    "boolean": ("Boolean",),
}
"""Types of references that a member may be given, by the member's own type."""
_LITERALS = {"string": str, "integer": int, "long": int, "float": (int, float), "double": (int, float), "boolean": bool}


def pipeline_type(shape: Shape) -> str | None:
    """The pipeline type of a value of `shape`, if it is a scalar."""
    return _TYPES.get(shape.type_name, (None,))[0]


def check(shape: Shape, value: Any, kind_of: Callable[[Get], str | None], step: str, without: tuple[str, ...]) -> None:
    """Raise DefinitionFault if `value` can not be the input `shape`.

    kind_of: the type of what a reference stands for, None where only the run can tell.
    without: members that the pipeline fills in itself.
    """
    _structure(shape, value, kind_of, step, "", without)


def _structure(
    shape: Shape, value: Any, kind_of: Callable[[Get], str | None], step: str, path: str, without: tuple[str, ...] = ()
) -> None:
    for name, member in value.items():
        if name not in shape.members:
            raise DefinitionFault(f"Unknown Argument member '{name}'{_where(path, step)}")
        if member is not None and name not in without:
            _value(shape.members[name], member, kind_of, step, f"{path}.{name}" if path else name)
    for name in shape.required_members:
        if name not in without and value.get(name) is None:
            raise DefinitionFault(f"Model Validation failed: Member '{name}' must not be null{_where(path, step)}")


def _value(shape: Shape, value: Any, kind_of: Callable[[Get], str | None], step: str, path: str) -> None:
    if is_reference(value):
        _reference(shape, value, kind_of, step, path)
        return
    kind = shape.type_name
    if kind in ("structure", "map"):
        if not isinstance(value, dict):
            raise DefinitionFault(f"Expecting start of Json Object{_where(path, step)}")
        if kind == "structure":
            _structure(shape, value, kind_of, step, path)
            return
        for name, item in value.items():
            _value(shape.value, item, kind_of, step, f"{path}.{name}")
    elif kind == "list":
        if not isinstance(value, list):
            raise DefinitionFault(f"Expecting start of Json Array{_where(path, step)}")
        for index, item in enumerate(value):
            _value(shape.member, item, kind_of, step, f"{path}[{index}]")
    elif kind in _LITERALS and (
        not isinstance(value, _LITERALS[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        shown = json.dumps(value)[:100]
        raise DefinitionFault(f"Cannot assign {shown} to argument of type [{_TYPES[kind][0]}]{_where(path, step)}")
    for rule in broken_rules(shape, kind, value):
        what = rule.removeprefix("Member must satisfy ")
        shown = value if isinstance(value, str) else json.dumps(value)
        raise DefinitionFault(
            f"Model Validation failed: Value '{shown[:256]}' for '{shape.name}' failed to satisfy "
            f"{'constraint: ' if what == rule else ''}{what}{_where(path, step)}"
        )


def _reference(shape: Shape, value: dict[str, Any], kind_of: Callable[[Get], str | None], step: str, path: str) -> None:
    wanted = _TYPES.get(shape.type_name)
    if "Get" in value:
        get = Get.parse(value["Get"])
        kind = kind_of(get)
        if wanted and kind and kind not in wanted:
            raise DefinitionFault(
                f"Cannot assign property reference [{get.text}] to argument of type [{wanted[0]}]{_where(path, step)}"
            )
    elif "Std:Join" in value and wanted and "String" not in wanted:
        raise DefinitionFault(f"Cannot assign Std:Join to argument of type [{wanted[0]}]{_where(path, step)}")


def _where(path: str, step: str) -> str:
    return f" at {path} of step '{step}'." if path else f" in step '{step}'."
