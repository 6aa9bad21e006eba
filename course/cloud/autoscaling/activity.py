"""Scaling activities: what was done, what was not, and why. AWS shows those of the last six weeks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..operations import Call, operation
from .dimension import NAMESPACE, check_namespace
from .request import SERVICE, page_of

_SHOWN = timedelta(weeks=6)


@dataclass(slots=True)
class Activity:
    """One attempt to change a capacity or its bounds. `reasons` say why an attempt came to nothing."""

    id: str
    resource_id: str
    dimension: str
    description: str
    cause: str
    start: datetime
    status: str = "InProgress"
    message: str | None = None
    end: datetime | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)

    def close(self, status: str, message: str, at: datetime) -> None:
        self.status, self.message, self.end = status, message, at

    def shown(self) -> dict[str, Any]:
        return {
            "ActivityId": self.id,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.start,
            "EndTime": self.end,
            "StatusCode": self.status,
            "StatusMessage": self.message,
            "NotScaledReasons": self.reasons or None,
        }


@operation(
    SERVICE,
    "DescribeScalingActivities",
    uses=(
        "ServiceNamespace",
        "ResourceId",
        "ScalableDimension",
        "MaxResults",
        "NextToken",
        "IncludeNotScaledActivities",
    ),
)
async def describe_scaling_activities(call: Call) -> dict[str, Any]:
    """The activities of the last six weeks, newest first; on request also those that changed nothing."""
    p = call.parameters
    check_namespace(p["ServiceNamespace"], p.get("ScalableDimension"))
    since = call.world.clock.now() - _SHOWN
    found = [
        activity
        for activity in reversed(call.world.scaling.activities)
        if activity.start >= since
        and p.get("ResourceId", activity.resource_id) == activity.resource_id
        and p.get("ScalableDimension", activity.dimension) == activity.dimension
        and (p.get("IncludeNotScaledActivities") or not activity.reasons)
    ]
    return page_of(call, "ScalingActivities", found)
