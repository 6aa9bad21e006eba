from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from course.cloud.clarify import bias as clarify
from course.cloud.clarify.bias import Confusion, Sample
from course.exercises import audit, d2_12, facets
from course.exercises.facets import GUIDE, OUTCOMES


class Handed:
    """A world in which nothing was ever made, with what was handed to the check."""

    seed, name = 5, None

    def __init__(self, **given):
        self.given, self.memory = SimpleNamespace(**given), {}


def sample(a, d):
    """Rows with these confusion matrices, as Clarify sees them."""
    cells = [
        (facet, *OUTCOMES[cell]) for facet, counts in enumerate((a, d)) for cell in counts for _ in range(counts[cell])
    ]
    disadvantaged, positive, predicted = np.array(cells, dtype=bool).T
    return Sample(disadvantaged, positive, predicted)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_the_formulas_are_the_clouds(seed):
    for a, d in facets.hidden_tables(seed):
        rows = sample(a, d)
        assert Confusion.of(rows, rows.disadvantaged).tp == d["TP"]
        found = facets.metrics(a, d)
        assert set(found) == {*facets.DIFFERENCES, *facets.RATIOS}
        for name, value in found.items():
            assert value == pytest.approx(getattr(clarify, name.lower().replace("dcacc", "dca"))(rows))


def test_the_golden_values():
    golden = {"DPPL": 0.25, "DI": 0.6667, "DCAcc": -0.1467, "SD": 0.1159, "RD": 0.1878, "AD": 0.09, "TE": 0.9}
    assert facets.metrics(*GUIDE) == pytest.approx(golden, abs=1e-4)


def test_the_loans_have_the_guides_matrices():
    table = audit.loans()
    for group, wanted in zip("ad", GUIDE, strict=True):
        here = table[table["group"] == group]
        pairs = list(zip(here["repaid"], here["approved"], strict=True))
        assert {cell: pairs.count(pair) for cell, pair in OUTCOMES.items()} == wanted


def test_counts_take_not_flagged_as_favourable():
    rows = pd.DataFrame({"age_group": ["young"] * 3 + ["older"], "fraud": [0, 1, 1, 0], "flagged": [1, 0, 1, 0]})
    older, young = audit.counts(rows)
    assert (older, young) == ({"TN": 0, "FN": 0, "FP": 0, "TP": 1}, {"TN": 1, "FN": 1, "FP": 1, "TP": 0})


def changed(name, formula):
    return lambda a, d: facets.metrics(a, d) | {name: formula(a, d)}


@pytest.mark.parametrize(
    ("name", "formula", "hint"),
    [
        ("DI", lambda a, d: 1 / facets.metrics(a, d)["DI"], "d2-12-inverted"),
        ("TE", lambda a, d: d["FP"] / d["FN"] - a["FP"] / a["FN"], "d2-12-swapped"),
        ("RD", lambda a, d: -facets.metrics(a, d)["RD"], "d2-12-sign"),
        ("DPPL", lambda a, d: 0.25, "d2-12-formula"),
        ("AD", lambda a, d: "much", "d2-12-formula"),
        ("RD", lambda a, d: a["TN"] / (a["TN"] + a["FP"]) - d["TN"] / (d["TN"] + d["FP"]), "d2-12-other-outcome"),
    ],
)
def test_a_wrong_line_is_named(name, formula, hint):
    probes = {"TE": (d2_12.ratios, d2_12.differences)}
    probe, other = probes.get(name, (d2_12.differences, d2_12.ratios))
    world = Handed(bias=changed(name, formula))
    assert probe.run(world).hint == hint
    assert other.run(world).points == 1


@pytest.mark.parametrize(
    ("bias", "hint"),
    [
        (None, "d2-12-no-bias"),
        ({"DI": 1}, "d2-12-no-bias"),
        (lambda a, d: None, "d2-12-no-dictionary"),
        (lambda a, d: {"DPPL": 0.25}, "d2-12-no-dictionary"),
        (lambda a: {}, "d2-12-raises"),
    ],
)
def test_what_is_no_function_of_two_matrices_is_told_so(bias, hint):
    assert d2_12.differences.run(Handed(bias=bias)).hint == hint


def test_a_function_that_writes_into_its_arguments_spoils_nothing():
    def bias(a, d):
        found = facets.metrics(a, d)
        a.clear()
        return found

    assert d2_12.differences.run(Handed(bias=bias)).points == 1
    assert GUIDE[0]["TP"] == 65


def test_a_job_that_was_never_made_has_its_hint():
    class NotFound(Exception):
        pass

    def describe(**_):
        raise NotFound

    world = Handed()
    sm = SimpleNamespace(describe_processing_job=describe, exceptions=SimpleNamespace(ResourceNotFound=NotFound))
    world.client = lambda service: sm
    assert d2_12.bias_reported.run(world).hint == "d2-12-no-bias-job"
    assert d2_12.explained.run(world).hint == "d2-12-no-shap-job"


def test_every_hint_of_the_slips_is_there():
    slips = ("inverted", "swapped", "sign", "other-outcome", "formula")
    failed = ("bias-failed", "shap-failed")
    assert {f"d2-12-{name}" for name in (*slips, *failed)} <= set(d2_12.HINTS)
