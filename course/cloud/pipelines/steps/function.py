"""Lambda: a function that is called with the arguments and whose answer holds the outputs."""

import json
from collections.abc import Callable

from ...errors import CloudError
from ..definition import Step
from ..fault import DefinitionFault, StepFailed
from ..references import Get, Path
from ..retry import kind_of_call
from .kind import Outputs, Run, StepType, check_declared, declared_kind, read_declared


class Function(StepType):
    """The function can not be stopped: an execution that is stopping waits for it."""

    members = ("FunctionArn", "OutputParameters", "CacheConfig")

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        if not step.document.get("FunctionArn"):
            raise DefinitionFault(f"The Lambda step '{step.name}' needs a FunctionArn.")
        check_declared(step)

    def kind_at(self, step: Step, path: Path) -> str | None:
        return declared_kind(step, path)

    async def run(self, run: Run) -> Outputs:
        arn = run.document["FunctionArn"]
        run.show({"Lambda": {"Arn": arn, "OutputParameters": []}})
        try:
            answer = await run.role.call(
                "lambda", "Invoke", FunctionName=arn, Payload=json.dumps(run.arguments).encode()
            )
        except CloudError as error:
            raise StepFailed(
                f"ClientError: Failed to invoke Lambda function {arn}. Error Details: {error.message}",
                kind_of_call(error),
            ) from None
        body = answer.get("Payload") or ""
        if answer.get("FunctionError"):
            raise StepFailed(f"ClientError: The Lambda function {arn} failed: {body}")
        try:
            given = json.loads(body or "null")
        except ValueError:
            given = None
        outputs = read_declared(run.step, given if isinstance(given, dict) else {})
        shown = [{"Name": n, "Value": _text(v)} for n, v in outputs["OutputParameters"].items()]
        run.show({"Lambda": {"Arn": arn, "OutputParameters": shown}})
        return outputs


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
