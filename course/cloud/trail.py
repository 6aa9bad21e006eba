"""The trail: every management call, as CloudTrail would record it, and LookupEvents over it.

Invocations of endpoints and reads and writes of S3 objects are data events: CloudTrail's event history has neither.
"""

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .base import Credential
from .clock import Clock
from .errors import ValidationFailed
from .operations import Call, operation
from .store import page

_READ_ONLY = re.compile(r"(Get|List|Describe|Head|Lookup|Search|Query|Batch(Get|Describe)|Simulate)")
_DATA_EVENTS = re.compile(
    r"s3:(Get|Put|Delete|List|Abort|Restore)(Object|MultipartUpload|BucketMultipart)|sagemaker:Invoke"
)
_HISTORY = timedelta(days=90)
_NAMES = {"monitoring": "cloudwatch"}  # IAM prefix → event source where they differ


@dataclass(slots=True)
class Event:
    """One record. `document` is the CloudTrailEvent JSON as AWS writes it."""

    id: str
    name: str
    source: str
    time: datetime
    username: str
    access_key: str
    read_only: bool
    resources: list[dict[str, str]]
    document: dict[str, Any] = field(repr=False)


class Trail:
    """Records of one world, oldest first."""

    def __init__(self, clock: Clock, account: str, region: str):
        self._clock, self._account, self._region = clock, account, region
        self.events: list[Event] = []

    def record(
        self,
        action: str,
        caller: Credential,
        request_id: str,
        *,
        parameters: dict[str, Any] | None = None,
        answer: dict[str, Any] | None = None,
        error: tuple[str, str] | None = None,
        resources: list[dict[str, str]] | None = None,
        agent: str = "",
    ) -> None:
        """Record `action` ("sagemaker:CreateModel") unless it is a data event."""
        if not action or _DATA_EVENTS.match(action):
            return
        prefix, _, name = action.partition(":")
        now = self._clock.now()
        source = f"{_NAMES.get(prefix, prefix)}.amazonaws.com"
        read_only = bool(_READ_ONLY.match(name))
        document: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": _identity(caller, self._account),
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": source,
            "eventName": name,
            "awsRegion": self._region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": agent,
            "requestParameters": parameters,
            "responseElements": None if read_only else answer,
            "requestID": request_id,
            "eventID": str(uuid.uuid4()),
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self._account,
            "eventCategory": "Management",
        }
        if error:
            document["errorCode"], document["errorMessage"] = error
        self.events.append(
            Event(
                document["eventID"],
                name,
                source,
                now,
                caller.name,
                caller.access_key,
                read_only,
                resources or [],
                document,
            )
        )


def _identity(caller: Credential, account: str) -> dict[str, Any]:
    identity = {
        "type": caller.type if caller.type != "User" else "IAMUser",
        "principalId": caller.principal_id,
        "arn": caller.arn,
        "accountId": account,
        "accessKeyId": caller.access_key,
    }
    if caller.type == "User":
        identity["userName"] = caller.name
    return identity


_ATTRIBUTES = {
    "EventId": lambda event, value: event.id == value,
    "EventName": lambda event, value: event.name == value,
    "ReadOnly": lambda event, value: str(event.read_only).lower() == value.lower(),
    "Username": lambda event, value: event.username == value,
    "ResourceType": lambda event, value: any(r["ResourceType"] == value for r in event.resources),
    "ResourceName": lambda event, value: any(r["ResourceName"] == value for r in event.resources),
    "EventSource": lambda event, value: event.source == value,
    "AccessKeyId": lambda event, value: event.access_key == value,
}


@operation(
    "cloudtrail",
    "LookupEvents",
    uses=("LookupAttributes", "StartTime", "EndTime", "MaxResults", "NextToken"),
    refuses=("EventCategory",),
)
async def lookup_events(call: Call) -> dict[str, Any]:
    """The newest management events first, of the last 90 days."""
    p = call.parameters
    attributes = p.get("LookupAttributes", [])
    if len(attributes) > 1:
        raise ValidationFailed("You can specify only one lookup attribute.", code="InvalidLookupAttributesException")
    now = call.world.clock.now()
    start, end = max(p.get("StartTime") or now - _HISTORY, now - _HISTORY), p.get("EndTime") or now
    if start > end:
        raise ValidationFailed("StartTime is after EndTime.", code="InvalidTimeRangeException")
    found = [
        event
        for event in reversed(call.world.trail.events)
        if start <= event.time <= end
        and all(_ATTRIBUTES[a["AttributeKey"]](event, a["AttributeValue"]) for a in attributes)
    ]
    chunk, token = page(found, p.get("MaxResults", 50), p.get("NextToken"))
    return {
        "NextToken": token,
        "Events": [
            {
                "EventId": e.id,
                "EventName": e.name,
                "ReadOnly": str(e.read_only).lower(),
                "AccessKeyId": e.access_key,
                "EventTime": e.time,
                "EventSource": e.source,
                "Username": e.username,
                "Resources": e.resources,
                "CloudTrailEvent": json.dumps(e.document),
            }
            for e in chunk
        ],
    }
