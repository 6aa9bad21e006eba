"""D3-06 Asynchronous, down to zero and back: a queue in front of a model, and instances only while there is work.

The files are small; that each takes a minute of the cloud's time on its instance is a property of the world (the
control verb `work`). The check lets time pass and sends a request of its own: what is graded is what the endpoint does.
Nothing of it is a matter of chance.

IDLE_MINUTES: target tracking takes instances away after 15 minutes below the target, a second time 15 later at the
worst, with a cool-down of at most 10 between. An endpoint that is still there after 60 idle minutes stays.
"""

from __future__ import annotations

import json
import random
from typing import Any

from course.exercises import frozen, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

FILES = 300
WORK_SECONDS = 60  # of the cloud's time, that a file holds its place on an instance
MOST = 4  # instances
IDLE_MINUTES, WAKE_MINUTES = 60, 3
INPUT, ANSWERS, FAILURES = "in/", "answers", "failures"
VARIANT = "all"


def start(aws: World, seed: int, broken: int | None = None, missing: int | None = None) -> dict[str, Any]:
    """A bucket of files, the frozen model ready to be deployed, a role, and a queue that topics may write to.

    broken, missing: how many files hold a line that is no payment, and how many were never delivered.
    """
    name, s3 = names(seed), aws.client("s3")
    s3.create_bucket(Bucket=name["bucket"])
    torn, gone = faults(seed, broken, missing)
    for key, lines in tables(seed).items():
        if key not in gone:
            body = "\n".join([*lines, *(["torn off he"] if key in torn else [])])
            s3.put_object(Bucket=name["bucket"], Key=key, Body=body.encode())
    files = sorted(tables(seed))
    s3.put_object(Bucket=name["bucket"], Key="manifest.txt", Body="\n".join(files).encode())
    trial = {"good": tables(seed)[files[0]], "torn": [*tables(seed)[files[1]], "torn off he"]}
    for kind, lines in trial.items():
        s3.put_object(Bucket=name["bucket"], Key=f"trial/{kind}.csv", Body="\n".join(lines).encode())
    role = _role(aws, name["bucket"])
    archive = f"s3://{name['bucket']}/model/model.tar.gz"
    frozen.hand_over(aws, role, archive)
    s3.upload_file(str(txguard.pack_script(aws.folder / "files.tar.gz")), name["bucket"], "code/sourcedir.tar.gz")
    variables = {
        "SAGEMAKER_PROGRAM": txguard.SCRIPT,
        "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{name['bucket']}/code/sourcedir.tar.gz",
    }
    aws.client("sagemaker").create_model(
        ModelName=name["model"],
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": txguard.IMAGE, "ModelDataUrl": archive, "Environment": variables},
    )
    arn = _queue(aws, name["name"])
    aws.control("work", seconds=WORK_SECONDS)
    return {
        "bucket": name["bucket"],
        "manifest": "manifest.txt",
        "good": "trial/good.csv",
        "torn": "trial/torn.csv",
        "model": name["model"],
        "answers": f"s3://{name['bucket']}/{ANSWERS}",
        "failures": f"s3://{name['bucket']}/{FAILURES}",
        "queue": name["name"],
        "queue_arn": arn,
        "example": name["example"],
        "name": name["name"],
        "most": MOST,
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {
        "bucket": f"txguard-files-{mark}",
        "model": f"txguard-{mark}",
        "example": f"one-night-{mark}",
        "name": f"nightly-files-{mark}",
    }


def tables(seed: int) -> dict[str, list[str]]:
    """The lines of each file by its key: payments as the model takes them, 2 to 19 in a file."""
    if seed not in _tables:
        from course.data import FEATURES, transactions

        draw = random.Random(seed)
        sizes = [draw.randint(2, 19) for _ in range(FILES)]
        rows = transactions(seed, sum(sizes))[list(FEATURES)].to_csv(index=False, header=False).splitlines()
        made, at = {}, 0
        for number, size in enumerate(sizes):
            made[f"{INPUT}branch-{number:03d}.csv"] = rows[at : at + size]
            at += size
        _tables.clear()
        _tables[seed] = made
    return _tables[seed]


_tables: dict[int, dict[str, list[str]]] = {}


def faults(seed: int, broken: int | None = None, missing: int | None = None) -> tuple[frozenset[str], frozenset[str]]:
    """The files with a torn line, and those that were never delivered."""
    draw = random.Random(seed + 1)
    broken = draw.randint(9, 17) if broken is None else broken
    missing = draw.randint(2, 4) if missing is None else missing
    chosen = draw.sample(sorted(tables(seed)), broken + missing)
    return frozenset(chosen[:broken]), frozenset(chosen[broken:])


def _role(aws: World, name: str) -> str:
    role = txguard.make_role(aws, name)
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName=name, PolicyName="tell", PolicyDocument=policy)
    return role


