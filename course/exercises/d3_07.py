"""D3-07 A/B with weights: how many answers a trial needs, who gets which share, and who decides.

The outcome is known within the minute: the shop's app asks the customer. A variant's answers are independent, right
with probability `rate`, or `rate` + GAIN for the new variant in worlds where it is better.

The plan is the textbook's for two samples of one size, with ALPHA and 1 - POWER of 1 in 2,000. Computed exactly over
both binomials, for the rates of this exercise and the test with a pooled error: with the planned n, a new variant that
is better is missed in fewer than 1 of 10^7 trials and one that is not is promoted in fewer than 5 of 10,000 (9 of
10,000 with an unpooled error). LEAST of the planned n still finds the better one in 999.8 of 1,000, so a plan that is
computed another way may be that small; MOST is where it costs days.

The split of the traffic is held against the exact binomial interval at SPLIT: it errs in 1 of 10,000.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from course.exercises import frozen, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

GAIN = 0.30
ALPHA = POWER_MISSED = 0.0005
LEAST, MOST = 0.6, 4.0  # times the planned n
SPLIT = 1e-4
SHARE, STEP = 0.05, 0.25
BAKED = 300  # requests that the endpoint must have had between the two steps: half an hour's
PAYMENTS = 24_000
VARIANTS = ("old", "new")


def start(aws: World, seed: int, better: bool = True) -> dict[str, Any]:
    """Two models, and the payments to come with what their customers will say. better: whether the new model is."""
    name = names(seed)
    s3, sm = aws.client("s3"), aws.client("sagemaker")
    role = txguard.make_role(aws, name["bucket"])
    s3.create_bucket(Bucket=name["bucket"])
    code = f"s3://{name['bucket']}/code/sourcedir.tar.gz"
    script = {"serve.py": (frozen.SCRIPTS / "rule.py").read_text()}
    s3.put_object(Bucket=name["bucket"], Key="code/sourcedir.tar.gz", Body=frozen.pack(script))
    for column, variant in enumerate(VARIANTS):
        rule = json.dumps({"column": column, "limit": 0.5})
        s3.put_object(Bucket=name["bucket"], Key=f"{variant}/model.tar.gz", Body=frozen.pack({"rule.json": rule}))
        container = {
            "Image": txguard.IMAGE,
            "ModelDataUrl": f"s3://{name['bucket']}/{variant}/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
        }
        sm.create_model(ModelName=name[variant], ExecutionRoleArn=role, PrimaryContainer=container)
    path = aws.folder / "payments.csv"
    path.write_text(payments(seed, better))
    return {
        "old": name["old"],
        "new": name["new"],
        "instance": txguard.INSTANCE,
        "payments": str(path),
        "example": name["example"],
        "name": name["endpoint"],
        "rate": rate(seed),
        "gain": GAIN,
        "alpha": ALPHA,
        "power": 1 - POWER_MISSED,
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {
        "bucket": f"txguard-trial-{mark}",
        "old": f"txguard-7-{mark}",
        "new": f"txguard-8-{mark}",
        "example": f"three-to-one-{mark}",
        "endpoint": f"txguard-{mark}",
    }


def rate(seed: int) -> float:
    """The share of doubtful payments that the old model decides rightly."""
    return round(0.53 + seed % 5 / 100, 2)


def payments(seed: int, better: bool) -> str:
    """PAYMENTS doubtful ones as CSV: the old model's signal, the new one's, and whether it was fraud (1) or not (0)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    fraud = rng.integers(0, 2, PAYMENTS)
    signals = []
    for right in (rate(seed), rate(seed) + GAIN if better else rate(seed)):
        says = np.where(rng.random(PAYMENTS) < right, fraud, 1 - fraud)
        signals.append((says + rng.random(PAYMENTS)) / 2)
    columns = zip(*signals, fraud, strict=True)
    return "".join(f"{first:.4f},{second:.4f},{label}\n" for first, second, label in columns)


def planned(seed: int) -> int:
    """Answers of the new variant that the textbook's formula asks for."""
    low = rate(seed)
    high = low + GAIN
    z = NormalDist().inv_cdf(1 - ALPHA) + NormalDist().inv_cdf(1 - POWER_MISSED)
    return math.ceil(z**2 * (low * (1 - low) + high * (1 - high)) / GAIN**2)


# What happened at the endpoint


@dataclass(frozen=True)
class Phase:
    """A time in which the weights stayed as they were. share: the new variant's; counts: answers by variant."""

    share: float
    counts: dict[str, int]


