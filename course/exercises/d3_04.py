"""D3-04 Nightly batch with join: 200,000 payments scored without an endpoint, each answer beside its payment's id.

The check takes the learner's request and runs it once more on another night, whose ids it alone knows. Scores are
compared by id with what a job says that loads the same archive and asks it directly (SAMPLE payments of the night, and
all of the other night). Trees give a row the same score in any batch, so right work agrees to the last digit that the
container prints; TOLERANCE leaves room for whoever rounds to six.

Power: an object whose rows are wrong holds at least a 25th of the night, so that SAMPLE payments, every hundredth one,
cannot miss it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from course.exercises import frozen, txguard
from course.exercises.nights import OBJECTS, ROWS, night, split, text
from course.learn import pictures_batch
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

FEW, OTHER, SAMPLE = 6, 3_000, 2_000
PAYLOAD = 1  # MB in one request
TOLERANCE = 1e-6
DEFAULT_PAYLOAD = 6  # MB, where a request names none
OWN = frozen.OWN
KEPT = (
    "ModelName", "MaxConcurrentTransforms", "ModelClientConfig", "MaxPayloadInMB", "BatchStrategy", "Environment",
    "TransformResources", "DataProcessing",
)  # fmt: skip
"""What of the learner's request the check's own night runs with, beside the formats of input and output."""


def start(aws: World, seed: int) -> dict[str, Any]:
    """A model that is ready to be run, and in the bucket the night's payments, a few of them, and some without ids."""
    return opened(aws, seed, split(night(seed)))


