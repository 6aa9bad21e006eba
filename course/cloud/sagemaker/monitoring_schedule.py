"""Monitoring schedules: when a monitor looks, and at what.

Source: API reference, CreateMonitoringSchedule and its neighbours; ScheduleConfig (hourly at most, a delay of 0 to 20
minutes, NOW). A schedule that is made, changed, stopped or started passes through Pending for less than a request
takes.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import InUse, NotFound, ValidationFailed
from ..operations import Call, operation
from ..store import Kind, Resource
from . import monitoring_execution, monitoring_job_definition
from .monitoring_execution import captures, execute, running
from .monitoring_type import DATA_QUALITY, MONITORS
from .monitoring_window import Rhythm, check
from .resources import KINDS, SERVICE, arn_of, listing, tags_of

if TYPE_CHECKING:
    from ..world import World

SCHEDULE = Kind(
    "MonitoringSchedule",
    "monitoring-schedule",
    {
        "Pending": ("Scheduled", "Stopped", "Failed"),
        "Scheduled": ("Pending", "Failed"),
        "Stopped": ("Pending",),
        "Failed": ("Pending",),
    },
)
KINDS[SCHEDULE.name] = SCHEDULE
_INLINE = "MonitoringScheduleConfig.MonitoringJobDefinition"
_REFUSED = monitoring_job_definition.refused(DATA_QUALITY, f"{_INLINE}.MonitoringInputs")
_NO_EFFECT = (
    f"{_INLINE}.NetworkConfig.VpcConfig.SecurityGroupIds",
    f"{_INLINE}.NetworkConfig.EnableInterContainerTrafficEncryption",
    *monitoring_job_definition.idle(DATA_QUALITY, f"{_INLINE}.MonitoringInputs"),
)
_FILTERS = (
    "EndpointName",
    "SortBy",
    "SortOrder",
    "NextToken",
    "MaxResults",
    "NameContains",
    "CreationTimeBefore",
    "CreationTimeAfter",
    "LastModifiedTimeBefore",
    "LastModifiedTimeAfter",
    "StatusEquals",
    "MonitoringJobDefinitionName",
    "MonitoringTypeEquals",
)


@operation(
    SERVICE,
    "CreateMonitoringSchedule",
    resource=arn_of(SCHEDULE),
    uses=("MonitoringScheduleName", "MonitoringScheduleConfig", "Tags"),
    no_effect=_NO_EFFECT,
    refuses=_REFUSED,
)
async def create_monitoring_schedule(call: Call) -> dict[str, Any]:
    """Run a monitor every hour or more seldom, or once; each time up to 20 minutes late."""
    p, world = call.parameters, call.world
    name = p["MonitoringScheduleName"]
    if world.store.find(SCHEDULE, name):
        arn = world.store.arn(SCHEDULE, name)
        raise InUse(f"Monitoring schedule with this name already exists ({arn})")
    fields, rhythm = _read(call, p["MonitoringScheduleConfig"])
    schedule = world.store.add(SCHEDULE, name, fields, tags_of(p.get("Tags", [])), "Pending")
    _begin(world, schedule, rhythm)
    return {"MonitoringScheduleArn": schedule.arn}


@operation(
    SERVICE,
    "UpdateMonitoringSchedule",
    resource=arn_of(SCHEDULE),
    uses=("MonitoringScheduleName", "MonitoringScheduleConfig"),
    no_effect=_NO_EFFECT,
    refuses=_REFUSED,
)
async def update_monitoring_schedule(call: Call) -> dict[str, Any]:
    """Exchange the whole configuration; a schedule that was stopped runs again. What runs now goes on as it began."""
    schedule, world = _get(call), call.world
    fields, rhythm = _read(call, call.parameters["MonitoringScheduleConfig"])
    world.store.move(schedule, "Pending", **fields)
    _begin(world, schedule, rhythm)
    return {"MonitoringScheduleArn": schedule.arn}


@operation(SERVICE, "DescribeMonitoringSchedule", resource=arn_of(SCHEDULE), uses=("MonitoringScheduleName",))
async def describe_monitoring_schedule(call: Call) -> dict[str, Any]:
    """A schedule, with its last execution."""
    return _get(call).description()


@operation(SERVICE, "ListMonitoringSchedules", uses=_FILTERS)
async def list_monitoring_schedules(call: Call) -> dict[str, Any]:
    """Schedules, by endpoint, definition, type or status."""
    p = call.parameters

    def asked_for(schedule: Resource) -> bool:
        shown = _summary(schedule)
        wanted = {
            "EndpointName": p.get("EndpointName"),
            "MonitoringJobDefinitionName": p.get("MonitoringJobDefinitionName"),
            "MonitoringType": p.get("MonitoringTypeEquals"),
        }
        return all(value in (None, shown.get(member)) for member, value in wanted.items())

    found = [schedule for schedule in call.world.store.all(SCHEDULE) if asked_for(schedule)]
    return listing(call, "MonitoringScheduleSummaries", found, _summary)


@operation(SERVICE, "StopMonitoringSchedule", resource=arn_of(SCHEDULE), uses=("MonitoringScheduleName",))
async def stop_monitoring_schedule(call: Call) -> dict[str, Any]:
    """Run no more. An execution that has begun goes on (StopProcessingJob ends it)."""
    schedule, store = _get(call), call.world.store
    if schedule.status != "Stopped":
        store.move(schedule, "Pending")
        store.move(schedule, "Stopped")
        schedule.runtime = None
    return {}


@operation(SERVICE, "StartMonitoringSchedule", resource=arn_of(SCHEDULE), uses=("MonitoringScheduleName",))
async def start_monitoring_schedule(call: Call) -> dict[str, Any]:
    """Run a stopped schedule again, from the next time that is due; what was due meanwhile is left out."""
    schedule, world = _get(call), call.world
    if schedule.status == "Stopped":
        world.store.move(schedule, "Pending")
        _begin(world, schedule, schedule.fields["Rhythm"])
    return {}


@operation(SERVICE, "DeleteMonitoringSchedule", resource=arn_of(SCHEDULE), uses=("MonitoringScheduleName",))
async def delete_monitoring_schedule(call: Call) -> dict[str, Any]:
    """Delete a schedule that has no execution in progress. Its past executions stay listed."""
    schedule, world = _get(call), call.world
    if running(world, schedule):
        raise ValidationFailed(
            f"Monitoring schedule {schedule.arn} has an execution in progress. Wait until it has ended, or stop its "
            "processing job."
        )
    schedule.runtime = None
    world.store.remove(schedule)
    return {}


def _get(call: Call) -> Resource:
    name = call.parameters["MonitoringScheduleName"]
    found = call.world.store.find(SCHEDULE, name)
    if found is None:
        raise NotFound(f"Monitoring schedule {call.world.store.arn(SCHEDULE, name)} not found.")
    return found


def _summary(schedule: Resource) -> dict[str, Any]:
    config = schedule.fields["MonitoringScheduleConfig"]
    return {**schedule.description(), "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName")}


def _read(call: Call, config: dict[str, Any]) -> tuple[dict[str, Any], Rhythm]:
    """A schedule's fields, checked, and when it is due. Raises ValidationFailed."""
    name, inline = config.get("MonitoringJobDefinitionName"), config.get("MonitoringJobDefinition")
    if bool(name) == bool(inline):
        raise ValidationFailed(
            "You must specify either MonitoringJobDefinitionName or MonitoringJobDefinition in "
            "MonitoringScheduleConfig, and not both."
        )
    if name and "MonitoringType" not in config:
        raise ValidationFailed("You must specify the MonitoringType of the monitoring job definition.")
    if inline and config.setdefault("MonitoringType", "DataQuality") != "DataQuality":
        raise ValidationFailed(
            f"MonitoringType {config['MonitoringType']} needs a MonitoringJobDefinitionName: a MonitoringJobDefinition "
            "is one of DataQuality."
        )
    if inline:
        found = monitoring_job_definition.within_schedule(call, inline)
    else:
        monitor = MONITORS[config["MonitoringType"]]
        found = monitoring_job_definition.of_resource(monitor, monitoring_job_definition.find(call, monitor, name))
    endpoint = found.source.get("EndpointName")  # of transform jobs there need be none yet
    try:
        if endpoint:
            captures(call.world, endpoint)
    except LookupError as error:
        raise ValidationFailed(str(error)) from None
    schedule = config.get("ScheduleConfig", {})
    expression = schedule.get("ScheduleExpression") or f"cron(0 {call.world.random.randrange(24)} ? * * *)"
    rhythm = Rhythm.read(expression)
    check(schedule, rhythm, found.source)
    most = rhythm.hours * 3600 // found.monitor.parts
    if rhythm.hours and found.runtime > most:
        raise ValidationFailed(
            f"MaxRuntimeInSeconds {found.runtime} of a {found.monitor.type} monitoring job may be {most} at most with "
            f"the schedule {expression}."
        )
    fields = {"MonitoringScheduleConfig": config, "MonitoringType": found.monitor.type, "EndpointName": endpoint}
    return {**fields, "Rhythm": rhythm}, rhythm


def _begin(world: "World", schedule: Resource, rhythm: Rhythm) -> None:
    world.store.move(schedule, "Scheduled")
    now = world.clock.now()
    if rhythm.hours:
        _plan(world, schedule, rhythm, now)
    else:
        _due_at(world, schedule, rhythm, now.replace(microsecond=0), now.timestamp())


def _plan(world: "World", schedule: Resource, rhythm: Rhythm, moment: datetime) -> None:
    """See to the next execution that is due after `moment`."""
    due = rhythm.after(moment)
    delay = world.random.uniform(0.0, monitoring_execution.DELAY.total_seconds())
    _due_at(world, schedule, rhythm, due, due.timestamp() + delay)


def _due_at(world: "World", schedule: Resource, rhythm: Rhythm, scheduled: datetime, start: float) -> None:
    turn = schedule.runtime = object()  # whatever plans anew takes its place

    async def act() -> None:
        if schedule.runtime is not turn or schedule.status != "Scheduled":
            return
        await execute(world, schedule, scheduled, rhythm)
        if rhythm.hours and schedule.runtime is turn:
            _plan(world, schedule, rhythm, scheduled)

    world.clock.at(start, act, f"monitoring schedule {schedule.name}")
