"""D4-02 Baseline, constraints, schedule, violations: a draft is edited, and an hourly monitor tells six faults apart.

The check reads what the learner's own schedule found in 26 hours of traffic that it knows the truth of: 20 clean hours
and six that break one check each (d4_02_traffic.py says why chance decides neither). A right edit may give one false
alarm in 20 hours; two come by chance in 1 of 200,000 worlds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from course.exercises import d4_02_traffic as traffic
from course.exercises import frozen, txguard
from course.exercises.d4_02_traffic import HOUR, HOURS, Fault, Plan
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

ANALYSER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROWS = 400  # an hour
AHEAD = 4 * HOUR  # how much real time there is before the traffic begins
VARIANT = "all"
SERVE = "def model_fn(folder):\n    return None\n"


def start(aws: World, seed: int) -> dict[str, Any]:
    """An endpoint that captures, the tables, and 26 hours of its requests, the first of them some hours from now."""
    return build(aws, seed, Plan.of(seed, ROWS))


def build(aws: World, seed: int, plan: Plan) -> dict[str, Any]:
    """The start state for a plan of the traffic."""
    name, s3 = names(seed), aws.client("s3")
    bucket, endpoint = name["bucket"], name["endpoint"]
    s3.create_bucket(Bucket=bucket)
    role = txguard.make_role(aws, bucket)
    first = _first_hour(aws)
    _deploy(aws, endpoint, role, bucket)
    objects = {
        "training/transactions.csv": traffic.csv(traffic.table(seed, traffic.TRAINED)),
        "last-week/transactions.csv": traffic.csv(traffic.last_week(seed)),
        "refunds/refunds.csv": _refunds(seed),
    }
    for number in range(HOURS):
        begin = first + number * HOUR
        body = traffic.capture(traffic.hour(seed, plan, number), begin, seed)
        objects[f"capture/{endpoint}/{VARIANT}/{begin:%Y/%m/%d/%H}/59-00-{number:03}.jsonl"] = body
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    return {
        "bucket": bucket,
        "role": role,
        "image": ANALYSER,
        "endpoint": endpoint,
        "training": f"s3://{bucket}/training/",
        "last_week": f"s3://{bucket}/last-week/",
        "refunds": f"s3://{bucket}/refunds/",
        "example": name["example"],
        "baseline": name["baseline"],
        "monitor": name["monitor"],
        "rows": plan.rows,
        "hours": HOURS,
        "first": first,
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    called = {"bucket": "monitoring", "endpoint": "live", "example": "refunds", "baseline": "baseline"}
    return {"monitor": f"txguard-hourly-{mark}", **{part: f"txguard-{name}-{mark}" for part, name in called.items()}}


def _first_hour(aws: World) -> datetime:
    now = datetime.fromisoformat(aws.control("now")["now"]).astimezone(UTC)
    return now.replace(minute=0, second=0, microsecond=0) + AHEAD


def _deploy(aws: World, name: str, role: str, bucket: str) -> None:
    """An endpoint that nobody asks anything here: what it has captured is what counts. Nothing waits for it."""
    aws.client("s3").put_object(Bucket=bucket, Key="model/model.tar.gz", Body=frozen.pack({"serve.py": SERVE}))
    place = f"s3://{bucket}/model/model.tar.gz"
    txguard.create_endpoint(aws, name, role, place, place, "serve.py", capture=f"s3://{bucket}/capture")


def _refunds(seed: int) -> bytes:
    """The worked example's table: 1,000 refunds, a reason missing now and then."""
    import numpy as np

    rng = np.random.default_rng([seed, 1])
    reasons = rng.choice(["broken", "late", "wrong size"], 1000)
    reasons[rng.random(1000) < 0.05] = ""
    lines = [
        f"{amount:.2f},{reason},{days}"
        for amount, reason, days in zip(rng.gamma(2, 20, 1000), reasons, rng.integers(1, 30, 1000), strict=True)
    ]
    return "\n".join(["amount,reason,days", *lines, ""]).encode()


