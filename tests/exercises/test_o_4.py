import numpy as np
import pytest

from course.data import FEATURES, transactions
from course.exercises import frozen, o_4


@pytest.fixture(scope="module")
def week():
    return transactions(11, 2_000, start_day=60, days=7)


def test_the_right_file_gives_the_columns_of_training(week):
    right = (frozen.SCRIPTS / "features.py").read_text()
    made = o_4.made_of(right, o_4.payments(week))
    for column in FEATURES:
        if week[column].dtype.kind in "iuf":
            assert np.allclose(made[column], week[column], equal_nan=True), column
        else:
            assert made[column].tolist() == week[column].tolist()


@pytest.mark.parametrize(("cause", "columns"), [("amount", {"amount"}), ("categories", {"merchant", "channel"}),
                                                ("velocity", {"tx_24h"}), ("clock", {"hour"})])  # fmt: skip
def test_a_cause_is_one_wrong_line_and_touches_its_columns_only(week, cause, columns):
    right, wrong = (frozen.SCRIPTS / "features.py").read_text(), o_4.wrong_features(cause)
    changed = [a for a, b in zip(right.splitlines(), wrong.splitlines(), strict=True) if a != b]
    assert len(changed) == 1
    one, other = (o_4.made_of(text, o_4.payments(week)) for text in (right, wrong))
    touched = {column for column in FEATURES if not one[column].equals(other[column].astype(one[column].dtype))}
    assert touched == columns


def test_every_cause_comes_up_within_few_attempts():
    from course.learn.seeds import own_seed

    causes = [o_4.cause_of(own_seed("self-study", "O-4", attempt)) for attempt in range(1, 6)]
    assert set(causes) == set(o_4.CAUSES)


def test_payments_are_plain_data_that_json_can_hold(week):
    import json

    sent = o_4.payments(week)
    assert json.loads(json.dumps(sent)) == sent
    assert any(payment["km_from_home"] is None for payment in sent)


def test_the_unit_tests_of_the_feature_function_pass_and_catch_each_cause(tmp_path, capsys):
    from course.learn import show_tests

    tests = frozen.write_tests(tmp_path)
    show_tests(str(tests))
    assert "6 of 6 tests passed" in capsys.readouterr().out
    for cause in ("amount", "clock", "velocity", "categories"):
        (tmp_path / "features.py").write_text(o_4.wrong_features(cause))
        show_tests(str(tests))
        assert "✗ failed" in capsys.readouterr().out, cause