def _queue(aws: World, name: str) -> str:
    """A queue that SNS may write to. Returns its ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    service = {"Service": "sns.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": service, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


# Probes


@probe(points=1, hint="d3-06-scores")
def all_collected(world: World) -> Finding:
    """Every file that could be read has its scores"""
    torn, gone = _faults(world)
    good = {key: len(lines) for key, lines in tables(world.seed).items() if key not in torn | gone}
    asked = {"looked": "scores", "expected": f"a list of scores for each of {len(good)} files, one for each line"}
    given = getattr(world.given, "scores", None)
    if not isinstance(given, dict):
        return found(False, seen=type(given).__name__, **asked)
    right = sum(_is_scored(given.get(key), count) for key, count in good.items())
    more = len(given.keys() & (torn | gone))
    seen = f"{right} files with as many scores as lines" + (f", and {more} that have none" if more else "")
    return found(right == len(good) and not more, seen=seen, **asked)


@probe(points=1, hint="d3-06-failures")
def failures_known(world: World) -> Finding:
    """Every file that failed is known, with a reason"""
    torn, gone = _faults(world)
    bad = torn | gone
    asked = {"looked": "failed", "expected": f"{len(bad)} files, each with the reason that AWS gives"}
    given = getattr(world.given, "failed", None)
    if not isinstance(given, dict):
        return found(False, seen=type(given).__name__, **asked)
    told = {key for key, reason in given.items() if isinstance(reason, str) and reason.strip()}
    others = given.keys() & (tables(world.seed).keys() - bad)
    return found(told >= bad and not others, seen=f"{len(told & bad)} of them, {len(others)} others", **asked)


@probe(points=1, hint="d3-06-never-grew")
def grew(world: World) -> Finding:
    """Under the load of the files it grew, and not beyond the bound"""
    asked = {"looked": "the scaling activities of your endpoint", "expected": f"more than 1 instance, at most {MOST}"}
    counts = [count for count in _counts(world) if count > 1]
    if not counts:
        return found(False, seen="never more than 1 instance", **asked)
    return found(max(counts) <= MOST, seen=f"{max(counts)} instances", hint="d3-06-bound", **asked)


@probe(points=1, hint="d3-06-no-endpoint")
def goes_to_zero(world: World) -> Finding:
    """Idle, it goes down to nothing"""
    asked = {"looked": f"your endpoint after {IDLE_MINUTES} idle minutes", "expected": "0 instances"}
    count = _idle(world)
    if count is None:
        return found(False, seen="no asynchronous endpoint of that name in service", **asked)
    return found(count == 0, seen=f"instances: {count}", hint="d3-06-never-zero", **asked)


@probe(points=1, hint="d3-06-no-endpoint")
def wakes(world: World) -> Finding:
    """A single request wakes it"""
    asked = {
        "looked": f"one request to your endpoint at zero, {WAKE_MINUTES} minutes of the cloud's time, and the answer",
        "expected": f"an instance within {WAKE_MINUTES} minutes, and the file's scores",
    }
    count = _idle(world)
    if count is None:
        return found(False, seen="no asynchronous endpoint of that name in service", **asked)
    if count:
        return found(False, seen=f"never at zero: instances: {count}", hint="d3-06-never-zero", **asked)
    name, runtime = names(world.seed), world.client("sagemaker-runtime")
    source = f"s3://{name['bucket']}/trial/good.csv"
    answer = runtime.invoke_endpoint_async(
        EndpointName=name["name"],
        InputLocation=source,
        ContentType="text/csv",
        Accept="text/csv",
        RequestTTLSeconds=60 * (WAKE_MINUTES + 1),  # gone before the next check: requests that sit there add up
    )
    world.control("advance", seconds=60 * WAKE_MINUTES)
    there = _instances(world)
    if not there:
        world.control("advance", seconds=120)
        return found(False, seen="the request waits, and no instance has come", hint="d3-06-asleep", **asked)
    world.control("advance", seconds=2 * WORK_SECONDS)
    lines = len(tables(world.seed)[min(tables(world.seed))])
    try:
        scores = frozen.read(world, answer.get("OutputLocation", "s3:///")).split()
    except world.client("s3").exceptions.ClientError:
        return found(False, seen="an instance, and no answer", hint="d3-06-no-answer", **asked)
    return found(len(scores) == lines, seen="an instance in time, and the answer", hint="d3-06-no-answer", **asked)


def _is_scored(scores: Any, count: int) -> bool:
    try:
        return len(scores) == count and all(0 <= float(score) <= 1 for score in scores)
    except (TypeError, ValueError):
        return False


def _faults(world: World) -> tuple[frozenset[str], frozenset[str]]:
    """What is wrong with the files of this world, as S3 has them: hidden worlds have other faults."""
    if "faults" not in world.memory:
        world.memory["faults"] = _found_faults(world)
    return world.memory["faults"]


def _found_faults(world: World) -> tuple[frozenset[str], frozenset[str]]:
    bucket = names(world.seed)["bucket"]
    pages = world.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=INPUT)
    sizes = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}
    whole = {key: len("\n".join(lines).encode()) for key, lines in tables(world.seed).items()}
    gone = frozenset(whole.keys() - sizes.keys())
    return frozenset(key for key, size in sizes.items() if size != whole[key]), gone


def _described(world: World) -> dict[str, Any] | None:
    """The learner's endpoint, if it is asynchronous and in service."""
    sm = world.client("sagemaker")
    try:
        described = sm.describe_endpoint(EndpointName=names(world.seed)["name"])
    except sm.exceptions.ClientError:
        return None
    there = described["EndpointStatus"] in ("InService", "Updating") and "AsyncInferenceConfig" in described
    return described if there else None


