"""O-8 One crossing in twelve calls: from a table and a script to an answering endpoint, and back to nothing.

The worked example and the learner's round run in the same world; the example's resources carry the name `x.example`,
so everything else that was made after `begin` is the learner's.
"""

from __future__ import annotations

from typing import Any

from course.exercises import txguard
from course.learn.probe import Finding, Hint, found, noted, probe
from course.learn.world import World

ROWS = 6_000
TOLERANCE = 5e-4  # a score rounded to three decimals is as good
CHECK = "course-check-"  # what the probes make for themselves; the pictures leave it out


def start(aws: World, seed: int) -> dict[str, Any]:
    """A role that jobs may run as, and on the learner's machine the table and the packed script."""
    example_row, row = rows_to_score(seed)
    return {
        "role": txguard.make_role(aws, f"txguard-{_mark(seed)}"),
        "image": txguard.IMAGE,
        "csv": str(txguard.write_table(aws.folder / "transactions.csv", seed, ROWS)),
        "code": str(txguard.pack_script(aws.folder / "sourcedir.tar.gz")),
        "example": f"example-{_mark(seed)}",
        "example_row": example_row,
        "name": f"crossing-{_mark(seed)}",
        "row": row,
    }


def rows_to_score(seed: int) -> tuple[str, str]:
    """Two later transactions that are neither clearly fraud nor clearly none, as CSV lines without a label."""
    from course.data import FEATURES, transactions, truth

    later = transactions(seed, rows=2_000, start_day=30, days=1)
    doubtful = sorted(abs(truth(later) - 0.5).argsort()[:2])
    first, second = later.iloc[doubtful][list(FEATURES)].to_csv(index=False, header=False).splitlines()
    return first, second


def _mark(seed: int) -> str:
    """What tells one world's names from another's."""
    return f"{seed % 0x10000:04x}"


# Probes


@probe(points=1, hint="o-8-not-trained")
def trained(world: World) -> Finding:
    """A training job of yours has completed"""
    asked = {"looked": "the training jobs made after begin, without the example's", "expected": "one that is Completed"}
    jobs = _jobs(world)
    if any(job["TrainingJobStatus"] == "Completed" for job in jobs):
        return found(True, seen="Completed", **asked)
    if not jobs:
        return found(False, seen="no training job", **asked)
    job = jobs[0]
    channels = [channel["ChannelName"] for channel in job.get("InputDataConfig", [])]
    reason = job.get("FailureReason", "no reason given").split("\n")
    seen = f"{job['TrainingJobName']} is {job['TrainingJobStatus']}: {' '.join(reason)[:300]}"
    if "train" not in channels:
        seen = f"{job['TrainingJobName']} is {job['TrainingJobStatus']}; its channels: {', '.join(channels) or 'none'}"
        return found(False, seen=seen, hint="o-8-channel", **asked)
    return found(False, seen=seen, hint="o-8-job-failed", **asked)


@probe(points=1, hint="o-8-no-endpoint")
def answered(world: World) -> Finding:
    """An endpoint of yours has answered a valid request"""
    asked = {"looked": "how the requests to your endpoints ended", "expected": "at least one answered with 200"}
    counts = {
        name: {outcome: sum(variant[outcome] for variant in variants.values()) for outcome in ("ok", "4xx", "5xx")}
        for name, variants in world.control("invocations").items()
        if _is_yours(world, "Endpoint", name)
    }
    if not counts:
        return found(False, seen="no endpoint was ever made", **asked)
    if any(count["ok"] for count in counts.values()):
        return found(True, seen="at least one", **asked)
    if refused := sum(count["4xx"] + count["5xx"] for count in counts.values()):
        return found(False, seen=f"none; {refused} ended in an error", hint="o-8-bad-request", **asked)
    return found(False, seen="no request at all", hint="o-8-never-invoked", **asked)


@probe(points=1, hint="o-8-score")
def score_is_the_models(world: World) -> Finding:
    """The score is what your model says about x.row"""
    given: Any = getattr(world.given, "score", None)
    looked = "score, beside the answer of an endpoint that the check makes from your trained model"
    asked = {"looked": looked, "expected": "the number that your model gives"}
    try:
        value = float(given)
    except (TypeError, ValueError, OverflowError):
        seen = "None" if given is None else f"{str(given)[:60]!r}, a {type(given).__name__}"
        return found(False, seen=seen, hint="o-8-no-score", **asked)
    jobs = [job for job in _jobs(world) if job["TrainingJobStatus"] == "Completed"]
    if not jobs:
        return found(False, seen=f"{value:.4f}, and no trained model of yours", hint="o-8-not-trained", **asked)
    # The newest first: whoever trained twice has most likely deployed the last.
    same = any(abs(model_score(world, job) - value) <= TOLERANCE for job in jobs[:3])
    return found(same, seen=f"{value:.3f}", **asked)


