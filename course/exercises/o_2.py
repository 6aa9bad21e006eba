"""O-2 Same tests, different promise: an interval for what a score promises, and the cut that costs least.

What is right is known from the rows. The bounds were set so (measured on 30 seeds, and on 3,000 samples of one):
- an interval's ends: a learner's bootstrap of 1,000 resamples scatters about the reference with a standard deviation of
  at most 0.0027 for recall and precision (300 frauds) and 0.001 for AUC. Four ends of recall and precision within 0.01
  were too much to ask: 5 of 4,500 right answers failed (exact 95 % interval .04 to .26 %). Within 0.0125 none of 4,500
  did (at most .08 %), and the point twice or a tenth of the rows were caught 30 times of 30 each (at least 88 %): their
  ends are off by .05 and more;
- a cut: the one that costs least on MONTH rows costs up to 4 % more than the best on all rows there are, in 3,000
  samples; the one that follows from the costs alone costs up to 6 % more than the best on one month's labels. Tuned on
  the balanced rows it costs at least 20 % more, and the one of the best accuracy at least 30 %.

`python -m tests.exercises.calibrate O-2` measures how often right work fails and wrong work is caught.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from course.exercises import frozen, measures, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

if TYPE_CHECKING:
    import numpy
    import pandas

WEEK, MONTH, SHOWCASE = 6_000, 20_000, 1_000  # rows
CUT = 0.3  # the cut of today
MISSED, REVIEW = 120, 4  # euros
NEAR, NEAR_RATE = 0.01, 0.0125  # an interval's end: of AUC, of recall and precision
UNSEEN, SEEN = 1.05, 1.10  # a cut's cost as a multiple of the least: on average, and on the labels of one month
NAMES = ("auc", "recall", "precision")


def start(aws: World, seed: int) -> dict[str, Any]:
    """A bucket with three tables that TxGuard has scored, and the feature function with its unit tests as files."""
    return build(aws, seed, MISSED, REVIEW)


def build(aws: World, seed: int, missed: float, review: float) -> dict[str, Any]:
    """`start` with its costs."""
    bucket = f"txguard-scores-{seed % 0x10000:04x}"
    aws.client("s3").create_bucket(Bucket=bucket)
    for name, table in scored(aws, seed).items():
        told = table[["transaction_id", "amount", "score", "fraud"]].to_csv(index=False)
        aws.client("s3").put_object(Bucket=bucket, Key=f"{name}.csv", Body=told.encode())
    aws.memory["costs"] = missed, review
    return {
        "tests": str(frozen.write_tests(aws.folder)),
        "bucket": bucket,
        "week": "week.csv",
        "month": "month.csv",
        "showcase": "showcase.csv",
        "cut": CUT,
        "missed": missed,
        "review": review,
    }


def scored(aws: World, seed: int) -> dict[str, pandas.DataFrame]:
    """The three tables with TxGuard's score: a week and the month before it as they came, and a table half fraud."""
    from course.data import transactions

    tables = {
        "week": transactions(seed, WEEK, start_day=60, days=7),
        "month": transactions(seed, MONTH, start_day=30),
        "showcase": showcase(seed),
    }
    said = frozen.scores(aws, _role(aws), f"o-2 {seed}", tables)
    return {name: table.assign(score=said[name].round(4)) for name, table in tables.items()}


