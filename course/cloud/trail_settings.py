"""CloudTrail's trails: made, started, stopped, told what to record."""

import re
from typing import Any

from .errors import CloudError, NotSupported
from .operations import Call, operation
from .trail_files import TrailFile

SERVICE = "cloudtrail"
_SETTINGS = (
    "S3BucketName",
    "S3KeyPrefix",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "EnableLogFileValidation",
    "KmsKeyId",
    "IsOrganizationTrail",
)
_NO_EFFECT = ("IncludeGlobalServiceEvents", "IsMultiRegionTrail", "EnableLogFileValidation")
_USES = ("Name", "S3BucketName", "S3KeyPrefix", "KmsKeyId")
_REFUSES = ("SnsTopicName", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "IsOrganizationTrail")
_DATA_TYPES = ("AWS::S3::Object", "AWS::Lambda::Function")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]")


def _arn(call: Call, member: str = "Name") -> str:
    name = str(call.parameters.get(member) or "")
    world = call.world
    return name if name.startswith("arn:") else f"arn:aws:cloudtrail:{world.region}:{world.account}:trail/{name}"


def _trail(call: Call, member: str = "Name") -> TrailFile:
    found = call.world.trails.find(call.parameters[member])
    if found is None:
        world = call.world
        raise CloudError(
            f"Unknown trail: {_arn(call, member)} for the user: {world.account}",
            code="TrailNotFoundException",
            status=400,
        )
    return found


async def _check_bucket(call: Call, trail: TrailFile) -> None:
    bucket = trail.fields["S3BucketName"]
    try:
        await call.world.base.call("s3", "HeadBucket", Bucket=bucket)
    except CloudError:
        raise CloudError(
            f"S3 bucket {bucket} does not exist!", code="S3BucketDoesNotExistException", status=400
        ) from None
    if not call.world.trails.bucket_is_open(trail):
        raise CloudError(
            f"Incorrect S3 bucket policy is detected for bucket: {bucket}",
            code="InsufficientS3BucketPolicyException",
            status=400,
        )


def _shown(call: Call, trail: TrailFile) -> dict[str, Any]:
    shown = {
        "Name": trail.name,
        "TrailARN": trail.arn,
        "HomeRegion": call.world.region,
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False,
        "LogFileValidationEnabled": trail.fields.get("EnableLogFileValidation", False),
        "IsOrganizationTrail": False,
        "HasCustomEventSelectors": bool(trail.advanced or trail.selectors != TrailFile("", "", {}, {}).selectors),
        "HasInsightSelectors": False,
    }
    return shown | {key: value for key, value in trail.fields.items() if key != "EnableLogFileValidation"}


@operation(SERVICE, "CreateTrail", resource=_arn, uses=(*_USES, "TagsList"), no_effect=_NO_EFFECT, refuses=_REFUSES)
async def create_trail(call: Call) -> dict[str, Any]:
    """Make a trail. It records nothing before StartLogging."""
    p, world = call.parameters, call.world
    if not _NAME.fullmatch(p["Name"]):
        raise CloudError(
            "Trail name must have 3 to 128 characters: letters, digits, periods, underscores and dashes, and begin "
            "and end with a letter or digit.",
            code="InvalidTrailNameException",
            status=400,
        )
    if world.trails.find(p["Name"]):
        raise CloudError(
            f"Trail {p['Name']} already exists for customer: {world.account}",
            code="TrailAlreadyExistsException",
            status=400,
        )
    if len(world.trails.by_name) >= 5:
        raise CloudError(
            f"User: {world.account} already has 5 trails in {world.region}.",
            code="MaximumNumberOfTrailsExceededException",
            status=400,
        )
    fields = {key: value for key, value in p.items() if key in _SETTINGS}
    tags = {tag["Key"]: tag.get("Value", "") for tag in p.get("TagsList", [])}
    trail = TrailFile(p["Name"], _arn(call), fields, tags)
    await _check_bucket(call, trail)
    world.trails.by_name[trail.name] = trail
    return _shown(call, trail)


@operation(SERVICE, "UpdateTrail", resource=_arn, uses=_USES, no_effect=_NO_EFFECT, refuses=_REFUSES)
async def update_trail(call: Call) -> dict[str, Any]:
    """Change where a trail writes; what is pending goes to the new place."""
    trail = _trail(call)
    changed = {key: value for key, value in call.parameters.items() if key in _SETTINGS}
    probe = TrailFile(trail.name, trail.arn, {**trail.fields, **changed}, {})
    await _check_bucket(call, probe)
    trail.fields = probe.fields
    return _shown(call, trail)


