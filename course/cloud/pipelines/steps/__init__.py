"""The types of steps that run here. A type says what its steps may contain, what they put out, and how they run."""

from .callback import Callback
from .clarify_check import ClarifyCheck
from .condition import Condition
from .fail import Fail
from .function import Function
from .job import JOBS
from .kind import StepType
from .quality_check import QualityCheck

_TYPES: dict[str, StepType] = {
    **JOBS,
    "Condition": Condition(),
    "Fail": Fail(),
    "Lambda": Function(),
    "Callback": Callback(),
    "QualityCheck": QualityCheck("ProcessingJob", "QualityCheck"),
    "ClarifyCheck": ClarifyCheck("ProcessingJob", "ClarifyCheck"),
}


def find(name: str) -> StepType | None:
    """The type of that name, if this cloud runs it."""
    found = _TYPES.get(name)
    return found if found and found.runs_here() else None


def names() -> list[str]:
    """The types that this cloud runs."""
    return [name for name, kind in _TYPES.items() if kind.runs_here()]
