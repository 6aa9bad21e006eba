"""Checks: a processing job computes a new baseline and judges it by the one before, unless SkipCheck says not to.

What the flags mean: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-quality-clarify-baseline-lifecycle.html.
"""

import json
import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from ...errors import CloudError
from ...storage import StorageError
from ..definition import Step
from ..fault import DefinitionFault, StepFailed
from ..references import Get, Path, is_reference
from .job import Job
from .kind import Outputs, Run

_FLAGS = ("SkipCheck", "RegisterNewBaseline", "FailOnViolation")
_LOCAL = "/opt/ml/processing/baseline"

Place = tuple[str, str]
"""Where DriftCheckBaselines of a model package has a file: ("ModelQuality", "Statistics")."""


class Check(Job):
    """A check of one of several types."""

    spoken: ClassVar[str]  # "Quality", as AWS's message begins
    baselines: ClassVar[dict[str, dict[str, Place]]]  # CheckType → the parts of its baseline
    names: ClassVar[dict[str, str]]  # part of a baseline → the file that the job writes
    more: ClassVar[tuple[str, ...]] = ()  # members of the step that only this check has

    @property
    def members(self) -> tuple[str, ...]:  # type: ignore[override]
        supplied = tuple(f"SuppliedBaseline{part}" for part in self.names)
        return ("CacheConfig", "RetryPolicies", "CheckType", "ModelPackageGroupName", *_FLAGS, *supplied, *self.more)

    @property
    def _files(self) -> tuple[str, ...]:
        return ()

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        if step.document.get("CheckType") not in self.baselines:
            raise DefinitionFault(f"CheckType of step '{step.name}' takes {', '.join(self.baselines)}.")
        for flag in _FLAGS:
            value = step.document.get(flag)
            if value is not None and not isinstance(value, bool) and not is_reference(value):
                raise DefinitionFault(f"{flag} of step '{step.name}' must be true or false.")
        super().check(step, kind_of)
        if len((step.arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or []) != 1:
            raise DefinitionFault(f"The job of step '{step.name}' needs one output, for what the check writes.")

    def kind_at(self, step: Step, path: Path) -> str | None:
        known = [
            f"{prefix}{part}" for prefix in ("CalculatedBaseline", "BaselineUsedForDriftCheck") for part in self.names
        ]
        if len(path) != 1 or path[0] not in known:
            raise LookupError(path)
        return "String"

    def _metadata(self, run: Run, arn: str) -> dict[str, Any]:
        return {self.metadata: {"CheckJobArn": arn}}

    async def run(self, run: Run) -> Outputs:
        document = run.document
        skip, renew = bool(document.get("SkipCheck")), bool(document.get("RegisterNewBaseline"))
        before = await self._baseline(run)
        if not (skip and renew) and set(before) != set(self.names):
            raise StepFailed(
                f"ClientError: The step needs a previous baseline, {' and '.join(self.names).lower()}, unless "
                "SkipCheck and RegisterNewBaseline are both true. Supply one, or a model package group with an "
                "approved version that has one."
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
        calculated = {part: f"{folder}/{name}" for part, name in self.names.items()}
        used = calculated if renew else before
        outputs = {f"CalculatedBaseline{part}": uri for part, uri in calculated.items()}
        outputs |= {f"BaselineUsedForDriftCheck{part}": uri for part, uri in used.items()}
        metadata = {**about, **outputs, "CheckJobArn": job["ProcessingJobArn"]}
        report = f"{folder}/constraint_violations.json"
        drifted = not skip and await _violations(run, report)
        run.show({self.metadata: {**metadata, "ViolationReport": report if drifted else None}})
        if drifted and document.get("FailOnViolation") is not False:
            raise StepFailed(f"ClientError: {self.spoken} check failed. See violation report {report}")
        return outputs

    async def _baseline(self, run: Run) -> dict[str, str]:
        """The previous baseline: the supplied files, else those of the group's newest approved version."""
        supplied = {part: run.document.get(f"SuppliedBaseline{part}") for part in self.names}
        group = run.document.get("ModelPackageGroupName")
        if group and not all(supplied.values()):
            try:
                supplied = {**await self._registered(run, group), **{f: u for f, u in supplied.items() if u}}
            except CloudError as error:
                raise StepFailed(f"ClientError: The baseline in {group} can not be read: {error.message}") from None
        return {part: uri for part, uri in supplied.items() if uri}

    async def _registered(self, run: Run, group: str) -> dict[str, str]:
        wanted = {"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved", "MaxResults": 1}
        found = (await run.role.perform("ListModelPackages", wanted))["ModelPackageSummaryList"]
        if not found:
            return {}
        package = await run.role.perform("DescribeModelPackage", {"ModelPackageName": found[0]["ModelPackageArn"]})
        registered = package.get("DriftCheckBaselines") or {}
        places = self.baselines[run.document["CheckType"]]
        sources = {part: (registered.get(section) or {}).get(file) for part, (section, file) in places.items()}
        return {part: source["S3Uri"] for part, source in sources.items() if source}


def _against(arguments: dict[str, Any], baseline: dict[str, str]) -> dict[str, Any]:
    """The job's arguments with the baseline as inputs, and with the variables by which the analyser finds it."""
    inputs = [
        {
            "InputName": f"baseline_{part.lower()}",
            "S3Input": {
                "S3Uri": uri,
                "LocalPath": f"{_LOCAL}/{part.lower()}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for part, uri in baseline.items()
    ]
    names = {
        f"baseline_{part.lower()}": f"{_LOCAL}/{part.lower()}/{posixpath.basename(uri)}"
        for part, uri in baseline.items()
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