@operation(SERVICE, "DeleteTrail", resource=_arn, uses=("Name",))
async def delete_trail(call: Call) -> dict[str, Any]:
    """Forget a trail; the files that it wrote stay."""
    trail = _trail(call)
    await call.world.trails.deliver(trail)
    del call.world.trails.by_name[trail.name]
    return {}


@operation(SERVICE, "GetTrail", resource=_arn, uses=("Name",))
async def get_trail(call: Call) -> dict[str, Any]:
    """One trail's settings."""
    return {"Trail": _shown(call, _trail(call))}


@operation(SERVICE, "DescribeTrails", uses=("trailNameList",), no_effect=("includeShadowTrails",))
async def describe_trails(call: Call) -> dict[str, Any]:
    """The settings of the trails named, or of all; names that no trail has are left out."""
    named = call.parameters.get("trailNameList")
    trails = call.world.trails
    found = [trails.find(name) for name in named] if named else list(trails.by_name.values())
    return {"trailList": [_shown(call, trail) for trail in found if trail]}


@operation(SERVICE, "ListTrails", no_effect=("NextToken",))
async def list_trails(call: Call) -> dict[str, Any]:
    """Names and ARNs. There are at most five trails, so there is one page."""
    return {
        "Trails": [
            {"TrailARN": trail.arn, "Name": trail.name, "HomeRegion": call.world.region}
            for trail in call.world.trails.by_name.values()
        ]
    }


@operation(SERVICE, "StartLogging", resource=_arn, uses=("Name",))
async def start_logging(call: Call) -> dict[str, Any]:
    """Record from now on."""
    trail = _trail(call)
    trail.logging, trail.started = True, call.world.clock.now()
    return {}


@operation(SERVICE, "StopLogging", resource=_arn, uses=("Name",))
async def stop_logging(call: Call) -> dict[str, Any]:
    """Record no more; what is pending is still delivered."""
    trail = _trail(call)
    trail.logging, trail.stopped = False, call.world.clock.now()
    return {}


@operation(SERVICE, "GetTrailStatus", resource=_arn, uses=("Name",))
async def get_trail_status(call: Call) -> dict[str, Any]:
    """Whether a trail records, and when it last delivered."""
    trail = _trail(call)
    return {
        "IsLogging": trail.logging,
        "LatestDeliveryTime": trail.delivered,
        "LatestDeliveryError": trail.error or None,
        "StartLoggingTime": trail.started,
        "StopLoggingTime": trail.stopped,
    }


def _selected(call: Call) -> str:
    return _arn(call, "TrailName")


@operation(
    SERVICE, "PutEventSelectors", resource=_selected, uses=("TrailName", "EventSelectors", "AdvancedEventSelectors")
)
async def put_event_selectors(call: Call) -> dict[str, Any]:
    """Say which events a trail records: management events, and data events of S3 objects and Lambda functions."""
    trail, p = _trail(call, "TrailName"), call.parameters
    basic, advanced = p.get("EventSelectors") or [], p.get("AdvancedEventSelectors") or []
    if bool(basic) == bool(advanced):
        raise _invalid("Give either EventSelectors or AdvancedEventSelectors.")
    for kind in _data_types(basic, advanced):
        if kind not in _DATA_TYPES:
            raise NotSupported(f"This cloud records no data events of {kind} yet.")
    for selector in advanced:
        if not any(rule["Field"] == "eventCategory" and rule.get("Equals") for rule in selector["FieldSelectors"]):
            raise _invalid("Each advanced event selector needs the field eventCategory with Equals.")
    for selector in basic:
        selector.setdefault("ReadWriteType", "All")
        selector.setdefault("IncludeManagementEvents", True)
        selector.setdefault("DataResources", [])
        selector.setdefault("ExcludeManagementEventSources", [])
    trail.selectors, trail.advanced = basic, advanced
    return _selectors(trail)


def _data_types(basic: list[dict[str, Any]], advanced: list[dict[str, Any]]) -> list[str]:
    found = [resource.get("Type", "") for selector in basic for resource in selector.get("DataResources", [])]
    for selector in advanced:
        for rule in selector["FieldSelectors"]:
            if rule["Field"] == "resources.type":
                found += rule.get("Equals", [])
    return found


def _invalid(message: str) -> CloudError:
    return CloudError(message, code="InvalidEventSelectorsException", status=400)


def _selectors(trail: TrailFile) -> dict[str, Any]:
    chosen = {"AdvancedEventSelectors": trail.advanced} if trail.advanced else {"EventSelectors": trail.selectors}
    return {"TrailARN": trail.arn, **chosen}


@operation(SERVICE, "GetEventSelectors", resource=_selected, uses=("TrailName",))
async def get_event_selectors(call: Call) -> dict[str, Any]:
    """Which events a trail records."""
    return _selectors(_trail(call, "TrailName"))
