"""course/cloud/cloudwatch/reading.py, through boto3"""

from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

ENDPOINT = [{"Name": "EndpointName", "Value": "txguard"}, {"Name": "VariantName", "Value": "v"}]


@pytest.fixture(scope="module")
def begin(cloud, metrics):
    """Ten minutes of two metrics, one without its fifth minute. Returns when they begin."""
    now = datetime.fromisoformat(cloud.control("now")["now"])
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=20)
    for minute in range(10):
        at = start + timedelta(minutes=minute)
        data = [
            {"MetricName": "Invocations", "Value": 100, "Timestamp": at, "Dimensions": ENDPOINT},
            {"MetricName": "Latency", "Values": [1, 10], "Counts": [99, 1], "Timestamp": at, "Dimensions": ENDPOINT},
        ]
        if minute != 5:
            data.append({"MetricName": "Errors", "Value": minute, "Timestamp": at, "Dimensions": ENDPOINT})
        metrics.put_metric_data(Namespace="Reading", MetricData=data)
    return start


def stat(name, number="m1", how="Sum", **more):
    metric = {"Namespace": "Reading", "MetricName": name, "Dimensions": ENDPOINT}
    return {"Id": number, "MetricStat": {"Metric": metric, "Period": 60, "Stat": how}, **more}


def ask(metrics, begin, *queries, minutes=10, **more):
    end = begin + timedelta(minutes=minutes)
    more = {"ScanBy": "TimestampAscending"} | more
    return metrics.get_metric_data(MetricDataQueries=list(queries), StartTime=begin, EndTime=end, **more)


def values(answer):
    return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}


def test_a_metric_and_an_expression_over_two(metrics, begin):
    rate = {"Id": "rate", "Expression": "100 * errors / m1", "Label": "Error rate"}
    answer = ask(metrics, begin, stat("Invocations"), stat("Errors", "errors", ReturnData=False), rate)
    assert values(answer) == {"m1": [100] * 10, "rate": [0, 1, 2, 3, 4, 6, 7, 8, 9]}
    first, second = answer["MetricDataResults"]
    assert (first["Label"], second["Label"], first["StatusCode"]) == ("Invocations", "Error rate", "Complete")
    assert first["Timestamps"][0] == begin
    assert second["Timestamps"][5] == begin + timedelta(minutes=6)


def test_fill_if_and_all_metrics(metrics, begin):
    answer = ask(
        metrics,
        begin,
        stat("Errors"),
        {"Id": "filled", "Expression": "FILL(m1, 0)"},
        {"Id": "high", "Expression": "IF(m1 > 7, m1)"},
        {"Id": "total", "Expression": "SUM(METRICS())"},
        {"Id": "each", "Expression": "METRICS() / PERIOD(m1)"},
    )
    found = values(answer)
    assert found["filled"] == [0, 1, 2, 3, 4, 0, 6, 7, 8, 9]
    assert found["high"] == [8, 9]
    assert found["total"] == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert answer["MetricDataResults"][4]["Label"] == "each 1"


def test_the_newest_comes_first_unless_it_is_said_otherwise(metrics, begin):
    answer = metrics.get_metric_data(
        MetricDataQueries=[stat("Errors")], StartTime=begin, EndTime=begin + timedelta(minutes=3)
    )
    assert values(answer) == {"m1": [2, 1, 0]}


def test_percentiles_and_trimmed_means(metrics, begin):
    names = ("p50", "p99", "p99.9", "tm99", "IQM", "TM(0%:99%)", "SampleCount")
    queries = [stat("Latency", f"s{number}", name) for number, name in enumerate(names)]
    assert [found[0] for found in values(ask(metrics, begin, *queries)).values()] == [1, 1, 10, 1, 1, 1, 100]


def test_longer_periods_begin_where_it_is_asked(metrics, begin):
    query = stat("Invocations")
    query["MetricStat"]["Period"] = 300
    answer = ask(metrics, begin + timedelta(minutes=1), query, minutes=8)
    assert values(answer) == {"m1": [500, 300]}
    assert answer["MetricDataResults"][0]["Timestamps"][0] == begin + timedelta(minutes=1)


def test_pages(metrics, begin):
    queries = [stat("Invocations"), stat("Errors", "m2")]
    pages = metrics.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=begin, EndTime=begin + timedelta(minutes=10), MaxDatapoints=7
    )
    pages = list(pages)
    assert [sum(len(result["Values"]) for result in page["MetricDataResults"]) for page in pages] == [7, 7, 5]
    assert [result["StatusCode"] for page in pages for result in page["MetricDataResults"]] == [
        "PartialData",
        "Complete",
        "PartialData",
        "Complete",
    ]
    with pytest.raises(ClientError, match="next token") as failure:
        ask(metrics, begin, *queries, NextToken="x")
    assert failure.value.response["Error"]["Code"] == "InvalidNextToken"


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        ([stat("Errors"), stat("Errors")], "are not unique"),
        ([stat("Errors", "M1")], "not matching the expected pattern"),
        ([{"Id": "e1"}], "Exactly one of"),
        ([{"Id": "e1", "Expression": "m9 * 2"}], "the Id 'm9' does not exist"),
        ([{"Id": "e1", "Expression": "e1 * 2"}], "refers to itself"),
        ([{"Id": "e1", "Expression": "1 + 1"}], "must be a time series"),
        ([{"Id": "e1", "Expression": "SELECT AVG(x) FROM y"}], "Metrics Insights"),
        ([{"Id": "e1", "Expression": "SEARCH('x', 'Sum', 60)"}], "SEARCH"),
        ([stat("Errors", Label="${AVG}")], "dynamic labels"),
        ([stat("Errors", AccountId="1")], "AccountId"),
        ([stat("Errors", how="p101")], "The value p101 is not a valid statistic"),
        ([stat("Errors", how="wm90")], "does not support the statistic wm90"),
    ],
)
def test_queries_that_are_refused(metrics, begin, queries, words):
    with pytest.raises(ClientError, match=words):
        ask(metrics, begin, *queries)


