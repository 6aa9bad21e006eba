"""Executions of monitoring schedules: at each due moment a processing job that judges what was captured.

The exit message of the job says whether there were violations (developer guide, model-monitor-byoc-contract-outputs);
no event does. What AWS says of a window in which nothing was captured is "Job inputs had no data".

Of transform jobs a window is whole hours, those that it touches: captures lie in the hour in which their job started.
What was merged with ground truth has that start as its time, and is cut by it to the minute.
"""

import posixpath
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .. import client
from ..operations import Call, operation
from ..storage import Storage, StorageError
from ..store import Kind, Resource
from . import monitoring_job, processing
from .jobs import JobFailed
from .monitoring_job import Folder, Occasion
from .monitoring_job_definition import DEFINITIONS, Definition, of_resource, of_schedule
from .monitoring_metrics import Point, publish, taken
from .monitoring_type import MONITORS
from .monitoring_window import Rhythm, window
from .resources import ENDPOINT, SERVICE, listing

if TYPE_CHECKING:
    from ..world import World

EXECUTION = Kind(
    "MonitoringExecution",
    "monitoring-execution",
    {
        "Pending": ("InProgress", "Failed"),
        "InProgress": ("Completed", "CompletedWithViolations", "Failed", "Stopping"),
        "Stopping": ("Stopped", "Failed"),
    },
)
NO_DATA = "Job inputs had no data"
_RUNTIME = 3600  # seconds of an execution that runs once and says nothing of it
_FILTERS = (
    "MonitoringScheduleName",
    "EndpointName",
    "SortBy",  # by creation is by scheduled time too: no execution is delayed past the next one's hour
    "SortOrder",
    "NextToken",
    "MaxResults",
    "ScheduledTimeBefore",
    "ScheduledTimeAfter",
    "CreationTimeBefore",
    "CreationTimeAfter",
    "LastModifiedTimeBefore",
    "LastModifiedTimeAfter",
    "StatusEquals",
    "MonitoringJobDefinitionName",
    "MonitoringTypeEquals",
)


@operation(SERVICE, "ListMonitoringExecutions", uses=_FILTERS)
async def list_monitoring_executions(call: Call) -> dict[str, Any]:
    """Executions of all schedules, also of those that are deleted."""
    p = call.parameters
    found = [one for one in call.world.store.all(EXECUTION) if _matches(one, p)]
    return listing(call, "MonitoringExecutionSummaries", found, summary)


def _matches(execution: Resource, p: dict[str, Any]) -> bool:
    due = execution.fields["ScheduledTime"]
    same = ("MonitoringScheduleName", "EndpointName", "MonitoringJobDefinitionName")
    return (
        all(execution.fields.get(member) == p[member] for member in same if member in p)
        and p.get("MonitoringTypeEquals", execution.fields["MonitoringType"]) == execution.fields["MonitoringType"]
        and ("ScheduledTimeAfter" not in p or due > p["ScheduledTimeAfter"])
        and ("ScheduledTimeBefore" not in p or due < p["ScheduledTimeBefore"])
    )


def summary(execution: Resource) -> dict[str, Any]:
    """MonitoringExecutionSummary."""
    return {
        **execution.fields,
        "CreationTime": execution.created,
        "LastModifiedTime": execution.modified,
        "MonitoringExecutionStatus": execution.status,
    }


def running(world: "World", schedule: Resource) -> list[Resource]:
    """The executions of a schedule that have not ended."""
    return [
        one
        for one in world.store.all(EXECUTION)
        if one.status in EXECUTION.statuses and one.fields["MonitoringScheduleName"] == schedule.name
    ]


def definition(world: "World", config: dict[str, Any]) -> Definition | None:
    """What a MonitoringScheduleConfig runs; None if the definition that it names is not there."""
    if "MonitoringJobDefinition" in config:
        return of_schedule(config["MonitoringJobDefinition"])
    monitor = MONITORS[config["MonitoringType"]]
    found = world.store.find(DEFINITIONS[monitor.type], config["MonitoringJobDefinitionName"])
    return of_resource(monitor, found) if found else None


