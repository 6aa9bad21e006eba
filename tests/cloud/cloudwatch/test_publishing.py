"""course/cloud/cloudwatch/publishing.py, through boto3"""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError


def statistics(metrics, now, name, **more):
    asked = {
        "Namespace": "Publishing",
        "MetricName": name,
        "StartTime": now() - timedelta(minutes=30),
        "EndTime": now() + timedelta(minutes=1),
        "Period": 3600,
        "Statistics": ["SampleCount", "Sum", "Minimum", "Maximum", "Average"],
    }
    points = metrics.get_metric_statistics(**asked | more)["Datapoints"]
    return [{key: value for key, value in point.items() if key != "Timestamp"} for point in points]


def test_a_value_a_set_and_values_with_counts(metrics, now):
    at = now() - timedelta(minutes=5)
    metrics.put_metric_data(
        Namespace="Publishing",
        MetricData=[
            {"MetricName": "three", "Value": 4, "Timestamp": at, "Unit": "Count"},
            {"MetricName": "three", "Values": [1, 2.5], "Counts": [3, 1], "Timestamp": at, "Unit": "Count"},
            {
                "MetricName": "three",
                "Unit": "Count",
                "StorageResolution": 1,
                "StatisticValues": {"SampleCount": 5, "Sum": 50, "Minimum": 0.5, "Maximum": 20},
            },
        ],
    )
    [point] = statistics(metrics, now, "three")
    assert point == {
        "SampleCount": 10,
        "Sum": 59.5,
        "Minimum": 0.5,
        "Maximum": 20,
        "Average": 5.95,
        "Unit": "Count",
    }


def test_units_are_told_apart(metrics, now):
    for unit in ("Seconds", "Bytes"):
        metrics.put_metric_data(Namespace="Publishing", MetricData=[{"MetricName": "u", "Value": 1, "Unit": unit}])
    assert {point["Unit"] for point in statistics(metrics, now, "u")} == {"Seconds", "Bytes"}
    assert [point["Unit"] for point in statistics(metrics, now, "u", Unit="Bytes")] == ["Bytes"]


def test_dimensions_make_another_metric(metrics, now):
    dimensions = [{"Name": "a", "Value": "b"}]
    data = [{"MetricName": "d", "Value": 1}, {"MetricName": "d", "Value": 2, "Dimensions": dimensions}]
    metrics.put_metric_data(Namespace="Publishing", MetricData=data)
    assert [point["Sum"] for point in statistics(metrics, now, "d")] == [1]
    assert [point["Sum"] for point in statistics(metrics, now, "d", Dimensions=dimensions)] == [2]


@pytest.mark.parametrize(
    ("datum", "code", "words"),
    [
        ({}, "MissingParameter", "MetricData.member.2.Value is required"),
        ({"Value": 1, "Values": [1]}, "InvalidParameterCombination", "mutually exclusive"),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue", "of the same size"),
        ({"Values": [1], "Counts": [0]}, "InvalidParameterValue", "Counts.member.1 must be greater than 0"),
        ({"Values": list(range(151))}, "InvalidParameterValue", "between 1 and 150"),
        ({"Value": 1e300}, "InvalidParameterValue", "is invalid"),
        ({"Value": 1, "StorageResolution": 5}, "InvalidParameterValue", "must be 1 or 60"),
        (
            {"StatisticValues": {"SampleCount": 0, "Sum": 0, "Minimum": 0, "Maximum": 0}},
            "InvalidParameterValue",
            "SampleCount must be greater than 0",
        ),
        (
            {"StatisticValues": {"SampleCount": 1, "Sum": 0, "Minimum": 2, "Maximum": 1}},
            "InvalidParameterValue",
            "Maximum must be greater",
        ),
    ],
)
def test_what_is_refused_and_then_nothing_is_stored(metrics, now, datum, code, words):
    good = {"MetricName": "refused", "Value": 1}
    with pytest.raises(ClientError, match=words) as failure:
        metrics.put_metric_data(Namespace="Publishing", MetricData=[good, {"MetricName": "refused", **datum}])
    assert failure.value.response["Error"]["Code"] == code
    assert statistics(metrics, now, "refused") == []


def test_requests_that_are_refused_whole(metrics):
    datum = {"MetricName": "m", "Value": 1}
    for asked, words in (
        ({"Namespace": "AWS/SageMaker", "MetricData": [datum]}, "The value AWS/ for parameter Namespace is invalid"),
        ({"Namespace": "N", "MetricData": [datum] * 1001}, "must not have a size greater than 1000"),
        ({"Namespace": "N", "MetricData": []}, "MetricData is required"),
        ({"Namespace": ":N", "MetricData": [datum]}, "regular expression pattern"),
        (
            {
                "Namespace": "N",
                "MetricData": [datum],
                "EntityMetricData": [{"MetricData": [datum], "Entity": {"KeyAttributes": {"Type": "a", "Name": "b"}}}],
            },
            "EntityMetricData",
        ),
    ):
        with pytest.raises(ClientError, match=words):
            metrics.put_metric_data(**asked)
    with pytest.raises(metrics.exceptions.ClientError) as failure:
        metrics.put_metric_data(Namespace=":N", MetricData=[datum])
    assert failure.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(("days", "words"), [(-15, "two weeks in the past"), (1, "two hours in the future")])
def test_a_point_out_of_time_is_refused(metrics, now, days, words):
    points = [
        {"MetricName": "late", "Value": 1},
        {"MetricName": "late", "Value": 1, "Timestamp": now() + timedelta(days)},
    ]
    with pytest.raises(ClientError, match=f"MetricData.member.2.Timestamp must specify a time no more than {words}"):
        metrics.put_metric_data(Namespace="Publishing", MetricData=points)
    assert not metrics.list_metrics(Namespace="Publishing", MetricName="late")["Metrics"]
