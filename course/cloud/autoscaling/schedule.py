"""Scheduled actions: at a time that is known beforehand they change a target's bounds, not its capacity."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..cron import next_after, parse, zone_of
from ..errors import LimitExceeded, ValidationFailed
from ..operations import Call, operation
from .request import SERVICE, TARGET, ObjectNotFound, arn_of, keys, page_of, placed, registered, selected, spoken
from .target import Target, check_bounds

_MOST_ACTIONS = 200


@dataclass(slots=True, eq=False)
class ScheduledAction:
    """One action of one target. `bounds`: {"MinCapacity": …, "MaxCapacity": …}, or one of the two."""

    target: Target
    name: str
    arn: str
    created: datetime
    schedule: str
    bounds: dict[str, int]
    timezone: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def next_after(self, moment: datetime) -> datetime | None:
        """When it is due next; None if never again. A recurring action with a StartTime begins at that time."""
        period = parse(self.schedule)
        if self.start is None or isinstance(period, datetime):
            due = next_after(self.schedule, moment, self.timezone or "UTC")
        elif moment < self.start:
            due = self.start
        elif isinstance(period, timedelta):
            due = self.start + ((moment - self.start) // period + 1) * period
        else:
            due = next_after(self.schedule, moment, self.timezone or "UTC")
        return None if due is None or (self.end is not None and due > self.end) else due

    def shown(self) -> dict[str, Any]:
        return {
            **placed(self.target),
            "ScheduledActionName": self.name,
            "ScheduledActionARN": self.arn,
            "Schedule": self.schedule,
            "Timezone": self.timezone,
            "StartTime": self.start,
            "EndTime": self.end,
            "ScalableTargetAction": self.bounds,
            "CreationTime": self.created,
        }


@operation(
    SERVICE,
    "PutScheduledAction",
    uses=(*TARGET, "ScheduledActionName", "Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction"),
    resource=arn_of,
    context=keys,
)
async def put_scheduled_action(call: Call) -> dict[str, Any]:
    """Make or change a scheduled action; times that an update leaves out are deleted, what else it leaves out stays."""
    world, p, target = call.world, call.parameters, registered(call)
    old = target.schedules.get(p["ScheduledActionName"])
    schedule = p.get("Schedule", old.schedule if old else None)
    bounds = p.get("ScalableTargetAction", old.bounds if old else None)
    if schedule is None or not bounds:
        raise ValidationFailed("A new scheduled action needs a Schedule and a ScalableTargetAction with a capacity")
    timezone = p.get("Timezone", old.timezone if old else None)
    _check_times(schedule, timezone, p.get("StartTime"), p.get("EndTime"), world.clock.now())
    least = bounds.get("MinCapacity", target.scalable.least)
    check_bounds(target.scalable, least, bounds.get("MaxCapacity", least))
    if old is None and len(target.schedules) >= _MOST_ACTIONS:
        raise LimitExceeded(
            f"A scalable target can have at most {_MOST_ACTIONS} scheduled actions.", code="LimitExceededException"
        )
    world.scaling.put_action(
        target, p["ScheduledActionName"], old, schedule, dict(bounds), timezone, p.get("StartTime"), p.get("EndTime")
    )
    return {}


def _check_times(
    schedule: str, timezone: str | None, start: datetime | None, end: datetime | None, now: datetime
) -> None:
    try:
        zone_of(timezone or "UTC")
        due = next_after(schedule, now, timezone or "UTC")
    except ValueError as error:
        raise ValidationFailed(f"Invalid schedule. {error}") from None
    if due is None:
        raise ValidationFailed(f"The schedule {schedule} must be in the future")
    if end is not None and end <= now:
        raise ValidationFailed("EndTime must be in the future")
    if start is not None and end is not None and start >= end:
        raise ValidationFailed("StartTime must be before EndTime")


@operation(
    SERVICE,
    "DescribeScheduledActions",
    uses=("ScheduledActionNames", "ServiceNamespace", "ResourceId", "ScalableDimension", "MaxResults", "NextToken"),
)
async def describe_scheduled_actions(call: Call) -> dict[str, Any]:
    """The scheduled actions of a namespace or of one target."""
    names = call.parameters.get("ScheduledActionNames")
    found = [action for target in selected(call) for action in target.schedules.values()]
    return page_of(call, "ScheduledActions", [action for action in found if not names or action.name in names])


@operation(SERVICE, "DeleteScheduledAction", uses=(*TARGET, "ScheduledActionName"), resource=arn_of, context=keys)
async def delete_scheduled_action(call: Call) -> dict[str, Any]:
    """Delete a scheduled action. Bounds that it has set stay."""
    p = call.parameters
    target = call.world.scaling.find(p["ResourceId"], p["ScalableDimension"])
    if target is None or p["ScheduledActionName"] not in target.schedules:
        raise ObjectNotFound(
            f"No scheduled action found for {spoken(call)}, scheduled action name: {p['ScheduledActionName']}"
        )
    del target.schedules[p["ScheduledActionName"]]
    return {}
