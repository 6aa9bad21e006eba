"""O-3 Silent failure: six months of payments for a model that does not change.

What happens out there: in the third month half of the grocery payments become restaurant payments, which harms nobody;
from the fourth month on fraud moves to restaurants and to the app, a little more every day. So the input moves first,
and the AUC after it. The check asks the endpoint itself, so a right series agrees with it to the last digit.

Measured on 60 seeds, with the drift of the own world and of the quicker one (`python -m tests.exercises.calibrate O-3`,
exact 95 % intervals): right series, rounded or not, failed 0 times of 240 (at most 1.5 %; they fail by no luck). The
average of all months, each month with all before it, the accuracy, and a series one month late were caught 480 times of
480 (at least 99.2 %). That restaurants go up by .1 in month 3, and the AUC falls later, held 120 times of 120 (at least
97.0 %).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from course.exercises import frozen, measures, txguard
from course.learn import answers, predicting
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

if TYPE_CHECKING:
    import pandas

CURVE = "o-3-curve"  # the prediction
MONTHS, DAYS, ROWS_PER_DAY = 6, 30, 150
FIRST_DAY, MIX_DAY, DRIFT_DAY, RAMP_DAYS = 30, 90, 120, 90
NAMESPACE = "TxGuard"
METRIC = "AUC"
FIRST = "Restaurants"
SIGNALS = ("Unit tests", "Latency", FIRST, METRIC)
LATENCY_LIMIT = 5_000  # milliseconds for a month's payments in one request
NEAR = 0.005  # of an AUC: whoever rounds to two decimals is near enough
FLAT = 0.02  # what happens moves the AUC by more than 0.1


def start(aws: World, seed: int) -> dict[str, Any]:
    """A bucket with a table for each month, an endpoint that is coming up, and an alarm on its latency."""
    return build(aws, seed, RAMP_DAYS)


def build(aws: World, seed: int, ramp_days: int) -> dict[str, Any]:
    """`start`, with so many days until all fraud is of the new kind."""
    name = f"txguard-live-{seed % 0x10000:04x}"
    role = txguard.make_role(aws, name)
    txguard.upload(aws, name)
    frozen.hand_over(aws, role, f"s3://{name}/model/model.tar.gz")
    code = f"s3://{name}/code/sourcedir.tar.gz"
    txguard.create_endpoint(aws, name, role, f"s3://{name}/model/model.tar.gz", code, txguard.SCRIPT)
    aws.memory["ramp"] = ramp_days
    for number, table in enumerate(months(seed, ramp_days), 1):
        aws.client("s3").put_object(Bucket=name, Key=_key(number), Body=table.to_csv(index=False).encode())
    _watch_latency(aws, f"{name}-latency")
    return {
        "tests": str(frozen.write_tests(aws.folder)),
        "endpoint": name,
        "bucket": name,
        "months": [_key(number) for number in range(1, MONTHS + 1)],
        "features": _features(),
        "namespace": NAMESPACE,
        "alarm": f"{name}-latency",
        "signals": list(SIGNALS),
    }


def months(seed: int, ramp_days: int) -> list[pandas.DataFrame]:
    """Each month's payments as the model is shown them, with the labels that came since."""
    from course.data import LABEL, incidents, stream

    happening = (
        incidents.MERCHANT_MIX.starting(MIX_DAY),
        incidents.CONCEPT_DRIFT.starting(DRIFT_DAY, ramp_days=ramp_days),
    )
    traffic = stream(seed, MONTHS * DAYS, ROWS_PER_DAY, happening, start_day=FIRST_DAY)
    return [
        window.seen[["transaction_id", *_features()]].assign(fraud=window.labels[LABEL])
        for window in traffic.windows(DAYS)
    ]


def _key(number: int) -> str:
    return f"month-{number}.csv"


def _features() -> list[str]:
    from course.data import FEATURES

    return list(FEATURES)


def _watch_latency(aws: World, alarm: str) -> None:
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace=NAMESPACE,
        MetricName="Latency",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=LATENCY_LIMIT,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


# Probes


@probe(points=1, hint="o-3-no-curve")
def curve_committed(world: World) -> Finding:
    """You committed a curve before the run"""
    asked = {
        "looked": "your prediction beside the notebook, not whether it came true",
        "expected": f"an AUC for each of the {MONTHS} months",
    }
    if not answers.handed_in():
        return found(False, seen="not handed in: there is no answers.json beside the notebook", **asked)
    curve = predicting.prediction(CURVE, MONTHS)
    if not isinstance(curve, list):
        return found(False, seen="nothing committed", **asked)
    return found(True, seen=" ".join(f"{value:.2f}" for value in curve), **asked)


