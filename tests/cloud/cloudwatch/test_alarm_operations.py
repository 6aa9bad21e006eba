"""course/cloud/cloudwatch/alarm_operations.py, through boto3"""

import json

import pytest
from botocore.exceptions import ClientError

ALARM = {
    "AlarmName": "slow",
    "Namespace": "Operations",
    "MetricName": "latency",
    "Dimensions": [{"Name": "EndpointName", "Value": "txguard"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture(autouse=True)
def clean(metrics):
    yield
    names = [alarm["AlarmName"] for alarm in metrics.describe_alarms()["MetricAlarms"]]
    if names:
        metrics.delete_alarms(AlarmNames=names)


def put(metrics, name, **more):
    metrics.put_metric_alarm(**ALARM | {"AlarmName": name} | more)


def names(metrics, **asked):
    return [alarm["AlarmName"] for alarm in metrics.describe_alarms(**asked)["MetricAlarms"]]


def test_an_alarm_is_described_as_it_was_put(metrics):
    put(metrics, "slow", AlarmDescription="too slow", TreatMissingData="breaching", DatapointsToAlarm=1)
    [alarm] = metrics.describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    assert {key: alarm[key] for key in ALARM} == ALARM
    assert alarm["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow"
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in alarm
    assert (alarm["ActionsEnabled"], alarm["OKActions"], alarm["TreatMissingData"]) == (True, [], "breaching")
    assert alarm["AlarmConfigurationUpdatedTimestamp"] == alarm["StateUpdatedTimestamp"]


def test_a_metric_over_its_threshold_and_back(cloud, metrics, to_full_minute):
    put(metrics, "slow")
    for value, state in ((20, "ALARM"), (5, "OK")):
        begin = to_full_minute()
        datum = {"MetricName": "latency", "Value": value, "Dimensions": ALARM["Dimensions"], "Timestamp": begin}
        metrics.put_metric_data(Namespace="Operations", MetricData=[datum])
        to_full_minute()
        [alarm] = metrics.describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
        assert alarm["StateValue"] == state
        assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [value]
        assert alarm["StateTransitionedTimestamp"] >= begin
    history = metrics.describe_alarm_history(AlarmName="slow", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history[-3:]] == [
        'Alarm "slow" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    states = metrics.describe_alarm_history(AlarmName="slow", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    newest = json.loads(states[0]["HistoryData"])
    assert (newest["oldState"]["stateValue"], newest["newState"]["stateValue"]) == ("ALARM", "OK")
    assert newest["newState"]["stateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [5.0 (")
    page = metrics.describe_alarm_history(AlarmName="slow", MaxRecords=1)
    assert page["AlarmHistoryItems"] == states[:1]
    assert page["NextToken"]


def test_an_alarm_on_an_expression(cloud, metrics, to_full_minute):
    def stat(number, name):
        metric = {"Namespace": "Operations", "MetricName": name}
        return {"Id": number, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "100 * errors / calls", "Label": "Error rate"}
    metrics.put_metric_alarm(
        AlarmName="rate",
        Metrics=[stat("errors", "Errors"), stat("calls", "Calls"), rate],
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    for errors, state in ((4, "OK"), (5, "ALARM")):
        at = to_full_minute()
        data = [("Errors", errors), ("Calls", 100)]
        metrics.put_metric_data(
            Namespace="Operations",
            MetricData=[{"MetricName": name, "Value": value, "Timestamp": at} for name, value in data],
        )
        to_full_minute()
        [alarm] = metrics.describe_alarms(AlarmNames=["rate"])["MetricAlarms"]
        assert alarm["StateValue"] == state
    assert "5.0" in alarm["StateReason"]
    assert [query["Id"] for query in alarm["Metrics"]] == ["errors", "calls", "rate"]
    assert "Period" not in alarm


def test_alarms_are_found_by_name_state_action_and_metric(metrics):
    topic = "arn:aws:sns:us-east-1:123456789012:nobody"
    put(metrics, "a-1", AlarmActions=[topic])
    put(metrics, "a-2", Threshold=20, Statistic="Maximum")
    put(metrics, "b-1", Dimensions=[])
    metrics.set_alarm_state(AlarmName="a-2", StateValue="OK", StateReason="by hand")
    assert names(metrics) == ["a-1", "a-2", "b-1"]
    assert names(metrics, AlarmNamePrefix="a-") == ["a-1", "a-2"]
    assert names(metrics, AlarmNames=["b-1", "gone"]) == ["b-1"]
    assert names(metrics, StateValue="OK") == ["a-2"]
    assert names(metrics, ActionPrefix="arn:aws:sns") == ["a-1"]
    assert names(metrics, AlarmTypes=["CompositeAlarm"]) == []
    asked = {key: ALARM[key] for key in ("Namespace", "MetricName", "Dimensions")}
    found = metrics.describe_alarms_for_metric(**asked)["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["a-1", "a-2"]
    found = metrics.describe_alarms_for_metric(**asked, Statistic="Maximum")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["a-2"]


def test_alarms_come_in_pages(metrics):
    for number in range(5):
        put(metrics, f"page-{number}")
    pages = metrics.get_paginator("describe_alarms").paginate(MaxRecords=2)
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 2, 1]


def test_a_state_that_is_set_lasts_until_the_next_evaluation(cloud, metrics, to_full_minute):
    put(metrics, "slow", TreatMissingData="notBreaching")
    metrics.set_alarm_state(
        AlarmName="slow", StateValue="ALARM", StateReason="a test", StateReasonData='{"by": "hand"}'
    )
    [alarm] = metrics.describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "a test")
    assert alarm["StateReasonData"] == '{"by": "hand"}'
    to_full_minute()
    assert names(metrics, StateValue="OK") == ["slow"]


def test_actions_are_switched(metrics):
    put(metrics, "slow")
    for switch, enabled in ((metrics.disable_alarm_actions, False), (metrics.enable_alarm_actions, True)):
        switch(AlarmNames=["slow", "gone"])
        [alarm] = metrics.describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
        assert alarm["ActionsEnabled"] is enabled


def test_tags(metrics):
    put(metrics, "slow", Tags=[{"Key": "team", "Value": "fraud"}])
    [alarm] = metrics.describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    arn = alarm["AlarmArn"]
    metrics.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "risk"}, {"Key": "stage", "Value": "prod"}])
    metrics.untag_resource(ResourceARN=arn, TagKeys=["stage", "gone"])
    assert metrics.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    with pytest.raises(ClientError, match="not found") as failure:
        metrics.list_tags_for_resource(ResourceARN=f"{arn}-gone")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"


def test_what_does_not_exist(metrics):
    put(metrics, "slow")
    with pytest.raises(metrics.exceptions.ResourceNotFound):
        metrics.delete_alarms(AlarmNames=["slow", "gone"])
    assert names(metrics) == ["slow"]
    with pytest.raises(metrics.exceptions.ResourceNotFound):
        metrics.set_alarm_state(AlarmName="gone", StateValue="OK", StateReason="")
    with pytest.raises(metrics.exceptions.InvalidFormatFault):
        metrics.set_alarm_state(AlarmName="slow", StateValue="OK", StateReason="", StateReasonData="{")
    with pytest.raises(metrics.exceptions.InvalidNextToken):
        metrics.describe_alarms(NextToken="x")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ThresholdMetricId": "m1"}, "ThresholdMetricId"),
        ({"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 5}}, "WarmUpConfiguration"),
        ({"EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}}, "EvaluationCriteria"),
        ({"EvaluationInterval": 60}, "EvaluationInterval"),
        ({"EvaluationWindow": {"WallClockWindow": {"Timezone": "UTC"}}}, "WallClockWindow"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "does not support the action"),
        ({"Statistic": "p90"}, "enum value set"),
        ({"Period": 30}, "below 60 seconds"),
    ],
)
def test_what_is_refused_by_name(metrics, more, words):
    with pytest.raises(ClientError, match=words):
        put(metrics, "refused", **more)
    assert names(metrics) == []


def test_what_is_not_there_answers_by_name(metrics):
    with pytest.raises(ClientError, match="does not run cloudwatch:PutCompositeAlarm yet"):
        metrics.put_composite_alarm(AlarmName="c", AlarmRule='ALARM("slow")')
    with pytest.raises(ClientError, match="does not run cloudwatch:PutAnomalyDetector yet"):
        metrics.put_anomaly_detector(Namespace="N", MetricName="m", Stat="Average")


def test_dashboards_are_the_bases(metrics):
    widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "TxGuard"}}
    metrics.put_dashboard(DashboardName="txguard", DashboardBody=json.dumps({"widgets": [widget]}))
    assert json.loads(metrics.get_dashboard(DashboardName="txguard")["DashboardBody"])["widgets"] == [widget]
    assert [each["DashboardName"] for each in metrics.list_dashboards()["DashboardEntries"]] == ["txguard"]


@pytest.fixture
def user(cloud):
    """A client of a user with one policy."""
    made = []

    def make(*statements):
        iam, name = cloud.client("iam"), f"watcher-{len(made)}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Statement": statements}))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.append(name)
        return cloud.client("cloudwatch", (key["AccessKeyId"], key["SecretAccessKey"]))

    yield make
    for name in made:
        iam = cloud.client("iam")
        iam.delete_user_policy(UserName=name, PolicyName="p")
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


def test_who_may_do_what(metrics, user):
    """Alarms by ARN, metrics by namespace."""
    only = user(
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricAlarm",
            "Resource": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:mine-*",
        },
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "Mine"}},
        },
    )
    put(only, "mine-1")
    only.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 1}])
    for denied in (
        lambda: put(only, "theirs"),
        lambda: only.put_metric_data(Namespace="Theirs", MetricData=[{"MetricName": "m", "Value": 1}]),
        lambda: only.describe_alarms(),
        lambda: only.delete_alarms(AlarmNames=["mine-1"]),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform: cloudwatch:") as failure:
            denied()
        assert failure.value.response["Error"]["Code"] == "AccessDenied"
    assert names(metrics) == ["mine-1"]


def test_the_trail_has_alarms_and_no_points(cloud, metrics):
    put(metrics, "slow")
    metrics.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
    found = {event["eventName"]: event for event in cloud.control("trail")}
    assert "PutMetricData" not in found
    assert found["PutMetricAlarm"]["eventSource"] == "monitoring.amazonaws.com"
    assert found["PutMetricAlarm"]["requestParameters"]["alarmName"] == "slow"
