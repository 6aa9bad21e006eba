"""D4-04 Model quality with late labels: fraud changes, the payments look as ever, and the labels come weeks later.

Ten days of capture lie ready, the first day of it tomorrow. The learner puts each day's list of labels where it was
collected, and a daily monitor judges one day of payments once enough of its labels are there. What the check compares
with, it computes itself, from the traffic and the lists: `expected` is the merge and the analysis once more, without
the cloud's programs. d4_04_traffic.py says why chance decides nothing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from course.exercises import d4_04_traffic as traffic
from course.exercises import frozen, measures, txguard
from course.exercises.d4_04_traffic import DAY, DAYS, ENOUGH, ROWS, Plan
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

ANALYSER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
PROGRAM = "serve_formula.py"
VARIANT = "all"
LABELS = "labels"  # where ground truth is looked for, in the bucket
FIVE_PAST = timedelta(hours=12, minutes=5)  # of the day before the first: a list has just come
METRICS = ("auc", "recall", "precision", "accuracy")
RESAMPLES, SHARE = 5, 0.8  # of the standard deviation (developer guide, model-monitor-model-quality-metrics)
EXACT = 1e-6


def start(aws: World, seed: int) -> dict[str, Any]:
    """An endpoint that captures, a labelled table of the month before, ten days of capture, and the lists."""
    return build(aws, Plan.of(seed))


def build(aws: World, plan: Plan) -> dict[str, Any]:
    """The start state for a plan. The clock stands at five past noon; the traffic begins at midnight."""
    first = _until_noon(aws)
    name, s3 = names(plan.seed), aws.client("s3")
    bucket, endpoint = name["bucket"], name["endpoint"]
    s3.create_bucket(Bucket=bucket)
    role = txguard.make_role(aws, bucket)
    _deploy(aws, endpoint, role, bucket)
    before = traffic.past(plan)
    s3.put_object(Bucket=bucket, Key="past/payments.csv", Body=traffic.table(before))
    for hour, body in traffic.captures(plan, first).items():
        s3.put_object(Bucket=bucket, Key=f"capture/{endpoint}/{VARIANT}/{hour}/59-00-{plan.later:03}.jsonl", Body=body)
    return {
        "bucket": bucket,
        "role": role,
        "image": ANALYSER,
        "endpoint": endpoint,
        "payment": before.lines[0],
        "past": f"s3://{bucket}/past/",
        "labels": f"s3://{bucket}/{LABELS}",
        "cut": traffic.cut(before),
        "example": name["example"],
        "baseline": name["baseline"],
        "monitor": name["monitor"],
        "rows": ROWS,
        "days": DAYS,
        "first": first,
        "lists": traffic.lists(plan, first),
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    called = {"bucket": "labelled", "endpoint": "live", "example": "one-payment", "baseline": "month"}
    return {"monitor": f"txguard-daily-{mark}", **{part: f"txguard-{name}-{mark}" for part, name in called.items()}}


def _until_noon(aws: World) -> datetime:
    """Move the clock to the next five past noon. Returns the midnight after it."""
    now = datetime.fromisoformat(aws.control("now")["now"]).astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    noon = midnight + FIVE_PAST
    noon += DAY if noon <= now else timedelta()
    aws.control("advance", seconds=(noon - now).total_seconds())
    return noon - FIVE_PAST + DAY


def _deploy(aws: World, name: str, role: str, bucket: str) -> None:
    """TxGuard as a formula, behind an endpoint that captures everything. Nothing waits for it."""
    program, place = (frozen.SCRIPTS / PROGRAM).read_text(), f"s3://{bucket}/model/model.tar.gz"
    archive = frozen.pack({PROGRAM: program, "formula.json": json.dumps(traffic.formula())})
    aws.client("s3").put_object(Bucket=bucket, Key="model/model.tar.gz", Body=archive)
    txguard.create_endpoint(aws, name, role, place, place, PROGRAM, capture=f"s3://{bucket}/capture")


# What there is to see: the traffic again, what the learner put where, what the schedule judged


@dataclass(frozen=True)
class Judged:
    """One execution that judged a window: when it was due, how it ended, which payments it held, what it wrote."""

    scheduled: datetime
    end: datetime
    violated: bool
    payments: range  # by their numbers
    rows: int  # that were merged
    metrics: dict[str, Any]


def plan_of(world: World) -> tuple[Plan, datetime]:
    """The plan of this world, and when the first day begins: as the capture itself shows."""
    if "plan" not in world.memory:
        name, s3 = names(world.seed), world.client("s3")
        prefix = f"capture/{name['endpoint']}/{VARIANT}/"
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=name["bucket"], Prefix=prefix)["Contents"]]
        key = min(key for key in keys if "/59-00-" in key)
        first = datetime.strptime(key.removeprefix(prefix)[: len("yyyy/mm/dd")], "%Y/%m/%d").replace(tzinfo=UTC)
        later = int(key.rpartition("-")[2].removesuffix(".jsonl"))
        world.memory["plan"] = Plan.of(world.seed, later), first
    return world.memory["plan"]


def judged(world: World) -> list[Judged]:
    """The executions of model quality that judged something of the traffic, in order of their scheduled time."""
    pages = (
        world.client("sagemaker")
        .get_paginator("list_monitoring_executions")
        .paginate(
            EndpointName=names(world.seed)["endpoint"],
            MonitoringTypeEquals="ModelQuality",
            SortOrder="Ascending",
            PaginationConfig={"PageSize": 100},
        )
    )
    listed = [one for page in pages for one in page["MonitoringExecutionSummaries"]]
    ended = [one for one in listed if one["MonitoringExecutionStatus"].startswith("Completed")]
    return [one for one in (_judged(world, one) for one in ended) if one.payments]


def _judged(world: World, execution: dict[str, Any]) -> Judged:
    """What one execution did. It is over, so what was read of it once still holds."""
    arn = execution["ProcessingJobArn"]
    if arn not in world.memory:
        _, first = plan_of(world)
        job = world.client("sagemaker").describe_processing_job(ProcessingJobName=arn.rpartition("/")[2])
        start, end = (datetime.fromisoformat(job["Environment"][name]) for name in ("start_time", "end_time"))
        folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rstrip("/")
        content = _read(world, f"{folder}/statistics.json") or {}
        world.memory[arn] = Judged(
            execution["ScheduledTime"],
            end,
            execution["MonitoringExecutionStatus"] == "CompletedWithViolations",
            traffic.within(first, start, end),
            content.get("dataset", {}).get("item_count", 0),
            content.get("binary_classification_metrics", {}),
        )
    return world.memory[arn]


def _read(world: World, uri: str) -> Any:
    """A JSON file of S3; None if it is not there, or none."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3 = world.client("s3")
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except (s3.exceptions.ClientError, ValueError):
        return None