def phases(world: World) -> list[Phase]:
    """What the learner's endpoint has gone through."""
    endpoint = names(world.seed)["endpoint"]
    weighings = world.control("weighings", endpoint=endpoint)
    if not weighings:
        return []
    counts = [*(weighing["counts"] for weighing in weighings), world.control("invocations")[endpoint]]
    found = []
    for weighing, before, after in zip(weighings, counts[:-1], counts[1:], strict=True):
        weights = weighing["weights"]
        total = sum(weights.values())
        answered = {name: _sum(after, name) - _sum(before, name) for name in VARIANTS}
        found.append(Phase(weights.get("new", 0.0) / total if total else 0.0, answered))
    return found


def _sum(counts: dict[str, dict[str, int]], variant: str) -> int:
    return sum(counts.get(variant, {}).values())


def reconfigured(world: World) -> bool:
    """Whether the endpoint was given another configuration, by the trail."""
    endpoint = names(world.seed)["endpoint"]
    return any(
        event["eventName"] == "UpdateEndpoint"
        and not event.get("errorCode")
        and (event["requestParameters"] or {}).get("endpointName") == endpoint
        for event in world.control("trail")
    )


def _trial(world: World) -> list[Phase]:
    """The phases before the new variant's share first changed."""
    before = []
    for phase in phases(world):
        if before and abs(phase.share - before[0].share) > 1e-6:
            break
        before.append(phase)
    return before


def _counted(some: list[Phase]) -> dict[str, int]:
    return {variant: sum(phase.counts[variant] for phase in some) for variant in VARIANTS}


# Probes


@probe(points=1, hint="d3-07-no-endpoint")
def split(world: World) -> Finding:
    """The new variant began with five percent of the traffic"""
    asked = {
        "looked": f"the endpoint {names(world.seed)['endpoint']}: its first weights, and who answered",
        "expected": "variants old and new, 5 % of the weights and of the answers with new",
    }
    trial = _trial(world)
    if not trial:
        return found(False, seen="no such endpoint was made", **asked)
    share, counts = trial[0].share, _counted(trial)
    total = sum(counts.values())
    seen = f"{share:.1%} of the weights; {counts['new']:,} of {total:,} answers"
    if share == 0:
        return found(False, seen=seen, hint="d3-07-variants", **asked)
    if abs(share - SHARE) > 1e-4:
        return found(False, seen=seen, hint="d3-07-weights", **asked)
    if not total:
        return found(False, seen=f"{seen}: nobody has asked it yet", hint="d3-07-no-traffic", **asked)
    low, high = _interval(total)
    return found(low <= counts["new"] <= high, seen=seen, hint="d3-07-targeted", **asked)


def _interval(total: int) -> tuple[int, int]:
    """Where the new variant's answers lie at SHARE, but for SPLIT of all cases."""
    from scipy.stats import binom

    low, high = binom.interval(1 - SPLIT, total, SHARE)
    return int(low), int(high)


@probe(points=1, hint="d3-07-n")
def sample(world: World) -> Finding:
    """The plan: as many answers as the question needs"""
    wanted = planned(world.seed)
    asked = {"looked": "n, which you gave to the check", "expected": f"about {wanted:,}"}
    n = _number(world)
    if n is None:
        return found(False, seen=f"{world.given.n!r}"[:60], hint="d3-07-no-n", **asked)
    if n < LEAST * wanted:
        return found(False, seen=f"{n:,.0f}", hint="d3-07-n", **asked)
    return found(n <= MOST * wanted, seen=f"{n:,.0f}", hint="d3-07-n-large", **asked)


def _number(world: World) -> float | None:
    n = world.given.n
    return float(n) if isinstance(n, int | float) and not isinstance(n, bool) and 0 < n < 1e9 else None


@probe(points=1, hint="d3-07-early")
def waited(world: World) -> Finding:
    """Nobody decided before the plan was fulfilled"""
    n = max(_number(world) or 0.0, LEAST * planned(world.seed))
    asked = {
        "looked": "when the shares changed first, and what the new variant had answered until then",
        "expected": f"at least {math.ceil(n):,} answers of new, at five percent",
    }
    trial, all_phases = _trial(world), phases(world)
    if not trial:
        return found(False, seen="no endpoint, no answers", hint="d3-07-no-endpoint", **asked)
    count = _counted(trial)["new"]
    if len(trial) < len(all_phases):
        return found(count >= n, seen=f"the shares changed after {count:,} answers of new", **asked)
    return found(count >= n, seen=f"the shares never changed; {count:,} answers of new", hint="d3-07-short", **asked)


