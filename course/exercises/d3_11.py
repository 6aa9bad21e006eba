"""D3-11 Three kinds of scaling: a target to keep, a step for an emergency, a schedule for what is known beforehand.

The check looks at a week that nobody has seen: the same office hours and the same rush at nine on weekdays, another
unexpected climb on one of them. It does not let that week pass: the learner's policies, schedules and alarms are played
on it in a world beside (course/cloud/autoscaling/foresight.py), minute by minute as a replay with processes plays them,
which takes a tenth of the time and leaves the learner's clock where it was.

What is right work was found by trying 3 weeks with an ideal clock and two with processes: a target of 0.6 to 0.9 of
what an instance answers, with five or six instances from 8:45 to 9:30, loses under 0.01 % and takes 1.08 to 1.23 times
the hours of perfect foresight; the first guess of AWS's guide, 0.5, takes 1.37 times, target tracking alone loses
0.8 %, a schedule that is never taken back takes 4.5 times. Noise is 5 % of each minute, so a bound is missed by several
of its deviations or not at all. SIMULATED: an instance is there in the minute in which it is asked for.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import Any

from course.exercises import frozen, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.replaying import DAY, WEEK, Replayed, foreseen
from course.learn.world import World

MOST = 6
VARIANT = "all"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
TIMEOUTS, DEARER, TURNS = 0.001, 1.25, 6
SERVE = """
def model_fn(folder): return None
def predict_fn(rows, model): return "0.02"
def output_fn(scores, accept): return scores, "text/csv"
"""


def start(aws: World, seed: int, evening: bool = False) -> dict[str, Any]:
    """Two endpoints on one instance each, on a Monday at midnight, a week's traffic and a load test of one instance."""
    name = names(seed)
    role = txguard.make_role(aws, name["bucket"])
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name["bucket"])
    s3.put_object(Bucket=name["bucket"], Key="model.tar.gz", Body=frozen.pack({"model.txt": "the score of everybody"}))
    s3.put_object(Bucket=name["bucket"], Key="code/sourcedir.tar.gz", Body=frozen.pack({"serve.py": SERVE}))
    address, code = f"s3://{name['bucket']}/model.tar.gz", f"s3://{name['bucket']}/code/sourcedir.tar.gz"
    now = datetime.fromisoformat(aws.control("now")["now"])
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    aws.control("advance", seconds=(monday - now).total_seconds())
    for endpoint in (name["example"], name["endpoint"]):
        txguard.create_endpoint(aws, endpoint, role, address, code, "serve.py")
    aws.memory["evening"] = evening
    traffic, test = aws.folder / "traffic.csv", aws.folder / "load_test.csv"
    traffic.write_text("requests\n" + "\n".join(map(str, week(seed, evening))) + "\n")
    test.write_text(load_test(seed))
    for endpoint in (name["example"], name["endpoint"]):
        txguard.await_endpoint(aws, endpoint)
    return {
        "example": name["example"],
        "endpoint": name["endpoint"],
        "variant": VARIANT,
        "most": MOST,
        "load_test": str(test),
        "traffic": str(traffic),
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {"bucket": f"txguard-rush-{mark}", "example": f"rush-example-{mark}", "endpoint": f"txguard-rush-{mark}"}


def max_rps(seed: int) -> int:
    """Requests a second that one instance answers."""
    return 6 + seed % 5


def load_test(seed: int) -> str:
    """What one instance did under each rate, as CSV. SIMULATED."""
    limit = max_rps(seed)
    lines = ["rps,p95_ms,timeouts_percent"]
    for rate in range(2, limit + 5):
        busy = min(rate / (limit + 0.5), 0.995)
        lines.append(f"{rate},{round(18 / (1 - busy))},{max(0.0, 100 * (rate - limit) / rate):.1f}")
    return "\n".join(lines) + "\n"


def week(seed: int, evening: bool = False) -> list[int]:
    """Requests in each minute of a week that begins on Monday. `evening`: the unexpected climb comes after work."""
    import numpy as np

    rng = np.random.default_rng([11, seed])
    odd_day, odd_hour = int(rng.integers(5)), int(rng.integers(13, 16)) + (7 if evening else 0)
    noise = 1 + 0.05 * rng.standard_normal(WEEK)
    levels = [_level(minute // DAY, minute % DAY, odd_day, odd_hour) for minute in range(WEEK)]
    per_minute = 60 * max_rps(seed)
    return [round(per_minute * max(0.05, level * wave)) for level, wave in zip(levels, noise, strict=True)]


def _level(day: int, minute: int, odd_day: int, odd_hour: int) -> float:
    """What a minute asks for, in instances."""
    hour = minute / 60
    if day > 4:
        return 0.35
    if 9 <= hour < 9.5:
        level = 4.2
    elif 9.5 <= hour < 17:
        level = 1.15 + 0.1 * math.sin(hour)
    else:
        level = 0.6 if 7 <= hour < 20 else 0.25
    since = minute - 60 * odd_hour
    if day == odd_day and 0 <= since < 70:
        level = max(level, min(1.2 + 0.1 * since, 3.2, 3.2 - 0.1 * (since - 50)))
    return level


# What the check looks at


def target_of(world: World) -> dict[str, Any] | None:
    """The scalable target of the endpoint's variant."""
    resource = f"endpoint/{names(world.seed)['endpoint']}/variant/{VARIANT}"
    targets = world.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[resource]
    )["ScalableTargets"]
    return targets[0] if targets else None


def rules_of(world: World) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(policies, scheduled actions) of the variant."""
    scaling = world.client("application-autoscaling")
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{names(world.seed)['endpoint']}/variant/{VARIANT}",
        "ScalableDimension": DIMENSION,
    }
    policies = scaling.describe_scaling_policies(**place)["ScalingPolicies"]
    return policies, scaling.describe_scheduled_actions(**place)["ScheduledActions"]


def nothing(world: World) -> tuple[str, str] | None:
    """Why there is nothing to watch, and its hint; None if something scales the variant within its quota."""
    target, (policies, actions) = target_of(world), rules_of(world)
    if target is None:
        return "no scalable target for the endpoint's variant", "d3-11-nothing"
    most = max([target["MaxCapacity"], *(action["ScalableTargetAction"].get("MaxCapacity", 0) for action in actions)])
    if most > MOST:
        return f"MaxCapacity is {most}", "d3-11-quota"
    if not policies and not actions:
        return "a target, but neither a policy nor a scheduled action", "d3-11-nothing"
    return None


def watched(world: World) -> Replayed:
    """A week that nobody has seen, by the rules that stand there now; remembered until they change."""
    rules = _rules(world)
    known = world.memory.get("watched")
    if known is None or known[0] != rules:
        limit, endpoint = 60 * max_rps(world.seed), names(world.seed)["endpoint"]
        scale = max_rps(world.seed) / max_rps(world.seed + 101)
        counts = [round(count * scale) for count in week(world.seed + 101, world.memory["evening"])]
        seen = foreseen(world, endpoint, VARIANT, counts, limit, minutes=WEEK)
        known = world.memory["watched"] = rules, seen
    return known[1]


def _rules(world: World) -> str:
    policies, actions = rules_of(world)
    alarms = world.client("cloudwatch").describe_alarms()["MetricAlarms"]
    said = [{k: v for k, v in alarm.items() if not k.startswith("State")} for alarm in alarms]
    return json.dumps([target_of(world), policies, actions, said], default=str, sort_keys=True)


def at_nine(seen: Replayed) -> float:
    """The share of timeouts that fell into the hour of the rush."""
    rush = sum(lost for minute, lost in enumerate(seen.timeouts, seen.start) if 540 <= minute % DAY < 600)
    return rush / max(1, sum(seen.timeouts))


# Probes


@probe(points=1, hint="d3-11-nothing")
def something_scales(world: World) -> Finding:
    """Something scales the variant, within its quota"""
    asked = {
        "looked": "the scalable target, its policies and scheduled actions",
        "expected": f"a target with at most {MOST} instances, and rules",
    }
    if fault := nothing(world):
        return found(False, seen=fault[0], hint=fault[1], **asked)
    policies, actions = rules_of(world)
    return found(True, seen=f"policies: {len(policies)}, scheduled actions: {len(actions)}", **asked)


@probe(points=2, hint="d3-11-late")
def nobody_waits(world: World) -> Finding:
    """In a week that nobody has seen, nearly no request times out"""
    asked = {"looked": "a week of the check's own", "expected": f"at most {TIMEOUTS:.1%} timed out"}
    if fault := nothing(world):
        return found(False, seen=fault[0], hint=fault[1], **asked)
    seen = watched(world)
    share = at_nine(seen)
    said = f"{seen.lost:.2%} timed out" + (f", {share:.0%} of them between 9 and 10" if sum(seen.timeouts) else "")
    hint = "d3-11-late" if share > 0.5 else "d3-11-surprise"
    return found(seen.lost <= TIMEOUTS, seen=said, hint=hint, **asked)


@probe(points=1, hint="d3-11-wasteful")
def no_waste(world: World) -> Finding:
    """It takes few more instance-hours than somebody with perfect foresight"""
    asked = {"looked": "the same week", "expected": f"at most {DEARER:g} times the hours of perfect foresight"}
    if fault := nothing(world):
        return found(False, seen=fault[0], hint=fault[1], **asked)
    seen = watched(world)
    ratio = seen.hours / seen.least_hours
    said = f"{seen.hours:.0f} instance-hours, {ratio:.2f} times {seen.least_hours:.0f}"
    return found(ratio <= DEARER, seen=said, hint=_waste(world, seen), **asked)


def _waste(world: World, seen: Replayed) -> str:
    """Which of the usual ways it was that cost too much."""
    policies, actions = rules_of(world)
    per_second = 2 * max_rps(world.seed)
    targets = [
        policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        for policy in policies
        if policy["PolicyType"] == "TargetTrackingScaling"
    ]
    if any(target <= per_second for target in targets):
        return "d3-11-per-second"
    nights = [n for minute, n in enumerate(seen.instances, seen.start) if minute > DAY and minute % DAY < 300]
    if actions and nights and min(nights) > 1:
        return "d3-11-never-down"
    return "d3-11-wasteful"


@probe(points=1, hint="d3-11-flaps")
def calm(world: World) -> Finding:
    """The number of instances does not swing to and fro"""
    asked = {"looked": "the same week", "expected": f"at most {TURNS} changes of direction on any day"}
    if fault := nothing(world):
        return found(False, seen=fault[0], hint=fault[1], **asked)
    seen = watched(world)
    return found(seen.turns <= TURNS, seen=f"{seen.turns} on the liveliest day", **asked)


PROBES = [something_scales, nobody_waits, no_waste, calm]

HINTS = {
    "d3-11-nothing": Hint(
        "Register the variant of x.endpoint as a scalable target, then give it scheduled actions and a policy.",
        "the worked example",
    ),
    "d3-11-quota": Hint(
        f"The account may have {MOST} instances for endpoints, x.most. More would not answer a rush of half an hour.",
        "Your turn",
    ),
    "d3-11-late": Hint(
        "What times out does so at nine: an alarm must see the rush before it answers, and has lost minutes by then. A "
        "larger maximum does not make it faster. You know the hour; say it to a schedule, some minutes before.",
        "Your turn: before nine",
    ),
    "d3-11-surprise": Hint(
        "The rush went well; on another day the traffic climbed without notice, and no clock could know. Keep a target "
        "tracking policy beside the schedule, with a target that leaves room: 0.6 to 0.8 of what an instance answers.",
        "The principle",
    ),
    "d3-11-never-down": Hint(
        "At night more than one instance is kept: a scheduled action raises the minimum, and nothing brings it down "
        "again. A second action must, and then target tracking takes the instances away.",
        "Your turn: before nine",
    ),
    "d3-11-per-second": Hint(
        "The target value counts requests per instance and minute. Yours is a number for a second: every minute is far "
        "above it, and the endpoint stays at its maximum.",
        "From a load test to a target value",
    ),
    "d3-11-wasteful": Hint(
        "Each instance has too little to do. Look at the safety factor (0.5 is where one starts, not where one stays), "
        "and at how long before and after the rush the minimum is up.",
        "From a load test to a target value",
    ),
    "d3-11-flaps": Hint(
        "Capacity goes up and down all day: an instance more brings the metric below the value at which one is taken "
        "away. Between the two values there must be more room than one instance makes; or leave the way down to target "
        "tracking, which waits a quarter of an hour.",
        "The principle",
    ),
}