# What the learner's schedule found


def plan_of(world: World) -> tuple[Plan, datetime]:
    """What is wrong with which hour, and when the first hour begins: as the capture itself shows."""
    if "plan" not in world.memory:
        name, s3 = names(world.seed), world.client("s3")
        prefix = f"capture/{name['endpoint']}/{VARIANT}/"
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=name["bucket"], Prefix=prefix)["Contents"]]
        key = next(key for key in keys if key.endswith("-000.jsonl"))
        first = datetime.strptime(key.removeprefix(prefix)[: len("yyyy/mm/dd/hh")], "%Y/%m/%d/%H").replace(tzinfo=UTC)
        lines = s3.get_object(Bucket=name["bucket"], Key=key)["Body"].read().splitlines()
        world.memory["plan"] = Plan.of(world.seed, len(lines) * traffic.BATCH), first
    return world.memory["plan"]


def schedules(world: World) -> list[dict[str, Any]]:
    """The schedules of the endpoint, described."""
    sm = world.client("sagemaker")
    listed = sm.list_monitoring_schedules(EndpointName=names(world.seed)["endpoint"])["MonitoringScheduleSummaries"]
    return [sm.describe_monitoring_schedule(MonitoringScheduleName=one["MonitoringScheduleName"]) for one in listed]


def baseline(world: World) -> dict[str, Any]:
    """The statistics by which the newest schedule judges; {} without."""
    for schedule in schedules(world):
        config = schedule["MonitoringScheduleConfig"]
        inline = config.get("MonitoringJobDefinition")
        if inline is None:
            sm = world.client("sagemaker")
            try:
                given = sm.describe_data_quality_job_definition(JobDefinitionName=config["MonitoringJobDefinitionName"])
            except sm.exceptions.ClientError:
                continue
            inline = {"BaselineConfig": given.get("DataQualityBaselineConfig", {})}
        uri = _statistics(world, inline.get("BaselineConfig", {}))
        if uri and (content := _read(world, uri)):
            return content
    return {}


def _statistics(world: World, config: dict[str, Any]) -> str:
    if uri := config.get("StatisticsResource", {}).get("S3Uri"):
        return uri
    if job := config.get("BaseliningJobName"):
        described = world.client("sagemaker").describe_processing_job(ProcessingJobName=job)
        outputs = described["ProcessingOutputConfig"]["Outputs"]
        return f"{outputs[0]['S3Output']['S3Uri'].rstrip('/')}/statistics.json" if outputs else ""
    return ""


def _read(world: World, uri: str) -> Any:
    """A JSON file of S3; None if it is not there, or none."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3 = world.client("s3")
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except (s3.exceptions.ClientError, ValueError):
        return None


def reports(world: World) -> dict[int, list[dict[str, str]]]:
    """The violations of each hour that an execution of this endpoint's schedules has judged; the last one counts."""
    sm, judged = world.client("sagemaker"), {}
    _, first = plan_of(world)
    pages = sm.get_paginator("list_monitoring_executions").paginate(
        EndpointName=names(world.seed)["endpoint"], SortOrder="Ascending", PaginationConfig={"PageSize": 100}
    )
    for one in (one for page in pages for one in page["MonitoringExecutionSummaries"]):
        number = (one["ScheduledTime"] - first) // HOUR - 1
        if not 0 <= number < HOURS or not one["MonitoringExecutionStatus"].startswith("Completed"):
            continue
        job = sm.describe_processing_job(ProcessingJobName=one["ProcessingJobArn"].rpartition("/")[2])
        start, end = (datetime.fromisoformat(job["Environment"][name]) for name in ("start_time", "end_time"))
        if end - start != HOUR:
            continue  # a longer window says nothing of one hour
        if one["MonitoringExecutionStatus"] == "Completed":
            judged[number] = []
            continue
        folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rstrip("/")
        judged[number] = (_read(world, f"{folder}/constraint_violations.json") or {}).get("violations", [])
    return judged


