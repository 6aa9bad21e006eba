"""EventBridge in the base: events of AWS's own services, targets that it lacks, and schedules on the cloud's clock.

A target is reached as on AWS: a queue, topic or function must let events.amazonaws.com in by its own policy. What
cannot be delivered is told to `Deliveries.failed`; a pipeline target is handed to `Deliveries.pipeline`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import authority
from .ministack import eventbridge

_invoke = eventbridge._invoke_target
_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}


@dataclass(slots=True)
class Deliveries:
    """What the world does for EventBridge. Each call gets the rule's name and the target as PutTargets got it."""

    pipeline: Callable[[str, dict[str, Any]], None] = lambda rule, target: None
    failed: Callable[[str, dict[str, Any], str], None] = lambda rule, target, reason: None


deliveries = Deliveries()


def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
    """Send an event that a rule matched to one of its targets."""
    arn, name = target.get("Arn", ""), rule.get("Name", "")
    service = arn.split(":")[2] if arn.count(":") > 2 else ""
    if service == "sagemaker":
        deliveries.pipeline(name, target)
    elif service in _ACTIONS and not authority.lets_in(
        arn, _ACTIONS[service], "events.amazonaws.com", {"aws:SourceArn": rule.get("Arn", "")}
    ):
        deliveries.failed(name, target, f"The policy of {arn} does not allow events.amazonaws.com {_ACTIONS[service]}.")
    else:
        _invoke(target, event, rule, view)


def is_wanted() -> bool:
    """Whether a rule looks at events at all: most worlds have none."""
    return any(rule.get("EventPattern") for rule in eventbridge._rules.values())


def put(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    """An event of an AWS service on the default bus."""
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def tick() -> None:
    """Fire the scheduled rules that are due."""
    eventbridge._tick_scheduled_rules()


def next_schedule(now: float) -> float | None:
    """When the next scheduled rule is due, in seconds since the epoch."""
    moments = []
    for key, rule in eventbridge._rules._data.items():
        if rule.get("State") != "ENABLED" or not (expression := rule.get("ScheduleExpression")):
            continue
        last = eventbridge._rule_last_fired.get(key, now)
        if (seconds := eventbridge._parse_rate_seconds(expression)) is not None:
            moments.append(last + seconds)
        elif (fields := eventbridge._parse_cron_fields(expression)) is not None:
            due = eventbridge._cron_next_fire(fields, datetime.fromtimestamp(last, tz=UTC))
            moments += [due.timestamp()] if due else []
    return min(moments, default=None)
