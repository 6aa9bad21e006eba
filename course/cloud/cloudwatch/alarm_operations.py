"""The operations on alarms, and their tags."""

import json
from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from .alarm import ACTIONS, Alarm
from .errors import InvalidFormat, InvalidValue, NotFound
from .reading import part

_SERVICE = "cloudwatch"
_MOST_NAMES, _PAGE = 100, 100


def _one(call: Call) -> str:
    return call.world.alarms.arn(str(call.parameters.get("AlarmName", "*")))


def _several(call: Call) -> list[str]:
    names = call.parameters.get("AlarmNames")
    return [call.world.alarms.arn(str(name)) for name in names or ["*"]]


def _tagged(call: Call) -> str:
    return str(call.parameters.get("ResourceARN", "*"))


@operation(
    _SERVICE,
    "PutMetricAlarm",
    resource=_one,
    context=lambda call: {
        "cloudwatch:AlarmActions": [
            arn for member in ACTIONS.values() for arn in call.parameters.get(member) or () if isinstance(arn, str)
        ]
    },
    uses=(
        *("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
        *("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"),
        *("EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData"),
        *("EvaluateLowSampleCountPercentile", "Metrics", "Tags", "EvaluationWindow"),
    ),
    refuses=(
        *("ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "WarmUpConfiguration"),
        "EvaluationWindow.WallClockWindow",
    ),
)
async def put_metric_alarm(call: Call) -> dict[str, Any]:
    """Make or change an alarm on a metric or an expression; its state stays as it is."""
    for name in ("EvaluationPeriods", "ComparisonOperator"):
        if name not in call.parameters:
            raise ValidationFailed(f"The parameter {name} is required.")
    call.world.alarms.put(call.parameters)
    return {}


@operation(
    _SERVICE,
    "DescribeAlarms",
    resource=_several,
    uses=("AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix", "MaxRecords", "NextToken"),
    refuses=("ChildrenOfAlarmName", "ParentsOfAlarmName"),
)
async def describe_alarms(call: Call) -> dict[str, Any]:
    """Alarms by name, state or action. There are no composite alarms."""
    p = call.parameters
    if p.get("AlarmNames") and p.get("AlarmNamePrefix"):
        raise ValidationFailed("AlarmNames and AlarmNamePrefix cannot be specified together.")
    found = [alarm for alarm in call.world.alarms.all() if _is_asked_for(alarm, p)]
    if "MetricAlarm" not in p.get("AlarmTypes", ["MetricAlarm"]):
        found = []
    chunk, token = part(sorted(found, key=lambda alarm: alarm.name), p.get("MaxRecords", 50), p.get("NextToken"))
    return {"MetricAlarms": [alarm.description() for alarm in chunk], "CompositeAlarms": [], "NextToken": token}


def _is_asked_for(alarm: Alarm, p: dict[str, Any]) -> bool:
    actions = [arn for state in ACTIONS for arn in alarm.actions(state)]
    return (
        (not p.get("AlarmNames") or alarm.name in p["AlarmNames"])
        and alarm.name.startswith(p.get("AlarmNamePrefix", ""))
        and p.get("StateValue", alarm.state) == alarm.state
        and (not p.get("ActionPrefix") or any(arn.startswith(p["ActionPrefix"]) for arn in actions))
    )


@operation(
    _SERVICE,
    "DescribeAlarmsForMetric",
    uses=("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"),
)
async def describe_alarms_for_metric(call: Call) -> dict[str, Any]:
    """Alarms on one metric with exactly these dimensions. Alarms on expressions are not found this way."""
    p = call.parameters
    dimensions = {each["Name"]: each["Value"] for each in p.get("Dimensions", ())}
    members = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit")
    found = [
        alarm
        for alarm in call.world.alarms.all()
        if alarm.dimensions == dimensions
        and all(alarm.parameters.get(member) == p[member] for member in members if member in p)
    ]
    return {"MetricAlarms": [alarm.description() for alarm in found]}


@operation(
    _SERVICE,
    "DescribeAlarmHistory",
    resource=_one,
    uses=(
        *("AlarmName", "AlarmTypes", "HistoryItemType", "StartDate", "EndDate"),
        *("MaxRecords", "NextToken", "ScanBy"),
    ),
    refuses=("AlarmContributorId",),
)
async def describe_alarm_history(call: Call) -> dict[str, Any]:
    """What happened to alarms in the last 30 days, deleted ones included; the newest first unless ScanBy says so."""
    p = call.parameters
    found = [
        entry
        for entry in call.world.alarms.history.entries()
        if p.get("AlarmName", entry.alarm) == entry.alarm
        and p.get("HistoryItemType", entry.type) == entry.type
        and entry.alarm_type in p.get("AlarmTypes", ["MetricAlarm"])
        and p.get("StartDate", entry.at) <= entry.at <= p.get("EndDate", entry.at)
    ]
    if p.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        found.reverse()
    chunk, token = part(found, p.get("MaxRecords", _PAGE), p.get("NextToken"))
    told = [
        {
            "AlarmName": entry.alarm,
            "AlarmType": entry.alarm_type,
            "Timestamp": entry.at,
            "HistoryItemType": entry.type,
            "HistorySummary": entry.summary,
            "HistoryData": entry.data,
        }
        for entry in chunk
    ]
    return {"AlarmHistoryItems": told, "NextToken": token}


@operation(
    _SERVICE,
    "SetAlarmState",
    resource=_one,
    uses=("AlarmName", "StateValue", "StateReason", "StateReasonData"),
)
async def set_alarm_state(call: Call) -> dict[str, Any]:
    """Bring an alarm into a state until it is evaluated next, with the actions of that state."""
    p = call.parameters
    alarm = _find(call, p["AlarmName"])
    data = p.get("StateReasonData", "")
    try:
        json.loads(data or "{}")
    except (ValueError, RecursionError):
        raise InvalidFormat("StateReasonData was not syntactically valid JSON.") from None
    await call.world.alarms.change(alarm, p["StateValue"], p["StateReason"], data)
    return {}


@operation(_SERVICE, "EnableAlarmActions", resource=_several, uses=("AlarmNames",))
async def enable_alarm_actions(call: Call) -> dict[str, Any]:
    """Let alarms act again when their state changes."""
    return _switch(call, True)


@operation(_SERVICE, "DisableAlarmActions", resource=_several, uses=("AlarmNames",))
async def disable_alarm_actions(call: Call) -> dict[str, Any]:
    """Keep alarms from acting; their states go on changing."""
    return _switch(call, False)


def _switch(call: Call, enabled: bool) -> dict[str, Any]:
    for name in call.parameters["AlarmNames"]:
        if alarm := call.world.alarms.find(name):
            call.world.alarms.note_actions(alarm, enabled)
    return {}


@operation(_SERVICE, "DeleteAlarms", resource=_several, uses=("AlarmNames",))
async def delete_alarms(call: Call) -> dict[str, Any]:
    """Delete alarms: all that are named, or none if one does not exist."""
    names = call.parameters["AlarmNames"]
    for name in names:
        _find(call, name)
    call.world.alarms.remove(names)
    return {}


@operation(_SERVICE, "ListTagsForResource", resource=_tagged, uses=("ResourceARN",))
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """The tags of an alarm."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _find(call).tags.items()]}


@operation(_SERVICE, "TagResource", resource=_tagged, uses=("ResourceARN", "Tags"))
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add tags to an alarm."""
    alarm = _find(call)
    tags = alarm.tags | {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
    if len(tags) > 50:
        raise InvalidValue("A resource has at most 50 tags.")
    alarm.tags = tags
    return {}


@operation(_SERVICE, "UntagResource", resource=_tagged, uses=("ResourceARN", "TagKeys"))
async def untag_resource(call: Call) -> dict[str, Any]:
    """Take tags from an alarm."""
    alarm = _find(call)
    for key in call.parameters["TagKeys"]:
        alarm.tags.pop(key, None)
    return {}


def _find(call: Call, name: str = "") -> Alarm:
    """The alarm of a name, or of the call's ResourceARN. Raises NotFound."""
    arn = name or call.parameters["ResourceARN"]
    alarm = call.world.alarms.find(arn)
    if alarm is None or (not name and alarm.arn != arn):
        raise NotFound(f"Alarm {arn} does not exist." if name else f"Alarm resource {arn} not found.")
    return alarm
