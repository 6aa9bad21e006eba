"""The three protocols of CloudWatch: boto3's CBOR stands in the other tests; here query and JSON, and the AWS CLI."""

import json
import os
import subprocess
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from course.cloud import client
from course.cloud.protocol import operation_model

AWS = Path(os.environ.get("COURSE_AWS_CLI") or Path(__file__).resolve().parents[3] / "build/awscli-venv/bin/aws")


def ask(cloud, protocol, operation, key=client.LEARNER, **parameters):
    """(status, answer as botocore reads it, body) of one request in a protocol."""
    model = operation_model("cloudwatch", operation)
    wire = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, model)
    body = urlencode(wire["body"]) if isinstance(wire["body"], dict) else wire["body"]
    request = AWSRequest("POST", f"{client.endpoint(cloud.port)}{wire['url_path']}", dict(wire["headers"]), body)
    SigV4Auth(Credentials(*key), "monitoring", client.REGION).add_auth(request)
    prepared = request.prepare()
    data = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    try:
        answer = urllib.request.urlopen(urllib.request.Request(prepared.url, data, dict(prepared.headers)))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        told = {"status_code": answer.status, "headers": {k.lower(): v for k, v in answer.headers.items()}}
        told["body"] = answer.read()
    return answer.status, create_parser(protocol).parse(told, model.output_shape), told["body"]


PROTOCOLS = pytest.mark.parametrize("protocol", ["query", "json", "smithy-rpc-v2-cbor"])


@PROTOCOLS
def test_points_alarms_and_statistics_cross_every_protocol(cloud, now, protocol):
    at, space = now().replace(second=0, microsecond=0), f"Over {protocol}"
    dimensions = [{"Name": "a&b", "Value": "<c>"}, {"Name": "d", "Value": "é"}]
    datum = {"MetricName": "m", "Dimensions": dimensions, "Timestamp": at, "Values": [1.5, 2], "Counts": [2, 1]}
    assert ask(cloud, protocol, "PutMetricData", Namespace=space, MetricData=[datum])[0] == 200
    stat = {"Metric": {"Namespace": space, "MetricName": "m", "Dimensions": dimensions}, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": "m1", "MetricStat": stat, "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2"}]
    span = {"StartTime": at, "EndTime": at.replace(year=at.year + 1)}
    _, answer, _ = ask(cloud, protocol, "GetMetricData", MetricDataQueries=queries, **span)
    [result] = answer["MetricDataResults"]
    assert answer["ResponseMetadata"]["RequestId"]
    assert (result["Id"], result["Values"], result["Timestamps"]) == ("e1", [10.0], [at])
    parameters = {
        "AlarmName": f"over {protocol}",
        "Namespace": space,
        "MetricName": "m",
        "Dimensions": dimensions,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1.5,
        "ComparisonOperator": "GreaterThanThreshold",
        "ActionsEnabled": False,
        "OKActions": [],
    }
    assert ask(cloud, protocol, "PutMetricAlarm", **parameters)[0] == 200
    _, answer, _ = ask(cloud, protocol, "DescribeAlarms", AlarmNames=[parameters["AlarmName"]])
    [alarm] = answer["MetricAlarms"]
    assert {name: alarm[name] for name in parameters} == parameters
    assert isinstance(alarm["StateUpdatedTimestamp"], datetime)
    assert alarm["StateUpdatedTimestamp"].tzinfo is not None


@PROTOCOLS
def test_refusals_carry_their_code_in_every_protocol(cloud, protocol):
    for operation, parameters, code, status in (
        ("DeleteAlarms", {"AlarmNames": ["gone"]}, "ResourceNotFound", 404),
        ("ListMetrics", {"Namespace": ""}, "ValidationError", 400),
        ("PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": "m"}]}, "MissingParameter", 400),
    ):
        found, answer, _ = ask(cloud, protocol, operation, **parameters)
        assert (found, answer["Error"]["Code"]) == (status, code)
        assert answer["Error"]["Message"]
    found, answer, _ = ask(cloud, protocol, "ListMetrics", key=("AKIDNOBODY", "x"))
    assert found == 403


