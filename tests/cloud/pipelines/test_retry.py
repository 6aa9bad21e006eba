"""RetryPolicies: which failures, how far apart, until when."""

import pytest

from course.cloud.errors import CloudError
from course.cloud.pipelines.fault import DefinitionFault, StepFailed
from course.cloud.pipelines.retry import DEFAULT, Policy, kind_of_call, kind_of_job, policy_for


def test_waits_grow_by_the_rate_and_end_with_the_attempts():
    policy = Policy.parse(
        {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 10, "BackoffRate": 3.0, "MaxAttempts": 3}, "Train"
    )
    assert [policy.wait(retries, 0) for retries in range(4)] == [10, 30, 90, None]


def test_no_retry_begins_after_the_policy_has_expired():
    policy = Policy.parse(
        {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 60, "ExpireAfterMin": 5}, "Train"
    )
    assert [policy.wait(retries, minutes) for retries, minutes in ((0, 0), (1, 1), (1, 3.5))] == [60, 120, None]


def test_a_policy_of_ones_own_comes_before_the_default():
    mine = Policy.parse({"ExceptionType": ["Step.SERVICE_FAULT"], "MaxAttempts": 1}, "Train")
    assert policy_for((mine,), StepFailed("x", "Step.SERVICE_FAULT")) is mine
    assert policy_for((mine,), StepFailed("x", "Step.THROTTLING")) is DEFAULT
    assert policy_for((mine,), StepFailed("x", "SageMaker.CAPACITY_ERROR")) is None
    assert policy_for((mine,), StepFailed("x")) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CloudError("x"), "Step.SERVICE_FAULT"),
        (CloudError("x", code="ThrottlingException", status=400), "Step.THROTTLING"),
        (CloudError("x", code="ResourceLimitExceeded", status=400), "SageMaker.RESOURCE_LIMIT"),
        (CloudError("x", code="ValidationException", status=400), ""),
    ],
)
def test_failed_calls_are_told_apart(error, kind):
    assert kind_of_call(error) == kind


def test_failed_jobs_are_told_apart():
    assert kind_of_job("InternalServerError: try again") == "SageMaker.JOB_INTERNAL_ERROR"
    assert kind_of_job("CapacityError: no instance") == "SageMaker.CAPACITY_ERROR"
    assert kind_of_job("AlgorithmError: no rows, exit code: 1") == ""


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"ExceptionType": []},
        {"ExceptionType": ["Emr.RESOURCE_LIMIT"]},
        {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 43_201},
        {"ExceptionType": ["Step.THROTTLING"], "BackoffRate": "2"},
        {"ExceptionType": ["Step.THROTTLING"], "Forever": True},
    ],
)
def test_a_policy_that_can_not_be_is_refused(document):
    with pytest.raises(DefinitionFault):
        Policy.parse(document, "Train")