@probe(points=1, hint="o-8-endpoint-left")
def nothing_left(world: World) -> Finding:
    """Nothing that you made is still billed, and nothing else is gone"""
    asked = {
        "looked": "the meter, and what exists in the account now",
        "expected": "nothing of yours running, and everyone else's still there",
    }
    states = {(event["kind"], event["name"]): event["status"] for event in world.control("timeline")}
    made = [key for key in states if key not in world.before and not key[1].startswith(CHECK)]
    gone = [name for kind, name in world.before if states[kind, name] in ("Deleted", "Deleting")]
    if gone:
        seen = f"gone, and never yours: {', '.join(sorted(set(gone)))}"
        return found(False, seen=seen, hint="o-8-not-yours", **asked)
    lines = [line for line in world.control("meter")["lines"] if (line["kind"], _resource(line)) in made]
    running = [line for line in lines if not line["to"]]
    if running:
        rate = sum(line["price_per_hour"] for line in running)
        names = " and ".join(f"{line['kind']} {_resource(line)}" for line in running)
        example = all(_resource(line) == _example(world) for line in running)
        hint = "o-8-example-left" if example else "o-8-endpoint-left"
        return found(False, seen=f"{names} still running: ${rate:.2f} per hour (simulated)", hint=hint, **asked)
    if not any(kind == "Endpoint" and name != _example(world) for kind, name in made):
        return found(False, seen="no endpoint of yours was ever there to take down", hint="o-8-no-endpoint", **asked)
    seen = f"nothing running; in all it would have cost ${sum(line['cost'] for line in lines):.2f} (simulated)"
    kept = [
        f"{kind} {name}"
        for kind, name in made
        if kind in ("EndpointConfig", "Model") and states[kind, name] != "Deleted"
    ]
    if kept:
        return noted(seen=f"{seen}; still there: {', '.join(kept)}", hint="o-8-config-left", **asked)
    return found(True, seen=seen, **asked)


PROBES = (trained, answered, score_is_the_models, nothing_left)


# What the probes read


def _example(world: World) -> str:
    return f"example-{_mark(world.seed)}"


def _resource(line: dict[str, Any]) -> str:
    """A meter line's resource: an endpoint's lines are one per variant."""
    return line["resource"].split("/")[0]


def _is_yours(world: World, kind: str, name: str) -> bool:
    return (kind, name) not in world.before and name != _example(world) and not name.startswith(CHECK)


def _jobs(world: World) -> list[dict[str, Any]]:
    """The learner's training jobs, newest first, as Describe gives them."""
    sm = world.client("sagemaker")
    pages = sm.get_paginator("list_training_jobs").paginate(SortBy="CreationTime", SortOrder="Descending")
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    return [sm.describe_training_job(TrainingJobName=n) for n in names if _is_yours(world, "TrainingJob", n)]


def model_score(world: World, job: dict[str, Any]) -> float:
    """What the model of a training job says about x.row, asked through an endpoint of the check's own."""
    remembered = "score", job["TrainingJobName"]
    if remembered not in world.memory:
        name = f"{CHECK}{sum(key[0] == 'score' for key in world.memory) + 1}"
        role, archive = txguard.make_role(world, name), job["ModelArtifacts"]["S3ModelArtifacts"]
        if _exists(world, archive):
            txguard.upload(world, name)
        else:  # whoever empties the bucket as well has cleaned up well: the same table gives the same model again
            txguard.upload(world, name, txguard.write_table(world.folder / f"{name}.csv", world.seed, ROWS))
            archive = txguard.train(world, name, role)
        txguard.deploy(world, name, role, archive)
        try:
            world.memory[remembered] = txguard.ask(world, name, rows_to_score(world.seed)[1])
        finally:
            txguard.take_down(world, name)
    return world.memory[remembered]


def _exists(world: World, address: str) -> bool:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    s3 = world.client("s3")
    try:
        return s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"] > 0
    except s3.exceptions.NoSuchBucket:
        return False


HINTS = {
    "o-8-not-trained": Hint(
        "Hole 1 wants the address of the table that you uploaded: s3://, your bucket, a slash, the prefix.",
        "Your turn, step 1",
    ),
    "o-8-channel": Hint(
        "The script looks for its table in the channel called train; a channel of another name never reaches it.",
        "The worked example, call 4",
    ),
    "o-8-job-failed": Hint(
        "Read the failure reason: it ends with what the script printed last. Then run begin again for a clean start.",
        "The worked example, call 4",
    ),
    "o-8-no-endpoint": Hint(
        "Hole 2 wants the address of the trained model; describe_training_job tells it. No archive, no endpoint.",
        "Your turn, step 2",
    ),
    "o-8-never-invoked": Hint(
        "An endpoint that nobody asks still bills. Send it x.row with invoke_endpoint.", "Your turn, step 3"
    ),
    "o-8-bad-request": Hint(
        "The model refused the request. Send one line of x.row as it is, with ContentType text/csv.",
        "Your turn, step 3",
    ),
    "o-8-no-score": Hint(
        "Hole 3: read the body of the answer and turn it into one number with float(…).", "Your turn, step 3"
    ),
    "o-8-score": Hint(
        "This is not what your model says about x.row. Take the number from your endpoint's answer, and ask about "
        "x.row, not about x.example_row.",
        "Your turn, step 3",
    ),
    "o-8-endpoint-left": Hint(
        "An endpoint costs the same whether it is asked or not. Delete it; then its configuration and its model.",
        "Your turn, step 4",
    ),
    "o-8-example-left": Hint(
        "The example's endpoint is still running: run the cells that take the worked example down.",
        "The worked example, calls 10 to 12",
    ),
    "o-8-not-yours": Hint(
        "Someone else works in this account too. Delete by the names that you gave, never everything a listing shows.",
        "Your turn, step 4",
    ),
    "o-8-config-left": Hint(
        "A configuration and a model cost nothing, but they pile up and someone may start them again by mistake.",
        "Your turn, step 4",
    ),
}
