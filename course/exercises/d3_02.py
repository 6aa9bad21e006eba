"""D3-02 Real-time endpoint: the approved version becomes a service, is asked in two formats, fails, and is timed.

Nothing is judged by a clock of the check's own. What the learner reports as p95 is put beside the ModelLatency that the
cloud recorded for the very requests of the load test: any window of whole minutes that holds at least LEAST requests
counts, so that it does not matter where a minute ended; TENTH is the syllabus's tolerance and is wide for right work,
which reads the same numbers. One payment in ten is looked up elsewhere and takes 30 ms longer, so that the average is
no percentile.

Scores: the endpoint and the job that scored offline both read numbers as float32, so that right work agrees to the
last digit; TOLERANCE is the syllabus's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from course.exercises.deployable import TYPES, UNSEEN, VERSIONS, build, names, unseen
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

LEAST = 150  # requests in a window for it to be the load test's
TENTH, TOLERANCE = 0.1, 1e-6
DIGITS = 5  # scores that have no more have been rounded: a probability of this model has sixteen
REFUSED = "application/x-parquet"  # a content type that no container here reads


def start(aws: World, seed: int) -> dict[str, Any]:
    """A group of three versions, of which one that is not the newest is approved."""
    return build(aws, seed, approved=1 + seed // 11 % (VERSIONS - 1))


# Probes


@probe(points=1, hint="d3-02-no-endpoint")
def deployed(world: World) -> Finding:
    """The approved version is in service, under the name that was asked for"""
    name = names(world.seed)["name"]
    asked = {
        "looked": f"the endpoint {name}, its configuration and its models",
        "expected": "InService, with the approved version behind every variant",
    }
    _recorded(world)  # before the other probes add requests of their own
    sm = world.client("sagemaker")
    try:
        endpoint = sm.describe_endpoint(EndpointName=name)
        config = sm.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        models = [sm.describe_model(ModelName=variant["ModelName"]) for variant in config["ProductionVariants"]]
    except sm.exceptions.ClientError as error:
        return found(False, seen=error.response["Error"]["Message"][:200].split(' "')[0], **asked)
    if endpoint["EndpointStatus"] != "InService":
        seen = f"{endpoint['EndpointStatus']}: {endpoint.get('FailureReason', 'no reason given')[:200]}"
        return found(False, seen=seen, hint="d3-02-not-in-service", **asked)
    number, package = world.memory["approved"]
    right = f"/models/version-{number}/model.tar.gz"
    for model in models:
        container = model["PrimaryContainer"]
        if container.get("ModelPackageName") != package and not container.get("ModelDataUrl", "").endswith(right):
            seen = f"a model made of {container.get('ModelPackageName', container.get('ModelDataUrl', '?'))[-40:]}"
            return found(False, seen=seen, hint="d3-02-not-approved", **asked)
    return found(True, seen=f"InService, version {number}", **asked)


@probe(points=1, hint="d3-02-no-function")
def scored(world: World) -> Finding:
    """score gives what the approved version says offline, in both formats"""
    asked = {
        "looked": f"score(payments, content_type), called with {UNSEEN} payments and each of {' and '.join(TYPES)}",
        "expected": f"{UNSEEN} numbers, each the offline score to {TOLERANCE:g}",
    }
    score = getattr(world.given, "score", None)
    if not callable(score):
        return found(False, seen="nothing" if score is None else f"a {type(score).__name__}", **asked)
    offline = world.memory["offline"][str(world.memory["approved"][0])]
    for content_type in TYPES:
        try:
            given = score(unseen(world.seed).to_numpy().tolist(), content_type)
        except Exception as error:
            seen = f"{content_type}: {type(error).__name__}: {error}"[:300]
            return found(False, seen=seen, hint="d3-02-raises", **asked)
        values = _floats(given)
        if values is None or len(values) != UNSEEN:
            seen = f"{content_type}: {'None' if given is None else f'a {type(given).__name__}'}"
            seen = f"{content_type}: {len(values)} numbers" if values is not None else seen
            return found(False, seen=seen, hint="d3-02-no-numbers", **asked)
        worst = max(abs(a - b) for a, b in zip(values, offline, strict=True))
        if not worst <= TOLERANCE:
            tidy = all(value == round(value, DIGITS) for value in values)
            hint = "d3-02-answer-rounded" if tidy else "d3-02-other-scores"
            return found(False, seen=f"{content_type}: up to {worst:.6f} off", hint=hint, **asked)
    return found(True, seen="the same, in both", **asked)


@probe(points=1, hint="d3-02-no-function")
def failures_handled(world: World) -> Finding:
    """A 4xx is not sent again, a 5xx is"""
    asked = {
        "looked": f"the endpoint's counts while score is called with {REFUSED}, and for a customer never seen before",
        "expected": "one request and None for what is refused; for what failed, the score of a later request",
    }
    score = getattr(world.given, "score", None)
    if not callable(score):
        return found(False, seen="nothing" if score is None else f"a {type(score).__name__}", **asked)
    payment = unseen(world.seed).iloc[0].tolist()
    answer, counts, error = _watched(world, score, payment, REFUSED)
    if error:
        return found(False, seen=f"{REFUSED}: {error}", hint="d3-02-raises-4xx", **asked)
    if counts["4xx"] > 1:
        seen = f"{REFUSED}: the same request {counts['4xx']} times"
        return found(False, seen=seen, hint="d3-02-retries", **asked)
    if answer is not None:
        return found(False, seen=f"{REFUSED}: {str(answer)[:60]}", hint="d3-02-not-none", **asked)
    new = [*payment[:2], 20 + _attempts(world) / 100, *payment[3:-1], 0.0]
    answer, counts, error = _watched(world, score, new, TYPES[0])
    if error:
        return found(False, seen=f"a new customer: {error}", hint="d3-02-gives-up", **asked)
    values = _floats(answer)
    if not values or len(values) != 1:
        seen = f"a new customer: {'None' if answer is None else str(answer)[:60]}"
        return found(False, seen=seen, hint="d3-02-gives-up", **asked)
    return found(True, seen="one request for what was refused; the one that failed was sent again", **asked)


@probe(points=1, hint="d3-02-no-p95")
def timed(world: World) -> Finding:
    """p95 is the one that CloudWatch has recorded for your load test, in milliseconds"""
    asked = {
        "looked": f"p95, beside ModelLatency of {names(world.seed)['name']} in the minutes of the load test",
        "expected": "the p95 that was recorded, within 10 %",
    }
    windows = _recorded(world)
    if not windows:
        seen = f"no minutes with {LEAST} requests or more"
        return found(False, seen=seen, hint="d3-02-no-load", **asked)
    values = _floats([getattr(world.given, "p95", None)])
    if values is None:
        return found(False, seen="no number", **asked)
    given = values[0]
    for factor, hint in ((1, None), (1000, "d3-02-microseconds"), (0.001, "d3-02-seconds")):
        if any(abs(given / factor - p95) <= TENTH * p95 for p95 in windows):
            seen = "what was recorded" if hint is None else f"{factor:g} times what was recorded"
            return found(hint is None, seen=seen, hint=hint, **asked)
    side = "less" if given < min(windows) else "more" if given > max(windows) else "something else"
    return found(False, seen=f"{side} than what was recorded", hint="d3-02-other-latency", **asked)


PROBES = (deployed, scored, failures_handled, timed)


# What the probes read


def _floats(given: Any) -> list[float] | None:
    """A list of numbers, however they are typed; None if it is none."""
    if isinstance(given, str | bytes | dict) or given is None:
        return None
    try:
        return [float(value) for value in given]
    except (TypeError, ValueError, OverflowError):
        return None


def _counts(world: World) -> dict[str, int]:
    variants = world.control("invocations").get(names(world.seed)["name"], {}).values()
    return {outcome: sum(counts[outcome] for counts in variants) for outcome in ("ok", "4xx", "5xx")}


def _watched(world: World, score: Callable[..., Any], payment: list[float], kind: str) -> tuple[Any, dict, str]:
    """(what score gave, the requests by outcome that it took, the error that it raised)."""
    before, answer, error = _counts(world), None, ""
    try:
        answer = score([payment], kind)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"[:200]
    after = _counts(world)
    return answer, {outcome: after[outcome] - before[outcome] for outcome in after}, error


def _attempts(world: World) -> int:
    """A number that no call of the check has had in this world."""
    world.memory["attempts"] = world.memory.get("attempts", 0) + 1
    return world.memory["attempts"]


def _recorded(world: World) -> list[float]:
    """The p95 of ModelLatency in milliseconds, for every window of minutes that may be the load test's.

    Remembered for as long as the learner reports the same: the check's own requests are none of it.
    """
    key = "recorded", str(getattr(world.given, "p95", None))
    if world.memory.get("recorded", ("", []))[0] != key:
        world.memory["recorded"] = key, _windows(world)
    return world.memory["recorded"][1]


def _windows(world: World) -> list[float]:
    now = datetime.fromisoformat(world.control("now")["now"])
    first = now.replace(second=0, microsecond=0) - timedelta(hours=20)
    minutes = [point for point in _latency(world, first, now + timedelta(minutes=2), 60) if point[1] >= 5]
    found: list[float] = []
    for place, (begin, _, _) in enumerate(minutes):
        for end, _, _ in minutes[place : place + 4]:
            length = int((end - begin).total_seconds()) + 60
            if length <= 600:
                points = _latency(world, begin, begin + timedelta(seconds=length), length)
                found += [p95 for _, count, p95 in points if count >= LEAST]
    return found


def _latency(world: World, begin: datetime, end: datetime, period: int) -> list[tuple[datetime, float, float]]:
    """(start, requests, p95 in milliseconds) of each period, the oldest first."""
    sm, name = world.client("sagemaker"), names(world.seed)["name"]
    found = []
    try:
        variants = sm.describe_endpoint(EndpointName=name).get("ProductionVariants", [])
    except sm.exceptions.ClientError:
        return []
    for variant in variants:
        of = {"EndpointName": name, "VariantName": variant["VariantName"]}
        asked = {
            "Namespace": "AWS/SageMaker",
            "MetricName": "ModelLatency",
            "Dimensions": [{"Name": key, "Value": value} for key, value in of.items()],
            "StartTime": begin,
            "EndTime": end,
            "Period": period,
        }
        cloudwatch = world.client("cloudwatch")
        counted = cloudwatch.get_metric_statistics(**asked, Statistics=["SampleCount"])["Datapoints"]
        told = cloudwatch.get_metric_statistics(**asked, ExtendedStatistics=["p95"])["Datapoints"]
        p95 = {point["Timestamp"]: point["ExtendedStatistics"]["p95"] / 1000 for point in told}
        found += [(point["Timestamp"], point["SampleCount"], p95[point["Timestamp"]]) for point in counted]
    return sorted(found)


HINTS = {
    "d3-02-no-endpoint": Hint(
        "Model, configuration and endpoint are three calls; the endpoint is called x.name. Then wait.",
        "Your turn: the endpoint",
    ),
    "d3-02-not-in-service": Hint(
        "The endpoint does not answer. Its FailureReason says why; delete it before you create it again.",
        "Your turn: the endpoint",
    ),
    "d3-02-not-approved": Hint(
        "This version was not approved. The newest is not the one: list_model_packages takes ModelApprovalStatus.",
        "Your turn: which version?",
    ),
    "d3-02-no-function": Hint(
        "score is a function of two arguments, payments and content_type. Write it with def.", "Your turn: ask"
    ),
    "d3-02-raises": Hint(
        "score raised an error on payments that the endpoint can read. Try it on [x.payment] in both formats.",
        "Your turn: ask",
    ),
    "d3-02-no-numbers": Hint(
        "One number for each payment is wanted, in a list. CSV comes back as one line each, JSON as a list.",
        "Two formats",
    ),
    "d3-02-answer-rounded": Hint(
        "The scores have been rounded on their way back. Whoever compares them with offline scores finds a difference "
        "that is none of the model's. Return every digit.",
        "Two formats",
    ),
    "d3-02-other-scores": Hint(
        "These are not the approved version's scores for these payments. Send the eight numbers with every digit, in "
        "the order of x.features, to the endpoint x.name.",
        "Two formats",
    ),
    "d3-02-raises-4xx": Hint(
        "What the endpoint refuses is to come back as None. Catch ModelError and look at OriginalStatusCode.",
        "What goes wrong",
    ),
    "d3-02-retries": Hint(
        "A request that was refused with a 4xx was sent again. It is wrong and stays wrong: give up at once.",
        "What goes wrong",
    ),
    "d3-02-not-none": Hint("For a request that was refused there is no score: return None.", "Your turn: ask"),
    "d3-02-gives-up": Hint(
        "The model failed once with a 5xx, and would have answered the next time. Try up to three times.",
        "What goes wrong",
    ),
    "d3-02-no-load": Hint(
        "CloudWatch knows of no load test. Send all of x.load to x.name, one payment in each request.",
        "Your turn: the load test",
    ),
    "d3-02-no-p95": Hint(
        "p95 is one number: ask CloudWatch for the extended statistic p95 of ModelLatency.", "Your turn: the p95"
    ),
    "d3-02-microseconds": Hint(
        "A thousand times too much: ModelLatency is in microseconds, and milliseconds were asked for.",
        "Your turn: the p95",
    ),
    "d3-02-seconds": Hint(
        "A thousand times too little: a millisecond is a thousand microseconds.", "Your turn: the p95"
    ),
    "d3-02-other-latency": Hint(
        "Not what was recorded. Take ModelLatency, not what your own clock says, and p95, not the average, over the "
        "minutes of the load test.",
        "Your turn: the p95",
    ),
}
