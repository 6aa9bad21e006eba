"""D2-02 From laptop to training job: cells of a notebook become a script that lives by the container's rules.

The check trains with the learner's archive again, on another table under another prefix and with another number of
trees. What a model says is computed in jobs: the learner's file is never loaded where the check runs. The same rows and
the same number of trees give the same trees (no early stopping, no sampling), so right work agrees to the last digit.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from course.exercises import frozen, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

ROWS, UNSEEN = 4_000, 1_000
TOLERANCE = 1e-6  # between two scores of one row
GROUP = "/aws/sagemaker/TrainingJobs"
CODE = "code/sourcedir.tar.gz"
ARCHIVE = "model.joblib"
OWN = frozen.OWN


def start(aws: World, seed: int) -> dict[str, Any]:
    """A bucket with the table and the worked example's packed script; the notebook's cells and its module as files."""
    name = names(seed)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name["bucket"])
    s3.upload_file(str(table(aws, seed, "transactions.csv")), name["bucket"], "data/transactions.csv")
    s3.put_object(Bucket=name["bucket"], Key="example/sourcedir.tar.gz", Body=frozen.pack({"look.py": text("look.py")}))
    for file in ("cells.py", "look.py", "fraud_model.py"):
        (aws.folder / file).write_text(text(file))
    return {
        "bucket": name["bucket"],
        "role": txguard.make_role(aws, name["bucket"]),
        "image": txguard.IMAGE,
        "look": str(aws.folder / "look.py"),
        "cells": str(aws.folder / "cells.py"),
        "model": str(aws.folder / "fraud_model.py"),
        "script": str(aws.folder / "train.py"),
        "max_iter": trees(seed),
        "example": name["example"],
        "name": name["job"],
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {"bucket": f"txguard-training-{mark}", "example": f"look-around-{mark}", "job": f"first-job-{mark}"}


def trees(seed: int) -> int:
    """How many trees the learner's job is to grow; never the notebook's 80."""
    return 20 + seed % 17


def table(world: World, seed: int, name: str) -> Path:
    return txguard.write_table(world.folder / name, seed, ROWS)


def text(file: str) -> str:
    return (frozen.SCRIPTS / file).read_text()


# Probes


@probe(points=1, hint="d2-02-no-job")
def completed(world: World) -> Finding:
    """Your job has completed, with the number of trees that was asked for"""
    name = names(world.seed)["job"]
    wanted = str(trees(world.seed))
    asked = {"looked": f"the training job {name}", "expected": f"Completed, with the hyperparameter max-iter {wanted}"}
    job = _job(world)
    if job is None:
        return found(False, seen="no such training job", **asked)
    if job["TrainingJobStatus"] != "Completed":
        reason = " ".join(job.get("FailureReason", "no reason given").split())
        path = "No such file" in reason or "FileNotFoundError" in reason
        seen = f"{job['TrainingJobStatus']}: {reason[:300]}"
        return found(False, seen=seen, hint="d2-02-path" if path else "d2-02-job-failed", **asked)
    given = job["HyperParameters"].get("max-iter")
    if given is None or given.strip('"') != wanted:
        return found(False, seen=f"Completed, with max-iter {given}", hint="d2-02-not-passed", **asked)
    return found(True, seen=f"Completed, with max-iter {given}", **asked)


@probe(points=1, hint="d2-02-no-job")
def archive_scores(world: World) -> Finding:
    """Its archive holds the model, and the model says what it should about rows that it never saw"""
    asked = {
        "looked": f"model.tar.gz of your job, unpacked and asked about {UNSEEN:,} rows by a job of the check's own",
        "expected": f"{ARCHIVE}, with the scores of the notebook's model trained on the whole table",
    }
    job = _job(world)
    if job is None or job["TrainingJobStatus"] != "Completed":
        return found(False, seen="no job that has completed", **asked)
    fault, hint = _archive_fault(world, job)
    if fault:
        return found(False, seen=fault, hint=hint, **asked)
    given = job["HyperParameters"].get("max-iter", "80").strip('"')
    seen, hint = _compared(world, job["ModelArtifacts"]["S3ModelArtifacts"], world.seed, int(given))
    return found(hint is None, seen=seen, hint=hint, **asked)


@probe(points=1, hint="d2-02-no-job")
def runs_elsewhere(world: World) -> Finding:
    """The same script does it again, with another table and another number of trees"""
    asked = {
        "looked": "a job of the check's own: your archive of scripts, a table of another name under another prefix",
        "expected": "Completed, and the model of that table and that number of trees",
    }
    job = _job(world)
    if job is None or job["TrainingJobStatus"] != "Completed":
        return found(False, seen="no job that has completed", **asked)
    if _archive_fault(world, job)[0]:
        return found(False, seen="your own job left no model", hint="d2-02-empty", **asked)
    code = job["HyperParameters"].get("sagemaker_submit_directory", "").strip('"')
    program = job["HyperParameters"].get("sagemaker_program", "").strip('"')
    key = "elsewhere", frozen.digest(frozen.read(world, code))
    if key not in world.memory:
        world.memory[key] = _elsewhere(world, program, code)
    seen, hint = world.memory[key]
    return found(hint is None, seen=seen, hint=hint, **asked)


@probe(points=1, hint="d2-02-no-log")
def log_read(world: World) -> Finding:
    """You have read what your job printed"""
    asked = {
        "looked": "printed, beside the job's log in CloudWatch Logs",
        "expected": "the messages of that log, among them how many rows it trained on",
    }
    given = getattr(world.given, "printed", None)
    if isinstance(given, str):
        given = given.splitlines()
    if not isinstance(given, (list, tuple)) or not given:
        return found(False, seen="nothing" if not given else f"a {type(given).__name__}", **asked)
    if not all(isinstance(line, str) for line in given):
        return found(False, seen=f"a list of {type(given[0]).__name__}", hint="d2-02-not-messages", **asked)
    logged = _logged(world, names(world.seed)["job"])
    said = [line.strip() for line in given]
    if not set(said) <= {line.strip() for line in logged}:
        odd = next(line for line in said if line not in {text.strip() for text in logged})
        return found(False, seen=f"a line that the job never printed: {odd[:80]}", hint="d2-02-other-log", **asked)
    if not any(f"rows={ROWS}" in line.replace(" ", "") for line in said):
        return found(False, seen=f"{len(said)} lines, and no rows=", hint="d2-02-no-rows", **asked)
    return found(True, seen=f"{len(said)} lines, with rows={ROWS}", **asked)


PROBES = (completed, archive_scores, runs_elsewhere, log_read)


# What the probes read


def _job(world: World) -> dict[str, Any] | None:
    sm = world.client("sagemaker")
    try:
        return sm.describe_training_job(TrainingJobName=names(world.seed)["job"])
    except sm.exceptions.ResourceNotFound:
        return None


def _logged(world: World, job: str) -> list[str]:
    logs = world.client("logs")
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
    return [
        event["message"]
        for stream in streams
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, logStreamNames=[stream["logStreamName"]]
        )
        for event in page["events"]
    ]


def _archive_fault(world: World, job: dict[str, Any]) -> tuple[str, str | None]:
    """What is wrong with a completed job's archive as a set of files, and the hint; "" if nothing is."""
    address = job.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    try:
        files = sorted(frozen.members(frozen.read(world, address))) if address else []
    except world.client("s3").exceptions.ClientError:
        return f"nothing lies at {address} any more", "d2-02-empty"
    if not files:
        return "no model.tar.gz: the job left /opt/ml/model empty", "d2-02-empty"
    if ARCHIVE not in files:
        return f"an archive with {', '.join(files)[:100]}", "d2-02-file-name"
    return "", None


