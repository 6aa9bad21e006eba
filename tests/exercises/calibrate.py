"""False-fail and catch rates of the statistical checks O-2, O-3, O-4 and D4-06, measured without a notebook or a cloud.

    python -m tests.exercises.calibrate O-2 --seeds 500 --repeats 8

Right work and the stored mistakes are done again here in NumPy, on one world per seed, with TxGuard trained in this
process as `course/exercises/scripts/score.py` trains it; the probes themselves judge them. Rates come with exact 95 %
intervals (Clopper and Pearson 1934). What it printed stands in the exercises' docstrings, beside the thresholds.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from course.cloud.monitoring import constraints, statistics, violations
from course.cloud.monitoring.dataset import Dataset, Format, Window
from course.data import FEATURES, LABEL, notebook_model_source, transactions, truth
from course.exercises import d4_06, d4_06_monitors, d4_06_months, d4_06_world, frozen, measures, o_2, o_3, o_4, txguard
from course.hidden import o_2 as hidden_o_2
from course.learn.probe import PASSED, Probe

Told = tuple[str, bool]  # (what was done, whether every probe that is about it passed)


@cache
def model() -> Any:
    """TxGuard as it was handed over."""
    return trained(transactions(frozen.SEED, frozen.ROWS), 0.01)


def trained(rows: pd.DataFrame, held_out: float) -> Any:
    """A model made of rows as the notebook's script makes it."""
    train = script()
    kept, _ = train.train_test_split(rows, test_size=held_out, stratify=rows[LABEL], random_state=0)
    return train.build().fit(kept[train.FEATURES], kept[LABEL])


@cache
def script() -> Any:
    spec = spec_from_file_location("txguard_train", notebook_model_source() / txguard.SCRIPT)
    assert spec is not None and spec.loader is not None
    train = module_from_spec(spec)
    spec.loader.exec_module(train)
    return train


def scores(rows: pd.DataFrame) -> np.ndarray:
    return model().predict_proba(rows[list(FEATURES)])[:, 1]


def world(seed: int, **given: Any) -> Any:
    """What a probe asks of a world, without a cloud."""
    return SimpleNamespace(seed=seed, name=None, memory={}, given=SimpleNamespace(**given))


def passes(probes: list[Probe], around: Any) -> bool:
    return all(probe.look(around).status == PASSED for probe in probes)


# O-2 ------------------------------------------------------------------------------------------------------------------


def o_2_world(seed: int, repeats: int) -> Iterator[Told]:
    """Intervals and cuts of one seed, right and wrong."""
    tables = {
        "week": transactions(seed, o_2.WEEK, start_day=60, days=7),
        "month": transactions(seed, o_2.MONTH, start_day=30),
        "showcase": o_2.showcase(seed),
    }
    tables = {name: table.assign(score=scores(table).round(4)) for name, table in tables.items()}
    later = transactions(seed, o_2.MONTH, start_day=90)
    unseen = truth(later), scores(later).round(4)
    with patch.object(o_2, "scored", lambda aws, seed: tables), patch.object(o_2, "unseen", lambda aws, seed: unseen):
        yield from o_2_work(tables, seed, repeats)


def o_2_work(tables: dict[str, pd.DataFrame], seed: int, repeats: int) -> Iterator[Told]:
    around, rng, week = world(seed), np.random.default_rng(seed), tables["week"]
    labels, score = week["fraud"].to_numpy(), week["score"].to_numpy()
    for name, auc in auc_intervals(labels, score, rng, repeats):
        around.given.intervals = {"auc": auc}
        yield f"AUC interval, {name}", passes([o_2.auc_interval], around)
    for name, rates in rate_intervals(labels, score, rng, repeats):
        around.given.intervals = rates
        yield f"recall and precision, {name}", passes([o_2.rate_intervals], around)
    for kind, review in (("own", o_2.REVIEW), ("dearer", 3 * o_2.REVIEW)):
        around.memory["costs"] = o_2.MISSED, review
        for name, cut in cuts(tables, review):
            around.given.cut = cut
            done = passes([o_2.cheap_cut, *hidden_o_2.PROBES], around)
            yield f"cut at {kind} costs, {name}", done