def captures(world: "World", endpoint: str) -> dict[str, Any]:
    """The configuration of an endpoint that captures. Raises LookupError, with the reason, if there is none."""
    found = world.store.find(ENDPOINT, endpoint)
    if found is None:
        raise LookupError(f'Could not find endpoint "{world.store.arn(ENDPOINT, endpoint)}".')
    config = found.runtime.config if found.runtime else {}
    if not config.get("DataCaptureConfig"):
        raise LookupError(f"Endpoint {endpoint} does not capture data: its configuration has no DataCaptureConfig.")
    return config


async def execute(world: "World", schedule: Resource, scheduled: datetime, rhythm: Rhythm) -> None:
    """One execution, from its start to its end; however that ends."""
    config = schedule.fields["MonitoringScheduleConfig"]
    fields = {"MonitoringScheduleName": schedule.name, "ScheduledTime": scheduled}
    fields |= {n: schedule.fields[n] for n in ("EndpointName", "MonitoringType") if schedule.fields.get(n)}
    fields |= {n: config[n] for n in ("MonitoringJobDefinitionName",) if n in config}
    number = f"{world.random.getrandbits(96):024x}"
    execution = world.store.add(EXECUTION, f"{schedule.name}/{number}", fields, {}, "Pending")
    one = Execution(world, schedule, execution, number)
    try:
        await one.run(scheduled, rhythm)
    except Stopped:
        pass
    except JobFailed as failure:
        one.move("Failed", FailureReason=str(failure)[:1024])
    except Exception:
        world.log.exception("monitoring schedule %s", schedule.name)
        one.move("Failed", FailureReason="InternalServerError: We encountered an internal error. Please try again.")