def _compared(world: World, archive: str, seed: int, max_iter: int) -> tuple[str, str | None]:
    """What a model says beside what it should say: (what was seen, the hint; None if they agree)."""
    key = "compared", archive
    if key not in world.memory:
        world.memory[key] = _compare(world, archive, seed, max_iter)
    return world.memory[key]


def _compare(world: World, archive: str, seed: int, max_iter: int) -> tuple[str, str | None]:
    name = f"{OWN}{sum(key[0] == 'compared' for key in world.memory) + 1}"
    bucket, role = f"{name}-{world.seed % 0x10000:04x}", txguard.make_role(world, name)
    s3 = world.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.upload_file(str(table(world, seed, f"{name}.csv")), bucket, "table/table.csv")
    s3.upload_file(str(unseen(world, seed)), bucket, "rows/rows.csv")
    code = frozen.pack({file: text(file) for file in ("predict.py", "fraud_model.py")})
    s3.put_object(Bucket=bucket, Key=CODE, Body=code)
    runs = {"theirs": {"archive": archive}, "reference": {"table": f"s3://{bucket}/table/"}}
    for run, channels in runs.items():
        txguard.start_job(
            world, f"{name}-{run}", role, "predict.py", f"s3://{bucket}/{CODE}", {"max-iter": str(max_iter)},
            output=f"s3://{bucket}/scores", rows=f"s3://{bucket}/rows/", **channels,
        )  # fmt: skip
    said = {}
    for run in ("reference", "theirs"):
        try:
            txguard.wait(world, f"{name}-{run}")
        except RuntimeError as error:
            return f"the model could not be asked: {' '.join(str(error).split())[-200:]}", "d2-02-not-loadable"
        output = frozen.members(frozen.read(world, f"s3://{bucket}/scores/{name}-{run}/output/output.tar.gz"))
        said[run] = [float(line) for line in output["scores.csv"].split()]
    distance = max((abs(a - b) for a, b in zip(said["theirs"], said["reference"], strict=True)), default=math.inf)
    if distance <= TOLERANCE:
        return f"{len(said['theirs']):,} scores, none off by more than {TOLERANCE:g}", None
    return f"scores off by up to {distance:.2g}", "d2-02-scores"


