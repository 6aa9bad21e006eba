"""Job definitions of Model Monitor: what a schedule's executions read, run, compare with and write.

There are four kinds, one a monitor, that differ in the names of their members and in little else; a schedule may also
carry a definition within itself. `Definition` is what all of these say.

The input is what an endpoint captured or what transform jobs did: one of both (developer guide, "Schedule data quality
monitoring jobs"). A summary of a definition has a required EndpointName; of transform jobs there is none to say, and
what AWS answers then is not published: here the member is left out.
"""

from dataclasses import dataclass
from typing import Any

from ..errors import InUse, NotFound, NotSupported, ValidationFailed
from ..images import resolve
from ..operations import Call, operation
from ..store import Kind, Resource
from . import jobs, processing
from .monitoring_type import DATA_QUALITY, MODEL_QUALITY, MONITORS, Monitor
from .monitoring_window import offset
from .resources import KINDS, SERVICE, listing, tags_of

_INPUTS = ("EndpointInput", "BatchTransformInput")
_READ = ("FeaturesAttribute", "InferenceAttribute", "ProbabilityAttribute", "ProbabilityThresholdAttribute")
_FILTERS = ("EndpointName", "SortBy", "SortOrder", "NextToken", "MaxResults", "NameContains")
_TIMES = ("CreationTimeBefore", "CreationTimeAfter")


class DefinitionKind(Kind):
    """A kind whose members do not carry its name: JobDefinitionName and JobDefinitionArn, whichever it is."""

    __slots__ = ()

    @property
    def name_member(self) -> str:
        return "JobDefinitionName"

    @property
    def arn_member(self) -> str:
        return "JobDefinitionArn"


@dataclass(frozen=True, slots=True)
class Definition:
    """What one execution needs to know. Members keep the shapes of the API."""

    monitor: Monitor
    name: str  # "" of a definition within a schedule
    application: dict[str, Any]  # ImageUri, ContainerEntrypoint, ConfigUri, ProblemType, the two scripts
    environment: dict[str, str]
    baseline: dict[str, Any]  # BaseliningJobName, ConstraintsResource, StatisticsResource
    source: dict[str, Any]  # EndpointInput or BatchTransformInput
    ground_truth: str  # S3 URI; "" without
    output: dict[str, Any]  # S3Output
    key: str  # of the output; ""
    cluster: dict[str, Any]
    network: dict[str, Any]
    role: str
    runtime: int  # MaxRuntimeInSeconds; 0 where it is left to the schedule

    @property
    def is_batch(self) -> bool:
        """Whether it is about transform jobs."""
        return "DataCapturedDestinationS3Uri" in self.source


def of_resource(monitor: Monitor, resource: Resource) -> Definition:
    """What a job definition says."""
    fields, name = resource.fields, monitor.type
    application, given = fields[f"{name}AppSpecification"], fields[f"{name}JobInput"]
    return _definition(
        monitor,
        resource.name,
        application,
        application.get("Environment", {}),
        fields.get(f"{name}BaselineConfig", {}),
        _source(given),
        given.get("GroundTruthS3Input", {}).get("S3Uri", ""),
        fields[f"{name}JobOutputConfig"],
        fields["JobResources"]["ClusterConfig"],
        fields,
    )


def of_schedule(inline: dict[str, Any]) -> Definition:
    """What a MonitoringJobDefinition within a schedule says: always of data quality."""
    return _definition(
        DATA_QUALITY,
        "",
        inline["MonitoringAppSpecification"],
        inline.get("Environment", {}),
        inline.get("BaselineConfig", {}),
        _source(inline["MonitoringInputs"][0]),
        "",
        inline["MonitoringOutputConfig"],
        inline["MonitoringResources"]["ClusterConfig"],
        inline,
    )


def within_schedule(call: Call, inline: dict[str, Any]) -> Definition:
    """The definition that a call makes a schedule with, filled in and checked. Raises ValidationFailed."""
    _fill_in(inline["MonitoringInputs"][0], inline["MonitoringOutputConfig"])
    found = of_schedule(inline)
    check(call, found)
    return found


def _definition(
    monitor: Monitor,
    name: str,
    application: dict[str, Any],
    environment: dict[str, str],
    baseline: dict[str, Any],
    source: dict[str, Any],
    ground_truth: str,
    output: dict[str, Any],
    cluster: dict[str, Any],
    about: dict[str, Any],
) -> Definition:
    runtime = about.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 0)
    place, key = output["MonitoringOutputs"][0]["S3Output"], output.get("KmsKeyId", "")
    network, role = about.get("NetworkConfig", {}), about["RoleArn"]
    return Definition(
        monitor,
        name,
        application,
        environment,
        baseline,
        source,
        ground_truth,
        place,
        key,
        cluster,
        network,
        role,
        runtime,
    )


