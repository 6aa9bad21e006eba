"""Trails: records delivered to S3 as CloudTrail writes them, every five minutes of the cloud's time.

AWSLogs/<account>/CloudTrail/<region>/yyyy/mm/dd/<account>_CloudTrail_<region>_<time>_<unique>.json.gz
"""

import gzip
import json
import string
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .base import Credential
from .errors import CloudError
from .protocol import Request, Response
from .trail import error_of

if TYPE_CHECKING:
    from .world import World

SERVICE = "cloudtrail.amazonaws.com"
_EVERY = 300.0  # seconds
_DEFAULT_SELECTORS = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]


@dataclass(slots=True, eq=False)
class TrailFile:
    """One trail. `fields` are what GetTrail shows; `pending` waits for the next delivery."""

    name: str
    arn: str
    fields: dict[str, Any]
    tags: dict[str, str]
    logging: bool = False
    selectors: list[dict[str, Any]] = field(default_factory=lambda: list(_DEFAULT_SELECTORS))
    advanced: list[dict[str, Any]] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)
    started: datetime | None = None
    stopped: datetime | None = None
    delivered: datetime | None = None
    error: str = ""

    def folder(self, account: str) -> str:
        prefix = self.fields.get("S3KeyPrefix")
        return f"{prefix}/AWSLogs/{account}" if prefix else f"AWSLogs/{account}"

    def wants(self, record: dict[str, Any]) -> bool:
        if self.advanced:
            return any(_advanced_match(selector, record) for selector in self.advanced)
        return any(_basic_match(selector, record) for selector in self.selectors)


class Trails:
    """The trails of a world."""

    def __init__(self, world: "World"):
        self._world = world
        self.by_name: dict[str, TrailFile] = {}

    def find(self, named: str) -> TrailFile | None:
        return self.by_name.get(named.rpartition("/")[2] if named.startswith("arn:") else named)

    def see(self, record: dict[str, Any]) -> None:
        """Keep a record for every trail that logs such events."""
        for trail in self.by_name.values():
            if trail.logging and trail.wants(record):
                if not trail.pending:
                    self._world.clock.at(
                        self._world.clock.time() + _EVERY,
                        lambda trail=trail: self.deliver(trail),
                        f"trail {trail.name}",
                    )
                trail.pending.append(record)

    def bucket_is_open(self, trail: TrailFile) -> bool:
        """Whether the bucket's policy lets CloudTrail look at its ACL and put this trail's files."""
        bucket = f"arn:aws:s3:::{trail.fields['S3BucketName']}"
        keys = {"aws:SourceArn": trail.arn}
        put = {**keys, "s3:x-amz-acl": "bucket-owner-full-control"}
        file = f"{bucket}/{trail.folder(self._world.account)}/CloudTrail/x.json.gz"
        return self._world.base.lets_in(bucket, "s3:GetBucketAcl", SERVICE, keys) and self._world.base.lets_in(
            file, "s3:PutObject", SERVICE, put
        )

    async def deliver(self, trail: TrailFile) -> None:
        """Write what is pending as one file. A bucket that has been closed since loses it, as on AWS after retries."""
        world, now = self._world, self._world.clock.now()
        records, trail.pending = trail.pending, []
        if not records:
            return
        unique = "".join(world.random.choices(string.ascii_letters + string.digits, k=16))
        name = f"{world.account}_CloudTrail_{world.region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
        key = f"{trail.folder(world.account)}/CloudTrail/{world.region}/{now:%Y/%m/%d}/{name}"
        body = gzip.compress(json.dumps({"Records": records}, default=str).encode(), mtime=0)
        encryption = trail.fields.get("KmsKeyId")
        more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption} if encryption else {}
        try:
            if not self.bucket_is_open(trail):
                raise CloudError("", code="AccessDenied")
            await world.base.call(
                "s3",
                "PutObject",
                Bucket=trail.fields["S3BucketName"],
                Key=key,
                Body=body,
                ContentType="application/json",
                ContentEncoding="gzip",
                **more,
            )
        except CloudError as error:
            trail.error = error.code
        else:
            trail.delivered, trail.error = now, ""


def connect(world: "World") -> None:
    """Let the world's trails see what is recorded."""
    world.trails = Trails(world)
    world.trail.listeners.append(world.trails.see)
    world.base.witness = lambda request, caller, response: _see_service(world, request, caller, response)
    world.trail.data_wanted = lambda: any(trail.logging for trail in world.trails.by_name.values())


def _see_service(world: "World", request: Request, caller: Credential, response: Response) -> None:
    """Reads and writes of objects that SageMaker makes for a job, as the job's role."""
    if not world.trail.data_wanted():
        return
    service, action, resource = world.base.describe(request)
    if service == "s3":
        world.trail.record(
            action,
            caller,
            str(uuid.uuid4()),
            method=request.method,
            resource=resource,
            error=error_of(response),
            agent="sagemaker.amazonaws.com",
        )


def _basic_match(selector: dict[str, Any], record: dict[str, Any]) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind != "All" and (kind == "ReadOnly") != record["readOnly"]:
        return False
    if record["managementEvent"]:
        left_out = selector.get("ExcludeManagementEventSources", [])
        return selector.get("IncludeManagementEvents", True) and record["eventSource"] not in left_out
    return any(
        resource["type"] == wanted["Type"]
        and any(_starts(resource["ARN"], value) for value in wanted.get("Values", []))
        for wanted in selector.get("DataResources", [])
        for resource in record["resources"]
    )


def _starts(arn: str, value: str) -> bool:
    """arn:aws:s3 is every bucket, arn:aws:s3:::b/ all of b, arn:aws:s3:::b/train what begins so."""
    return arn.startswith(value)


def _advanced_match(selector: dict[str, Any], record: dict[str, Any]) -> bool:
    return all(_field_match(rule, record) for rule in selector["FieldSelectors"])


def _field_match(rule: dict[str, Any], record: dict[str, Any]) -> bool:
    values = _values(rule["Field"], record)
    tests = (
        ("Equals", lambda v, w: v == w, True),
        ("StartsWith", str.startswith, True),
        ("EndsWith", str.endswith, True),
        ("NotEquals", lambda v, w: v == w, False),
        ("NotStartsWith", str.startswith, False),
        ("NotEndsWith", str.endswith, False),
    )
    return all(
        any(test(value, wanted) for value in values for wanted in rule[name]) == positive
        for name, test, positive in tests
        if rule.get(name)
    )


def _values(name: str, record: dict[str, Any]) -> list[str]:
    if name == "readOnly":
        return [str(record["readOnly"]).lower()]
    if name == "userIdentity.arn":
        return [record["userIdentity"]["arn"]]
    if name == "resources.type":
        return [resource["type"] for resource in record.get("resources", [])[:1]]
    if name == "resources.ARN":
        return [resource["ARN"] for resource in record.get("resources", [])[:1]]
    return [str(record.get(name, ""))]
