"""Executions of a pipeline as probes see them: what ran, what the cache answered, what was judged and registered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from course.exercises import frozen
from course.learn.world import World

WORK = ("Processing", "Training", "Tuning", "Transform")
_ENDED = {
    "version": 2,
    "waiters": {
        "PipelineExecutionEnded": {
            "operation": "DescribePipelineExecution",
            "delay": 1,
            "maxAttempts": 1200,
            "acceptors": [
                {"argument": "PipelineExecutionStatus", "matcher": "path", "expected": status, "state": "success"}
                for status in ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")
            ],
        }
    },
}
_OFTEN = 0.05  # seconds between two looks; boto3 itself has no waiter for executions


@dataclass(frozen=True)
class Run:
    """An execution that has ended.

    reason: of a step that failed, "" if none did but a Fail step. fresh: steps that did their work anew. evaluation:
    what evaluate.py wrote. package: the version registered, described. message: what a Fail step said.
    """

    status: str
    reason: str
    fresh: tuple[str, ...]
    evaluation: dict[str, Any] | None
    package: dict[str, Any] | None
    message: str | None


def run_all(world: World, pipeline: str, **wanted: dict[str, str]) -> dict[str, Run]:
    """Start a pipeline once for each set of parameters, at the same time. Raises ClientError if it cannot start."""
    sm, started = world.client("sagemaker"), {}
    for name, parameters in wanted.items():
        given = [{"Name": key, "Value": value} for key, value in parameters.items()]
        display = f"{frozen.OWN}{name}"
        answer = sm.start_pipeline_execution(
            PipelineName=pipeline, PipelineParameters=given, PipelineExecutionDisplayName=display
        )
        started[name] = answer["PipelineExecutionArn"]
    runs = {name: ended(world, arn) for name, arn in started.items()}
    return {name: run for name, run in runs.items() if run is not None}


def ended(world: World, arn: str) -> Run | None:
    """An execution, waited for; None if there is none of that ARN."""
    from botocore.waiter import WaiterModel, create_waiter_with_client

    sm = world.client("sagemaker")
    try:
        sm.describe_pipeline_execution(PipelineExecutionArn=arn)
    except sm.exceptions.ClientError:
        return None
    waiter = create_waiter_with_client("PipelineExecutionEnded", WaiterModel(_ENDED), sm)
    waiter.wait(PipelineExecutionArn=arn, WaiterConfig={"Delay": _OFTEN})
    status = sm.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
    steps = sm.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=100)["PipelineExecutionSteps"]
    kinds = {step["StepName"]: next(iter(step.get("Metadata", {})), "") for step in steps}
    failed = [step for step in steps if step["StepStatus"] == "Failed" and kinds[step["StepName"]] != "Fail"]
    worked = [step for step in steps if kinds[step["StepName"]].removesuffix("Job") in WORK]
    return Run(
        status,
        "; ".join(f"{step['StepName']}: {' '.join(step.get('FailureReason', '').split())[:300]}" for step in failed),
        tuple(step["StepName"] for step in worked if "CacheHitResult" not in step),
        _evaluation(world, steps),
        _package(world, steps),
        next((step["Metadata"]["Fail"]["ErrorMessage"] for step in steps if kinds[step["StepName"]] == "Fail"), None),
    )


def ascendants(world: World, package: str) -> set[str]:
    """The addresses and ARNs of all that a registered version came from, by its lineage."""
    sm = world.client("sagemaker")
    found = sm.list_artifacts(SourceUri=package)["ArtifactSummaries"]
    asked = {"Direction": "Ascendants", "Filters": {"LineageTypes": ["Artifact"]}, "MaxDepth": 10}
    start = [artifact["ArtifactArn"] for artifact in found]
    vertices = sm.query_lineage(StartArns=start, **asked)["Vertices"] if start else []
    described = [sm.describe_artifact(ArtifactArn=vertex["Arn"]) for vertex in vertices]
    return {artifact["Source"]["SourceUri"] for artifact in described}


def _evaluation(world: World, steps: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What lies as evaluation.json in an output of one of the processing jobs."""
    sm, s3 = world.client("sagemaker"), world.client("s3")
    for step in steps:
        arn = step.get("Metadata", {}).get("ProcessingJob", {}).get("Arn")
        if not arn or step["StepStatus"] != "Succeeded":
            continue
        job = sm.describe_processing_job(ProcessingJobName=arn.rpartition("/")[2])
        for output in job.get("ProcessingOutputConfig", {}).get("Outputs", []):
            try:
                return json.loads(frozen.read(world, f"{output['S3Output']['S3Uri'].rstrip('/')}/evaluation.json"))
            except s3.exceptions.ClientError:
                continue
    return None


def _package(world: World, steps: list[dict[str, Any]]) -> dict[str, Any] | None:
    arns = [step.get("Metadata", {}).get("RegisterModel", {}).get("Arn") for step in steps]
    arn = next((arn for arn in arns if arn), None)
    return world.client("sagemaker").describe_model_package(ModelPackageName=arn) if arn else None