def matches(fault: Fault, check: Any, column: Any) -> bool:
    """Whether somebody's words name the fault. A column that came or went may be called as the report calls it."""
    if check != fault.check:
        return False
    by_report = {"missing_column_check": "Missing columns", "extra_column_check": "Extra columns"}.get(check)
    if by_report is None:
        return column == fault.column
    extra = f"_c{len(traffic.HEADER)}"  # what the analyser calls a ninth column that has no name
    return column in (by_report, fault.column or extra)


# Probes


@probe(points=1, hint="d4-02-no-schedule")
def from_training(world: World) -> Finding:
    """Your schedule judges by a baseline of what the model learned from"""
    asked = {
        "looked": "the statistics that your schedule's job definition names",
        "expected": f"those of {traffic.TRAINED:,} rows of x.training, with {len(traffic.HEADER)} columns",
    }
    content = baseline(world)
    if not content:
        seen = "a schedule without statistics" if schedules(world) else "no schedule for the endpoint"
        return found(False, seen=seen, **asked)
    try:
        count = content["dataset"]["item_count"]
        means = {f["name"]: f.get("numerical_statistics", {}).get("mean") for f in content["features"]}
    except (KeyError, TypeError):
        return found(False, seen="a file that is no statistics.json", **asked)
    rows = traffic.table(world.seed, traffic.TRAINED)
    place = traffic.HEADER.index("amount")
    wanted = sum(float(row[place]) for row in rows) / len(rows)
    mean = means.get("amount")
    seen = f"{count:,} rows, {len(means)} columns, a mean amount of {mean if mean is None else round(mean, 2)}"
    right = count == len(rows) and tuple(means) == traffic.HEADER and mean is not None and abs(mean - wanted) < 0.01
    return found(right, seen=seen, hint="d4-02-last-week" if means else None, **asked)


@probe(points=1, hint="d4-02-unedited")
def quiet(world: World) -> Finding:
    """On clean hours your monitor is quiet"""
    (plan, _), judged = plan_of(world), reports(world)
    clean = [number for number in range(HOURS) if number not in plan.broken]
    asked = {
        "looked": f"what your schedule found in the {len(clean)} hours in which nothing is wrong",
        "expected": "each judged on its own, one false alarm at most",
    }
    seen_of = [number for number in clean if number in judged]
    if len(seen_of) < len(clean):
        hint = "d4-02-not-judged" if schedules(world) else "d4-02-no-schedule"
        return found(False, seen=f"{len(seen_of)} of {len(clean)} hours judged", hint=hint, **asked)
    alarms = [number for number in clean if judged[number]]
    kinds = [one["constraint_check_type"] for number in alarms for one in judged[number]]
    worst = max(set(kinds), key=kinds.count) if kinds else ""
    told = f"{len(alarms)} of {len(clean)} hours with violations" + (f", most of them {worst}" if worst else "")
    hint = "d4-02-last-week" if worst == "baseline_drift_check" else "d4-02-unedited"
    return found(len(alarms) <= 1, seen=told, hint=hint, **asked)


@probe(points=1, hint="d4-02-silenced")
def loud(world: World) -> Finding:
    """On each of the six broken hours it raises the check that is broken"""
    (plan, _), judged = plan_of(world), reports(world)
    asked = {"looked": "what your schedule found in the six hours that were broken", "expected": "six of six"}
    if not any(number in judged for number in plan.broken):
        hint = "d4-02-not-judged" if schedules(world) else "d4-02-no-schedule"
        return found(False, seen="none of them judged", hint=hint, **asked)
    missed = [
        fault.check
        for number, fault in plan.broken.items()
        if not any(matches(fault, v["constraint_check_type"], v["feature_name"]) for v in judged.get(number, []))
    ]
    seen = f"{len(plan.broken) - len(missed)} of {len(plan.broken)}" + (
        f"; silent: {', '.join(missed)}" if missed else ""
    )
    drifted = missed == ["baseline_drift_check"]
    return found(not missed, seen=seen, hint="d4-02-last-week" if drifted else "d4-02-silenced", **asked)


