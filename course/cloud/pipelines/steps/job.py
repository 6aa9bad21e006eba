"""Steps that are one call of SageMaker and, where it starts something, the wait for its end."""

import asyncio
import contextlib
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...errors import CloudError
from ...operations import OPERATIONS
from ...protocol import operation_model, plain
from ...store import Resource
from .. import arguments
from ..definition import Step
from ..fault import DefinitionFault, StepFailed, StepStopped
from ..references import Get, Path, shape_at
from ..retry import kind_of_call, kind_of_job
from .kind import Outputs, Run, StepType

SERVICE = "sagemaker"
_TUNED = "ListTrainingJobsForHyperParameterTuningJob"
_ENDS = ("Completed", "Failed", "Stopped")
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Job(StepType):
    """A step that calls Create{noun}. `metadata` is the member of Metadata that shows its ARN."""

    noun: str
    metadata: str
    cached: bool = True
    named: bool = True  # whether its name is generated
    stops: bool = True
    tagged: bool = True

    @property
    def create(self) -> str:
        return f"Create{self.noun}"

    @property
    def describe(self) -> str:
        return f"Describe{self.noun}"

    @property
    def members(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("RetryPolicies", *(("CacheConfig",) if self.cached else ()), *self._files)

    @property
    def _files(self) -> tuple[str, ...]:
        return ("PropertyFiles",) if self.noun == "ProcessingJob" else ()

    def runs_here(self) -> bool:
        return (SERVICE, self.create) in OPERATIONS and (SERVICE, self.describe) in OPERATIONS

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        shape = operation_model(SERVICE, self.create).input_shape
        generated = (f"{self.noun}Name",)
        if not self.named and generated[0] in step.arguments:
            raise DefinitionFault(f"Unknown Argument member '{generated[0]}' in step '{step.name}'.")
        arguments.check(shape, step.arguments, kind_of, step.name, generated)
        try:
            OPERATIONS[SERVICE, self.create].check_members(step.arguments)
        except CloudError as error:
            raise DefinitionFault(f"Step '{step.name}': {error.message}") from None
        if self._files:
            _check_files(step)

    def kind_at(self, step: Step, path: Path) -> str | None:
        if path[:1] == ("PropertyFiles",) and len(path) == 2 and step.property_file(str(path[1])):
            return None
        shape = shape_at(operation_model(SERVICE, self.describe).output_shape, path)
        if shape is None:
            raise LookupError(path)
        return arguments.pipeline_type(shape)

    async def run(self, run: Run) -> Outputs:
        name = _job_name(run) if self.named else ""
        answer = await self._call(run, self.create, self._input(run, name))
        arn = answer[f"{self.noun}Arn"]
        run.show(self._metadata(run, arn))
        made = run.world.store.by_arn(arn)
        status = await self._ended(run, made, name) if made is not None and made.status else ""
        described = await self._call(run, self.describe, {f"{self.noun}Name": name or arn})
        outputs = plain(operation_model(SERVICE, self.describe).output_shape, described)
        if status == "Failed":
            reason = outputs.get("FailureReason") or "The job failed without a reason."
            raise StepFailed(reason, kind_of_job(reason))
        if status == "Stopped" and run.stopping.is_set():
            raise StepStopped
        if status == "Stopped":
            raise StepFailed("ClientError: The job was stopped from outside the pipeline, or ran out of time.")
        return outputs

    def _metadata(self, run: Run, arn: str) -> dict[str, Any]:
        return {self.metadata: {"Arn": arn}}

    def _input(self, run: Run, name: str) -> dict[str, Any]:
        given = dict(run.arguments)
        if self.named:
            given[f"{self.noun}Name"] = name
        if self.tagged:
            tag = {"Key": "sagemaker:pipeline-execution-arn", "Value": run.execution_arn}
            given["Tags"] = [*given.get("Tags", []), tag]
        return given

    async def _call(self, run: Run, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            return await run.role.perform(operation, parameters)
        except CloudError as error:
            raise StepFailed(
                f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {error.message}",
                kind_of_call(error),
            ) from None

    async def _ended(self, run: Run, made: Resource, name: str) -> str:
        """How the job ended; it is told to stop when the execution is."""
        end = asyncio.ensure_future(run.world.store.until(made, _ENDS))
        stop = asyncio.ensure_future(run.stopping.wait())
        try:
            await asyncio.wait({end, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not end.done() and self.stops:
                with contextlib.suppress(CloudError):  # it may have ended by itself in this moment
                    await run.role.perform(f"Stop{self.noun}", {f"{self.noun}Name": name})
            return await end
        finally:
            stop.cancel()
            end.cancel()


class Tuning(Job):
    """The tuning job's own answer and, as TrainingJobSummaries, its best 50 training jobs, the best one first."""

    def kind_at(self, step: Step, path: Path) -> str | None:
        if path[:1] != ("TrainingJobSummaries",):
            return super().kind_at(step, path)
        shape = shape_at(operation_model(SERVICE, _TUNED).output_shape, path)
        if shape is None:
            raise LookupError(path)
        return arguments.pipeline_type(shape)

    async def run(self, run: Run) -> Outputs:
        outputs = await super().run(run)
        objective = outputs["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective", {})
        order = "Ascending" if objective.get("Type") == "Minimize" else "Descending"
        name = f"{self.noun}Name"
        wanted = {name: outputs[name], "SortBy": "FinalObjectiveMetricValue", "SortOrder": order, "MaxResults": 50}
        listed = await self._call(run, _TUNED, wanted)
        return outputs | plain(operation_model(SERVICE, _TUNED).output_shape, listed)


class Register(Job):
    """RegisterModel: a version in a model package group, which is made if it does not exist.

    MetadataProperties.GeneratedBy of the version is the execution that made it.
    """

    async def run(self, run: Run) -> Outputs:
        group = run.arguments.get("ModelPackageGroupName")
        arn = f"arn:aws:sagemaker:{run.world.region}:{run.world.account}:model-package-group/{group}"
        if group and not run.world.store.by_arn(arn):
            try:
                await self._call(run, "CreateModelPackageGroup", {"ModelPackageGroupName": group})
            except StepFailed:
                if not run.world.store.by_arn(arn):  # another step may have made it in this moment
                    raise
        return await super().run(run)

    def _input(self, run: Run, name: str) -> dict[str, Any]:
        given = super()._input(run, name)
        return given | {"MetadataProperties": {"GeneratedBy": run.execution_arn, **given.get("MetadataProperties", {})}}


def _check_files(step: Step) -> None:
    outputs = (step.arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    names = [output.get("OutputName") for output in outputs if isinstance(output, dict)]
    for file in step.document.get("PropertyFiles") or []:
        for member in ("PropertyFileName", "OutputName", "FilePath"):
            if not isinstance(file, dict) or not isinstance(file.get(member), str):
                raise DefinitionFault(f"PropertyFiles of step '{step.name}' need {member}.")
        if file["OutputName"] not in names:
            raise DefinitionFault(
                f"The property file '{file['PropertyFileName']}' of step '{step.name}' names the output "
                f"'{file['OutputName']}'; the step has {names}."
            )


def _job_name(run: Run) -> str:
    """pipelines-<execution>-<step, 20 characters at most>-<10 letters>, as on AWS."""
    short = run.step.name.replace("_", "-")[:20].strip("-") or "step"
    return f"pipelines-{run.execution_id}-{short}-{''.join(run.world.random.choices(_LETTERS, k=10))}"


JOBS: dict[str, StepType] = {
    "Processing": Job("ProcessingJob", "ProcessingJob"),
    "Training": Job("TrainingJob", "TrainingJob"),
    "Tuning": Tuning("HyperParameterTuningJob", "TuningJob"),
    "Transform": Job("TransformJob", "TransformJob"),
    "Model": Job("Model", "Model", cached=False, stops=False),
    "RegisterModel": Register("ModelPackage", "RegisterModel", cached=False, named=False, stops=False, tagged=False),
}
