"""What an alarm does when its state changes: SNS, Lambda, EventBridge, and whatever else a world can reach.

Shapes: CloudWatch guide, "Notifying users on alarm changes", "Invoke a Lambda function from an alarm" and "Alarm
events and EventBridge".
"""

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CloudError
from ..events import emit
from .alarm import ACTIONS, Alarm, period_of, stamp

if TYPE_CHECKING:
    from ..world import World

SOURCE, DETAIL_TYPE = "aws.cloudwatch", "CloudWatch Alarm State Change"
SNS, LAMBDA = "arn:aws:sns:", "arn:aws:lambda:"
_PLACES = {"us-east-1": "US East (N. Virginia)"}


@dataclass(frozen=True, slots=True)
class Past:
    """What an alarm's state was before."""

    state: str
    reason: str
    reason_data: str
    at: float

    @classmethod
    def of(cls, alarm: Alarm) -> "Past":
        return cls(alarm.state, alarm.reason, alarm.reason_data, alarm.updated.timestamp())


def tell(world: "World", alarm: Alarm, past: Past) -> None:
    """The event of a change of state, for EventBridge."""
    if world.base.events_are_wanted():
        emit(world, DETAIL_TYPE, _detail(alarm, past), [alarm.arn], source=SOURCE)


async def notify(world: "World", arn: str, alarm: Alarm, past: Past) -> None:
    """Publish a change of state to a topic. Raises CloudError for a topic that does not let CloudWatch in."""
    # A topic's default policy lets in whatever its owner's account owns.
    keys = {"AWS:SourceOwner": world.account, "AWS:SourceAccount": world.account, "AWS:SourceArn": alarm.arn}
    if not world.base.lets_in(arn, "sns:Publish", "cloudwatch.amazonaws.com", keys):
        raise CloudError(
            f"Resource: {arn} does not exist, or does not authorize cloudwatch.amazonaws.com to sns:Publish"
        )
    place = _PLACES.get(world.region, world.region)
    await world.base.call(
        "sns",
        "Publish",
        TopicArn=arn,
        Subject=f'{alarm.state}: "{alarm.name}" in {place}'[:100],
        Message=json.dumps(_message(world, alarm, past, place)),
    )


async def invoke(world: "World", arn: str, alarm: Alarm, past: Past) -> None:
    """Send a change of state to a function. Raises CloudError where the function does not let CloudWatch in."""
    service = "lambda.alarms.cloudwatch.amazonaws.com"
    function = ":".join(arn.split(":")[:7])
    keys = {"AWS:SourceAccount": world.account, "AWS:SourceArn": alarm.arn}
    if not world.base.lets_in(function, "lambda:InvokeFunction", service, keys):
        raise CloudError(
            f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on the resource: {arn}"
        )
    payload = {
        "source": SOURCE,
        "alarmArn": alarm.arn,
        "accountId": world.account,
        "time": stamp(alarm.updated.timestamp()),
        "region": world.region,
        "alarmData": _detail(alarm, past),
    }
    await world.base.call(
        "lambda", "Invoke", FunctionName=arn, InvocationType="Event", Payload=json.dumps(payload).encode()
    )


def _detail(alarm: Alarm, past: Past) -> dict[str, Any]:
    now = Past.of(alarm)
    description = alarm.parameters.get("AlarmDescription")
    return {
        "alarmName": alarm.name,
        "state": _state(now),
        "previousState": _state(past),
        "configuration": {
            **({"description": description} if description else {}),
            "metrics": _metrics(alarm),
        },
    }


def _state(past: Past) -> dict[str, str]:
    data = {"reasonData": past.reason_data} if past.reason_data else {}
    return {"value": past.state, "reason": past.reason, **data, "timestamp": stamp(past.at)}


def _metrics(alarm: Alarm) -> list[dict[str, Any]]:
    """The metrics of an alarm in EventBridge's spelling."""
    if alarm.statistic:
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.arn))
        metric = {**alarm.parameters, "Dimensions": alarm.parameters.get("Dimensions", [])}
        return [{"id": name, "metricStat": _stat(metric, alarm.period, alarm.statistic), "returnData": True}]
    told = []
    for query in alarm.parameters["Metrics"]:
        each: dict[str, Any] = {"id": query["Id"]}
        if "MetricStat" in query:
            asked = query["MetricStat"]
            each["metricStat"] = _stat({**asked["Metric"], "Unit": asked.get("Unit")}, asked["Period"], asked["Stat"])
        else:
            each |= {"expression": query["Expression"], "period": period_of(query)}
        if "Label" in query:
            each["label"] = query["Label"]
        told.append({**each, "returnData": query.get("ReturnData", True)})
    return told


def _stat(metric: dict[str, Any], period: int, statistic: str) -> dict[str, Any]:
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
    named = {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}
    unit = {"unit": metric["Unit"]} if metric.get("Unit") else {}
    return {"metric": named, "period": period, "stat": statistic, **unit}


def _message(world: "World", alarm: Alarm, past: Past, place: str) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.parameters.get("AlarmDescription"),
        "AWSAccountId": world.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured.timestamp()),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": stamp(alarm.updated.timestamp()),
        "Region": place,
        "AlarmArn": alarm.arn,
        "OldStateValue": past.state,
        **{member: list(alarm.parameters.get(member, ())) for member in reversed(ACTIONS.values())},
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    p = alarm.parameters
    shared = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.periods,
        "DatapointsToAlarm": alarm.to_alarm,
        "ComparisonOperator": p["ComparisonOperator"],
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treatment,
        "EvaluateLowSampleCountPercentile": p.get("EvaluateLowSampleCountPercentile", ""),
    }
    if not alarm.statistic:
        return {**shared, "Metrics": [_query(query) for query in p["Metrics"]]}
    simple = "Statistic" in p
    return {
        "MetricName": p["MetricName"],
        "Namespace": p["Namespace"],
        "StatisticType": "Statistic" if simple else "ExtendedStatistic",
        ("Statistic" if simple else "ExtendedStatistic"): alarm.statistic.upper() if simple else alarm.statistic,
        "Unit": p.get("Unit"),
        "Dimensions": _pairs(p.get("Dimensions", [])),
        **shared,
    }


def _query(query: dict[str, Any]) -> dict[str, Any]:
    told = {**query, "ReturnData": query.get("ReturnData", True)}
    if "MetricStat" in query:
        metric = {**query["MetricStat"]["Metric"]}
        metric["Dimensions"] = _pairs(metric.get("Dimensions", []))
        told["MetricStat"] = {**query["MetricStat"], "Metric": metric}
    return told


def _pairs(dimensions: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in dimensions]