@probe(points=2, hint="d4-02-nothing-found")
def named(world: World) -> Finding:
    """You have named, for each broken hour, the check and the column"""
    (plan, _), given = plan_of(world), getattr(world.given, "found", None)
    asked = {
        "looked": "found, beside what really went wrong",
        "expected": "six hours, each with its check and its column, and no hour that nothing speaks against",
    }
    if not isinstance(given, dict) or not given:
        return found(False, seen="nothing" if not given else f"a {type(given).__name__}", **asked)
    said: dict[int, tuple[Any, Any]] = {}
    for hour, words in given.items():
        if not isinstance(words, (list, tuple)) or len(words) != 2:
            seen = f"{hour}: {str(words)[:60]}, which is not a check and a column"
            return found(False, seen=seen, hint="d4-02-form", **asked)
        if not (isinstance(hour, int) or (isinstance(hour, str) and hour.isdecimal())):
            return found(False, seen=f"an hour {str(hour)[:40]!r}", hint="d4-02-form", **asked)
        said[int(hour)] = (words[0], words[1])
    judged = reports(world)
    invented = [hour for hour in said if hour not in plan.broken and not judged.get(hour)]
    wrong = [hour for hour, fault in plan.broken.items() if not matches(fault, *said.get(hour, (None, None)))]
    right = len(plan.broken) - len(wrong)
    if not wrong and not invented:
        return found(True, seen=f"{right} of {len(plan.broken)}", **asked)
    columns = ("missing_column_check", "extra_column_check")
    confused = any(
        plan.broken[hour].check in columns and said.get(hour, ("",))[0] == "completeness_check" for hour in wrong
    )
    told = f"{right} of {len(plan.broken)}" + (f", and {len(invented)} hours without a violation" if invented else "")
    return found(False, seen=told, hint="d4-02-columns" if confused else "d4-02-wrong-names", **asked)


PROBES = (from_training, quiet, loud, named)

HINTS = {
    "d4-02-no-schedule": Hint(
        "Nothing watches the endpoint yet. Make the job definition, with both files of the baseline, and a schedule "
        "that names it.",
        "Your turn: the monitor",
    ),
    "d4-02-last-week": Hint(
        "The baseline is what “normal” means from now on. Last week's traffic holds last week's fault: with it as a "
        "baseline the fault is normal and every healthy hour drifts. Suggest the baseline from x.training.",
        "What a baseline is made of",
    ),
    "d4-02-unedited": Hint(
        "Healthy hours raise alarms. Look at which check does it, and remember how completeness is suggested: the very "
        "share that was seen. Give it the room that chance needs in an hour of x.rows rows.",
        "Your turn: the edit",
    ),
    "d4-02-silenced": Hint(
        "A broken hour went by in silence. An edit that loosens everything, or switches the evaluation off, cures the "
        "false alarms and the true ones. Loosen completeness only, and only by what chance explains.",
        "Your turn: the edit",
    ),
    "d4-02-not-judged": Hint(
        "Not every hour was judged on its own. The schedule must be hourly, cron(0 * ? * * *), it must stand before "
        "the traffic begins, and 31 hours must have gone by. If they have, run begin again.",
        "Your turn: the monitor",
    ),
    "d4-02-nothing-found": Hint(
        "found is a dictionary: the number of the hour, and the check and the column that its report names.",
        "Your turn: what broke",
    ),
    "d4-02-form": Hint(
        'Each entry has this form: 3: ("data_type_check", "amount"). The key is the number of the hour, counted from '
        "x.first.",
        "Your turn: what broke",
    ),
    "d4-02-wrong-names": Hint(
        "Read the reports again: constraint_check_type is the check, feature_name the column. Name each broken hour "
        "once, and no hour whose report is empty.",
        "Your turn: what broke",
    ),
    "d4-02-columns": Hint(
        "A column that is not there at all is not an incomplete column: there is no share of it to measure. The "
        "report speaks of missing columns, or of extra ones.",
        "Six ways to be wrong",
    ),
}
