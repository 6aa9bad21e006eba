"""What the cloud itself writes into the lineage, as jobs, packages and endpoints come to be.

Which entities and associations: https://docs.aws.amazon.com/sagemaker/latest/dg/lineage-tracking-auto-creation.html.
Names and types as AWS's own notebooks print them: <job>-aws-training-job, DataSet, Image, Model, Approval,
ModelDeployment, ModelGroup, Endpoint. Jobs know nothing of this: it looks at what the store tells.
"""

import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..store import Resource
from .lineage_graph import ACTION, CONTEXT, TRIAL_COMPONENT, Graph
from .model_package_group import GROUP
from .resources import ENDPOINT_CONFIG, MODEL

if TYPE_CHECKING:
    from ..world import World

CONTRIBUTED, PRODUCED, ASSOCIATED = "ContributedTo", "Produced", "AssociatedWith"


def follow(world: "World") -> None:
    """Write the lineage of everything that happens in `world` from now on."""
    world.store.watch(Tracker(world))


class Tracker:
    """Called at every change of a resource."""

    def __init__(self, world: "World"):
        self._world, self._graph = world, world.lineage

    def __call__(self, resource: Resource, status: str) -> None:
        write = _WRITERS.get(resource.kind.name)
        if write is None:
            return
        try:
            write(self, resource, status)
        except Exception:  # what is told of a job must not stop the job
            self._world.log.exception("lineage of %s %s", resource.kind.name, resource.name)

    @property
    def graph(self) -> Graph:
        return self._graph

    def stamp(self) -> int:
        """Milliseconds since the epoch: what tells apart the names of actions and contexts (AWS: seconds)."""
        return int(self._world.clock.now().timestamp() * 1000)

    def find(self, kind: Any, name: str) -> Resource | None:
        return self._world.store.find(kind, name)

    # -- jobs ------------------------------------------------------------------------------------------------------

    def job(self, job: Resource, status: str, suffix: str, type_: str) -> Resource:
        """The trial component of a job, in the job's state."""
        component = self._graph.add(
            TRIAL_COMPONENT,
            f"{job.name}-aws-{suffix}",
            Source={"SourceArn": job.arn, "SourceType": f"SageMaker{type_}"},
            TrialComponentType=type_,
            StartTime=job.created,
            Parameters={},
            InputArtifacts={},
            OutputArtifacts={},
        )
        state: dict[str, Any] = {"PrimaryStatus": status}
        if job.fields.get("FailureReason"):
            state["Message"] = job.fields["FailureReason"]
        times = {} if status in ("InProgress", "Stopping") else {"EndTime": self._world.clock.now()}
        self._world.store.touch(component, Status=state, **times)
        return component

    def image(self, component: Resource, uri: str) -> None:
        component.fields["Parameters"]["SageMaker.ImageUri"] = {"StringValue": uri}
        self._graph.associate(self._graph.artifact(uri, "Image"), component, CONTRIBUTED)

    def came_in(self, component: Resource, name: str, uri: str) -> None:
        component.fields["InputArtifacts"][name] = {"Value": uri}
        self._graph.associate(self._graph.artifact(uri, "DataSet"), component, CONTRIBUTED)

    def went_out(self, component: Resource, name: str, uri: str, type_: str) -> None:
        component.fields["OutputArtifacts"][name] = {"Value": uri}
        self._graph.associate(component, self._graph.artifact(uri, type_), PRODUCED)


def _training(tracker: Tracker, job: Resource, status: str) -> None:
    if status == "Deleted":
        return
    fields, component = job.fields, tracker.job(job, status, "training-job", "TrainingJob")
    if status == "InProgress":
        _parameters(component, fields.get("ResourceConfig", {}), fields.get("HyperParameters", {}))
        if image := fields["AlgorithmSpecification"].get("TrainingImage"):
            tracker.image(component, image)
        for channel in fields.get("InputDataConfig", []):
            if uri := channel["DataSource"].get("S3DataSource", {}).get("S3Uri"):
                tracker.came_in(component, channel["ChannelName"], uri)
        if checkpoints := fields.get("CheckpointConfig", {}).get("S3Uri"):
            tracker.went_out(component, "SageMaker.Checkpoint", checkpoints, "Checkpoint")
    if model := fields.get("ModelArtifacts", {}).get("S3ModelArtifacts"):
        tracker.went_out(component, "SageMaker.ModelArtifact", model, "Model")
    component.fields["Metrics"] = [
        {"MetricName": m["MetricName"], "SourceArn": job.arn, "TimeStamp": m["Timestamp"], "Last": m["Value"]}
        for m in fields.get("FinalMetricDataList", [])
    ]