def showcase(seed: int) -> pandas.DataFrame:
    """As many frauds as honest payments, picked by hand from an older month."""
    from course.data import transactions

    rows = transactions(seed, 15_000)
    picked = [rows[rows["fraud"] == kind].head(SHOWCASE // 2) for kind in (0, 1)]
    import pandas

    return pandas.concat(picked).sort_index().reset_index(drop=True)


def unseen(aws: World, seed: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Rows of the month after: (their true chance of fraud, TxGuard's score)."""
    from course.data import transactions, truth

    rows = transactions(seed, MONTH, start_day=90)
    return truth(rows), frozen.scores(aws, _role(aws), f"o-2 unseen {seed}", {"unseen": rows})["unseen"].round(4)


def _role(aws: World) -> str:
    """A role for the course's own jobs, made once in a world."""
    if "role" not in aws.memory:
        aws.memory["role"] = txguard.make_role(aws, f"{frozen.OWN}jobs")
    return aws.memory["role"]


# Probes


@probe(points=1, hint="o-2-no-intervals")
def auc_interval(world: World) -> Finding:
    """AUC has its 95 % interval"""
    if "auc" not in world.memory:
        week = scored(world, world.seed)["week"]
        world.memory["auc"] = measures.auc_interval(week["fraud"], week["score"])
    return _compare(world, {"auc": world.memory["auc"]}, NEAR)


@probe(points=1, hint="o-2-no-intervals")
def rate_intervals(world: World) -> Finding:
    """Recall and precision at x.cut have theirs"""
    week = scored(world, world.seed)["week"]
    return _compare(world, measures.rate_intervals(week["fraud"], week["score"], CUT), NEAR_RATE)


@probe(points=2, hint="o-2-no-cut")
def cheap_cut(world: World) -> Finding:
    """Your cut costs next to the least on the month's payments"""
    month = scored(world, world.seed)["month"]
    return judge_cut(world, month["fraud"].to_numpy(), month["score"].to_numpy(), SEEN, "the payments of x.month")


def judge_cut(world: World, chance: numpy.ndarray, score: numpy.ndarray, dearer: float, rows: str) -> Finding:
    """What `cut` costs on rows, beside the least that any cut costs there."""
    missed, review = world.memory["costs"]
    bound = f"at most {dearer - 1:.0%} above the cheapest"
    asked = {"looked": f"what your cut would cost on {rows}", "expected": bound}
    cut = _number(getattr(world.given, "cut", None))
    if cut is None:
        return found(False, seen=_kind(getattr(world.given, "cut", None)), **asked)
    cuts, all_costs = measures.costs(chance, score, missed, review)
    least, yours = float(all_costs.min()), measures.cost(chance, score, cut, missed, review)
    flagged = float((score >= cut).mean())
    seen = f"cut {cut:.3f} flags {flagged:.1%} and costs {yours / least - 1:.0%} more than the cheapest"
    if yours <= dearer * least:
        return found(True, seen=f"cut {cut:.3f} flags {flagged:.1%}: {bound}", **asked)
    best = float(cuts[all_costs.argmin()])
    if flagged < 0.06 and cut > best:
        return found(False, seen=seen, hint="o-2-accuracy", **asked)
    return found(False, seen=seen, hint="o-2-showcase" if cut < best / 2 else "o-2-dear", **asked)


def _compare(world: World, reference: dict[str, measures.Interval], near: float) -> Finding:
    names = " and ".join(reference)
    asked = {
        "looked": f"the intervals of {names}, beside a bootstrap of {measures.RESAMPLES:,} resamples of x.week",
        "expected": f"for each a low and a high end, both within {near} of it",
    }
    given = getattr(world.given, "intervals", None)
    if not isinstance(given, dict):
        return found(False, seen=_kind(given), **asked)
    said, hints = [], []
    for name, (low, high) in reference.items():
        ends = _ends(given.get(name))
        if ends is None:
            said.append(f"{name}: {_kind(given.get(name))}")
            hints.append("o-2-no-intervals")
            continue
        said.append(f"{name} from {ends[0]:.3f} to {ends[1]:.3f}")
        if abs(ends[0] - low) > near or abs(ends[1] - high) > near:
            hints.append(_why_not(ends, (low, high), near))
    return found(not hints, seen="; ".join(said), hint=hints[0] if hints else None, **asked)


def _why_not(given: measures.Interval, reference: measures.Interval, near: float) -> str:
    width, right = given[1] - given[0], reference[1] - reference[0]
    if width <= 1e-9:
        return "o-2-no-width"
    return "o-2-width" if abs(width - right) > near else "o-2-place"


def _ends(value: Any) -> measures.Interval | None:
    """Two finite numbers, the smaller first; None for anything else."""
    try:
        low, high = sorted(float(end) for end in value)
    except (TypeError, ValueError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def _kind(value: Any) -> str:
    return "None" if value is None else f"{str(value)[:60]}, a {type(value).__name__}"


PROBES = (auc_interval, rate_intervals, cheap_cut)

HINTS = {
    "o-2-no-intervals": Hint(
        "intervals is a dictionary: under each of auc, recall and precision a pair, the low end and the high end.",
        "Your turn: three intervals",
    ),
    "o-2-no-width": Hint(
        "The low end and the high end are the same number: that is the measure, not its interval. Draw the rows again "
        "many times, measure each time, and take what cuts off 2.5 % at either end.",
        "The worked example",
    ),
    "o-2-width": Hint(
        "The interval has another width than the rows give. Draw as many rows as the table has, with replacement, and "
        "take the quantiles 0.025 and 0.975 of what you measured.",
        "The worked example",
    ),
    "o-2-place": Hint(
        "The width is right and the place is not: measure on x.week, and flag what scores x.cut or more.",
        "Your turn: three intervals",
    ),
    "o-2-no-cut": Hint("The cut is one number: the score from which on a payment is reviewed.", "Your turn: the cut"),
    "o-2-accuracy": Hint(
        "This cut is right most often: it flags next to nothing, and next to nothing is fraud. But the two mistakes do "
        "not cost the same. Add up euros, not mistakes.",
        "The cut",
    ),
    "o-2-showcase": Hint(
        "This cut reviews far too many. It would suit a table that is half fraud, such as x.showcase; the payments "
        "that come in are not like that. Take x.month.",
        "Your turn: the cut",
    ),
    "o-2-dear": Hint(
        "Another cut costs less. Work out the cost on x.month for many cuts, finely spaced where the cost is low.",
        "Your turn: the cut",
    ),
}
