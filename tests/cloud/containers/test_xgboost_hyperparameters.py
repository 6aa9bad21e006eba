"""course/cloud/containers/xgboost_hyperparameters.py"""

import pytest

from course.cloud.containers.xgboost_hyperparameters import UserError, read


def test_each_value_gets_its_type():
    given = {"num_round": "10", "eta": "0.1", "eval_metric": "auc, error@0.3", "tree_method": "hist", "seed": "-1"}
    assert read(given) == {
        "num_round": 10,
        "eta": 0.1,
        "eval_metric": ["auc", "error@0.3"],
        "tree_method": "hist",
        "seed": -1,
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("num_round", "0", r"num_round: 0 is not in \[1, inf\]"),
        ("num_round", "1.5", "num_round: could not parse value"),
        ("subsample", "0", r"subsample: 0.0 is not in \(0, 1\]"),
        ("tweedie_variance_power", "2", r"tweedie_variance_power: 2.0 is not in \(1, 2\)"),
        ("alpha", "nan", "alpha: nan is not in"),
        ("eval_metric", "auc,f1", "eval_metric: f1 is not in"),
        ("n_estimators", "5", "Extraneous hyperparameter found: n_estimators"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_may_be(name, text, message):
    with pytest.raises(UserError, match=message):
        read({"num_round": "10"} | {name: text})