class Execution:
    """One execution while it goes on."""

    def __init__(self, world: "World", schedule: Resource, execution: Resource, number: str) -> None:
        self._world, self._schedule, self._execution, self._number = world, schedule, execution, number
        self._storage = Storage(world.base, client.ROOT[0])

    def move(self, status: str, **fields: Any) -> None:
        """Into the next state, which the schedule's description shows too."""
        self._world.store.move(self._execution, status, **fields)
        self._schedule.fields["LastMonitoringExecutionSummary"] = summary(self._execution)

    async def run(self, scheduled: datetime, rhythm: Rhythm) -> None:
        """Raises JobFailed."""
        world, config = self._world, self._schedule.fields["MonitoringScheduleConfig"]
        found = definition(world, config)
        if found is None:
            raise JobFailed(f"Could not find monitoring job definition {config['MonitoringJobDefinitionName']}.")
        uri, roots, indexes = self._capture(found)
        span = window(scheduled, rhythm, config.get("ScheduleConfig", {}), found.source)
        seconds = found.runtime or (rhythm.hours * 3600 or _RUNTIME) // found.monitor.parts
        when = Occasion(self._schedule.name, scheduled, span, seconds)
        data = await self._folders(uri, roots, when, found.is_batch)
        if not data:
            raise JobFailed(NO_DATA)
        self.move("InProgress")
        if found.monitor.merges:
            data = await self._merge(found, when, data, roots)
        request = monitoring_job.analysis(found, when, data, indexes, self._baseline(found))
        job = await self._process(found.monitor.jobs, request)
        violated = str(job.fields.get("ExitMessage", "")).startswith("CompletedWithViolations")
        self.move("CompletedWithViolations" if violated else "Completed")

    def _capture(self, found: Definition) -> tuple[str, list[str], list[str]]:
        """Below which prefix what was captured lies, in which folders, and which of it is read. Raises JobFailed."""
        if found.is_batch:
            return monitoring_job.captured(found), [""], ["batchTransformOutput"]
        name = found.source["EndpointName"]
        try:
            serves = captures(self._world, name)
        except LookupError as error:
            raise JobFailed(str(error)) from None
        indexes = _captured(serves["DataCaptureConfig"])
        if found.monitor.merges and not found.monitor.explains:
            indexes = ["endpointOutput"]
        if found.monitor.type == "ModelExplainability":
            indexes = ["endpointInput"]
        roots = [f"{name}/{variant['VariantName']}" for variant in serves["ProductionVariants"]]
        return serves["DataCaptureConfig"]["DestinationS3Uri"].rstrip("/"), roots, indexes

    async def _merge(self, found: Definition, when: Occasion, data: list[Folder], roots: list[str]) -> list[Folder]:
        """Ground truth is looked for from the window's beginning until now: labels come later than what they are of."""
        late = when.window.until(when.scheduled).hours()
        labels = await self._folders(found.ground_truth.rstrip("/"), [""], when, hours=late)
        if not labels:
            raise JobFailed(NO_DATA)
        await self._process("groundtruth-merge", monitoring_job.merge(found, when, data, labels))
        return await self._folders(monitoring_job.merged(found, when.schedule), roots, when)

    async def _process(self, prefix: str, request: dict[str, Any]) -> Resource:
        """Run one job. Raises JobFailed if it did not complete, after moving through Stopping if it was stopped."""
        world, scheduled = self._world, self._execution.fields["ScheduledTime"]
        name = f"{prefix}-{scheduled:%Y%m%d%H%M}-{self._number}"
        arn = world.store.arn(processing.PROCESSING_JOB, name)
        world.store.touch(self._execution, ProcessingJobArn=arn)
        self._schedule.fields["LastMonitoringExecutionSummary"] = summary(self._execution)
        metrics: list[Point] = []

        def harvest(instance: processing.Instance) -> None:
            metrics.extend(taken(instance.ground.folder))

        def look(changed: Resource, status: str) -> None:
            if changed.arn == arn and status == "Stopping":
                self.move("Stopping")

        end = world.store.watch(look)
        try:
            job = await processing.run(world, name, request, harvest)
        finally:
            end()
        if job.status == "Stopped":
            self.move("Stopped")
            raise Stopped
        if job.status != "Completed":
            raise JobFailed(str(job.fields.get("FailureReason", "")))
        if metrics and request["Environment"].get("publish_cloudwatch_metrics") == "Enabled":
            fields = self._execution.fields
            namespace = MONITORS[fields["MonitoringType"]].namespace(batch="EndpointName" not in fields)
            publish(world.metrics, namespace, metrics)
        return job

    async def _folders(
        self,
        uri: str,
        roots: Iterable[str],
        when: Occasion,
        manifests: bool = False,
        hours: list[datetime] | None = None,
    ) -> list[Folder]:
        """The hours that hold something, below each of the roots, or the manifests in them. Raises JobFailed."""
        wanted = {monitoring_job.hour(one) for one in (when.window.hours() if hours is None else hours)}
        found = []
        for root in roots:
            top = f"{uri}/{root}" if root else uri
            for day in sorted({one[: len("yyyy/mm/dd")] for one in wanted}):
                try:
                    objects = await self._storage.listing(f"{top}/{day}/")
                except StorageError as error:
                    raise JobFailed(f"ClientError: {error}") from None
                if manifests:
                    paths = {f"{day}/{one.path}": one.uri for one in objects}
                    found += [
                        Folder(where, posixpath.join(root, path.removesuffix(".json")), is_manifest=True)
                        for path, where in paths.items()
                        if posixpath.dirname(path) in wanted
                    ]
                    continue
                held = sorted({f"{day}/{one.path.partition('/')[0]}" for one in objects} & wanted)
                found += [Folder(f"{top}/{one}", posixpath.join(root, one)) for one in held]
        return found

    def _baseline(self, found: Definition) -> dict[str, str]:
        """Part → URI: the resources that are named, else what the baselining job wrote. Raises JobFailed."""
        named = {part: found.baseline.get(f"{part}Resource", {}).get("S3Uri") for part in found.monitor.files}
        if job := found.baseline.get("BaseliningJobName"):
            resource = self._world.store.find(processing.PROCESSING_JOB, job)
            if resource is None:
                raise JobFailed(f"Could not find baselining job {job}.")
            outputs = resource.fields["ProcessingOutputConfig"]["Outputs"]
            folder = outputs[0]["S3Output"]["S3Uri"].rstrip("/") if outputs else ""
            named = {part: uri or f"{folder}/{found.monitor.files[part]}" for part, uri in named.items()}
        return {part: uri for part, uri in named.items() if uri}


class Stopped(Exception):
    """Somebody stopped the job; the execution shows it already."""


def _captured(capture: dict[str, Any]) -> list[str]:
    """What each record has, as the analysis calls it."""
    modes = [option["CaptureMode"] for option in capture.get("CaptureOptions", [])]
    modes = ["Input", "Output"] if not modes or "InputAndOutput" in modes else modes
    return [f"endpoint{mode}" for mode in ("Input", "Output") if mode in modes]


DELAY = timedelta(minutes=20)
"""The most that an execution starts later than it is scheduled for."""