@probe(points=1, hint="d3-07-kept")
def decided(world: World) -> Finding:
    """The traffic went to the better variant, in steps, and only if there is one"""
    better = world.name != "equal"
    way = f"from {SHARE:.0%} to {STEP:.0%} to 100 % by weights, with traffic on the way" if better else "no promotion"
    asked = {"looked": "the weights of the variants now and on the way there, and the trail", "expected": way}
    all_phases = phases(world)
    if not all_phases:
        return found(False, seen="no such endpoint was made", hint="d3-07-no-endpoint", **asked)
    seen = "new got " + ", then ".join(f"{phase.share:.1%}" for phase in all_phases)
    if reconfigured(world):
        return found(False, seen=f"{seen}; a new configuration was rolled out", hint="d3-07-config", **asked)
    promoted = [phase for phase in all_phases if phase.share > all_phases[0].share + 0.001]
    if not better:
        return found(not promoted, seen=seen, hint="d3-07-promoted", **asked)
    if all_phases[-1].share < 1:
        return found(False, seen=seen, **asked)
    steps = [phase for phase in promoted if abs(phase.share - STEP) < 0.01]
    if not steps:
        return found(False, seen=seen, hint="d3-07-jumped", **asked)
    asked_on_the_way = sum(sum(phase.counts.values()) for phase in steps)
    seen = f"{seen}; {asked_on_the_way:,} requests at {STEP:.0%}"
    return found(asked_on_the_way >= BAKED, seen=seen, hint="d3-07-no-bake", **asked)


PROBES = (split, sample, waited, decided)

HINTS = {
    "d3-07-no-endpoint": Hint(
        "Create a configuration with two variants, and an endpoint called x.name by it; wait until it is in service.",
        "Your turn: five percent",
    ),
    "d3-07-variants": Hint(
        "The configuration needs two variants, called old and new, that serve x.old and x.new. One of them is missing, "
        "or has no weight.",
        "Your turn: five percent",
    ),
    "d3-07-weights": Hint(
        "Weights are relative: a variant's share is its weight divided by the sum of all. 95 and 10 make 9.5 %, 1 and "
        "0.05 make 4.8 %. Which two numbers make exactly 5 %?",
        "Weights are relative",
    ),
    "d3-07-no-traffic": Hint(
        "The endpoint stands, and nobody has asked it anything. Let payments arrive with send_traffic.",
        "Your turn: run the trial",
    ),
    "d3-07-targeted": Hint(
        "The weights say 5 %, and the answers were split otherwise. TargetVariant goes round the weights, and weights "
        "that were changed on the way count from then on. Run begin and the cells after it again.",
        "Your turn: run the trial",
    ),
    "d3-07-no-n": Hint(
        "n is the number of answers that the new variant has to give: one number.", "Your turn: how many answers"
    ),
    "d3-07-n": Hint(
        "So few answers would often not show a difference of x.gain. Use both quantiles, that of x.alpha and that of "
        "x.power, and square their sum.",
        "Your turn: how many answers",
    ),
    "d3-07-n-large": Hint(
        "That would work, and would take days longer than the question needs. n counts the new variant's answers only, "
        "not all payments; the difference to be found is x.gain, and it is squared.",
        "Your turn: how many answers",
    ),
    "d3-07-early": Hint(
        "The shares were changed before the new variant had given the planned answers. Whoever looks early and often "
        "sees a difference sooner or later, whether there is one or not.",
        "Your turn: run the trial",
    ),
    "d3-07-short": Hint(
        "The trial ended before the new variant had given the planned answers. Five percent of a payment stream is a "
        "matter of chance too: count the answers, and go on until there are n.",
        "Your turn: run the trial",
    ),
    "d3-07-kept": Hint(
        "The new variant is better, and the traffic did not go to it. Compare z with the bar that x.alpha sets, and "
        "send all the traffic to new if z is above it.",
        "Your turn: decide",
    ),
    "d3-07-promoted": Hint(
        "The new variant is no better, and it got more of the traffic. Decide by z and the bar, in whatever world the "
        "cells run: the check runs them where new is better and where it is not.",
        "Your turn: decide",
    ),
    "d3-07-config": Hint(
        "UpdateEndpoint starts a new fleet by a new configuration and takes the old one down: twice the machines for a "
        "change of two numbers. update_endpoint_weights_and_capacities changes the shares of variants at work.",
        "Your turn: decide",
    ),
    "d3-07-jumped": Hint(
        "All the traffic went to new at once. Go by way of 25 %: what no test of five percent shows (load, a rare kind "
        "of payment) shows there, and hits a quarter.",
        "Your turn: decide",
    ),
    "d3-07-no-bake": Hint(
        "At 25 % nobody asked anything, so that the step showed nothing. Let an hour of payments arrive there.",
        "Your turn: decide",
    ),
}
