"""course/cloud/clarify/outcome.py"""

import pandas as pd
import pytest

from course.cloud.clarify.outcome import NoThreshold, rules


def picked(values, given):
    column = pd.Series(values)
    return [(str(rule), rule.chosen(column).tolist()) for rule in rules(column, given)]


def test_values_of_a_categorical_column():
    assert picked(["a", "b", "c"], ["a", "c"]) == [("a,c", [True, False, True])]
    assert [name for name, _ in picked(["b", "a", "b"], [])] == ["b", "a"]


def test_two_values_are_categorical_however_few_rows_there_are():
    assert picked([0, 1, 1], [1]) == [("1", [False, True, True])]
    assert picked([0.0, 1.0, 1.0], [1]) == [("1", [False, True, True])]


def test_a_number_and_its_text_are_the_same_value():
    assert picked([0, 1], ["1"]) == [("1", [False, True])]
    assert picked(["0", "1"], [1]) == [("1", [False, True])]


def test_a_continuous_column_is_cut_above_the_threshold():
    assert picked([18, 40, 41, 70], [40]) == [("(40, 70]", [False, False, True, True])]
    assert picked([0.1, 0.5, 0.9], ["0.5"]) == [("(0.5, 0.9]", [False, False, True])]


def test_integers_are_categorical_when_few_of_them_differ():
    assert picked([0, 1, 2] * 100, [1])[0][0] == "1"


@pytest.mark.parametrize("given", [[], ["young"]])
def test_a_continuous_column_needs_a_number(given):
    with pytest.raises(NoThreshold):
        picked([0.1, 0.5, 0.9], given)
