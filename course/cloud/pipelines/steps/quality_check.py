"""QualityCheck: Model Monitor's analyser as a step, with a baseline that the result may not have drifted from.

What the flags mean: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-quality-clarify-baseline-lifecycle.html.
"""

import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...errors import CloudError
from ...storage import StorageError
from ..definition import Step
from ..fault import DefinitionFault, StepFailed
from ..references import Get, Path, is_reference
from .job import Job
from .kind import Outputs, Run

_BASELINES = {"DATA_QUALITY": "ModelDataQuality", "MODEL_QUALITY": "ModelQuality"}
"""Types of check, and where DriftCheckBaselines of a model package has the baseline of each."""
_FILES = ("Statistics", "Constraints")
_FLAGS = ("SkipCheck", "RegisterNewBaseline", "FailOnViolation")
_OUTPUTS = tuple(f"{prefix}{file}" for prefix in ("CalculatedBaseline", "BaselineUsedForDriftCheck") for file in _FILES)
_LOCAL = "/opt/ml/processing/baseline"


@dataclass(frozen=True)
class QualityCheck(Job):
    """The job computes a new baseline and judges it by the one before, unless SkipCheck says not to."""

    @property
    def members(self) -> tuple[str, ...]:  # type: ignore[override]
        supplied = tuple(f"SuppliedBaseline{file}" for file in _FILES)
        return ("CacheConfig", "RetryPolicies", "CheckType", "ModelPackageGroupName", *_FLAGS, *supplied)

    @property
    def _files(self) -> tuple[str, ...]:
        return ()

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        if step.document.get("CheckType") not in _BASELINES:
            raise DefinitionFault(f"CheckType of step '{step.name}' takes {', '.join(_BASELINES)}.")
        for flag in _FLAGS:
            value = step.document.get(flag)
            if value is not None and not isinstance(value, bool) and not is_reference(value):
                raise DefinitionFault(f"{flag} of step '{step.name}' must be true or false.")
        super().check(step, kind_of)
        if len((step.arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or []) != 1:
            raise DefinitionFault(f"The job of step '{step.name}' needs one output, for what the check writes.")

    def kind_at(self, step: Step, path: Path) -> str | None:
        if len(path) != 1 or path[0] not in _OUTPUTS:
            raise LookupError(path)
        return "String"

    def _metadata(self, run: Run, arn: str) -> dict[str, Any]:
        return {self.metadata: {"CheckJobArn": arn}}

    async def run(self, run: Run) -> Outputs:
        document = run.document
        skip, renew = bool(document.get("SkipCheck")), bool(document.get("RegisterNewBaseline"))
        before = await self._baseline(run)
        if not (skip and renew) and set(before) != set(_FILES):
            raise StepFailed(
                "ClientError: The step needs a previous baseline, statistics and constraints, unless SkipCheck and "
                "RegisterNewBaseline are both true. Supply one, or a model package group with an approved version "
                "that has one."
            )
        about = {
            "CheckType": document["CheckType"],
            "SkipCheck": skip,
            "RegisterNewBaseline": renew,
            "ModelPackageGroupName": document.get("ModelPackageGroupName"),
        }
        judged = run if skip else replace(run, document={**document, "Arguments": _against(run.arguments, before)})
        job = await super().run(judged)
        folder = run.arguments["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rstrip("/")
        calculated = {file: f"{folder}/{file.lower()}.json" for file in _FILES}
        used = calculated if renew else before
        outputs = {f"CalculatedBaseline{file}": uri for file, uri in calculated.items()}
        outputs |= {f"BaselineUsedForDriftCheck{file}": uri for file, uri in used.items()}
        metadata = {**about, **outputs, "CheckJobArn": job["ProcessingJobArn"]}
        report = f"{folder}/constraint_violations.json"
        drifted = not skip and await _violations(run, report)
        run.show({self.metadata: {**metadata, "ViolationReport": report if drifted else None}})
        if drifted and document.get("FailOnViolation") is not False:
            raise StepFailed(f"ClientError: Quality check failed. See violation report {report}")
        return outputs

    async def _baseline(self, run: Run) -> dict[str, str]:
        """The previous baseline: the supplied files, else those of the group's newest approved version."""
        supplied = {file: run.document.get(f"SuppliedBaseline{file}") for file in _FILES}
        group = run.document.get("ModelPackageGroupName")
        if group and not all(supplied.values()):
            try:
                supplied = {**await self._registered(run, group), **{f: u for f, u in supplied.items() if u}}
            except CloudError as error:
                raise StepFailed(f"ClientError: The baseline in {group} can not be read: {error.message}") from None
        return {file: uri for file, uri in supplied.items() if uri}

    @staticmethod
    async def _registered(run: Run, group: str) -> dict[str, str]:
        wanted = {"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved", "MaxResults": 1}
        found = (await run.role.perform("ListModelPackages", wanted))["ModelPackageSummaryList"]
        if not found:
            return {}
        package = await run.role.perform("DescribeModelPackage", {"ModelPackageName": found[0]["ModelPackageArn"]})
        baseline = (package.get("DriftCheckBaselines") or {}).get(_BASELINES[run.document["CheckType"]]) or {}
        return {file: baseline[file]["S3Uri"] for file in _FILES if file in baseline}


def _against(arguments: dict[str, Any], baseline: dict[str, str]) -> dict[str, Any]:
    """The job's arguments with the baseline as inputs, and with the variables by which the analyser finds it."""
    inputs = [
        {
            "InputName": f"baseline_{file.lower()}",
            "S3Input": {
                "S3Uri": uri,
                "LocalPath": f"{_LOCAL}/{file.lower()}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for file, uri in baseline.items()
    ]
    names = {
        f"baseline_{file.lower()}": f"{_LOCAL}/{file.lower()}/{posixpath.basename(uri)}"
        for file, uri in baseline.items()
    }
    return {
        **arguments,
        "ProcessingInputs": [*arguments.get("ProcessingInputs", []), *inputs],
        "Environment": {**arguments.get("Environment", {}), **names},
    }


async def _violations(run: Run, uri: str) -> bool:
    """Whether the report at `uri` has any. Raises StepFailed."""
    try:
        return bool(json.loads(await run.role.read(uri))["violations"])
    except (StorageError, CloudError, ValueError, KeyError, TypeError) as error:
        raise StepFailed(f"ClientError: The violation report {uri} can not be read: {error}") from None
