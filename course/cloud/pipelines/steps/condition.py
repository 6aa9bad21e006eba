"""Condition: the branch that is taken. Several conditions must all hold."""

from collections.abc import Callable

from ..conditions import check, holds
from ..definition import Step
from ..fault import DefinitionFault
from ..references import Get, Path
from .kind import Outputs, Run, StepType


class Condition(StepType):
    """The engine reads the outcome; steps may refer to it as Outcome ("true" or "false")."""

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        for member in step.arguments:
            if member not in ("Conditions", "IfSteps", "ElseSteps"):
                raise DefinitionFault(f"Unknown Argument member '{member}' in step '{step.name}'.")
        conditions = step.arguments.get("Conditions")
        if not isinstance(conditions, list) or not conditions:
            raise DefinitionFault(f"The Condition step '{step.name}' needs a list of Conditions.")
        for condition in conditions:
            check(condition, step.name)

    def kind_at(self, step: Step, path: Path) -> str | None:
        if path != ("Outcome",):
            raise LookupError(path)
        return "String"

    async def run(self, run: Run) -> Outputs:
        outcome = all([holds(condition) for condition in run.arguments["Conditions"]])
        run.show({"Condition": {"Outcome": str(outcome)}})
        return {"Outcome": str(outcome).lower()}
