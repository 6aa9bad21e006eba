"""CloudWatch's statistics by name: what one period comes to. Source: the guide's "CloudWatch statistics definitions".

Average, Sum, Minimum, Maximum, SampleCount; percentiles p0 to p100; trimmed means tm0 to tm100, TM(a%:b%) and IQM.
"""

import re
from collections.abc import Callable
from functools import cache

from ..errors import NotSupported
from .distribution import Distribution
from .errors import InvalidValue

Read = Callable[[Distribution], float | None]

_SIMPLE: dict[str, Read] = {
    "SampleCount": lambda point: point.count,
    "Average": lambda point: point.total / point.count if point.count else None,
    "Sum": lambda point: point.total,
    "Minimum": lambda point: point.minimum,
    "Maximum": lambda point: point.maximum,
}
SIMPLE = tuple(_SIMPLE)
_NUMBER = r"(100|\d{1,2}(?:\.\d{1,10})?)"
_PERCENTILE = re.compile(f"p{_NUMBER}")
_TRIMMED = re.compile(f"tm{_NUMBER}")
_BETWEEN = re.compile(f"TM\\({_NUMBER}?%?:{_NUMBER}?%?\\)")
_LACKING = re.compile(r"(tc|ts|wm)\d|(TC|TS|WM|PR|TM)\(")


@cache
def read(name: str) -> Read:
    """What the statistic `name` makes of a period. Raises InvalidValue for a name that is none."""
    if found := _SIMPLE.get(name):
        return found
    if (percent := percentile(name)) is not None:
        return lambda point: point.share_below(percent)
    if found := _TRIMMED.fullmatch(name):
        high = float(found[1])
        return lambda point: point.trimmed(0, high)
    if name == "IQM":
        return lambda point: point.trimmed(25, 75)
    if (found := _BETWEEN.fullmatch(name)) and name.count("%") == 1 + bool(found[1] and found[2]):
        low, high = float(found[1] or 0), float(found[2] or 100)
        if low < high:
            return lambda point: point.trimmed(low, high)
    if _LACKING.match(name):
        raise NotSupported(f"This cloud does not support the statistic {name} yet.")
    raise InvalidValue(f"The value {name} is not a valid statistic.")


def percentile(name: str) -> float | None:
    """Which percentile `name` asks for; None if it asks for something else."""
    found = _PERCENTILE.fullmatch(name)
    return float(found[1]) if found else None


def needs_values(name: str) -> bool:
    """Whether a statistic looks at single values."""
    return name not in _SIMPLE