def check(call: Call, found: Definition) -> None:
    """Refuse a definition that no execution could follow. Raises ValidationFailed."""
    application, source = found.application, found.source
    processing.check_application(application)
    if found.monitor.type == "ModelQuality" and _is_analyser(application) and not application.get("ProblemType"):
        raise ValidationFailed("You must specify a ProblemType in ModelQualityAppSpecification.")
    if found.monitor.merges and not found.ground_truth:
        raise ValidationFailed(f"You must specify an S3Uri in GroundTruthS3Input for {found.monitor.type} monitoring.")
    if found.is_batch:
        _check_batch(found)
    for place in (source, found.output):
        processing.local_path("the monitoring job", place)
    uris = [found.ground_truth, found.output["S3Uri"], application.get("ConfigUri", "")]
    uris.append(source.get("DataCapturedDestinationS3Uri", ""))
    uris += [found.baseline.get(f"{part}Resource", {}).get("S3Uri", "") for part in ("Constraints", "Statistics")]
    uris += [application.get(f"{script}SourceUri", "") for script in ("RecordPreprocessor", "PostAnalyticsProcessor")]
    for uri in filter(None, uris):
        if not uri.startswith("s3://"):
            raise ValidationFailed(f"{uri} is not an S3 URI (s3://bucket/key).")
    start, end = (offset(name, source.get(name)) for name in ("StartTimeOffset", "EndTimeOffset"))
    if start is not None and start >= (end or start * 0):
        raise ValidationFailed("StartTimeOffset must lie before EndTimeOffset.")
    name = found.baseline.get("BaseliningJobName")
    if name and call.world.store.find(processing.PROCESSING_JOB, name) is None:
        arn = call.world.store.arn(processing.PROCESSING_JOB, name)
        raise ValidationFailed(f'Could not find baselining job "{arn}".')
    jobs.check_instances(found.cluster["InstanceType"], found.cluster["InstanceCount"], "processing job")
    jobs.check_role(call.world, found.role)


def _check_batch(found: Definition) -> None:
    form, application = found.source["DatasetFormat"], found.application
    if len(form) != 1:
        raise ValidationFailed("You must specify exactly one of Csv and Json in DatasetFormat of BatchTransformInput.")
    if _is_analyser(application) and "RecordPreprocessorSourceUri" in application:
        raise NotSupported(
            "This cloud does not support RecordPreprocessorSourceUri with a BatchTransformInput in the image of Model "
            "Monitor yet: its scripts are given captured invocations."
        )


def _is_analyser(application: dict[str, Any]) -> bool:
    return resolve(application["ImageUri"]).programs.framework == "model-monitor-analyzer"


def find(call: Call, monitor: Monitor, name: str) -> Resource:
    """The job definition of that name. Raises ValidationFailed."""
    kind = DEFINITIONS[monitor.type]
    found = call.world.store.find(kind, name)
    if found is None:
        raise ValidationFailed(f'Could not find {kind.spoken_name} "{call.world.store.arn(kind, name)}".')
    return found


def refused(monitor: Monitor, path: str) -> tuple[str, ...]:
    """What is refused of the input at `path`. Which columns an exclusion means is known of data quality only, and of
    an endpoint it is not."""
    excludes = [name for name in _INPUTS if monitor.explains or name == "EndpointInput"]
    return (
        *(f"{path}.{name}.S3InputMode=Pipe" for name in _INPUTS),
        *(f"{path}.{name}.ExcludeFeaturesAttribute" for name in excludes),
        f"{path}.BatchTransformInput.DatasetFormat.Parquet={{}}",
    )


def idle(monitor: Monitor, path: str) -> tuple[str, ...]:
    """What this monitor does not look at of the input at `path`."""
    looked_at = {
        "DataQuality": (),
        "ModelQuality": _READ[1:],
        "ModelBias": _READ,
        "ModelExplainability": ("FeaturesAttribute",),
    }[monitor.type]
    found = [f"{path}.{name}.{member}" for name in _INPUTS for member in _READ if member not in looked_at]
    return (*found, *([f"{path}.BatchTransformInput.ExcludeFeaturesAttribute"] if monitor is MODEL_QUALITY else []))


