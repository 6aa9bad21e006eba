"""Fail: an end with a message."""

from collections.abc import Callable

from ..definition import Step
from ..fault import DefinitionFault, StepFailed
from ..references import Get
from .kind import Outputs, Run, StepType

_LONGEST = 3_072  # characters of ErrorMessage


class Fail(StepType):
    """Fails as soon as it runs. No step can depend on it."""

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        for member in step.arguments:
            if member != "ErrorMessage":
                raise DefinitionFault(f"Unknown Argument member '{member}' in step '{step.name}'.")

    async def run(self, run: Run) -> Outputs:
        message = str(run.arguments.get("ErrorMessage", ""))[:_LONGEST]
        run.show({"Fail": {"ErrorMessage": message}})
        raise StepFailed(message)