def test_an_answer_in_xml_is_as_aws_writes_it(cloud):
    _, _, body = ask(cloud, "query", "ListMetrics", Namespace="Nobody's")
    root = ElementTree.fromstring(body)
    space = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
    assert root.tag == f"{space}ListMetricsResponse"
    assert [child.tag for child in root] == [f"{space}ListMetricsResult", f"{space}ResponseMetadata"]
    _, _, body = ask(cloud, "query", "DeleteAlarms", AlarmNames=["gone"])
    root = ElementTree.fromstring(body)
    assert [child.tag for child in root[0]] == [f"{space}Type", f"{space}Code", f"{space}Message"]


@pytest.mark.parametrize(
    ("headers", "path", "body"),
    [
        (
            {"smithy-protocol": "rpc-v2-cbor"},
            "/service/GraniteServiceVersion20100801/operation/ListMetrics",
            b"\xff\x00",
        ),
        ({"smithy-protocol": "rpc-v2-cbor"}, "/service/GraniteServiceVersion20100801/operation/NoSuch", b""),
        ({"smithy-protocol": "rpc-v2-cbor", "content-encoding": "gzip"}, "/", b"not gzip"),
        ({"content-type": "application/x-www-form-urlencoded"}, "/", b"Action=ListMetrics&Dimensions.member.x.Name=1"),
        ({"content-type": "application/x-www-form-urlencoded"}, "/", b"Action=ListMetrics&Dimensions=1&Dimensions.a=2"),
        ({"content-type": "application/x-www-form-urlencoded"}, "/", b"Action=NoSuch"),
        ({"content-type": "application/x-www-form-urlencoded"}, "/", b"\xff\xfe"),
        ({"x-amz-target": "GraniteServiceVersion20100801.ListMetrics"}, "/", b"[]"),
    ],
)
def test_what_nobody_should_send_is_refused(cloud, headers, path, body):
    request = AWSRequest("POST", f"{client.endpoint(cloud.port)}{path}", dict(headers), body)
    SigV4Auth(Credentials(*client.LEARNER), "monitoring", client.REGION).add_auth(request)
    prepared = request.prepare()
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(urllib.request.Request(prepared.url, body, dict(prepared.headers)))
    with failure.value as answer:
        assert 400 <= answer.status < 500


@pytest.mark.skipif(not AWS.is_file(), reason=f"no AWS CLI at {AWS}: `make awscli`, or COURSE_AWS_CLI names another")
def test_the_aws_cli(cloud, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= client.settings(cloud.port)

    def aws(*words):
        command = [AWS, "cloudwatch", *words]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    aws("put-metric-data", "--namespace", "CLI", "--metric-name", "m", "--value", "4", "--dimensions", "a=b")
    assert aws("list-metrics", "--namespace", "CLI")["Metrics"][0]["Dimensions"] == [{"Name": "a", "Value": "b"}]
    alarm = ["--alarm-name", "cli", "--namespace", "CLI", "--metric-name", "m", "--dimensions", "Name=a,Value=b"]
    shape = ["--statistic", "Sum", "--period", "60", "--evaluation-periods", "1", "--threshold", "1"]
    aws("put-metric-alarm", *alarm, *shape, "--comparison-operator", "GreaterThanThreshold")
    cloud.control("advance", seconds=61)
    assert aws("describe-alarms", "--alarm-names", "cli")["MetricAlarms"][0]["StateValue"] == "ALARM"
    now = datetime.fromisoformat(cloud.control("now")["now"]).astimezone(UTC)
    span = ["--start-time", f"{now:%Y-%m-%dT%H:00:00Z}", "--end-time", f"{now:%Y-%m-%dT%H:59:00Z}"]
    query = {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "CLI", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}
    query["MetricStat"]["Metric"]["Dimensions"] = [{"Name": "a", "Value": "b"}]
    found = aws("get-metric-data", *span, "--metric-data-queries", json.dumps([query]))
    assert sum(found["MetricDataResults"][0]["Values"]) in (0, 4)  # 0 where the hour has just changed
