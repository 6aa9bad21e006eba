"""The trail: every management call, as CloudTrail would record it, and LookupEvents over it.

Invocations of endpoints and reads and writes of S3 objects are data events: CloudTrail's event history has neither.
"""

import html
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.model import Shape

from .base import Credential
from .clock import Clock
from .errors import ValidationFailed
from .operations import Call, operation
from .protocol import Response
from .store import page

_READ_ONLY = re.compile(r"(Get|List|Describe|Head|Lookup|Search|Query|Batch(Get|Describe)|Simulate)")
# Data events by IAM action, as (event name, resource type); what differs by method is split by it.
_DATA_EVENTS = {
    "s3:GetObject": {"GET": "GetObject", "HEAD": "HeadObject"},
    "s3:ListBucket": {"GET": "ListObjects", "HEAD": "HeadBucket"},
    "s3:PutObject": {"PUT": "PutObject", "POST": "CreateMultipartUpload"},
    "s3:DeleteObject": {"DELETE": "DeleteObject", "POST": "DeleteObjects"},
    "s3:ListBucketMultipartUploads": {"GET": "ListMultipartUploads"},
    "lambda:InvokeFunction": {"POST": "Invoke"},
}
_OBJECT_ACTIONS = re.compile(r"s3:(Get|Put|Delete|List|Abort|Restore)(Object|MultipartUpload)")
_HISTORY = timedelta(days=90)
# IAM prefix → event source where they differ.
_NAMES = {"cloudwatch": "monitoring", "application-autoscaling": "autoscaling"}
# Data plane: CloudTrail's event history has none of it.
_UNRECORDED = ("sagemaker:Invoke", "cloudwatch:PutMetricData", "cloudwatch:GetMetricData")


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
    """Records of one world, oldest first.

    `listeners` see each of them as it comes, data events too if `data_wanted()`.
    """

    def __init__(self, clock: Clock, account: str, region: str):
        self._clock, self._account, self._region = clock, account, region
        self.events: list[Event] = []
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self.data_wanted: Callable[[], bool] = lambda: False

    def record(
        self,
        action: str,
        caller: Credential,
        request_id: str,
        *,
        method: str = "",
        resource: str = "*",
        parameters: dict[str, Any] | None = None,
        answer: dict[str, Any] | None = None,
        error: tuple[str, str] | None = None,
        resources: list[dict[str, str]] | None = None,
        agent: str = "",
    ) -> None:
        """Record `action` ("sagemaker:CreateModel"). Data events go to the listeners only, invocations nowhere."""
        if not action or action.startswith(_UNRECORDED):
            return
        prefix, _, name = action.partition(":")
        is_data = action in _DATA_EVENTS or _OBJECT_ACTIONS.match(action) is not None
        if is_data and not self.data_wanted():
            return
        now = self._clock.now()
        read_only = bool(_READ_ONLY.match(name)) and name != "InvokeFunction"
        document: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": _identity(caller, self._account),
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{_NAMES.get(prefix, prefix)}.amazonaws.com",
            "eventName": _DATA_EVENTS.get(action, {}).get(method, name),
            "awsRegion": self._region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": agent,
            "requestParameters": parameters if parameters is not None else _named_in(resource),
            "responseElements": None if read_only else answer,
            "requestID": request_id,
            "eventID": str(uuid.uuid4()),
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": not is_data,
            "recipientAccountId": self._account,
            "eventCategory": "Data" if is_data else "Management",
        }
        if is_data:
            document["resources"] = _data_resources(resource, self._account)
        if error:
            document["errorCode"], document["errorMessage"] = error
        for listener in self.listeners:
            listener(document)
        if is_data:
            return
        self.events.append(
            Event(
                document["eventID"],
                name,
                document["eventSource"],
                now,
                caller.name,
                caller.access_key,
                read_only,
                resources if resources is not None else _listed(resource),
                document,
            )
        )


def camel_case(shape: Shape, value: Any) -> Any:
    """Parameters in JSON with their members spelled as CloudTrail writes them: TrainingJobName is trainingJobName."""
    if shape.type_name == "structure":
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return {name[0].lower() + name[1:]: camel_case(members[name], item) for name, item in value.items()}
    if shape.type_name == "list":
        return [camel_case(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: camel_case(shape.value, item) for key, item in value.items()}
    return value


def _named_in(resource: str) -> dict[str, str] | None:
    """What can be said of a base call's parameters: bodies are never logged, names are."""
    if not resource.startswith("arn:aws:s3:::"):
        return None
    bucket, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
    return {"bucketName": bucket, **({"key": key} if key else {})}


def _listed(resource: str) -> list[dict[str, str]]:
    """A base call's resource, as the event history lists it."""
    if not resource.startswith("arn:aws:s3:::"):
        return [{"ResourceName": resource}] if resource.startswith("arn:") else []
    return [{"ResourceType": "AWS::S3::Bucket", "ResourceName": resource.removeprefix("arn:aws:s3:::")}]


def _data_resources(resource: str, account: str) -> list[dict[str, str]]:
    if not resource.startswith("arn:aws:s3:::"):
        return [{"accountId": account, "type": "AWS::Lambda::Function", "ARN": resource}]
    bucket, _, key = resource.partition("/")
    found = [{"accountId": account, "type": "AWS::S3::Bucket", "ARN": bucket}]
    return [{"type": "AWS::S3::Object", "ARN": resource}, *found] if key else found


_ERROR_CODE = re.compile(rb'<Code>([^<]+)</Code>|"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"')
_ERROR_MESSAGE = re.compile(rb'<Message>([^<]*)</Message>|"[mM]essage"\s*:\s*"((?:[^"\\]|\\.)*)"')


def error_of(response: Response) -> tuple[str, str] | None:
    """(code, message) of a refusal in any of the base's protocols; a HEAD has no body to read them from."""
    if response.status < 400:
        return None
    code, message = _ERROR_CODE.search(response.body), _ERROR_MESSAGE.search(response.body)
    plain = "AccessDenied" if response.status == 403 else f"HTTP {response.status}"
    header = next((v for k, v in response.headers.items() if k.lower() == "x-amzn-errortype"), plain)
    return _text(code) or header, html.unescape(_text(message))


def _text(found: re.Match[bytes] | None) -> str:
    return next((g for g in found.groups() if g), b"").decode("utf-8", "replace") if found else ""


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
    "ResourceType": lambda event, value: any(r.get("ResourceType") == value for r in event.resources),
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
