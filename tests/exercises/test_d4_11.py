"""D4-11's table of calls: how many there are, what the public check shows of them, and that none needs a world."""

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from course.exercises import d4_11, d4_11_cases
from course.exercises.d4_11_cases import ALLOWED, REFUSED

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
ROLE = "arn:aws:iam::123456789012:role"


@pytest.fixture(scope="module")
def cases():
    more = {"key": KEY, "sealed": b"1", "role_arn": f"{ROLE}/mine", "other_role": f"{ROLE}/other"}
    return d4_11_cases.cases({**d4_11_cases.names(5), **more, "bucket_policy": "{}"})


def test_there_are_24_calls_to_allow_and_36_to_refuse(cases):
    assert [sum(case.wanted == wanted for case in cases) for wanted in (ALLOWED, REFUSED)] == [24, 36]
    assert {case.group for case in cases} == set(d4_11_cases.GROUPS)


@pytest.mark.parametrize("group", d4_11_cases.GROUPS)
def test_the_public_check_makes_some_of_both_kinds_and_leaves_some_of_both(cases, group):
    for wanted in (ALLOWED, REFUSED):
        shown = {case.shown for case in cases if case.group == group and case.wanted == wanted}
        assert shown == {True, False}


def test_every_call_has_a_hint_that_exists_and_words_that_differ(cases):
    assert {case.hint for case in cases} <= set(d4_11.HINTS)
    assert len({(case.group, case.words) for case in cases}) == len(cases)


def test_every_call_is_one_that_the_services_models_take(cases):
    for case in cases:
        model = get_session().get_service_model(case.service)
        name = next(n for n in model.operation_names if n.lower() == case.operation.replace("_", ""))
        report = ParamValidator().validate(case.parameters, model.operation_model(name).input_shape)
        assert not report.has_errors(), (case.words, report.generate_report())