def _instances(world: World) -> int | None:
    described = _described(world)
    return None if described is None else described["ProductionVariants"][0]["CurrentInstanceCount"]


def _idle(world: World) -> int | None:
    """The number of instances once the endpoint has had nothing to do for IDLE_MINUTES, or has gone to zero before."""
    for _ in range(IDLE_MINUTES // 10):
        count = _instances(world)
        if count is None or count == 0:
            return count
        world.control("advance", seconds=600)
    return _instances(world)


def _counts(world: World) -> list[int]:
    """Every number of instances that the learner's endpoint was brought to by Application Auto Scaling."""
    from course.learn.pictures_backlog import changes

    return [count for _, count in changes(world, names(world.seed)["name"])]


PROBES = (all_collected, failures_known, grew, goes_to_zero, wakes)

HINTS = {
    "d3-06-scores": Hint(
        "scores maps the key of each file to the list of its scores, floats. Whose answer an object is says the "
        "message, or what you noted down when you sent the file. If files are missing, let more of the cloud's time "
        "pass, or read the queue until it is empty.",
        "Your turn: 300 files",
    ),
    "d3-06-failures": Hint(
        "failed maps the key of each file that got no answer to the reason. A failed request never writes an output "
        "object: who waits for one waits for ever. Look at the messages of the error topic, or under the failure "
        "path. Some files have a torn line, and some were never delivered.",
        "What a failure leaves behind",
    ),
    "d3-06-no-endpoint": Hint(
        "Deploy your endpoint under the name in x.name, with an AsyncInferenceConfig, and leave it in service.",
        "Your turn: the endpoint",
    ),
    "d3-06-never-grew": Hint(
        "With hundreds of requests in the queue the target tracking policy should have asked for more instances. Is "
        "the target registered with MaxCapacity x.most, and does the policy's metric have your endpoint's name as its "
        "dimension? Did the files go to your own endpoint?",
        "Instances follow the backlog",
    ),
    "d3-06-bound": Hint(
        "MaxCapacity is x.most: more instances cost more than the night allows.",
        "Your turn: zero and back",
    ),
    "d3-06-never-zero": Hint(
        "An endpoint goes down to zero only where MinCapacity is 0 and something takes the last instance away: a "
        "target tracking policy does, a step that only adds does not.",
        "Zero has to be asked for",
    ),
    "d3-06-asleep": Hint(
        "One request is a backlog of 1, and 1 is below the target: the tracking policy sees nothing to do, for hours. "
        "Waking needs a step policy, and an alarm on HasBacklogWithoutCapacity that has the policy's ARN among its "
        "AlarmActions. Two periods of 60 seconds are soon enough; five are not.",
        "One request at zero",
    ),
    "d3-06-no-answer": Hint(
        "The instance came, and the answer did not. Does the configuration name an S3OutputPath that the role may "
        "write to, and the model x.model?",
        "Your turn: the endpoint",
    ),
}
