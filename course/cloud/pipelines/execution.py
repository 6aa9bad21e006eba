"""An execution: the engine that runs a definition's graph, each step as soon as what it waits for is there."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..errors import CloudError
from ..storage import StorageError
from ..store import Kind, Resource
from . import cache, steps
from .definition import Definition, Step
from .fault import StepFailed, StepStopped
from .graph import edges
from .references import Get, resolve, split, value_at
from .retry import policy_for
from .role import Role
from .steps.kind import Outputs, Run, Waiting

if TYPE_CHECKING:
    from ..world import World

EXECUTION = Kind(
    "PipelineExecution",
    "pipeline",
    {
        "Executing": ("Stopping", "Succeeded", "Failed"),
        "Stopping": ("Stopped", "Failed"),
        "Failed": ("Executing",),  # RetryPipelineExecution
        "Stopped": ("Executing",),
    },
)
STEP = Kind(
    "PipelineExecutionStep",
    "pipeline",
    {
        "Starting": ("Executing", "Succeeded", "Failed", "Stopped"),
        "Executing": ("Stopping", "Succeeded", "Failed"),
        "Stopping": ("Stopped", "Succeeded", "Failed"),
        "Failed": ("Starting",),
        "Stopped": ("Starting",),
    },
)
_FAILURE = "Step failure: One or multiple steps failed."


@dataclass(slots=True)
class Record:
    """What an execution knows of a step that it has begun. `key` is what the cache compares."""

    resource: Resource
    key: str = ""
    outputs: Outputs = field(default_factory=dict)

    @property
    def status(self) -> str:
        return self.resource.status


class Execution:
    """One run of `definition`. The state that others may see is in `resource` and in the steps' own resources."""

    def __init__(
        self,
        world: "World",
        resource: Resource,
        definition: Definition,
        values: dict[str, Any],
        role_arn: str,
        parallel: int | None,
    ):
        self.world, self.resource, self.definition, self.values = world, resource, definition, values
        self.parallel = parallel
        self.id = resource.name.rsplit("/", 1)[-1]
        self.role = Role(world, role_arn, self.id)
        self.records: dict[str, Record] = {}
        self.callbacks: dict[str, Waiting] = {}
        self.left_out: set[str] = set()  # steps that will not run in this execution
        self.stopping = asyncio.Event()
        self._edges = edges(definition)
        self._changed = asyncio.Event()

    # -- the graph -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until nothing is left that can run, then give the execution its last state."""
        try:
            await self._run_graph()
        except Exception:
            self.world.log.exception("pipeline execution %s", self.resource.name)
            self.world.store.move(self.resource, "Failed", FailureReason="InternalServerError: Please try again.")
            return
        failed = [name for name, record in self.records.items() if record.status == "Failed"]
        # A function that fails while the execution is stopping fails it, as on AWS.
        if self.stopping.is_set() and not any(self.definition.steps[name].type == "Lambda" for name in failed):
            self.world.store.move(self.resource, "Stopped")
        elif failed:
            self.world.store.move(self.resource, "Failed", FailureReason=_FAILURE)
        else:
            self.world.store.move(self.resource, "Succeeded")

    async def _run_graph(self) -> None:
        tasks: dict[asyncio.Task[None], str] = {}
        while True:
            self._changed.clear()
            for step in self._ready(set(tasks.values())):
                if self.parallel is None or len(tasks) < self.parallel:
                    tasks[asyncio.ensure_future(self._run_step(step))] = step.name
            if not tasks:
                return
            change = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait({*tasks, change}, return_when=asyncio.FIRST_COMPLETED)
            change.cancel()
            for task in [task for task in tasks if task.done()]:
                del tasks[task]
                task.result()  # a step's own failure is in its record; what is raised here is a fault of ours

    def stop(self) -> None:
        """Begin nothing more and stop what runs."""
        self.world.store.move(self.resource, "Stopping")
        self.stopping.set()
        for record in self.records.values():
            if record.status == "Executing":
                self.world.store.move(record.resource, "Stopping")

    def again(self) -> None:
        """Forget what failed or was stopped, so that `run` tries it anew. What succeeded is kept."""
        self.records = {name: record for name, record in self.records.items() if record.status == "Succeeded"}
        self.stopping.clear()
        self.resource.fields.pop("FailureReason", None)
        self.world.store.move(self.resource, "Executing")

    def allow(self, parallel: int) -> None:
        """Change how many steps may run at once."""
        self.parallel = parallel
        self._changed.set()

    def _ready(self, running: set[str]) -> list[Step]:
        if self.stopping.is_set():
            return []
        states: dict[str, str] = {}
        return [
            step
            for step in self.definition.steps.values()
            if step.name not in self.records and step.name not in running and self._state(step.name, states) == "Ready"
        ]

    def _state(self, name: str, states: dict[str, str]) -> str:
        """Ready, Waiting, Succeeded, Blocked (will never run) or Passed (on the branch that was not taken)."""
        if name not in states:
            states[name] = self._judge(name, states)
        return states[name]

    def _judge(self, name: str, states: dict[str, str]) -> str:
        if name in self.records:
            status = self.records[name].status
            return status if status == "Succeeded" else "Blocked" if status in ("Failed", "Stopped") else "Waiting"
        if name in self.left_out:
            return "Blocked"
        step = self.definition.steps[name]
        needed = {self._state(other, states) for other in self._edges[name].needs}
        if step.branch and self._state(step.branch[0], states) == "Succeeded":
            outcome = self.records[step.branch[0]].outputs["Outcome"] == "true"
            if outcome != step.branch[1]:
                return "Passed"
        followed = {self._state(other, states) for other in self._edges[name].follows - self.left_out}
        if needed & {"Blocked", "Passed"} or "Blocked" in followed:
            return "Blocked"
        return "Ready" if needed <= {"Succeeded"} and followed <= {"Succeeded", "Passed"} else "Waiting"

    # -- one step --------------------------------------------------------------------------------------------------

    async def _run_step(self, step: Step) -> None:
        record = self.records[step.name] = Record(self._open(step))
        resource, store = record.resource, self.world.store
        end: dict[str, Any] = {}
        try:
            document = await resolve({**step.document, "Arguments": self._own_arguments(step)}, self)
            record.key = cache.key(step.type, document)
            found = self._cached(step, record.key)
            if found:
                record.outputs = found.outputs
                store.touch(
                    resource,
                    Metadata=found.resource.fields.get("Metadata", {}),
                    CacheHitResult={"SourcePipelineExecutionArn": found.resource.fields["PipelineExecutionArn"]},
                )
            elif self.stopping.is_set():
                raise StepStopped
            else:
                store.move(resource, "Executing")
                record.outputs = await self._attempts(step, document, record)
            status = "Succeeded"
        except StepStopped:
            status = "Stopped"
        except StepFailed as failure:
            status = "Failed"
            if failure.reason:
                end["FailureReason"] = failure.reason
        except CloudError as error:  # the role can no longer be assumed
            status, end["FailureReason"] = "Failed", f"ClientError: {error.message}"[:1024]
        except Exception:
            self.world.log.exception("step %s of %s", step.name, self.resource.name)
            status = "Failed"
            end["FailureReason"] = "InternalServerError: We encountered an internal error. Please try again."
        store.move(resource, status, EndTime=self.world.clock.now(), **end)

    @staticmethod
    def _own_arguments(step: Step) -> dict[str, Any]:
        return step.arguments if step.type != "Condition" else {"Conditions": step.arguments["Conditions"]}

    def _open(self, step: Step) -> Resource:
        """The step's resource, new or, in an execution that is tried again, the one it had."""
        name = f"{self.resource.name}/step/{step.name}"
        fields = {
            "StepName": step.name,
            "StepDisplayName": step.document.get("DisplayName"),
            "StepDescription": step.document.get("Description"),
            "StartTime": self.world.clock.now(),
            "AttemptCount": 1,
            "Metadata": {},
            "StepType": step.type,
            "PipelineExecutionArn": self.resource.arn,
        }
        before = self.world.store.find(STEP, name)
        if before is None:
            return self.world.store.add(STEP, name, fields, {}, "Starting")
        before.fields = fields
        self.world.store.move(before, "Starting")
        return before

    def _cached(self, step: Step, key: str) -> Record | None:
        """The newest success of the same step of this pipeline, with the same key, not older than ExpireAfter."""
        if not step.cache.enabled:
            return None
        now = self.world.clock.now()
        pipeline = self.resource.fields["PipelineArn"]
        for other in reversed(self.world.store.all(EXECUTION)):
            if other is self.resource or other.fields["PipelineArn"] != pipeline:
                continue
            record: Record | None = other.runtime.records.get(step.name)
            if record is None or record.status != "Succeeded" or record.key != key:
                continue
            fields = record.resource.fields
            if "CacheHitResult" in fields or "SelectiveExecutionResult" in fields:
                continue  # it stands for an older run, which is found by itself
            age = (now - fields["EndTime"]).total_seconds()
            if step.cache.expires is None or age < step.cache.expires:
                return record
        return None

    async def _attempts(self, step: Step, document: dict[str, Any], record: Record) -> Outputs:
        """Run the step, again and again as its RetryPolicies say. Raises StepFailed, StepStopped."""
        kind = steps.find(step.type)
        if kind is None:
            raise StepFailed(f"ClientError: This cloud does not run steps of type {step.type}.")

        def show(metadata: dict[str, Any]) -> None:
            self.world.store.touch(record.resource, Metadata=metadata)

        run = Run(
            self.world,
            self.role,
            step,
            document,
            self.resource.arn,
            self.id,
            self.stopping,
            show,
            self.callbacks,
        )
        start, retries = self.world.clock.time(), 0
        ended = asyncio.Event()
        while True:
            try:
                return await kind.run(run)
            except StepFailed as failure:
                policy = policy_for(step.retries, failure)
                delay = policy and policy.wait(retries, (self.world.clock.time() - start) / 60)
                if delay is None or self.stopping.is_set():
                    raise
            finally:
                ended.set()
            ended = await self._pause(delay)
            if self.stopping.is_set():
                ended.set()
                raise StepStopped
            retries += 1
            self.world.store.touch(record.resource, AttemptCount=retries + 1)

    async def _pause(self, seconds: float) -> asyncio.Event:
        """Wait `seconds` of cloud time, or until the execution stops. The event returned says that the next
        attempt is over: a jump of the clock stands still until then."""
        due, over = asyncio.Event(), asyncio.Event()

        async def act() -> None:
            due.set()
            await over.wait()

        self.world.clock.at(self.world.clock.time() + seconds, act, f"retry in {self.resource.name}")
        waits = {asyncio.ensure_future(due.wait()), asyncio.ensure_future(self.stopping.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return over

    # -- references ------------------------------------------------------------------------------------------------

    def get(self, reference: Get) -> Any:
        """The value that a reference stands for. Raises StepFailed."""
        if reference.root == "Parameters":
            return self.values[reference.name]
        if reference.root == "Execution":
            return self._variable(reference.name)
        try:
            return value_at(self.records[reference.name].outputs, reference.path)
        except LookupError:
            raise StepFailed(
                f"ClientError: The reference [{reference.text}] has no value: step '{reference.name}' did not put it "
                "out."
            ) from None

    def _variable(self, name: str) -> str:
        pipeline = self.resource.fields["PipelineArn"]
        return {
            "PipelineName": self.resource.name.split("/", 1)[0],
            "PipelineArn": pipeline,
            "PipelineExecutionId": self.id,
            "PipelineExecutionArn": self.resource.arn,
            "StartDateTime": _iso(self.resource.created),
            "CurrentDateTime": _iso(self.world.clock.now()),
        }[name]

    async def read_json(self, argument: dict[str, Any]) -> Any:
        """The value of a Std:JsonGet. Raises StepFailed."""
        uri = argument["S3Uri"] if "S3Uri" in argument else self._property_file(argument["PropertyFile"])
        try:
            document = json.loads(await self.role.read(uri))
        except (StorageError, CloudError) as error:
            raise StepFailed(f"ClientError: The property file {uri} can not be read: {error}") from None
        except ValueError as error:
            raise StepFailed(f"ClientError: The property file {uri} is not JSON: {error}") from None
        parts = split(f".{argument['Path']}" if not argument["Path"].startswith("[") else argument["Path"])
        try:
            if parts is None:
                raise LookupError
            return value_at(document, parts)
        except LookupError:
            raise StepFailed(f"ClientError: {uri} has nothing at the path {argument['Path']}.") from None

    def _property_file(self, reference: dict[str, str]) -> str:
        get = Get.parse(reference["Get"])
        file = self.definition.steps[get.name].property_file(str(get.path[1]))
        outputs = self.records[get.name].outputs
        path = ("ProcessingOutputConfig", "Outputs", file["OutputName"], "S3Output", "S3Uri") if file else ()
        try:
            return f"{value_at(outputs, path).rstrip('/')}/{file['FilePath'].lstrip('/')}" if file else ""
        except LookupError:
            raise StepFailed(f"ClientError: Step '{get.name}' has no output '{file['OutputName']}'.") from None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