def _enter(monitor: Monitor) -> Kind:
    name = monitor.type
    kind = DefinitionKind(f"{name}JobDefinition", _arn_type(name), {})
    own = {member: f"{name}{member}" for member in ("AppSpecification", "JobInput", "JobOutputConfig")}
    arn = _named(kind)
    KINDS[kind.name] = kind

    @operation(
        SERVICE,
        f"Create{kind.name}",
        resource=arn,
        uses=(
            "JobDefinitionName",
            f"{name}BaselineConfig",
            *own.values(),
            "JobResources",
            "NetworkConfig",
            "RoleArn",
            "StoppingCondition",
            "Tags",
        ),
        no_effect=(
            "NetworkConfig.VpcConfig.SecurityGroupIds",
            "NetworkConfig.EnableInterContainerTrafficEncryption",
            *idle(monitor, own["JobInput"]),
        ),
        refuses=refused(monitor, own["JobInput"]),
    )
    async def create(call: Call) -> dict[str, Any]:
        """Say what the executions of a schedule do, after looking whether they could."""
        p, store = call.parameters, call.world.store
        job = p["JobDefinitionName"]
        if store.find(kind, job):
            raise InUse(f"Monitoring job definition with this name already exists ({store.arn(kind, job)})")
        fields = {member: value for member, value in p.items() if member not in ("JobDefinitionName", "Tags")}
        _fill_in(fields[own["JobInput"]], fields[own["JobOutputConfig"]])
        found = of_resource(
            monitor, Resource(kind, job, "", fields, {}, call.world.clock.now(), call.world.clock.now())
        )
        check(call, found)
        return {"JobDefinitionArn": store.add(kind, job, fields, tags_of(p.get("Tags", []))).arn}

    @operation(SERVICE, f"Describe{kind.name}", uses=("JobDefinitionName",), resource=arn)
    async def describe(call: Call) -> dict[str, Any]:
        return _get(call, kind).description()

    @operation(SERVICE, f"Delete{kind.name}", uses=("JobDefinitionName",), resource=arn)
    async def delete(call: Call) -> dict[str, Any]:
        """Forget a definition. Executions of schedules that name it fail from now on."""
        call.world.store.remove(_get(call, kind))
        return {}

    @operation(SERVICE, f"List{kind.name}s", uses=_FILTERS + _TIMES)
    async def list_all(call: Call) -> dict[str, Any]:
        endpoint = call.parameters.get("EndpointName")
        found = [
            one
            for one in call.world.store.all(kind)
            if endpoint in (None, of_resource(monitor, one).source.get("EndpointName"))
        ]
        return listing(call, "JobDefinitionSummaries", found, lambda one: _summary(monitor, one))

    return kind


def _arn_type(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:] + "-job-definition"


def _named(kind: Kind):
    return lambda call: call.world.store.arn(kind, str(call.parameters.get("JobDefinitionName", "")))


def _source(given: dict[str, Any]) -> dict[str, Any]:
    return given.get("EndpointInput") or given.get("BatchTransformInput") or {}


def _fill_in(given: dict[str, Any], output: dict[str, Any]) -> None:
    """The defaults. Raises ValidationFailed unless there is one input."""
    if len([name for name in _INPUTS if name in given]) != 1:
        raise ValidationFailed(
            "You must specify either an EndpointInput or a BatchTransformInput in the input of the monitoring job, and "
            "not both."
        )
    source = _source(given)
    source.setdefault("S3InputMode", "File")
    source.setdefault("S3DataDistributionType", "FullyReplicated")
    for item in output["MonitoringOutputs"]:
        item["S3Output"].setdefault("S3UploadMode", "Continuous")


def _get(call: Call, kind: Kind) -> Resource:
    name = call.parameters["JobDefinitionName"]
    found = call.world.store.find(kind, name)
    if found is None:
        raise NotFound(f'Could not find {kind.spoken_name} "{call.world.store.arn(kind, name)}".')
    return found


def _summary(monitor: Monitor, resource: Resource) -> dict[str, Any]:
    return {
        "MonitoringJobDefinitionName": resource.name,
        "MonitoringJobDefinitionArn": resource.arn,
        "CreationTime": resource.created,
        "EndpointName": of_resource(monitor, resource).source.get("EndpointName"),
    }


DEFINITIONS = {name: _enter(monitor) for name, monitor in MONITORS.items()}
"""The kind of job definition of each MonitoringType."""
