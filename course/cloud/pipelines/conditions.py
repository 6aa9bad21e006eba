"""Conditions of a Condition step."""

import operator
from collections.abc import Callable
from typing import Any

from .fault import DefinitionFault, StepFailed
from .parameters import type_of

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_MEMBERS = {
    **dict.fromkeys(_COMPARE, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}
"""Members of each type beside Type, as the SDK writes them and AWS reads them."""


def check(condition: Any, step: str) -> None:
    """Raise DefinitionFault unless `condition` has a known type and that type's members."""
    if not isinstance(condition, dict):
        raise DefinitionFault(f"Expecting start of Json Object in Conditions of step '{step}'.")
    kind = condition.get("Type")
    if kind not in _MEMBERS:
        raise DefinitionFault(f"Unknown condition type '{kind}' in step '{step}'. The types are {', '.join(_MEMBERS)}.")
    for member in condition:
        if member not in ("Type", *_MEMBERS[kind]):
            raise DefinitionFault(f"Cannot parse object, unknown property '{member}' ({kind} in step '{step}').")
    for member in _MEMBERS[kind]:
        if condition.get(member) is None:
            raise DefinitionFault(f"The condition {kind} in step '{step}' needs {member}.")
        if member in ("Values", "Conditions") and not isinstance(condition[member], list):
            raise DefinitionFault(f"Expecting start of Json Array in {member} of step '{step}'.")
    for inner in [condition["Condition"]] if kind == "Not" else condition["Conditions"] if kind == "Or" else []:
        check(inner, step)


def holds(condition: dict[str, Any]) -> bool:
    """Whether a condition whose references are resolved is true. Raises StepFailed for values of two kinds."""
    match condition["Type"]:
        case "Not":
            return not holds(condition["Condition"])
        case "Or":
            return any([holds(inner) for inner in condition["Conditions"]])
        case "In":
            return any(_same(condition.get("QueryValue"), value) for value in condition["Values"])
        case "Equals":
            return _same(condition.get("LeftValue"), condition.get("RightValue"))
        case kind:
            left, right = condition.get("LeftValue"), condition.get("RightValue")
            if not (_number(left) and _number(right)) and not (isinstance(left, str) and isinstance(right, str)):
                raise StepFailed(
                    f"ClientError: {kind} can not compare {left!r} ({type_of(left)}) with {right!r} ({type_of(right)})."
                )
            return _COMPARE[kind](left, right)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    """Equal, and of one kind: true is not 1, and "1" is not 1."""
    return left == right and (type(left) is type(right) or (_number(left) and _number(right)))
