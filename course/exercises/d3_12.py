"""D3-12 The pipeline: a graph of steps that prepares, trains, judges, and registers a model or stops.

The check starts the learner's pipeline itself, on tables of its own, and asks what became of them. The scripts are the
course's: they write down the digests of the rows that a model was made from and judged by, so that a stale model shows.

The bar lies between 0.68 and 0.72. Over 25 months of ROWS rows, three quarters to train on, the AUC of the model was
0.86 with a standard deviation of 0.03, and 0.49 with one of 0.045 where the labels had slipped: each is more than four
of its deviations away from the bar.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from course.exercises import frozen, pipeline_runs, txguard
from course.exercises.pipeline_runs import Run
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

ROWS = 3_000
DATA = "data/transactions.csv"
MONTHS = ("march", "april", "may")
ACTIONS = (
    "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob",
    "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob",
    "sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:CreateModelPackageGroup",
    "sagemaker:AddTags", "iam:PassRole",
)  # fmt: skip


def start(aws: World, seed: int) -> dict[str, Any]:
    """A versioned bucket with March's table and the months to come, the packed scripts, and a role for the pipeline."""
    name, s3 = names(seed), aws.client("s3")
    s3.create_bucket(Bucket=name["bucket"])
    s3.put_bucket_versioning(Bucket=name["bucket"], VersioningConfiguration={"Status": "Enabled"})
    for number, month in enumerate(MONTHS):
        put(aws, seed, f"arrivals/{month}.csv", table(seed + number, 30 * number))
    put(aws, seed, DATA, table(seed, 0))
    for file in ("prepare.py", "evaluate.py", "fraud_model.py"):
        put(aws, seed, f"code/{file}", text(file))
    scripts = {file: text(file) for file in ("train.py", "fraud_model.py")}
    put(aws, seed, "training/sourcedir.tar.gz", frozen.pack(scripts))
    return {
        "bucket": name["bucket"],
        "data": DATA,
        "april": "arrivals/april.csv",
        "may": "arrivals/may.csv",
        "code": f"s3://{name['bucket']}/code/",
        "program": f"s3://{name['bucket']}/training/sourcedir.tar.gz",
        "role": make_role(aws, name["bucket"]),
        "image": txguard.IMAGE,
        "example": name["example"],
        "name": name["pipeline"],
        "group": name["group"],
        "bar": bar(seed),
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {
        "bucket": f"txguard-months-{mark}",
        "example": f"two-steps-{mark}",
        "pipeline": f"txguard-monthly-{mark}",
        "group": f"txguard-{mark}",
    }


def bar(seed: int) -> float:
    """The AUC that a model has to reach."""
    return round(0.68 + seed % 5 / 100, 2)


def table(seed: int, day: int, *, slipped: bool = False) -> str:
    """A month's table as CSV. `slipped`: each payment bears the label of some other."""
    import numpy as np

    from course.data import LABEL, transactions

    rows = transactions(seed, ROWS, start_day=day)
    if slipped:
        rows[LABEL] = np.random.default_rng(seed).permutation(rows[LABEL])
    return rows.to_csv(index=False)


def put(world: World, seed: int, key: str, content: str | bytes) -> str:
    """Write an object into the bucket of a seed. Returns its VersionId."""
    body = content.encode() if isinstance(content, str) else content
    return world.client("s3").put_object(Bucket=names(seed)["bucket"], Key=key, Body=body)["VersionId"]


def text(file: str) -> str:
    return (frozen.SCRIPTS / file).read_text()


def make_role(world: World, name: str) -> str:
    """A role that jobs run with, and that may start and read what the pipeline's steps ask for. Returns its ARN."""
    role = txguard.make_role(world, name)
    statement = {"Effect": "Allow", "Action": list(ACTIONS), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("iam").put_role_policy(RoleName=name, PolicyName="run-steps", PolicyDocument=policy)
    return role


def digests(month: str) -> tuple[str, str]:
    """SHA-256 of what prepare.py makes of a table: (rows to train on, rows to judge by)."""
    header, *rows = month.splitlines(keepends=True)
    cut = len(rows) * 3 // 4
    first, second = (header + "".join(part) for part in (rows[:cut], rows[cut:]))
    return hashlib.sha256(first.encode()).hexdigest(), hashlib.sha256(second.encode()).hexdigest()


# Probes


@probe(points=1, hint="d3-12-no-run")
def may_is_used(world: World) -> Finding:
    """Your second run made and judged a model of May's rows"""
    name = names(world.seed)
    asked = {"looked": f"the execution second of {name['pipeline']}", "expected": "a model made from May's rows"}
    arn = getattr(world.given, "second", None)
    if not isinstance(arn, str) or f"pipeline/{name['pipeline']}/execution/" not in arn.lower():
        return found(False, seen="None" if arn is None else f"{str(arn)[:80]}", **asked)
    run = pipeline_runs.ended(world, arn)
    if run is None:
        return found(False, seen="no such execution", **asked)
    may = frozen.read(world, f"s3://{name['bucket']}/{DATA}").decode()
    fault = _of_other_rows(run, may)
    if fault is None:
        return found(True, seen="judged by May's rows, made from May's rows", **asked)
    seen, hint = fault
    return found(False, seen=seen, hint="d3-12-stale" if hint == "d3-12-fixed-data" else hint, **asked)


@probe(points=1, hint="d3-12-no-pipeline")
def good_registers(world: World) -> Finding:
    """A good month's model is registered, and waits for approval"""
    asked = {
        "looked": "a run of the check's own, on a good month that your pipeline never saw",
        "expected": f"a version in {names(world.seed)['group']}, made from that month, PendingManualApproval",
    }
    trials, fault = _trials(world)
    fault = fault or _of_other_rows(trials["good"], trials["month"]) or _registered_wrongly(world, trials["good"])
    if fault:
        return found(False, seen=fault[0], hint=fault[1], **asked)
    package = trials["good"].package
    seen = f"version {package['ModelPackageVersion']} of {package['ModelPackageGroupName']}, PendingManualApproval"
    return found(True, seen=seen, **asked)


@probe(points=1, hint="d3-12-no-pipeline")
def bad_fails(world: World) -> Finding:
    """A bad month ends in your Fail step, and nothing is registered"""
    asked = {"looked": "a run on a month whose labels had slipped, with a higher Bar"}
    trials, fault = _trials(world)
    raised = f"{bar(world.seed) + 0.02:g}"
    asked["expected"] = f"Failed, by a Fail step whose message names the bar of that run, {raised}; no version"
    run: Run | None = trials.get("bad")
    if fault or run is None:
        return found(False, seen=fault[0], hint=fault[1], **asked)
    if run.package:
        rows = _of_other_rows(run, trials["bad month"])
        seen, hint = rows or ("a version was registered", "d3-12-registers-anything")
        return found(False, seen=seen, hint=hint, **asked)
    if run.message is None and run.reason:
        return found(False, seen=run.reason, hint=_cause(run), **asked)
    if run.message is None:
        return found(False, seen=f"{run.status}, and no Fail step ran", hint="d3-12-no-fail", **asked)
    return found(raised in run.message, seen=f"{run.status}: {run.message[:200]}", hint="d3-12-message", **asked)


@probe(points=1, hint="d3-12-no-pipeline")
def bar_alone(world: World) -> Finding:
    """Another bar decides anew and trains nothing again"""
    asked = {
        "looked": "the good month twice more: with its own AUC as the bar, and with a bar a hair above that",
        "expected": "a version, then none; all work answered from the cache",
    }
    trials, fault = _trials(world)
    if fault:
        return found(False, seen=fault[0], hint=fault[1], **asked)
    if "at" not in trials:
        run = trials["good"]
        seen = f"the good month got no AUC: {run.reason or run.status}"
        return found(False, seen=seen, hint=_cause(run), **asked)
    at, above = trials["at"], trials["above"]
    if again := sorted({*at.fresh, *above.fresh}):
        return found(False, seen=f"ran again: {', '.join(again)}", hint="d3-12-cache", **asked)
    if not at.package:
        seen = at.reason or at.message or "no version at the bar"
        return found(False, seen=seen, hint="d3-12-at-least" if at.message else _cause(at), **asked)
    if above.package:
        return found(False, seen="a version, and another one above the bar", hint="d3-12-fixed-bar", **asked)
    return found(True, seen="a version, then none; no job ran again", **asked)


@probe(points=1, hint="d3-12-no-pipeline")
def lineage_complete(world: World) -> Finding:
    """From the registered version one finds back to its table"""
    asked = {
        "looked": "query_lineage from the good month's version, upwards",
        "expected": "its training job, its prepared rows and its table",
    }
    trials, fault = _trials(world)
    if fault or not trials["good"].package:
        seen, hint = fault or ("no version", _cause(trials["good"]))
        return found(False, seen=seen, hint=hint, **asked)
    sources = pipeline_runs.ascendants(world, trials["good"].package["ModelPackageArn"])
    there = trials["address"] in sources
    seen = "the table" if there else f"{len(sources)} ascendants, the table is not among them"
    return found(there, seen=seen, hint="d3-12-lineage", **asked)


def _of_other_rows(run: Run, month: str) -> tuple[str, str] | None:
    """What is wrong with the rows that a run used, and the hint; None if they are the month's."""
    train, test = digests(month)
    if run.evaluation is None:
        return run.reason or f"{run.status}, and nothing was evaluated", _cause(run)
    if run.evaluation["test"] != test:
        return "the model was judged by other rows", "d3-12-fixed-data"
    if run.evaluation["model"]["train"] != train:
        return "the model that was judged was made from other rows", "d3-12-fixed-model"
    return None


def _registered_wrongly(world: World, run: Run) -> tuple[str, str] | None:
    """What is wrong with what a run above the bar registered, and the hint; None if nothing is."""
    package = run.package
    if package is None:
        return run.reason or run.message or f"{run.status}, and no version was registered", _cause(run)
    archives = [item["ModelDataUrl"] for item in package["InferenceSpecification"]["Containers"]]
    made_from = [json.loads(frozen.members(frozen.read(world, one))["made_from.json"]) for one in archives]
    if made_from != [run.evaluation["model"]]:
        return "the version's archive is another model than the one that was judged", "d3-12-registers-another"
    if package["ModelPackageGroupName"] != names(world.seed)["group"]:
        return f"a version in {package['ModelPackageGroupName']}", "d3-12-group"
    if package["ModelApprovalStatus"] != "PendingManualApproval":
        return f"a version that is {package['ModelApprovalStatus']}", "d3-12-approved"
    return None


def _cause(run: Run) -> str:
    """The hint for a run that stopped, or left out, what it should have come to."""
    if "can not compare" in run.reason:
        return "d3-12-compares-text"
    if run.message is not None:
        return "d3-12-wrong-branch"
    return "d3-12-step-failed" if run.reason else "d3-12-not-registered"


def _trials(world: World) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """The check's own runs by name, and why there are none. Remembered for a pipeline that has not changed."""
    name = names(world.seed)["pipeline"]
    sm = world.client("sagemaker")
    try:
        pipeline = sm.describe_pipeline(PipelineName=name)
    except sm.exceptions.ClientError:
        return {}, (f"no pipeline {name}", "d3-12-no-pipeline")
    changed = pipeline["LastModifiedTime"]
    if world.memory.get("pipeline changed") != changed:
        world.memory["pipeline changed"] = changed
        world.memory["pipeline trials"] = _try(world, name)
    return world.memory["pipeline trials"]


def _try(world: World, name: str) -> tuple[dict[str, Any], tuple[str, str] | None]:
    sm, limit = world.client("sagemaker"), bar(world.seed)
    count = len(sm.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"])
    months = {"good": table(world.seed + 71, 60), "bad": table(world.seed + 72, 60, slipped=True)}
    addresses = {}
    for kind, month in months.items():
        folder = f"{frozen.OWN}{count}/{kind}/"
        put(world, world.seed, f"{folder}month.csv", month)
        addresses[kind] = f"s3://{names(world.seed)['bucket']}/{folder}"
    good, bad = {"Data": addresses["good"]}, {"Data": addresses["bad"], "Bar": f"{limit + 0.02:g}"}
    try:
        runs: dict[str, Any] = pipeline_runs.run_all(world, name, good=good, bad=bad)
        judged = runs["good"].evaluation
        if judged:
            auc = judged["metrics"]["auc"]["value"]
            bars = {"at": {**good, "Bar": f"{auc:g}"}, "above": {**good, "Bar": f"{auc + 0.0001:.4f}"}}
            runs |= pipeline_runs.run_all(world, name, **bars)
    except sm.exceptions.ClientError as error:
        return {}, (f"it could not be started: {error.response['Error']['Message'][:200]}", "d3-12-parameters")
    told = {"month": months["good"], "bad month": months["bad"], "address": addresses["good"]}
    return {**runs, **told}, None


PROBES = (may_is_used, good_registers, bad_fails, bar_alone, lineage_complete)

HINTS = {
    "d3-12-no-run": Hint(
        "second is the PipelineExecutionArn of a run of your own pipeline, in quotes or as start_pipeline_execution "
        "returned it.",
        "Your turn: May arrives",
    ),
    "d3-12-stale": Hint(
        "Steps with the same arguments were answered from the cache, or the run was given another month. The table's "
        "own address stays the same when other rows lie there: copy the version to an address that bears its "
        "VersionId, and hand that over as Data.",
        "An address that says which version",
    ),
    "d3-12-no-pipeline": Hint(
        "Create your pipeline under the name in x.name, with the definition as JSON text and the role. If the call "
        "was refused, its message names the step and the member.",
        "Your turn: the pipeline",
    ),
    "d3-12-parameters": Hint(
        "The pipeline takes three parameters: Data and MaxIter as in the worked example, and Bar.",
        "Your turn: the pipeline",
    ),
    "d3-12-step-failed": Hint(
        "A step failed. The picture names it with its reason; mend that step, and update the pipeline or run begin "
        "again.",
        "Your turn: the pipeline",
    ),
    "d3-12-fixed-data": Hint(
        "Either an address is written into the definition that should have come from the parameter Data or from the "
        "step before, or a step puts its rows into the same folder in every run, so that the step after it is answered "
        "from the cache. The next run reads the first run's rows.",
        "The principle",
    ),
    "d3-12-fixed-model": Hint(
        "Evaluate judged another run's model: its address is written down. Let it refer to what Train puts out.",
        "Your turn: the evaluation",
    ),
    "d3-12-registers-another": Hint(
        "One model was judged and another one registered. The version refers to the same output of Train as Evaluate.",
        "Your turn: register or stop",
    ),
    "d3-12-not-registered": Hint(
        "The run ended, and its model was not registered. What is to happen when a condition holds stands in IfSteps.",
        "Your turn: register or stop",
    ),
    "d3-12-group": Hint("Register the version in the group named by x.group.", "Your turn: register or stop"),
    "d3-12-approved": Hint(
        "A version that approves itself needs no gate. Leave the decision to somebody: PendingManualApproval.",
        "Your turn: register or stop",
    ),
    "d3-12-compares-text": Hint(
        "A number was compared with a text. The parameter Bar needs a type whose values are numbers.",
        "Your turn: the pipeline",
    ),
    "d3-12-wrong-branch": Hint(
        "A good month ended in the Fail step. Look at which side of the comparison the AUC stands on, and which "
        "branch is which.",
        "Your turn: register or stop",
    ),
    "d3-12-registers-anything": Hint(
        "A bad month's model was registered. Put the step that registers inside the branch; a step in the list of "
        "Steps runs always.",
        "Your turn: register or stop",
    ),
    "d3-12-no-fail": Hint(
        "The bad month ended well: nobody would notice. What is to happen when the conditions do not hold stands in "
        "ElseSteps: a step of the type Fail.",
        "Your turn: register or stop",
    ),
    "d3-12-message": Hint(
        "The message does not say which bar was missed in this run. Join the words with a reference to the parameter "
        "Bar; a number that is typed in is the number of one run.",
        "Your turn: register or stop",
    ),
    "d3-12-at-least": Hint(
        "A model exactly at the bar has reached it. Compare with greater than or equal to.",
        "Your turn: register or stop",
    ),
    "d3-12-fixed-bar": Hint(
        "The bar was raised for one run, and the decision was the same. Refer to the parameter Bar in the condition.",
        "Your turn: register or stop",
    ),
    "d3-12-cache": Hint(
        "Nothing had changed but the bar, and jobs ran again. Keep the CacheConfig on the steps that work, and hand "
        "the bar to the condition alone.",
        "The worked example",
    ),
    "d3-12-lineage": Hint(
        "The way back breaks where an address is written down or copied by hand. Let each step refer to the outputs "
        "of the step before.",
        "The principle",
    ),
}  # fmt: skip
