"""course/cloud/clarify/shap.py against Shapley values computed by their definition."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeRegressor

from course.cloud.clarify.analysis_config import ConfigError
from course.cloud.clarify.shap import AGGREGATES, explain

CITIES = ["Rome", "Oslo", "Lima"]


def people(rows, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": random.normal(100, 30, rows),
            "city": random.choice(CITIES, rows),
            "hour": random.integers(0, 24, rows),
        }
    )


@pytest.fixture(scope="module")
def tree():
    """A tree that mixes all features, and takes the city by its name."""
    table = people(300, 1)
    target = (table.amount > 110) * (table.hour < 8) + 2.0 * (table.city == "Oslo") * (table.hour > 12)
    model = DecisionTreeRegressor(max_depth=5, random_state=0).fit(_numbers(table), target)
    return lambda rows: model.predict(_numbers(rows))[:, np.newaxis]


def _numbers(table):
    return np.column_stack([table.amount, table.city.map(CITIES.index), table.hour]).astype(float)


def by_definition(score, row, baseline):
    """Shapley values of one row: each feature's mean contribution over all orders, absent ones from the baseline."""
    names = list(row.index)

    def worth(present):
        rows = baseline.assign(**{name: row[name] for name in present})
        return score(rows).mean()

    total = dict.fromkeys(names, 0.0)
    for order in itertools.permutations(names):
        for position, name in enumerate(order):
            total[name] += worth(order[: position + 1]) - worth(order[:position])
    return [total[name] / math.factorial(len(names)) for name in names]


def test_a_tree_is_explained_exactly_and_the_values_add_up(tree):
    rows, baseline = people(4, 2), people(3, 3)
    found = explain(rows, tree, {"seed": 0}, None, baseline)
    exact = np.array([by_definition(tree, rows.iloc[n], baseline) for n in range(4)])
    assert found.local[:, :, 0] == pytest.approx(exact, abs=1e-8)
    assert found.expected[0] + found.local[:, :, 0].sum(axis=1) == pytest.approx(tree(rows)[:, 0], abs=1e-8)
    assert found.overall()["label0"]["global_shap_values"]["city"] == pytest.approx(np.abs(exact[:, 1]).mean())


def test_without_a_baseline_it_is_the_mean_and_the_most_frequent_value(tree):
    rows = people(20, 4)
    baseline = explain(rows, tree, {"num_samples": 20}, None, None).baseline
    assert len(baseline) == 1
    assert baseline.amount[0] == pytest.approx(rows.amount.mean())
    assert baseline.city[0] == rows.city.mode()[0]


def test_clusters_need_numbers(tree):
    with pytest.raises(ConfigError, match=r"methods\.shap\.baseline is required: city"):
        explain(people(20, 4), tree, {"num_clusters": 2}, None, None)
    numbers = people(20, 4)[["amount", "hour"]]
    found = explain(numbers, lambda rows: rows[["hour"]].to_numpy(), {"num_clusters": 2, "seed": 0}, ["h"], None)
    assert len(found.baseline) == 2
    assert list(found.table().columns) == ["amount_h", "hour_h"]
    with pytest.raises(ConfigError, match="num_clusters 30 is more than"):
        explain(numbers, lambda rows: rows[["hour"]].to_numpy(), {"num_clusters": 30}, None, None)


def test_label_headers_are_as_many_as_scores(tree):
    with pytest.raises(ConfigError, match="label_headers has 2 names for 1 scores"):
        explain(people(2, 4), tree, {}, ["a", "b"], people(1, 5))


def test_how_local_values_become_global_ones():
    values = np.array([[[-3.0]], [[1.0]], [[2.0]]])
    assert {name: float(of(values)[0, 0]) for name, of in AGGREGATES.items()} == {
        "mean_abs": 2.0,
        "median": 1.0,
        "mean_sq": pytest.approx(14 / 3),
    }
