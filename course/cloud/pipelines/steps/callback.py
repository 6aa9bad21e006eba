"""Callback: a message to a queue, then the wait for whoever answers with its token.

The message: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-callback.
"""

import asyncio
import json
import string
from collections.abc import Callable

from ...errors import CloudError
from ..definition import Step
from ..fault import DefinitionFault, StepFailed
from ..references import Get, Path
from ..retry import kind_of_call
from .kind import Outputs, Run, StepType, Waiting, check_declared, declared_kind, read_declared

_LETTERS = string.ascii_letters + string.digits


class Callback(StepType):
    """An execution that is stopping tells the queue, and waits for the answer all the same."""

    members = ("SqsQueueUrl", "OutputParameters", "CacheConfig")

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        if not step.document.get("SqsQueueUrl"):
            raise DefinitionFault(f"The Callback step '{step.name}' needs an SqsQueueUrl.")
        check_declared(step)

    def kind_at(self, step: Step, path: Path) -> str | None:
        return declared_kind(step, path)

    async def run(self, run: Run) -> Outputs:
        name = "".join(run.world.random.choices(_LETTERS, k=10))
        queue = run.document["SqsQueueUrl"]
        metadata = {"CallbackToken": name, "SqsQueueUrl": queue}
        run.show({"Callback": {**metadata, "OutputParameters": []}})
        answer = asyncio.get_running_loop().create_future()
        run.callbacks[name] = Waiting(run.step.name, answer)
        await self._send(run, name, "Executing")
        stop = asyncio.ensure_future(run.stopping.wait())
        try:
            await asyncio.wait({answer, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await self._send(run, name, "Stopping")
            given = await answer
        finally:
            stop.cancel()
        run.show({"Callback": {**metadata, "OutputParameters": [{"Name": n, "Value": v} for n, v in given.items()]}})
        return read_declared(run.step, given)

    async def _send(self, run: Run, name: str, status: str) -> None:
        message = {
            "token": name,
            "pipelineExecutionArn": run.execution_arn,
            "arguments": run.arguments,
            "status": status,
        }
        queue = run.document["SqsQueueUrl"]
        try:
            await run.role.call("sqs", "SendMessage", QueueUrl=queue, MessageBody=json.dumps(message))
        except CloudError as error:
            raise StepFailed(
                f"ClientError: Failed to send a message to {queue}. Error Details: {error.message}",
                kind_of_call(error),
            ) from None