def auc_intervals(
    labels: np.ndarray, score: np.ndarray, rng: np.random.Generator, repeats: int
) -> Iterator[tuple[str, Any]]:
    ordered = labels[np.argsort(score, kind="stable")]
    for _ in range(repeats):
        yield "right (300 resamples)", ends(measures._aucs(rng, ordered, 300))
    auc = measures.auc(labels, score)
    fraud, honest = labels.sum(), (1 - labels).sum()
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (auc * (1 - auc) + (fraud - 1) * (one - auc**2) + (honest - 1) * (two - auc**2)) / (fraud * honest)
    yield "right (Hanley and McNeil)", (auc - 1.96 * spread**0.5, auc + 1.96 * spread**0.5)
    yield "wrong (the point twice)", (auc, auc)
    tenth = []
    for _ in range(300):
        drawn = rng.integers(0, len(labels), len(labels) // 10)
        tenth.append(measures.auc(labels[drawn], score[drawn]))
    yield "wrong (a tenth of the rows)", ends(tenth)


def rate_intervals(
    labels: np.ndarray, score: np.ndarray, rng: np.random.Generator, repeats: int
) -> Iterator[tuple[str, Any]]:
    flagged = score >= o_2.CUT
    counts = [(flagged & (labels == 1)).sum(), (~flagged & (labels == 1)).sum(), (flagged & (labels == 0)).sum()]
    hit, miss, alarm = counts
    shares = np.array([*counts, len(labels) - sum(counts)]) / len(labels)

    def drawn(rows: int) -> dict[str, Any]:
        hit, miss, alarm, _ = rng.multinomial(rows, shares, 1000).T
        return {"recall": ends(hit / (hit + miss)), "precision": ends(hit / (hit + alarm))}

    for _ in range(repeats):
        yield "right (1,000 resamples)", drawn(len(labels))
    recall, precision = hit / (hit + miss), hit / (hit + alarm)
    wide = {"recall": (recall, hit + miss), "precision": (precision, hit + alarm)}
    yield "right (Wald)", {n: (p - 1.96 * (p * (1 - p) / k) ** 0.5, p + 1.96 * (p * (1 - p) / k) ** 0.5)
                           for n, (p, k) in wide.items()}  # fmt: skip
    yield "wrong (the point twice)", {n: (p, p) for n, (p, _) in wide.items()}
    yield "wrong (a tenth of the rows)", drawn(len(labels) // 10)


def ends(values: Any) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def cuts(tables: dict[str, pd.DataFrame], review: float) -> Iterator[tuple[str, float]]:
    grid = np.linspace(0.005, 0.5, 200)
    month, showcase = tables["month"], tables["showcase"]

    def cheapest(table: pd.DataFrame) -> float:
        fraud, score = table["fraud"].to_numpy(), table["score"].to_numpy()
        return float(min(grid, key=lambda cut: measures.cost(fraud, score, cut, o_2.MISSED, review)))

    yield "right (cheapest on the month)", cheapest(month)
    yield "right (from the costs alone)", review / o_2.MISSED
    yield "wrong (cheapest on the showcase)", cheapest(showcase)
    yield "wrong (flags nothing)", 1.0
    fraud, score = month["fraud"].to_numpy() == 1, month["score"].to_numpy()
    wide = np.linspace(0.005, 0.995, 200)
    yield "wrong (best accuracy)", float(max(wide, key=lambda cut: ((score >= cut) == fraud).mean()))
    if review != o_2.REVIEW:
        yield "wrong (typed for the own costs)", o_2.REVIEW / o_2.MISSED


# O-3 ------------------------------------------------------------------------------------------------------------------


def o_3_world(seed: int, repeats: int) -> Iterator[Told]:
    """Metrics of one seed, right and wrong."""
    for kind, ramp in (("own", o_3.RAMP_DAYS), ("sooner", o_3.RAMP_DAYS // 2)):
        tables = o_3.months(seed, ramp)
        said = [scores(table) for table in tables]
        fraud = [table["fraud"].to_numpy() for table in tables]
        aucs = [measures.auc(labels, score) for labels, score in zip(fraud, said, strict=True)]
        accuracy = [float(((s >= 0.3) == (y == 1)).mean()) for y, s in zip(fraud, said, strict=True)]
        everything = measures.auc(np.concatenate(fraud), np.concatenate(said))
        grown = [measures.auc(np.concatenate(fraud[: n + 1]), np.concatenate(said[: n + 1])) for n in range(6)]
        eaten = [float((table["merchant"] == "restaurant").mean()) for table in tables]
        around = world(seed)
        around.memory["measured"] = aucs
        for name, series in {
            "right": aucs,
            "right (two decimals)": [round(auc, 2) for auc in aucs],
            "wrong (the average of all)": [everything] * 6,
            "wrong (each with all before it)": grown,
            "wrong (accuracy)": accuracy,
            "wrong (one month late)": [aucs[0], *aucs[:5]],
        }.items():
            with patch.object(o_3, "_published", return_value=(series, 6)):
                done = passes([o_3.each_its_own], around)
            yield f"AUC {kind}, {name}", done
        # What the question rests on: restaurants move in month 3, the AUC not before month 4.
        moved = eaten[2] - max(eaten[:2])
        yield f"restaurants {kind}, right (up by .1 in month 3)", moved > 0.1
        yield (
            f"AUC {kind}, right (month 3 within .03 of before, .05 below by month 6)",
            (aucs[2] > min(aucs[:2]) - 0.03 and aucs[5] < min(aucs[:3]) - 0.05),
        )


# O-4 ------------------------------------------------------------------------------------------------------------------


def o_4_world(seed: int, repeats: int) -> Iterator[Told]:
    """A serving path of one seed and each cause, as it was, and mended by halves."""
    from scipy.stats import ks_2samp

    trained = transactions(frozen.SEED, o_4.TRAINING)
    for rows, day, days in ((o_4.WEEK, 60, 7), (o_4.UNSEEN, 67, 14)):
        table = transactions(seed, rows, start_day=day, days=days)
        sent = o_4.payments(table)
        least = measures.auc(table["fraud"], scores(table)) - o_4.GAP
        what = "the week" if rows == o_4.WEEK else "unseen"
        right = o_4.made_of((frozen.SCRIPTS / "features.py").read_text(), sent)
        yield f"{what}, right", measures.auc(table["fraud"], scores(right)) >= least
        for cause in o_4.CAUSES:
            made = o_4.made_of(o_4.wrong_features(cause), sent)
            yield f"{what}, wrong ({cause} as it was)", measures.auc(table["fraud"], scores(made)) >= least
            if cause == "amount":
                clipped = made.assign(amount=made["amount"].clip(upper=trained["amount"].max()))
                yield f"{what}, wrong (amount clipped)", measures.auc(table["fraud"], scores(clipped)) >= least
            if rows != o_4.WEEK:
                continue
            suspects = {"amount": "amount", "velocity": "tx_24h", "clock": "hour"}
            gaps = {name: ks_2samp(trained[column], made[column]).statistic for name, column in suspects.items()}
            said = max(gaps, key=gaps.get) if max(gaps.values()) > 0.1 else "categories"
            yield f"cause {cause}, right (largest distance)", said == cause
            if made["amount"].median() > 10 * trained["amount"].median():
                said = "amount"
            elif made["tx_24h"].max() == 0:
                said = "velocity"
            elif abs((made["hour"] < 6).mean() - (trained["hour"] < 6).mean()) > 0.05:
                said = "clock"
            else:
                said = "categories"
            yield f"cause {cause}, right (by ranges)", said == cause


# D4-06 ----------------------------------------------------------------------------------------------------------------


@cache
def before() -> Any:
    """The model that TxGuard replaced in D4-06."""
    rows = transactions(frozen.SEED, frozen.ROWS)[: d4_06_world.BEFORE]
    return script().build(max_iter=d4_06_world.TREES).fit(rows[list(FEATURES)], rows[LABEL])


def flags(made: Any, cut: float, rows: pd.DataFrame) -> np.ndarray:
    return made.predict_proba(rows[list(FEATURES)])[:, 1] >= cut


@cache
def limits() -> tuple[dict[str, Any], dict[str, Any]]:
    """Statistics and constraints of the healthy payments, as the analyser makes them."""
    rows = d4_06_world.validated()
    profile = profiled(rows, scores(rows))
    found = constraints.suggest(profile, "LInfinity")
    for feature in found["features"]:
        feature["completeness"] -= d4_06_monitors.ROOM
    return profile.statistics(), found


def profiled(rows: pd.DataFrame, said: np.ndarray) -> statistics.Profile:
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        lines = [d4_06_monitors.HEADER, *d4_06_monitors.lines(said, rows)]
        path.write_text("".join(",".join(line) + "\n" for line in lines))
        data = Dataset(path, Format.read('{"csv": {"header": true}}'), Window.read("", ""))
        return statistics.profile(data.chunks(), list(d4_06_monitors.HEADER))


def told_cause(country: d4_06_months.Country) -> str:
    """The cause that the notebook's solution reads from the reports."""
    day = country.captured()
    baseline, suggested = limits()
    found = violations.judge(profiled(day.seen, scores(day.seen)), suggested, baseline).violations
    checks = {one["constraint_check_type"] for one in found}
    moved = {one["feature_name"] for one in found if one["constraint_check_type"] == "baseline_drift_check"}
    if "completeness_check" in checks:
        return "broken feed"
    if "customer_age" in moved:
        return "population shift"
    if "amount" in moved:
        return "shifted cut" if "km_from_home" in moved else "unit bug"
    return "harmless drift" if "merchant" in moved else "concept drift"


def six_countries(seed: int, repeats: int) -> Iterator[Told]:
    """The causes of one seed, and its month by right policies and wrong ones."""
    countries = d4_06_months.Country.all(seed)
    for country in countries:
        yield f"cause {country.cause}, right (by the reports)", told_cause(country) == country.cause
    of = {country.cause: country for country in countries}
    anew = {cause: trained(country.labelled(), d4_06_world.HELD_OUT) for cause, country in of.items()}
    known = {}
    for cause, country in of.items():
        made = anew[cause] if cause == "concept drift" else model()
        kind = "anew" if cause == "concept drift" else "score"
        known[f"score-captured-{country.name}"] = scores(country.captured().seen)
        for part in (0, 1):
            rows, _ = country.coming(True, part)
            known[f"{kind}-{part}-{country.name}"] = made.predict_proba(rows)[:, 1]
    shifted = known[f"score-captured-{of['shifted cut'].name}"]
    feeds, as_it_was = {"broken feed", "unit bug"}, (model(), d4_06_months.CUT)
    right = {
        "concept drift": (anew["concept drift"], d4_06_months.CUT),
        "shifted cut": (model(), d4_06_months.cut_at(shifted)),
    }
    reviews = {"population shift"}
    always = {cause: (made, d4_06_months.CUT) for cause, made in anew.items()}
    work = {  # who serves what where it is not as it was, who was told, who reviews, trainings
        "month, right": (right, feeds, reviews, 1),
        "month, right (1 % more to the cut)": (
            right | {"shifted cut": (model(), float(np.quantile(shifted, 0.84)))}, feeds, reviews, 1
        ),
        "month, wrong (trains always)": (always, set(), set(), 6),
        "month, wrong (trains always, tells the owners)": (always, feeds, reviews, 6),
        "month, wrong (trains on the unit bug too)": (
            right | {"unit bug": always["unit bug"]}, feeds, reviews, 2
        ),
        "month, wrong (ignores all)": ({}, set(), set(), 0),
        "month, wrong (ignores concept drift)": ({"shifted cut": right["shifted cut"]}, feeds, reviews, 0),
        "month, wrong (rolls back on harmless drift)": (
            right | {"harmless drift": (before(), d4_06_months.CUT)}, feeds, reviews, 1
        ),
        "month, wrong (keeps the cut)": ({"concept drift": right["concept drift"]}, feeds, reviews, 1),
        "month, wrong (asks no board)": (right, feeds, set(), 1),
        "month, wrong (leaves the broken feed)": (right, {"unit bug"}, reviews, 1),
        "month, wrong (tells everybody everything)": (right, set(of), set(of), 1),
    }  # fmt: skip
    named = {country.name: cause for cause, country in of.items()}
    for name, (serving, told, asked, trainings) in work.items():
        around = world(seed)
        around.memory["scores"] = known
        around.client = lambda service: None
        said = {"feeds": [of[cause].name for cause in told], "reviews": [of[cause].name for cause in asked]}
        with (
            patch.object(d4_06, "messages", lambda world, said=said: said),
            patch.object(d4_06, "retrainings", lambda world, trainings=trainings: trainings),
            patch.object(
                d4_06,
                "answers",
                lambda world, country, rows, serving=serving: flags(*serving.get(named[country], as_it_was), rows),
            ),
            patch.object(d4_06, "served", lambda world, country: "as it was"),
        ):
            for part, what in ((0, "known"), (1, "unseen")):
                yield f"{what} {name}", d4_06.judge(around, part, "the month").status == PASSED


# The table ------------------------------------------------------------------------------------------------------------

WORLDS = {"O-2": o_2_world, "O-3": o_3_world, "O-4": o_4_world, "D4-06": six_countries}


def measured(exercise: str, seeds: range, repeats: int) -> dict[str, tuple[int, int]]:
    """(passed, tried) of everything that is done in an exercise."""
    passed, tried = Counter(), Counter()
    for seed in seeds:
        for name, done in WORLDS[exercise](seed, repeats):
            passed[name] += done
            tried[name] += 1
    return {name: (passed[name], tried[name]) for name in tried}


def exact(count: int, of: int) -> tuple[float, float]:
    """The exact 95 % interval of a rate."""
    from scipy.stats import binomtest

    low, high = binomtest(count, of).proportion_ci(method="exact")
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("exercise", choices=WORLDS)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=1, help="of the random right work of O-2, on each seed")
    chosen = parser.parse_args()
    for name, (passed, tried) in measured(chosen.exercise, range(1, 1 + chosen.seeds), chosen.repeats).items():
        failed, what = tried - passed, "false fails" if ", right" in name else "caught"
        low, high = exact(failed, tried)
        print(f"{name:70} {what:11} {failed:5} of {tried:5}   {low:.5f} to {high:.5f}")


if __name__ == "__main__":
    main()
