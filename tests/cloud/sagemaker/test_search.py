"""Search through real boto3: expressions over training jobs, packages and cards."""

import pytest
from botocore.exceptions import ClientError

METRIC = {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "accuracy", "Regex": r"accuracy=([0-9.]+)"}]}}


@pytest.fixture(scope="module")
def jobs(lab):
    for i, (depth, accuracy) in enumerate((("3", 0.7), ("5", 0.9), ("12", 0.8))):
        lab.train(
            f"searched-{i}",
            f"print('accuracy={accuracy}')",
            HyperParameters={"depth": depth},
            Tags=[{"Key": "round", "Value": str(i)}],
            **METRIC,
        )


def names(lab, *filters, **more):
    given = [dict(zip(("Name", "Operator", "Value"), f, strict=False)) for f in filters]
    expression = {"Filters": given, **more} if given else more
    found = lab.sm.search(
        Resource="TrainingJob",
        SortBy="TrainingJobName",
        SortOrder="Ascending",
        **({"SearchExpression": expression} if expression else {}),
    )
    return [result["TrainingJob"]["TrainingJobName"][-1] for result in found["Results"]]


def test_jobs_are_found_by_what_is_known_of_them(lab, jobs):
    assert names(lab) == ["0", "1", "2"]
    assert names(lab, ("HyperParameters.depth", "GreaterThan", "4")) == ["1", "2"]
    assert names(lab, ("Metrics.accuracy", "GreaterThanOrEqualTo", "0.8")) == ["1", "2"]
    assert names(lab, ("Tags.round", "Equals", "0")) == ["0"]
    assert names(lab, ("Tags.round", "In", "0, 2")) == ["0", "2"]
    assert names(lab, ("TrainingJobName", "Contains", "ched-1")) == ["1"]
    assert names(lab, ("TrainingJobStatus", "NotEquals", "Completed")) == []
    assert names(lab, ("FailureReason", "Exists")) == []
    assert names(lab, ("FailureReason", "NotExists")) == ["0", "1", "2"]
    assert names(lab, ("InputDataConfig.DataSource.S3DataSource.S3Uri", "Equals", "s3://lab/data/")) == ["0", "1", "2"]
    assert names(lab, ("CreationTime", "LessThan", "2001-01-01T00:00:00")) == []


def test_filters_are_joined_by_and_or_and_inside_each_other(lab, jobs):
    low, high = ("HyperParameters.depth", "LessThan", "4"), ("HyperParameters.depth", "GreaterThan", "10")
    assert names(lab, low, high) == []
    assert names(lab, low, high, Operator="Or") == ["0", "2"]
    either = {
        "Operator": "Or",
        "Filters": [{"Name": n, "Operator": o, "Value": v} for n, o, v in (low, high)],
    }
    assert names(lab, ("Metrics.accuracy", "GreaterThan", "0.75"), SubExpressions=[either]) == ["2"]
    nested = {
        "NestedPropertyName": "InputDataConfig",
        "Filters": [
            {"Name": "ChannelName", "Value": "train"},
            {"Name": "DataSource.S3DataSource.S3Uri", "Operator": "Contains", "Value": "elsewhere"},
        ],
    }
    assert names(lab, NestedFilters=[nested]) == []
    nested["Filters"].pop()
    assert names(lab, NestedFilters=[nested]) == ["0", "1", "2"]


def test_results_are_sorted_and_come_in_pages(lab, jobs):
    asked = {"Resource": "TrainingJob", "SortBy": "Metrics.accuracy", "MaxResults": 2}
    first = lab.sm.search(**asked)
    second = lab.sm.search(**asked, NextToken=first["NextToken"])
    found = [r["TrainingJob"]["TrainingJobName"] for r in first["Results"] + second["Results"]]
    assert found == ["searched-1", "searched-2", "searched-0"]
    assert first["TotalHits"]["Value"] == 3


def test_packages_and_cards_are_found_by_approval_and_stage(lab, registered):
    arn = registered("sought", ModelLifeCycle={"Stage": "QA", "StageStatus": "Approved"})
    registered("sought")
    lab.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    for name, value in (("ModelLifeCycle.Stage", "QA"), ("ModelApprovalStatus", "Approved")):
        found = lab.sm.search(
            Resource="ModelPackage",
            SearchExpression={"Filters": [{"Name": name, "Operator": "Equals", "Value": value}]},
        )["Results"]
        assert [r["ModelPackage"]["ModelPackageArn"] for r in found] == [arn]
    lab.sm.create_model_card(ModelCardName="sought", Content="{}", ModelCardStatus="Draft")
    (found,) = lab.sm.search(Resource="ModelCard")["Results"]
    assert found["ModelCard"]["ModelCardName"] == "sought"
    assert lab.sm.search(Resource="ModelPackageGroup")["TotalHits"]["Value"] == 1


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({}, "at least one subexpression, filter, or nested filter"),
        ({"Filters": [{"Name": "Depth", "Value": "1"}]}, "Unknown property name: Depth"),
        ({"Filters": [{"Name": "TrainingJobName", "Operator": "GreaterThan", "Value": "a"}]}, "text properties"),
        ({"Filters": [{"Name": "CreationTime", "Operator": "LessThan", "Value": "soon"}]}, "does not fit the type"),
        (
            {"Filters": [{"Name": "TrainingJobName", "Operator": "Contains", "Value": v} for v in "ab"]},
            "'CONTAINS' operator usage limit of 1 exceeded",
        ),
        (
            {
                "Filters": [{"Name": "TrainingJobName"}] * 11,
                "SubExpressions": [{"Filters": [{"Name": "TrainingJobName"}]}] * 10,
            },
            "up to 20 elements",
        ),
    ],
)
def test_what_cannot_be_asked(lab, jobs, expression, words):
    with pytest.raises(ClientError, match=words) as failure:
        lab.sm.search(Resource="TrainingJob", SearchExpression=expression)
    assert failure.value.response["Error"]["Code"] == "ValidationException"


def test_what_is_not_searched_is_named(lab):
    with pytest.raises(ClientError, match="does not search FeatureGroup yet"):
        lab.sm.search(Resource="FeatureGroup")
