"""course/cloud/cloudwatch/alarm_actions.py, through boto3: a topic, a rule, a function hear of a change of state."""

import io
import json
import time
import zipfile

import pytest

from course.cloud import client
from tests.cloud.test_events import messages, queue_for, rule

ALARM = {
    "AlarmName": "slow",
    "AlarmDescription": "too slow",
    "Namespace": "Actions",
    "MetricName": "latency",
    "Dimensions": [{"Name": "EndpointName", "Value": "txguard"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}


def breach(cloud, metrics, to_full_minute, value=20):
    at = to_full_minute()
    datum = {"MetricName": "latency", "Value": value, "Dimensions": ALARM["Dimensions"], "Timestamp": at}
    metrics.put_metric_data(Namespace="Actions", MetricData=[datum])
    to_full_minute()


def topic_with_queue(cloud, name, **attributes):
    """(topic's ARN, URL of a queue that hears it)."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url


def history(metrics, name):
    items = metrics.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    return [item["HistorySummary"] for item in items]


def test_a_topic_hears_of_a_change_of_state_as_aws_tells_it(cloud, metrics, to_full_minute):
    topic, url = topic_with_queue(cloud, "alarms")
    metrics.put_metric_alarm(**ALARM, AlarmActions=[topic])
    breach(cloud, metrics, to_full_minute)
    to_full_minute()
    [sent] = messages(cloud, url)
    assert sent["Subject"] == 'ALARM: "slow" in US East (N. Virginia)'
    told = json.loads(sent["Message"])
    assert (told["AlarmName"], told["AlarmDescription"]) == ("slow", "too slow")
    assert (told["OldStateValue"], told["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert told["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [20.0 (")
    assert (told["AWSAccountId"], told["Region"]) == (client.ACCOUNT, "US East (N. Virginia)")
    assert told["AlarmActions"] == [topic]
    assert told["Trigger"] == {
        "MetricName": "latency",
        "Namespace": "Actions",
        "StatisticType": "Statistic",
        "Statistic": "AVERAGE",
        "Unit": None,
        "Dimensions": [{"value": "txguard", "name": "EndpointName"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 10,
        "TreatMissingData": "missing",
        "EvaluateLowSampleCountPercentile": "",
    }
    assert history(metrics, "slow") == [f"Successfully executed action {topic}"]
    metrics.delete_alarms(AlarmNames=["slow"])


def test_a_topic_that_does_not_let_cloudwatch_in_gets_nothing_and_the_history_says_so(cloud, metrics, to_full_minute):
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    topic, url = topic_with_queue(cloud, "shut", Policy=json.dumps({"Statement": [statement | {"Resource": "*"}]}))
    metrics.put_metric_alarm(**ALARM | {"AlarmName": "shut"}, AlarmActions=[topic, f"{topic}-gone"])
    breach(cloud, metrics, to_full_minute)
    assert messages(cloud, url) == []
    failed = history(metrics, "shut")
    assert len(failed) == 2
    assert all(summary.startswith("Failed to execute action") for summary in failed)
    metrics.delete_alarms(AlarmNames=["shut"])


def test_a_rule_sees_the_event_with_both_states(cloud, metrics, to_full_minute):
    url, arn = queue_for(cloud, "alarm-events")
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
    rule(cloud, "alarm-events", pattern | {"detail": {"state": {"value": ["ALARM", "OK"]}}}, arn)
    metrics.put_metric_alarm(**ALARM | {"AlarmName": "told"})
    breach(cloud, metrics, to_full_minute)
    breach(cloud, metrics, to_full_minute, value=5)
    first, second = sorted(messages(cloud, url), key=lambda event: event["detail"]["state"]["timestamp"])
    assert first["source"] == "aws.cloudwatch"
    assert first["resources"] == [f"arn:aws:cloudwatch:{client.REGION}:{client.ACCOUNT}:alarm:told"]
    detail = second["detail"]
    assert detail["alarmName"] == "told"
    assert (detail["previousState"]["value"], detail["state"]["value"]) == ("ALARM", "OK")
    assert detail["previousState"] == first["detail"]["state"]
    assert json.loads(detail["state"]["reasonData"])["recentDatapoints"] == [5]
    [metric] = detail["configuration"]["metrics"]
    assert detail["configuration"]["description"] == "too slow"
    assert metric["metricStat"] == {
        "metric": {"namespace": "Actions", "name": "latency", "dimensions": {"EndpointName": "txguard"}},
        "period": 60,
        "stat": "Average",
    }
    metrics.delete_alarms(AlarmNames=["told"])


def test_actions_that_are_switched_off_leave_the_event(cloud, metrics, to_full_minute):
    topic, heard = topic_with_queue(cloud, "switched")
    url, arn = queue_for(cloud, "switched-events")
    rule(cloud, "switched-events", {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["switched"]}}, arn)
    metrics.put_metric_alarm(**ALARM | {"AlarmName": "switched"}, AlarmActions=[topic], ActionsEnabled=False)
    breach(cloud, metrics, to_full_minute)
    assert messages(cloud, heard) == []
    assert "ALARM" in [event["detail"]["state"]["value"] for event in messages(cloud, url)]
    metrics.delete_alarms(AlarmNames=["switched"])


def test_an_alarm_on_an_expression_says_so(cloud, metrics):
    topic, url = topic_with_queue(cloud, "expression")
    metric = {"Namespace": "Actions", "MetricName": "latency", "Dimensions": ALARM["Dimensions"]}
    stat = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
    metrics.put_metric_alarm(
        AlarmName="expression",
        Metrics=[stat, {"Id": "e1", "Expression": "m1 / 2", "Label": "half"}],
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    metrics.set_alarm_state(AlarmName="expression", StateValue="ALARM", StateReason="a test")
    [sent] = messages(cloud, url)
    first, second = json.loads(sent["Message"])["Trigger"]["Metrics"]
    assert first["MetricStat"]["Metric"]["Dimensions"] == [{"value": "txguard", "name": "EndpointName"}]
    assert second == {"Id": "e1", "Expression": "m1 / 2", "Label": "half", "ReturnData": True}
    metrics.delete_alarms(AlarmNames=["expression"])


@pytest.fixture
def function(cloud):
    """The ARN of a function that logs what it gets."""
    source = "import json\ndef handle(event, context):\n    print('GOT ' + json.dumps(event))\n"
    with io.BytesIO() as packed:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("pager.py", source)
        code = {"ZipFile": packed.getvalue()}
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="Pager", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="Pager", PolicyArn="arn:aws:iam::aws:policy/CloudWatchLogsFullAccess")
    return cloud.client("lambda").create_function(
        FunctionName="pager", Runtime="python3.11", Role=role, Handler="pager.handle", Code=code
    )["FunctionArn"]


def test_a_function_is_invoked_once_its_policy_lets_cloudwatch_in(cloud, metrics, function):
    metrics.put_metric_alarm(**ALARM | {"AlarmName": "paged"}, AlarmActions=[function])
    metrics.set_alarm_state(AlarmName="paged", StateValue="ALARM", StateReason="before")
    cloud.client("lambda").add_permission(
        FunctionName="pager",
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=f"arn:aws:cloudwatch:{client.REGION}:{client.ACCOUNT}:alarm:paged",
    )
    metrics.set_alarm_state(AlarmName="paged", StateValue="OK", StateReason="between")
    metrics.set_alarm_state(AlarmName="paged", StateValue="ALARM", StateReason="after")
    logs, end, got = cloud.client("logs"), time.monotonic() + 60, []
    while not got and time.monotonic() < end:
        time.sleep(0.2)
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        if "/aws/lambda/pager" in groups:
            events = logs.filter_log_events(logGroupName="/aws/lambda/pager")["events"]
            got = [event["message"][4:] for event in events if event["message"].startswith("GOT ")]
    [event] = [json.loads(text) for text in got]
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["state"]["reason"] == "after"
    assert event["alarmData"]["previousState"]["value"] == "OK"
    refused, done = history(metrics, "paged")[::-1]
    assert "is not authorized to perform: lambda:InvokeFunction" in refused
    assert done == f"Successfully executed action {function}"
    metrics.delete_alarms(AlarmNames=["paged"])
