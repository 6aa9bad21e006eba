"""What every type of step answers, and what a step is given while it runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..definition import Step
from ..fault import DefinitionFault, StepFailed
from ..references import Get, Path
from ..role import Role

if TYPE_CHECKING:
    from ...world import World

Outputs = dict[str, Any]
"""What other steps may refer to, as JSON has it."""


@dataclass(slots=True)
class Waiting:
    """A Callback step that is waiting for `answer`: output parameters, or StepFailed."""

    step: str
    answer: "asyncio.Future[dict[str, Any]]"


@dataclass(slots=True)
class Run:
    """One attempt at a step. `arguments` and `document` have their references resolved."""

    world: "World"
    role: Role
    step: Step
    document: dict[str, Any]
    execution_arn: str
    execution_id: str
    stopping: asyncio.Event
    show: Callable[[dict[str, Any]], None]  # the step's Metadata
    callbacks: dict[str, Waiting]  # of the execution, by token

    @property
    def arguments(self) -> dict[str, Any]:
        return self.document.get("Arguments") or {}


class StepType:
    """A type of step. `members` are those of its JSON beside the ones that every step has."""

    members: tuple[str, ...] = ()

    def runs_here(self) -> bool:
        return True

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        """Raise DefinitionFault if the step can not run."""

    def kind_at(self, step: Step, path: Path) -> str | None:
        """The pipeline type of the output at `path`, None where only the run can tell. Raises LookupError."""
        raise LookupError(path)

    async def run(self, run: Run) -> Outputs:
        """Run to the end. Raises StepFailed, StepStopped."""
        raise NotImplementedError


def declared_kind(step: Step, path: Path) -> str | None:
    """The type of OutputParameters['name'], which a Lambda or Callback step declares. Raises LookupError."""
    if len(path) != 2 or path[0] != "OutputParameters":
        raise LookupError(path)
    for output in step.document.get("OutputParameters") or []:
        if output.get("OutputName") == path[1]:
            return output.get("OutputType", "String")
    raise LookupError(path[1])


def check_declared(step: Step) -> None:
    """Raise DefinitionFault unless OutputParameters is a list of {OutputName, OutputType}."""
    for output in step.document.get("OutputParameters") or []:
        if not isinstance(output, dict) or not isinstance(output.get("OutputName"), str):
            raise DefinitionFault(f"OutputParameters of step '{step.name}' is a list of OutputName and OutputType.")
        if output.get("OutputType", "String") not in _READ:
            raise DefinitionFault(f"OutputType of step '{step.name}' takes {', '.join(_READ)}.")


def read_declared(step: Step, given: dict[str, Any]) -> Outputs:
    """OutputParameters of a step that ended, each in its declared type. Raises StepFailed."""
    values = {}
    for output in step.document.get("OutputParameters") or []:
        name, kind = output["OutputName"], output.get("OutputType", "String")
        if name not in given:
            raise StepFailed(f"ClientError: The step did not put out the parameter '{name}'.")
        try:
            values[name] = _READ[kind](given[name])
        except (ValueError, TypeError):
            raise StepFailed(f"ClientError: The output '{name}' is {given[name]!r}, which is no {kind}.") from None
    return {"OutputParameters": values}


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False, True: True, False: False}[value.lower() if isinstance(value, str) else value]


_READ: dict[str, Callable[[Any], Any]] = {"String": str, "Integer": int, "Float": float, "Boolean": _boolean}