@probe(points=1, hint="o-3-no-metric")
def six_points(world: World) -> Finding:
    """The metric AUC has a point for each of the six months"""
    asked = {
        "looked": f"the metric {METRIC} in the namespace {NAMESPACE}, day by day",
        "expected": f"points on {MONTHS} days, about a month apart",
    }
    series, points = _published(world)
    if not series:
        return found(False, seen="no such metric", **asked)
    days = f"{len(series)} day{'s' if len(series) > 1 else ''}"
    if len(series) >= MONTHS:
        return found(True, seen=days, **asked)
    hint = "o-3-one-moment" if points >= MONTHS else "o-3-too-few"
    return found(False, seen=f"{points:g} point{'s' if points > 1 else ''} on {days}", hint=hint, **asked)


@probe(points=2, hint="o-3-not-auc")
def each_its_own(world: World) -> Finding:
    """Each point is the AUC of its own month"""
    asked = {
        "looked": "the metric's values, beside what the check measures with your endpoint's answers",
        "expected": "each month's own AUC",
    }
    series, _ = _published(world)
    if len(series) < MONTHS:
        return found(False, seen=f"{len(series)} of {MONTHS} months", hint="o-3-too-few", **asked)
    seen = " ".join(f"{value:.3f}" for value in series[:MONTHS])
    if max(series) - min(series) < FLAT:
        return found(False, seen=f"{seen}: flat", hint="o-3-flat", **asked)
    right = _measured(world)
    near = len(series) == MONTHS and all(abs(a - b) <= NEAR for a, b in zip(series, right, strict=True))
    return found(near, seen=seen, **asked)


@probe(points=1, hint="o-3-no-first")
def moved_first(world: World) -> Finding:
    """You name the signal that moved first"""
    given = getattr(world.given, "first", None)
    asked = {"looked": "first, beside what happened out there", "expected": "one of x.signals"}
    said = str(given).strip().casefold()
    if given is None or said not in [signal.casefold() for signal in SIGNALS]:
        return found(False, seen=str(given)[:60], **asked)
    hint = "o-3-labels-come-later" if said == METRIC.casefold() else "o-3-never-moved"
    return found(said == FIRST.casefold(), seen=str(given)[:60], hint=hint, **asked)


def _published(world: World) -> tuple[list[float], float]:
    """The metric's values day by day, of the series with most days, and how many points it has in all."""
    metrics = world.client("cloudwatch")
    now = datetime.fromisoformat(world.control("now")["now"])
    span = {"StartTime": now - timedelta(days=400), "EndTime": now + timedelta(hours=2), "Period": 86_400}
    best: tuple[list[float], float] = ([], 0)
    for metric in world.control("metrics", namespace=NAMESPACE):  # whoever moves the clock last has an old metric
        if metric["name"] != METRIC:
            continue
        one = {"Namespace": NAMESPACE, "MetricName": METRIC, "Dimensions": metric["dimensions"]}
        told = metrics.get_metric_statistics(**one, **span, Statistics=["Average", "SampleCount"])["Datapoints"]
        told.sort(key=lambda point: point["Timestamp"])
        best = max(best, ([point["Average"] for point in told], sum(point["SampleCount"] for point in told)), key=_days)
    return best


def _days(series: tuple[list[float], float]) -> int:
    return len(series[0])


def _measured(world: World) -> list[float]:
    """The AUC of each month by the endpoint's own answers."""
    if "measured" not in world.memory:
        name = f"txguard-live-{world.seed % 0x10000:04x}"
        tables = months(world.seed, world.memory["ramp"])
        world.memory["measured"] = [measures.auc(table["fraud"], frozen.ask(world, name, table)) for table in tables]
    return world.memory["measured"]


PROBES = (curve_committed, six_points, each_its_own, moved_first)

HINTS = {
    "o-3-no-curve": Hint(
        "Draw the curve that you expect and commit it; any curve counts. Without one you will believe that you saw it "
        "coming. It is kept in answers.json beside the notebook: hand in the whole folder.",
        "Before you go on, draw",
    ),
    "o-3-no-metric": Hint(
        "put_metric_data publishes a point: Namespace=x.namespace, and in MetricData one with the MetricName AUC.",
        "The worked example",
    ),
    "o-3-too-few": Hint(
        "Some months have no point. Go through the others in x.months and publish one for each.",
        "Your turn: five more months",
    ),
    "o-3-one-moment": Hint(
        "All points lie on one day. CloudWatch stamps a point when it comes, so let a month go by first: "
        "advance(days=30) before each month's payments.",
        "Your turn: five more months",
    ),
    "o-3-flat": Hint(
        "This line does not move, but what it measures did. An average over all months hides what happened in one: "
        "measure each month's payments alone.",
        "Your turn: five more months",
    ),
    "o-3-not-auc": Hint(
        "These are not the months' AUCs. Measure each month with the scores that the endpoint gives its own payments.",
        "The worked example",
    ),
    "o-3-no-first": Hint("first is one of the names in x.signals, in quotes.", "Which moved first?"),
    "o-3-labels-come-later": Hint(
        "The AUC fell, but it was not the first to move: look one month before it fell. And nobody could know it at "
        "the time, because the labels come ten days later.",
        "Which moved first?",
    ),
    "o-3-never-moved": Hint(
        "This one never moved: it says that the code works and the machine answers, and both were so all the time.",
        "Which moved first?",
    ),
}