def _processing(tracker: Tracker, job: Resource, status: str) -> None:
    if status == "Deleted":
        return
    fields, component = job.fields, tracker.job(job, status, "processing-job", "ProcessingJob")
    if status == "InProgress":
        _parameters(component, fields.get("ProcessingResources", {}).get("ClusterConfig", {}), {})
        tracker.image(component, fields["AppSpecification"]["ImageUri"])
        for given in fields.get("ProcessingInputs", []):
            if uri := given.get("S3Input", {}).get("S3Uri"):
                tracker.came_in(component, given["InputName"], uri)
    if status == "Completed":
        for made in fields.get("ProcessingOutputConfig", {}).get("Outputs", []):
            if uri := made.get("S3Output", {}).get("S3Uri"):
                tracker.went_out(component, made["OutputName"], uri, "DataSet")


def _transform(tracker: Tracker, job: Resource, status: str) -> None:
    if status == "Deleted":
        return
    fields, component = job.fields, tracker.job(job, status, "transform-job", "TransformJob")
    if status == "InProgress":
        _parameters(component, fields.get("TransformResources", {}), {})
        tracker.came_in(
            component, "SageMaker.TransformInput", fields["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        )
    if status == "Completed":
        tracker.went_out(component, "SageMaker.TransformOutput", fields["TransformOutput"]["S3OutputPath"], "DataSet")


def _parameters(component: Resource, resources: dict[str, Any], hyperparameters: dict[str, str]) -> None:
    found = component.fields["Parameters"]
    for member in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
        if member in resources:
            value = resources[member]
            found[f"SageMaker.{member}"] = (
                {"StringValue": value} if isinstance(value, str) else {"NumberValue": float(value)}
            )
    for name, text in hyperparameters.items():
        found[name] = {"StringValue": text}
        with contextlib.suppress(ValueError):
            if math.isfinite(number := float(text)):
                found[name] = {"NumberValue": number}


# -- the registry ------------------------------------------------------------------------------------------------------


def _source(resource: Resource) -> dict[str, str]:
    return {"SourceUri": resource.arn, "SourceType": "ARN", "SourceId": str(resource.created)}


def _group(tracker: Tracker, group: Resource, status: str) -> None:
    if status != "Deleted":
        group.fields["LineageContext"] = f"{group.name}-{tracker.stamp()}-aws-model-group"
        tracker.graph.add(CONTEXT, group.fields["LineageContext"], Source=_source(group), ContextType="ModelGroup")


def _package(tracker: Tracker, package: Resource, status: str) -> None:
    if status in ("Completed", "Approved", "Rejected", "PendingManualApproval", "ModelLifeCycle"):
        graph, fields = tracker.graph, package.fields
        artifact = graph.artifact(package.arn, "Model", Name=package.name.replace("/", "-"))
        if status == "Completed":
            _origin(tracker, package, artifact)
        if "ModelPackageVersion" in fields and status != "ModelLifeCycle":
            _act(tracker, package, artifact, "Approval", fields["ModelApprovalStatus"])
        if "ModelLifeCycle" in fields and status in ("Completed", "ModelLifeCycle"):
            _act(tracker, package, artifact, "ModelLifeCycle", fields["ModelLifeCycle"]["Stage"])


def _origin(tracker: Tracker, package: Resource, artifact: Resource) -> None:
    """What a package is made of, and the group that it belongs to."""
    graph, fields = tracker.graph, package.fields
    if "MetadataProperties" in fields:
        artifact.fields["MetadataProperties"] = fields["MetadataProperties"]
    for container in fields.get("InferenceSpecification", {}).get("Containers", []):
        graph.associate(graph.artifact(container["Image"], "Image"), artifact, CONTRIBUTED)
        if uri := container.get("ModelDataUrl"):
            graph.associate(graph.artifact(uri, "Model"), artifact, CONTRIBUTED)
    group = tracker.find(GROUP, fields.get("ModelPackageGroupName", ""))
    context = tracker.find(CONTEXT, group.fields["LineageContext"]) if group else None
    if context is not None:
        graph.associate(artifact, context, ASSOCIATED)


def _act(tracker: Tracker, package: Resource, artifact: Resource, type_: str, what: str) -> None:
    """An action on a package: its creation with a status, a change of approval, a step of its life cycle."""
    graph, fields = tracker.graph, package.fields
    name = f"{package.name.replace('/', '-')}-{what}-{tracker.stamp()}-aws-model-group"
    if type_ == "Approval":
        properties = {"ModelApprovalStatus": what}
        description = fields.get("ApprovalDescription")
    else:
        properties = {member: str(value) for member, value in fields["ModelLifeCycle"].items()}
        description = fields["ModelLifeCycle"].get("StageDescription")
    by = fields.get("LastModifiedBy", fields.get("CreatedBy"))
    if by:
        properties["By"] = by["IamIdentity"]["Arn"]
    action = graph.add(
        ACTION,
        name,
        Source=_source(package),
        ActionType=type_,
        Status="Completed",
        Properties=properties,
        **({"Description": description} if description else {}),
    )
    graph.associate(action, artifact, CONTRIBUTED)


# -- endpoints ---------------------------------------------------------------------------------------------------------


def _endpoint(tracker: Tracker, endpoint: Resource, status: str) -> None:
    """An endpoint that serves a configuration for the first time was deployed."""
    graph, fields = tracker.graph, endpoint.fields
    if status == "Creating":
        fields["LineageContext"] = f"{endpoint.name}-{tracker.stamp()}-aws-endpoint"
        graph.add(CONTEXT, fields["LineageContext"], Source=_source(endpoint), ContextType="Endpoint", Properties={})
    context = tracker.find(CONTEXT, fields.get("LineageContext", ""))
    if status != "InService" or context is None:
        return
    configuration = fields["EndpointConfigName"]
    if context.fields.get("Properties", {}).get("EndpointConfigName") == configuration:
        return
    context.fields["Properties"] = {"EndpointConfigName": configuration}
    action = graph.add(
        ACTION,
        f"{endpoint.name}-{tracker.stamp()}-aws-endpoint",
        Source=_source(endpoint),
        ActionType="ModelDeployment",
        Status="Completed",
        Properties={"EndpointConfigName": configuration},
    )
    for artifact in _deployed(tracker, configuration):
        graph.associate(artifact, action, CONTRIBUTED)
    graph.associate(action, context, ASSOCIATED)


def _deployed(tracker: Tracker, configuration: str) -> list[Resource]:
    """The artifacts of every model of a configuration: package, archive and image."""
    found, graph = [], tracker.graph
    config = tracker.find(ENDPOINT_CONFIG, configuration)
    for variant in config.fields["ProductionVariants"] if config else []:
        model = tracker.find(MODEL, variant.get("ModelName", ""))
        if model is None:
            continue
        primary = model.fields.get("PrimaryContainer")
        for container in model.fields.get("Containers", [primary] if primary else []):
            for member, type_ in (("ModelPackageName", "Model"), ("ModelDataUrl", "Model"), ("Image", "Image")):
                if member in container:
                    found.append(graph.artifact(container[member], type_))
    return found


_WRITERS: dict[str, Callable[[Tracker, Resource, str], None]] = {
    "TrainingJob": _training,
    "ProcessingJob": _processing,
    "TransformJob": _transform,
    "ModelPackageGroup": _group,
    "ModelPackage": _package,
    "Endpoint": _endpoint,
}