def unseen(world: World, seed: int) -> Path:
    """Rows of the next month."""
    from course.data import FEATURES, transactions

    path = world.folder / f"unseen-{seed}.csv"
    transactions(seed + 1, rows=UNSEEN, start_day=30)[list(FEATURES)].to_csv(path, index=False)
    return path


def _elsewhere(world: World, program: str, code: str) -> tuple[str, str | None]:
    """What comes of the learner's scripts in another place: (what was seen, the hint; None if it is right)."""
    mark, max_iter, seed = f"{world.seed % 0x10000:04x}", trees(world.seed) + 7, world.seed + 7
    count = sum(key[0] == "elsewhere" for key in world.memory) + 1
    name = f"{OWN}again-{count}"
    bucket, role = f"{name}-{mark}", txguard.make_role(world, name)
    s3 = world.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.upload_file(str(table(world, seed, f"{name}.csv")), bucket, f"another/place/payments-{mark}.csv")
    txguard.start_job(
        world, name, role, program, code, {"max-iter": str(max_iter)},
        output=f"s3://{bucket}/model", train=f"s3://{bucket}/another/place/",
    )  # fmt: skip
    try:
        archive = txguard.wait(world, name)
    except RuntimeError as error:
        return f"it failed: {' '.join(str(error).split())[-250:]}", "d2-02-fixed"
    seen, hint = _compared(world, archive, seed, max_iter) if archive else ("it left no model", "d2-02-empty")
    return seen, "d2-02-ignored" if hint == "d2-02-scores" else hint


HINTS = {
    "d2-02-no-job": Hint(
        "There is no such job. If the call ended in ParamValidationError, read what it says about HyperParameters: "
        "every value there is a string, a number too.",
        "Your turn: the job",
    ),
    "d2-02-path": Hint(
        "The script looked for a file that the container does not have. Your disk is not there; the table is in the "
        "folder that SM_CHANNEL_TRAIN names.",
        "Your turn: the script",
    ),
    "d2-02-job-failed": Hint(
        "Read the failure reason: it ends with what the script printed last. Mend the script, then run begin again and "
        "the cells after it: a job's name can be given once.",
        "Your turn: the script",
    ),
    "d2-02-not-passed": Hint(
        "Hand the number over as the hyperparameter max-iter, beside sagemaker_program and sagemaker_submit_directory.",
        "Your turn: the job",
    ),
    "d2-02-empty": Hint(
        "The job ended well and left no model. Only what lies in the folder that SM_MODEL_DIR names is packed; the "
        "working folder goes with the machine.",
        "What stays",
    ),
    "d2-02-file-name": Hint(
        "The archive is there, and nothing in it is called model.joblib. Write that file straight into the folder that "
        "SM_MODEL_DIR names.",
        "Your turn: the script",
    ),
    "d2-02-not-loadable": Hint(
        "A fresh process could not load model.joblib or ask it. Save the fitted model itself with joblib.dump.",
        "Your turn: the script",
    ),
    "d2-02-scores": Hint(
        "There is a model, and it is another one. Train the notebook's model on the whole table, with as many trees as "
        "the hyperparameter says.",
        "Your turn: the script",
    ),
    "d2-02-fixed": Hint(
        "Your script holds on to something of its first job, such as the name of the table's file. Take whatever CSV "
        "file lies in the channel's folder.",
        "Your turn: the script",
    ),
    "d2-02-ignored": Hint(
        "With another number of trees or another table the same script made the wrong model: it does not use what it "
        "is given. Read max-iter from the arguments and hand it to build.",
        "Your turn: the script",
    ),
    "d2-02-no-log": Hint(
        "printed is a list of lines. Find the job's stream in the group of all training jobs, and get its events.",
        "Your turn: the log",
    ),
    "d2-02-not-messages": Hint("Each event is a dictionary; its text is under message.", "Your turn: the log"),
    "d2-02-other-log": Hint(
        "This is not in your job's log. Take the stream whose name begins with your job's name.", "Your turn: the log"
    ),
    "d2-02-no-rows": Hint(
        "The log is right, and the line with the rows is missing. Let the script print it as the notebook's cells do.",
        "Your turn: the script",
    ),
}