def test_other_refusals_of_get_metric_data(metrics, begin):
    with pytest.raises(ClientError, match="StartTime must be less than the parameter EndTime"):
        ask(metrics, begin, stat("Errors"), minutes=-1)
    with pytest.raises(ClientError, match="LabelOptions"):
        ask(metrics, begin, stat("Errors"), LabelOptions={"Timezone": "+0100"})
    query = stat("Errors")
    query["MetricStat"]["Period"] = 10
    with pytest.raises(ClientError, match="below 60 seconds"):
        ask(metrics, begin, query)


def statistics(metrics, begin, **more):
    asked = {
        "Namespace": "Reading",
        "MetricName": "Latency",
        "Dimensions": ENDPOINT,
        "StartTime": begin,
        "EndTime": begin + timedelta(minutes=10),
        "Period": 300,
    }
    return metrics.get_metric_statistics(**asked | more)


def test_statistics_and_percentiles_together(metrics, begin):
    answer = statistics(metrics, begin, Statistics=["Average"], ExtendedStatistics=["p99", "p100"])
    assert answer["Label"] == "Latency"
    assert [point["Timestamp"] - begin for point in answer["Datapoints"]] == [timedelta(0), timedelta(minutes=5)]
    assert answer["Datapoints"][0]["Average"] == pytest.approx(1.09)
    assert answer["Datapoints"][0]["ExtendedStatistics"] == {"p99": 1, "p100": 10}


def test_refusals_of_get_metric_statistics(metrics, begin):
    for more, code, words in (
        ({}, "MissingParameter", "At least one of the parameters"),
        (
            {"Statistics": ["Sum"], "Period": 60, "EndTime": begin + timedelta(days=2)},
            "InvalidParameterCombination",
            "up to 2,880 datapoints, which exceeds the limit of 1,440",
        ),
        ({"Statistics": ["Sum"], "Period": 90}, "InvalidParameterValue", "multiple of 60"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "p101"),
        ({"Statistics": ["Sum"], "EndTime": begin}, "InvalidParameterValue", "must be less than"),
        ({"Statistics": ["Median"]}, "ValidationError", "enum value set"),
    ):
        with pytest.raises(ClientError, match=words) as failure:
            statistics(metrics, begin, **more)
        assert failure.value.response["Error"]["Code"] == code


def test_list_metrics_by_name_and_dimensions(metrics, begin):
    def names(**asked):
        return sorted(found["MetricName"] for found in metrics.list_metrics(Namespace="Reading", **asked)["Metrics"])

    assert names() == ["Errors", "Invocations", "Latency"]
    assert names(MetricName="Errors") == ["Errors"]
    assert names(Dimensions=[{"Name": "VariantName"}]) == ["Errors", "Invocations", "Latency"]
    assert names(Dimensions=[{"Name": "VariantName", "Value": "other"}]) == []
    assert names(RecentlyActive="PT3H") == names()
    found = metrics.list_metrics(Namespace="Reading", MetricName="Errors")["Metrics"]
    assert found == [{"Namespace": "Reading", "MetricName": "Errors", "Dimensions": ENDPOINT}]


def test_metrics_come_in_pages_of_five_hundred(metrics):
    data = [{"MetricName": f"m{number:04}", "Value": 1} for number in range(700)]
    metrics.put_metric_data(Namespace="Many", MetricData=data)
    pages = metrics.get_paginator("list_metrics").paginate(Namespace="Many")
    assert [len(page["Metrics"]) for page in pages] == [500, 200]


def test_metrics_are_listed_for_two_weeks_and_recently_active_for_three_hours(open_cloud):
    cloud = open_cloud()
    metrics = cloud.client("cloudwatch")
    metrics.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
    listed = []
    for hours in (2, 2, 13 * 24, 48):
        cloud.control("advance", seconds=hours * 3600)
        listed.append([len(metrics.list_metrics(**more)["Metrics"]) for more in ({}, {"RecentlyActive": "PT3H"})])
    assert cloud.control("metrics", namespace="N") == [{"name": "m", "dimensions": []}], "the owner still sees it"
    assert listed == [[1, 1], [1, 0], [1, 0], [0, 0]]
    cloud.handle.close()


def test_a_metric_is_kept_for_fifteen_months(open_cloud):
    cloud = open_cloud()
    metrics = cloud.client("cloudwatch")
    for value in (0.9, 0.8, 0.7):
        metrics.put_metric_data(Namespace="Probe", MetricData=[{"MetricName": "auc", "Value": value}])
        cloud.control("advance", seconds=200 * 86_400)
    now = datetime.fromisoformat(cloud.control("now")["now"])
    span = {"StartTime": now - timedelta(days=700), "EndTime": now, "Period": 86_400}
    found = metrics.get_metric_statistics(Namespace="Probe", MetricName="auc", Statistics=["Average"], **span)
    assert [point["Average"] for point in found["Datapoints"]] == [0.8, 0.7]
    cloud.handle.close()