def put(world: World) -> dict[str, list[tuple[str, str]]]:
    """Every label that lies in the bucket: payment → (folder of the hour, the label as it was written)."""
    s3, seen = world.client("s3"), dict[str, list[tuple[str, str]]]()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=names(world.seed)["bucket"], Prefix=f"{LABELS}/")
    for item in (item for page in pages for item in page.get("Contents", [])):
        folder = item["Key"].removeprefix(f"{LABELS}/")[: len("yyyy/mm/dd/hh")]
        body = s3.get_object(Bucket=names(world.seed)["bucket"], Key=item["Key"])["Body"].read().decode()
        for line in filter(None, body.splitlines()):
            record = json.loads(line)
            label = (folder, str(record["groundTruthData"]["data"]).strip())
            seen.setdefault(record["eventMetadata"]["eventId"], []).append(label)
    return seen


def expected(world: World, one: Judged) -> dict[str, tuple[float, float]]:
    """What a window's report must say: name → (value, standard deviation), of the labels listed before it was due."""
    import numpy as np

    plan, first = plan_of(world)
    payments, inside = traffic.traffic(plan), np.asarray(one.payments)
    last = math.ceil((one.scheduled - first - traffic.NOON) / DAY) - 1  # the last list before
    rows = inside[payments.listed[inside] <= min(last, plan.lists - 1)]
    fraud, score, cut = payments.fraud[rows], payments.score[rows], traffic.cut(traffic.past(plan))
    rng = np.random.default_rng(len(rows))
    samples = [rng.permutation(len(rows))[: int(SHARE * len(rows))] for _ in range(RESAMPLES)]
    whole, parts = _measured(fraud, score, cut), [_measured(fraud[part], score[part], cut) for part in samples]
    return {name: (whole[name], float(np.std([part[name] for part in parts], ddof=1))) for name in METRICS}