def opened(aws: World, seed: int, objects: dict[str, list[str]]) -> dict[str, Any]:
    """The start state, with the night's payments in these objects."""
    name, s3 = names(seed), aws.client("s3")
    bucket = name["bucket"]
    s3.create_bucket(Bucket=bucket)
    role = txguard.make_role(aws, bucket)
    frozen.hand_over(aws, role, f"s3://{bucket}/model/model.tar.gz")
    put(aws, bucket, "code/sourcedir.tar.gz", code())
    put(aws, bucket, "few/few.csv", text(night(seed)[:FEW]))
    bare = (line.partition(",")[2] for line in night(seed)[: ROWS // OBJECTS])
    put(aws, bucket, "bare/bare.csv", text(bare))
    for path, lines in objects.items():
        put(aws, bucket, f"night/{path}", text(lines))
    variables = {"SAGEMAKER_PROGRAM": "night.py", "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{bucket}/code/sourcedir.tar.gz"}
    aws.client("sagemaker").create_model(
        ModelName=name["model"],
        ExecutionRoleArn=role,
        PrimaryContainer={
            "Image": txguard.IMAGE,
            "ModelDataUrl": f"s3://{bucket}/model/model.tar.gz",
            "Environment": variables,
        },
    )
    places = {place: f"s3://{bucket}/{place}/" for place in ("bare", "few", "night", "scores")}
    jobs = {job: name[job] for job in ("example", "small", "trap", "name")}
    return {"bucket": bucket, "model": name["model"], **places, "payload": PAYLOAD, "cut": cut(seed), **jobs}


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    jobs = {"example": "bare", "small": "few", "trap": "trap", "name": "night"}
    return {"bucket": f"txguard-nights-{mark}", "model": f"txguard-{mark}"} | {
        job: f"{word}-{mark}" for job, word in jobs.items()
    }


def cut(seed: int) -> float:
    """From which score on a case worker looks at a payment."""
    return (30 + 5 * (seed % 5)) / 100


def code() -> bytes:
    """The serving script, packed."""
    from course.data import notebook_model_source

    script = (notebook_model_source() / txguard.SCRIPT).read_text()
    return frozen.pack({txguard.SCRIPT: script, "night.py": (frozen.SCRIPTS / "night.py").read_text()})


def put(world: World, bucket: str, key: str, body: bytes) -> None:
    world.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


# Probes


@probe(points=1, hint="d3-04-no-job")
def completed(world: World) -> Finding:
    """The night's job has completed, in requests that the container takes, and without an endpoint"""
    asked = {
        "looked": f"the transform job {names(world.seed)['name']}, and every endpoint since begin",
        "expected": f"Completed, MultiRecord, at most {PAYLOAD} MB in a request; no endpoint",
    }
    job = _job(world)
    if job is None:
        return found(False, seen="no such transform job", **asked)
    if job["TransformJobStatus"] != "Completed":
        seen, hint = _failure(world, job)
        return found(False, seen=seen, hint=hint, **asked)
    if any(event["kind"] == "Endpoint" for event in world.control("timeline")):
        return found(False, seen="Completed, and an endpoint was made", hint="d3-04-endpoint", **asked)
    strategy, payload = job.get("BatchStrategy", "MultiRecord"), job.get("MaxPayloadInMB", DEFAULT_PAYLOAD)
    if strategy != "MultiRecord" or job["TransformInput"].get("SplitType") != "Line":
        return found(False, seen=f"Completed, {strategy}", hint="d3-04-strategy", **asked)
    if payload > PAYLOAD:
        return found(False, seen=f"Completed, up to {payload} MB in a request", hint="d3-04-payload", **asked)
    return found(True, seen=f"Completed, {strategy}, {payload} MB", **asked)


@probe(points=2, hint="d3-04-no-job")
def scored_by_id(world: World) -> Finding:
    """Every payment of the night has one line, its id and the score that the model gives it"""
    asked = {
        "looked": f"the job's output, read by id; {SAMPLE:,} scores beside the model's own",
        "expected": f"{ROWS:,} ids, each once, each with its score",
    }
    job = _job(world)
    if job is None or job["TransformJobStatus"] != "Completed":
        return found(False, seen="no job that has completed", **asked)
    seen, hint = _night_fault(world, job)
    return found(hint is None, seen=seen, hint=hint, **asked)


@probe(points=1, hint="d3-04-no-job")
def holds_another_night(world: World) -> Finding:
    """The same request does it again on another night, whose rows nobody has in order"""
    asked = {
        "looked": f"a job of the check's own: your request on {OTHER:,} shuffled payments of another night",
        "expected": "every id once, each with its score",
    }
    job = _job(world)
    if job is None or job["TransformJobStatus"] != "Completed":
        return found(False, seen="no job that has completed", **asked)
    seen, hint = _again(world, job)
    return found(hint is None, seen=seen, hint=hint, **asked)


@probe(points=1, hint="d3-04-no-review")
def handed_to_case_workers(world: World) -> Finding:
    """to_check holds the ids of the payments that a case worker is to look at"""
    asked = {
        "looked": f"to_check, beside the output of your job and the cut {cut(world.seed)}",
        "expected": "the id of every payment that scores at least x.cut, once",
    }
    given = getattr(world.given, "to_check", None)
    if given is None or isinstance(given, str) or not isinstance(given, Iterable):
        return found(False, seen="nothing" if given is None else f"a {type(given).__name__}", **asked)
    ids = [str(one) for one in given]
    job = _job(world)
    if job is None or job["TransformJobStatus"] != "Completed" or _night_fault(world, job)[1]:
        return found(False, seen=f"{len(ids):,} ids, and no right output", hint="d3-04-review-first", **asked)
    wanted = {id for id, score in _output(world, job) if float(score) >= cut(world.seed)}
    if len(set(ids)) != len(ids):
        return found(False, seen=f"{len(ids):,} ids, some of them twice", hint="d3-04-review-twice", **asked)
    missing, odd = len(wanted - set(ids)), len(set(ids) - wanted)
    seen = f"{len(ids):,} ids: {missing:,} are missing, {odd:,} do not belong there"
    hint = "d3-04-review-part" if missing and not odd else "d3-04-review"
    return found(not missing and not odd, seen=seen, hint=hint, **asked)


PROBES = (completed, scored_by_id, holds_another_night, handed_to_case_workers)


# What the probes read


def _job(world: World) -> dict[str, Any] | None:
    sm = world.client("sagemaker")
    try:
        return sm.describe_transform_job(TransformJobName=names(world.seed)["name"])
    except sm.exceptions.ResourceNotFound:
        return None


def _failure(world: World, job: dict[str, Any]) -> tuple[str, str]:
    """What became of a job that has not completed: (what was seen, the hint)."""
    said = " ".join(job.get("FailureReason", "no reason given").split())
    seen = f"{job['TransformJobStatus']}: {said[:200]}"
    log = "\n".join(pictures_batch.messages(world, job["TransformJobName"]))
    for words, hint in (
        ("Too much data for max payload size", "d3-04-too-much"),
        ("columns, no header", "d3-04-input-filter"),
        ("Fail to join data", "d3-04-strategy"),
        ("Invalid JsonPath", "d3-04-path"),
    ):
        if words in log:
            line = next(line for line in log.splitlines() if words in line)
            return f"{seen}; the log: {line[-150:]}", hint
    return seen, "d3-04-job-failed"


def _output(world: World, job: dict[str, Any]) -> list[list[str]]:
    """The rows of a job's output, object by object."""
    key = "output", job["TransformJobName"], job["CreationTime"]
    if key not in world.memory:
        s3 = world.client("s3")
        where = job["TransformOutput"]["S3OutputPath"].rstrip("/")
        bucket, _, prefix = where.removeprefix("s3://").partition("/")
        rows: list[list[str]] = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix and f"{prefix}/"):
            for item in page.get("Contents", []):
                if item["Key"].endswith(".out"):
                    rows += csv.reader(frozen.read(world, f"s3://{bucket}/{item['Key']}").decode().splitlines())
        world.memory[key] = rows
    return world.memory[key]


def _night_fault(world: World, job: dict[str, Any]) -> tuple[str, str | None]:
    """How the night's output fails: (what was seen, the hint; None if it does not)."""
    key = "night", job["CreationTime"]
    if key not in world.memory:
        rows, lines = _output(world, job), night(world.seed)
        ids = {line.partition(",")[0] for line in lines}
        gone = "no output lies there any more", "d3-04-output-gone"
        world.memory[key] = _compared(world, rows, ids, lines[:: ROWS // SAMPLE]) if rows else gone
    return world.memory[key]


def _compared(world: World, rows: list[list[str]], ids: set[str], sample: list[str]) -> tuple[str, str | None]:
    """Rows of an output beside the ids that they should have, and the scores of a sample of them."""
    widths = {len(row) for row in rows}
    if widths == {1} and not {row[0] for row in rows[:50]} & ids:
        return f"{len(rows):,} lines of one column, and no id", "d3-04-no-id"
    if widths != {2}:
        shown = f"from {min(widths)} to {max(widths)}" if len(widths) > 1 else f"{max(widths, default=0)}"
        return f"lines with {shown} columns", "d3-04-columns"
    table = dict(rows)
    if not table.keys() & ids:
        return f"lines such as {','.join(rows[0])[:60]}: the first column is no id", "d3-04-columns"
    if len(table) != len(rows) or table.keys() != ids:
        lost = len(ids - table.keys())
        return f"{len(rows):,} lines; {lost:,} ids are missing, {len(rows) - len(table):,} come twice", "d3-04-ids"
    reference = _reference(world)
    off = [line for line in sample if not _agree(table[line.partition(",")[0]], reference[line.partition(",")[0]])]
    if off:
        id = off[0].partition(",")[0]
        return f"{len(off):,} of {len(sample):,} scores differ, such as {id},{table[id]}", "d3-04-scores"
    return f"{len(rows):,} ids, each once; {len(sample):,} scores as the model gives them", None


def _agree(given: str, score: float) -> bool:
    try:
        return abs(float(given) - score) <= TOLERANCE
    except ValueError:
        return False


def _other(seed: int) -> list[str]:
    return night(seed + 1, OTHER, "q")


def _start_reference(world: World) -> None:
    """A job that loads the archive and asks it about the sample and the other night, begun once."""
    if "reference" in world.memory:
        return
    lines = [*night(world.seed)[:: ROWS // SAMPLE], *_other(world.seed)]
    name = f"{OWN}scores"
    bucket, role = f"{name}-{world.seed % 0x10000:04x}", txguard.make_role(world, name)
    world.client("s3").create_bucket(Bucket=bucket)
    from course.data import FEATURES

    rows = [",".join(FEATURES), *(line.partition(",")[2] for line in lines)]
    put(world, bucket, "rows/rows.csv", text(rows))
    put(world, bucket, "model/model.tar.gz", frozen.archive(world, role))
    scripts = {file: (frozen.SCRIPTS / file).read_text() for file in ("predict.py", "fraud_model.py")}
    put(world, bucket, "code/sourcedir.tar.gz", frozen.pack(scripts))
    txguard.start_job(
        world, name, role, "predict.py", f"s3://{bucket}/code/sourcedir.tar.gz", {},
        output=f"s3://{bucket}/scores", rows=f"s3://{bucket}/rows/", archive=f"s3://{bucket}/model/",
    )  # fmt: skip
    world.memory["reference"] = name, bucket, [line.partition(",")[0] for line in lines]


def _reference(world: World) -> dict[str, float]:
    """Scores by id, as the model gives them."""
    if "scores" not in world.memory:
        _start_reference(world)
        name, bucket, ids = world.memory["reference"]
        txguard.wait(world, name)
        output = frozen.members(frozen.read(world, f"s3://{bucket}/scores/{name}/output/output.tar.gz"))
        scores = [float(line) for line in output["scores.csv"].split()]
        world.memory["scores"] = dict(zip(ids, scores, strict=True))
    return world.memory["scores"]


def _again(world: World, job: dict[str, Any]) -> tuple[str, str | None]:
    """What the learner's request makes of the other night: (what was seen, the hint; None if it is right)."""
    key = "again", job["CreationTime"]
    if key not in world.memory:
        world.memory[key] = _run_again(world, job)
    return world.memory[key]


def _run_again(world: World, job: dict[str, Any]) -> tuple[str, str | None]:
    sm = world.client("sagemaker")
    count = sum(key[0] == "again" for key in world.memory if isinstance(key, tuple))
    name = f"{OWN}night-{count + 1}"
    bucket, lines = f"{name}-{world.seed % 0x10000:04x}", _other(world.seed)
    world.client("s3").create_bucket(Bucket=bucket)
    for path, part in split(lines, 3).items():
        put(world, bucket, f"in/{path}", text(part))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}}
    _start_reference(world)
    try:
        sm.create_transform_job(
            TransformJobName=name,
            **{member: job[member] for member in KEPT if member in job},
            TransformInput={**job["TransformInput"], "DataSource": source},
            TransformOutput={**job["TransformOutput"], "S3OutputPath": f"s3://{bucket}/out"},
        )
    except sm.exceptions.ClientError as error:
        return f"it was refused: {error}"[:200], "d3-04-again-refused"
    waiter = sm.get_waiter("transform_job_completed_or_stopped")
    try:
        waiter.wait(TransformJobName=name, WaiterConfig=txguard.OFTEN)
        rows = _output(world, sm.describe_transform_job(TransformJobName=name))
    except Exception as error:
        return f"it failed: {error}"[:200], "d3-04-job-failed"
    return _compared(world, rows, {line.partition(",")[0] for line in lines}, lines)


HINTS = {
    "d3-04-no-job": Hint(
        "There is no such job. If the call was refused, its message says which members do not go together: filters on "
        "text/csv need SplitType Line and AssembleWith Line.",
        "Your turn: the night",
    ),
    "d3-04-job-failed": Hint(
        "Read the failure reason and then the job's log, which names the object and the request. A job's name can be "
        "given once: run begin again and the cells after it.",
        "Your turn: the night",
    ),
    "d3-04-too-much": Hint(
        "One object in one request is more than the container takes. SplitType Line cuts it into lines, and "
        "MultiRecord packs as many of them into a request as MaxPayloadInMB holds.",
        "The worked example",
    ),
    "d3-04-input-filter": Hint(
        "The model was given a column too many or too few: it wants the features, and no id. InputFilter chooses.",
        "What the filters choose",
    ),
    "d3-04-path": Hint(
        "The log says which path was not understood, or led nowhere in a row. Columns are counted from 0; the last one "
        "is -1; one range stands alone between the brackets.",
        "What the filters choose",
    ),
    "d3-04-endpoint": Hint(
        "A batch needs no endpoint. An endpoint bills by the hour, all day; delete it, run begin again, and leave it.",
        "The principle",
    ),
    "d3-04-strategy": Hint(
        "Pack many lines into a request: BatchStrategy MultiRecord, with SplitType Line.", "The worked example"
    ),
    "d3-04-payload": Hint(
        "The container takes x.payload MB in a request and not more; without MaxPayloadInMB it may be sent six.",
        "Your turn: the night",
    ),
    "d3-04-no-id": Hint(
        "The output has scores and nothing that says whose they are. Order is all that is left, and order is lost as "
        "soon as files are. Let JoinSource put the input beside the answer.",
        "What the filters choose",
    ),
    "d3-04-columns": Hint(
        "Each line is to hold two columns, the id and the score. OutputFilter chooses them from the joined row: the "
        "original input first, id included, and the answer at its end.",
        "What the filters choose",
    ),
    "d3-04-ids": Hint(
        "Each payment of the night is to come once. Is every object of x.night in the job's input?",
        "Your turn: the night",
    ),
    "d3-04-scores": Hint(
        "Ids are there, and the second column is not what the model says about them. Which column of the joined row "
        "is the answer?",
        "What the filters choose",
    ),
    "d3-04-output-gone": Hint("Leave the job's output where it is until it is checked.", "Your turn: the night"),
    "d3-04-again-refused": Hint("The model has to stay: tomorrow's night needs it again.", "Your turn: the night"),
    "d3-04-no-review": Hint(
        "to_check is a list of ids. Read every object below x.scores, and keep the ids whose score is x.cut or more.",
        "Your turn: the morning",
    ),
    "d3-04-review-first": Hint(
        "The list is made from the job's output, and that is not right yet.", "Your turn: the night"
    ),
    "d3-04-review-twice": Hint("Every id is to come once.", "Your turn: the morning"),
    "d3-04-review-part": Hint(
        "Some payments are missing. The night lies in several objects, and so do its scores: read all of them.",
        "Your turn: the morning",
    ),
    "d3-04-review": Hint(
        "Take the ids, the first column, of the lines whose score is at least x.cut, as a number.",
        "Your turn: the morning",
    ),
}
