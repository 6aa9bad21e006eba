"""course/cloud/clarify/bias.py against values from outside: the guide's examples, AWS's library, or by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from course.cloud.clarify.bias import POST_TRAINING, PRE_TRAINING, Sample, measure

METRICS = {metric.name: metric for metric in PRE_TRAINING + POST_TRAINING}


def value(name, sample):
    return measure(METRICS[name], sample)["value"]


def confusion(a, d, **more):
    """A sample from (TN, FN, FP, TP) of facet a and of facet d."""
    rows = []
    for facet, counts in ((False, a), (True, d)):
        outcomes = ((False, False), (True, False), (False, True), (True, True))  # observed, predicted
        for (observed, predicted), count in zip(outcomes, counts, strict=True):
            rows += [(facet, observed, predicted)] * count
    facet, observed, predicted = (np.array(column, dtype=bool) for column in zip(*rows, strict=True))
    return Sample(facet, observed, predicted, **more)


def shares(a, d):
    """A sample from (favourable, unfavourable) observed labels of facet a and of facet d."""
    return confusion((a[1], 0, 0, a[0]), (d[1], 0, 0, d[0]))


# The two confusion matrices of the developer guide's pages on post-training metrics (a: 100 rows, d: 50), and what the
# guide's formulas give for them.
GUIDE = confusion((20, 5, 10, 65), (18, 7, 5, 20))
GOLDEN = {
    "CI": 0.3333,
    "DPL": 0.1600,
    "KL": 0.0534,
    "JS": 0.01366,
    "LP": 0.2263,
    "TVD": 0.16,
    "KS": 0.16,
    "DPPL": 0.25,
    "DI": 0.6667,
    "DCA": -0.1467,
    "DCR": -0.2800,
    "SD": 0.1159,
    "RD": 0.1878,
    "DAR": 0.0667,
    "DRR": -0.0800,
    "AD": 0.0900,
    "TE": 0.9000,
    "GE": 0.0863,
}


@pytest.mark.parametrize(("name", "expected"), GOLDEN.items())
def test_the_guides_confusion_matrices(name, expected):
    assert value(name, GUIDE) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    ("name", "sample", "expected"),
    [
        # guide, "Kullback-Leibler Divergence": .8/.2 against .3/.7
        ("KL", shares((80, 20), (30, 70)), 0.534),
        # guide, "Treatment Equality": 8 FN and 6 FP of 100, 5 and 2 of 50; the same accuracy
        ("TE", confusion((43, 8, 6, 43), (22, 5, 2, 21)), 1.167),
        ("AD", confusion((43, 8, 6, 43), (22, 5, 2, 21)), 0.0),
        # guide, "Difference in Conditional Acceptance": 70/60 - 20/30, and 50/60 - 40/30
        ("DCA", confusion((30, 10, 0, 60), (20, 0, 10, 20)), 0.5),
        ("DCA", confusion((40, 0, 10, 50), (10, 10, 0, 30)), -0.5),
        # AWS's library, tests/unit/bias/metrics/test_metrics.py: 12 rows, M or F
        ("CI", shares((2, 3), (3, 4)), -1 / 6),
        # the same, test_KL, test_JS, test_LP: an outcome that one facet lacks does not count
        ("KL", shares((2, 3), (1, 0)), -0.366516),
        ("JS", shares((2, 3), (1, 0)), 0.06641431438228168),
        ("LP", shares((2, 3), (1, 0)), 0.6),
    ],
)
def test_published_examples(name, sample, expected):
    assert value(name, sample) == pytest.approx(expected, abs=5e-4)


# smclarify 0.5 (on pandas 2.1), bias_report on the table below, both stages
LIBRARY = {
    "CDDL": 0.19233159713464354,
    "CI": 0.475,
    "DPL": 0.24826472962066187,
    "JS": 0.031167971269437565,
    "KL": 0.1266265800594023,
    "KS": 0.24826472962066187,
    "LP": 0.3510993476884294,
    "TVD": 0.24826472962066182,
    "AD": -0.02986279257465696,
    "CDDPL": 0.10323480511732801,
    "DAR": 0.1482152816508644,
    "DCA": 0.24065811489124378,
    "DCR": 0.2271485345255838,
    "DI": 0.7583990651475315,
    "DPPL": 0.13349475383373682,
    "DRR": 0.1958519622454048,
    "FT": 0.13333333333333333,  # there with the other sign, see bias.py
    "GE": 0.1119441452276947,
    "RD": -0.043567251461988254,
    "SD": 0.014665801427644398,
    "TE": -1.1698717948717947,
}


@pytest.fixture(scope="module")
def random_table():
    random = np.random.default_rng(0)
    facet = random.random(400) < 0.3
    positive = random.random(400) < 0.6 - 0.2 * facet
    predicted = np.where(random.random(400) < 0.8, positive, ~positive)
    group = random.integers(0, 3, 400)
    features = pd.DataFrame({"group": group, "x": random.normal(size=400).round(4), "z": random.integers(0, 50, 400)})
    return Sample(facet, positive, predicted, group, features)


@pytest.mark.parametrize(("name", "expected"), LIBRARY.items())
def test_awss_own_library_on_a_random_table(random_table, name, expected):
    assert value(name, random_table) == pytest.approx(expected, abs=1e-12)


def test_demographic_disparity_of_the_guides_college():
    """Women are 46 % of the rejected and 32 % of the accepted: 0.14."""
    sample = confusion((54, 0, 0, 68), (46, 0, 0, 32), group=np.zeros(200))
    assert value("CDDL", sample) == pytest.approx(0.14)
    assert value("CDDPL", sample) == pytest.approx(0.14)


def test_conditioning_sees_through_simpsons_paradox():
    """In each department d is accepted more often than a, but d applies where few are accepted."""
    easy = confusion((20, 0, 0, 80), (2, 0, 0, 18))
    hard = confusion((18, 0, 0, 2), (80, 0, 0, 20))
    both = Sample(
        np.concatenate([easy.disadvantaged, hard.disadvantaged]),
        np.concatenate([easy.positive, hard.positive]),
        group=np.repeat(["easy", "hard"], 120),
    )
    assert value("DPL", both) > 0.3
    by_hand = 0.5 * (2 / 22 - 18 / 98) + 0.5 * (80 / 98 - 20 / 22)
    assert value("CDDL", both) == pytest.approx(by_hand)
    assert by_hand < 0


def test_the_wrong_favourable_outcome_turns_the_signs():
    wrong = Sample(GUIDE.disadvantaged, ~GUIDE.positive, ~GUIDE.predicted, GUIDE.group)
    for name in ("DPL", "DPPL"):
        assert value(name, wrong) == pytest.approx(-value(name, GUIDE))
    assert (value("DI", GUIDE), value("DI", wrong)) == (pytest.approx(0.5 / 0.75), pytest.approx(0.5 / 0.25))
    assert value("RD", wrong) == pytest.approx(-value("SD", GUIDE))
    assert value("SD", wrong) == pytest.approx(-value("RD", GUIDE))
    assert value("DAR", wrong) == pytest.approx(-value("DRR", GUIDE))
    assert value("CI", wrong) == value("CI", GUIDE)  # which knows no labels


def test_the_flip_test_is_positive_where_neighbours_of_the_other_facet_fare_better():
    """Ten pairs on a line. Near 0 everyone is refused, near 100 only d is: those five members of d would be flipped."""
    place = np.repeat([0.0, 100.0], 10)
    facet = np.tile([False, True], 10)
    predicted = (place > 50) & ~facet
    sample = Sample(facet, predicted, predicted, features=pd.DataFrame({"place": place}))
    assert value("FT", sample) == pytest.approx(5 / 10)
    turned = Sample(facet, ~predicted, ~predicted, features=sample.features)
    assert value("FT", turned) == pytest.approx(-5 / 10)


def test_the_flip_test_needs_numbers():
    features = pd.DataFrame({"city": ["Rome"] * len(GUIDE.positive)})
    entry = measure(METRICS["FT"], Sample(GUIDE.disadvantaged, GUIDE.positive, GUIDE.predicted, features=features))
    assert (entry["value"], entry["error"]) == (None, "FlipTest does not support non-numeric columns")


@pytest.mark.parametrize(("facet", "error"), [(True, "Negated facet set is empty."), (False, "Facet set is empty.")])
def test_an_empty_facet_has_no_value_but_an_error(facet, error):
    labels = np.array([True, False, True])
    sample = Sample(np.full(3, facet), labels, labels, np.zeros(3), pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
    entries = {name: measure(metric, sample) for name, metric in METRICS.items()}
    for name in ("CI", "DPL", "DPPL", "DI", "DCA", "DCR", "SD", "RD", "DAR", "DRR", "AD", "TE", "FT"):
        assert (entries[name]["value"], entries[name]["error"]) == (None, error)
    for name in ("KL", "JS", "LP", "TVD", "KS"):
        assert entries[name]["error"] == "No instance of common facet found, dataset may be too small"
    assert entries["GE"]["value"] == 0


def test_zeros_below_the_line():
    no_errors = confusion((5, 0, 0, 5), (5, 0, 0, 5))
    assert value("TE", no_errors) == 0  # 0/0 - 0/0
    assert value("TE", confusion((5, 0, 1, 5), (5, 2, 0, 5))) == "Infinity"  # 2/0 - 0/1
    assert value("TE", confusion((5, 2, 0, 5), (5, 0, 1, 5))) == "-Infinity"
    assert value("TE", confusion((5, 2, 0, 5), (5, 2, 0, 5))) == 0  # equal infinities
    assert value("DI", confusion((9, 1, 0, 0), (5, 0, 0, 5))) == "Infinity"
    assert value("DCA", confusion((5, 5, 0, 0), (5, 0, 0, 5))) == "Infinity"
    assert value("RD", confusion((9, 0, 1, 0), (5, 0, 0, 5))) == -1  # no positives in a: 0/0 is 0


def test_what_has_no_value():
    assert "Group variable" in measure(METRICS["CDDL"], GUIDE)["error"]
    everyone = Sample(GUIDE.disadvantaged, np.ones(150, bool), group=np.zeros(150))
    assert measure(METRICS["CDDL"], everyone)["error"] == "No negative labels in set"
    missed = confusion((0, 5, 0, 0), (0, 5, 0, 0))
    assert "false negatives" in measure(METRICS["GE"], missed)["error"]


def test_every_metric_of_the_guide_is_there():
    assert [metric.name for metric in PRE_TRAINING] == sorted(["CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL"])
    post = "DPPL DI DCA DCR SD RD DAR DRR AD TE CDDPL FT GE"
    assert [metric.name for metric in POST_TRAINING] == sorted(post.split())
    assert all(math.isfinite(value(name, GUIDE)) for name in GOLDEN)