def _measured(fraud: Any, score: Any, limit: float) -> dict[str, float]:
    flagged, is_fraud = score > limit, fraud == 1
    hits = float((flagged & is_fraud).sum())
    return {
        "auc": measures.auc(fraud, score),
        "recall": hits / max(1.0, float(is_fraud.sum())),
        "precision": hits / max(1.0, float(flagged.sum())),
        "accuracy": float((flagged == is_fraud).mean()),
    }


def _days(ran: list[Judged]) -> set[int]:
    """The days of which something was judged."""
    return {number // ROWS for one in ran for number in one.payments}


def nothing_judged(world: World) -> tuple[str, str]:
    """(what is to be seen, the hint) where no window was judged."""
    sm, endpoint = world.client("sagemaker"), names(world.seed)["endpoint"]
    listed = sm.list_monitoring_schedules(EndpointName=endpoint)["MonitoringScheduleSummaries"]
    listed = [one for one in listed if one["MonitoringScheduleName"] != names(world.seed)["example"]]
    if not any(one.get("MonitoringType") == "ModelQuality" for one in listed):
        return "no schedule of model quality for the endpoint", "d4-04-no-schedule"
    executions = sm.list_monitoring_executions(EndpointName=endpoint, SortOrder="Descending", MaxResults=100)
    ended = [one for one in executions["MonitoringExecutionSummaries"] if one["MonitoringExecutionStatus"] == "Failed"]
    merged = [one for one in ended if "ProcessingJobArn" in one]
    reason = (merged or ended or [{}])[0].get("FailureReason", "it has not run")
    return f"no window judged; the schedule says: {reason[:120]}", "d4-04-nothing-merged"


# Probes


@probe(points=1, hint="d4-04-no-labels")
def collected(world: World) -> Finding:
    """Every label lies in the folder of the hour in which it was collected"""
    plan, first = plan_of(world)
    now = datetime.fromisoformat(world.control("now")["now"])
    lists = [one for one in traffic.lists(plan, first) if one["collected"] <= now]
    due = {id: (f"{one['collected']:%Y/%m/%d/%H}", str(fraud)) for one in lists for id, _, fraud in one["labels"]}
    seen = put(world)
    asked = {
        "looked": f"the labels below {LABELS}/, beside the lists that have come",
        "expected": f"{len(due):,} labels, each once, as listed, in the folder of its list's hour",
    }
    ours = {id: labels for id, labels in seen.items() if id.startswith(traffic.id_of(plan.seed, 0)[:5])}
    if not ours:
        return found(False, seen="no label of the traffic", **asked)
    wrong = [id for id, labels in ours.items() if id in due and {label for _, label in labels} != {due[id][1]}]
    if wrong:
        return found(False, seen=f"{len(wrong):,} labels that are not as listed", hint="d4-04-wrong-label", **asked)
    early = [id for id, labels in ours.items() for folder, _ in labels if id in due and folder < due[id][0]]
    if early:
        told = f"{len(set(early)):,} labels in a folder of an hour at which nobody knew them"
        return found(False, seen=told, hint="d4-04-folder", **asked)
    missing = [id for id in due if id not in ours]
    moved = [id for id, labels in ours.items() if id in due and {folder for folder, _ in labels} != {due[id][0]}]
    told = f"{len(ours):,} labels; {len(missing):,} of the lists are missing, {len(moved):,} lie in another hour"
    return found(not missing and not moved, seen=told, hint="d4-04-folder" if moved else "d4-04-no-labels", **asked)


@probe(points=1, hint="d4-04-too-early")
def merged(world: World) -> Finding:
    """Of what your windows captured, 95 % had a label when they were judged"""
    ran = judged(world)
    asked = {
        "looked": "the payments in your schedule's windows, and how many of them its reports speak of",
        "expected": f"{ENOUGH:.0%} or more, over all windows, and no day of the {DAYS} left out",
    }
    if not ran:
        seen, hint = nothing_judged(world)
        return found(False, seen=seen, hint=hint, **asked)
    captured, rows, days = sum(len(one.payments) for one in ran), sum(one.rows for one in ran), _days(ran)
    told = f"{rows:,} of {captured:,}, {rows / max(1, captured):.1%}; {len(days)} of {DAYS} days judged"
    if rows < ENOUGH * captured:
        return found(False, seen=told, **asked)
    return found(len(days) == DAYS, seen=told, hint="d4-04-too-late", **asked)


@probe(points=1, hint="d4-04-not-read")
def read(world: World) -> Finding:
    """What you have read is what the labels say, and how sure it is"""
    given, ran = getattr(world.given, "measured", None), judged(world)
    names_of = ", ".join(METRICS)
    asked = {
        "looked": f"measured, its {names_of}, beside the same from the lists and the traffic",
        "expected": "an entry for each day, value and standard_deviation equal to a millionth",
    }
    if not ran:
        seen, hint = nothing_judged(world)
        return found(False, seen=seen, hint=hint, **asked)
    if not isinstance(given, dict) or not given:
        return found(False, seen="nothing" if not given else f"a {type(given).__name__}", **asked)
    by_day = {one.payments.start // ROWS: one for one in ran}
    missing = [day for day in by_day if day not in given]
    if missing or len(given) > len(by_day):
        told = f"{len(given)} days, where your schedule judged {len(by_day)}"
        return found(False, seen=f"{told}: {missing[0]} is not among them" if missing else told, **asked)
    for day, one in by_day.items():
        entry, right = given[day], expected(world, one)
        for name in METRICS:
            try:
                value, spread = (float(entry[name][part]) for part in ("value", "standard_deviation"))
            except (KeyError, TypeError, ValueError):
                seen = f"day {day} has no {name} with value and standard_deviation"
                return found(False, seen=seen, hint="d4-04-form", **asked)
            told = (
                f"day {day}: {name} {value:.6f} ± {spread:.6f}, and it is {right[name][0]:.6f} ± {right[name][1]:.6f}"
            )
            if not (abs(value - right[name][0]) <= EXACT and abs(spread - right[name][1]) <= EXACT):
                return found(False, seen=told, hint="d4-04-other-metrics", **asked)
    return found(True, seen=f"{len(by_day)} days, all equal", **asked)


@probe(points=1, hint="d4-04-restless")
def quiet(world: World) -> Finding:
    """On the days before anything changed, your monitor is quiet"""
    (plan, first), ran = plan_of(world), judged(world)
    change = first + plan.change * DAY
    clean = [one for one in ran if one.end <= change]
    asked = {
        "looked": f"the violations in your windows of the {plan.change} days before the change",
        "expected": "all of these days judged, and none",
    }
    if not ran:
        seen, hint = nothing_judged(world)
        return found(False, seen=seen, hint=hint, **asked)
    days, alarms = _days(clean), [one for one in clean if one.violated]
    told = f"{len(days)} days judged, {len(alarms)} of {len(clean)} windows with violations"
    hint = None if alarms else "d4-04-too-late"
    return found(len(days) == plan.change and not alarms, seen=told, hint=hint, **asked)


@probe(points=1, hint="d4-04-silent")
def alarm(world: World) -> Finding:
    """It reports the change when the labels can tell, a day later at most"""
    (plan, first), ran = plan_of(world), judged(world)
    change, earliest = first + plan.change * DAY, first + (plan.change + 1 + plan.wait) * DAY
    asked = {
        "looked": "the first window with payments after the change that ended with violations",
        "expected": f"due on day {(earliest + DAY - first) // DAY} at the latest; fraud changed on day {plan.change}",
    }
    if not ran:
        seen, hint = nothing_judged(world)
        return found(False, seen=seen, hint=hint, **asked)
    after = [one for one in ran if one.end > change]
    true = [one for one in after if one.violated]
    if not true:
        accuracy = min((one.metrics["accuracy"]["value"] for one in after), default=1.0)
        told = f"{len(after)} such windows, all without violations; their accuracy is {accuracy:.1%} at least"
        return found(False, seen=told if after else "no such window judged", **asked)
    told = f"day {(true[0].scheduled - first) // DAY}"
    return found(true[0].scheduled <= earliest + DAY, seen=told, hint="d4-04-too-late", **asked)


PROBES = (collected, merged, read, quiet, alarm)

HINTS = {
    "d4-04-no-schedule": Hint(
        "Nothing judges the model yet. Make the job definition, with your limits and the two offsets, and a schedule "
        "of the type ModelQuality that names it; both before the first day.",
        "Your turn: the monitor",
    ),
    "d4-04-nothing-merged": Hint(
        "Payments were captured and nothing was merged with them: when a window is judged, its labels have to be "
        "there. Set StartTimeOffset and EndTimeOffset so that it ends as many days ago as labels need.",
        "Your turn: how long to wait",
    ),
    "d4-04-no-labels": Hint(
        "Every label of every list that has come goes into the bucket, below x.labels: a line for each, with the "
        "inference id as its eventId.",
        "Your turn: the lists",
    ),
    "d4-04-wrong-label": Hint(
        "A label says what became of the payment, 1 for fraud and 0 for none, as its list has it; not what the model "
        "thought.",
        "Your turn: the lists",
    ),
    "d4-04-folder": Hint(
        "The folder is the hour in which a label was collected, not that of the payment. Whoever files it under the "
        "payment's hour pretends to have known it at once, and no report can be made again as it was.",
        "Your turn: the lists",
    ),
    "d4-04-too-early": Hint(
        "Your windows are judged while many of their labels are still on the way. Ask x.past after how many days 95 "
        "in 100 are there, and let the window end that long ago.",
        "Your turn: how long to wait",
    ),
    "d4-04-too-late": Hint(
        "You wait longer than the labels need, or your windows do not reach every day. A window of one day, judged "
        "every midnight, that ends as few days ago as x.past allows.",
        "Your turn: how long to wait",
    ),
    "d4-04-not-read": Hint(
        "measured is a dictionary: the number of the day, and binary_classification_metrics of the report about it. "
        "An execution that is due at midnight judges a day that ended as many days ago as you wait.",
        "Your turn: read the reports",
    ),
    "d4-04-form": Hint(
        "Each entry is the report's own dictionary of metrics: measured[0]['auc'] has a value and a "
        "standard_deviation.",
        "Your turn: read the reports",
    ),
    "d4-04-other-metrics": Hint(
        "The report is about other rows than those whose labels were known, or it is another day's. Look at the "
        "number of the day, at the labels, and at ProbabilityThresholdAttribute, which is x.cut.",
        "Your turn: read the reports",
    ),
    "d4-04-restless": Hint(
        "Days on which nothing was wrong raise alarms. A suggested limit is the very value of the baseline, and half "
        "of all days lie below it; leave the room that chance needs in a day of x.rows payments.",
        "Your turn: the limit",
    ),
    "d4-04-silent": Hint(
        "Fraud has changed and no report says so. Look at what your limit is on: where one payment in twenty is fraud, "
        "accuracy hardly moves, and a model that stops nothing has more of it.",
        "Which number?",
    ),
}
