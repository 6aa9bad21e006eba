"""Endpoints: a configuration brought to life, scaled, put in another's place, and taken down again."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from ..store import Resource
from . import jobs, serverless_config
from .fleet import SERVING, Fleet
from .jobs import JobFailed
from .resources import ENDPOINT, ENDPOINT_CONFIG, MODEL, SERVICE, arn_of, create, get


def endpoint_and_config(call: Call) -> list[str]:
    """IAM is asked about both: who may make an endpoint may not thereby use any configuration."""
    return [arn_of(ENDPOINT)(call), arn_of(ENDPOINT_CONFIG)(call)]


@operation(SERVICE, "CreateEndpoint", uses=("EndpointName", "EndpointConfigName", "Tags"), resource=endpoint_and_config)
async def create_endpoint(call: Call) -> dict[str, Any]:
    """Start a process for each instance of each variant; InService when all of them answer."""
    config = get(call, ENDPOINT_CONFIG, call.parameters["EndpointConfigName"])
    models = models_of(call, config)
    check_instances(config.fields)
    serverless_config.check_quotas(call.world, config.fields["ProductionVariants"])
    endpoint = create(call, ENDPOINT, "Creating")
    endpoint.runtime = Fleet(call.world, endpoint, config, models)
    call.world.spawn(_start(call.world, endpoint))
    return {"EndpointArn": endpoint.arn}


def models_of(call: Call, config: Resource) -> dict[str, Resource]:
    """The models that a configuration names, by name."""
    variants = [*config.fields["ProductionVariants"], *config.fields.get("ShadowProductionVariants", [])]
    return {v["ModelName"]: get(call, MODEL, v["ModelName"]) for v in variants}


def check_instances(settings: dict[str, Any]) -> None:
    """Raise LimitExceeded for more instances of a type than one endpoint may have."""
    counts: Counter[str] = Counter()
    for variant in (*settings["ProductionVariants"], *settings.get("ShadowProductionVariants", [])):
        if "InstanceType" in variant:
            counts[variant["InstanceType"]] += variant["InitialInstanceCount"]
    for instance_type, count in counts.items():
        jobs.check_instances(instance_type, count, "endpoint")


async def _start(world: Any, endpoint: Resource) -> None:
    fleet: Fleet = endpoint.runtime
    try:
        await fleet.start()
    except asyncio.CancelledError:
        raise
    except Exception as error:
        await fleet.close()
        world.store.move(endpoint, "Failed", FailureReason=reason_for(world, endpoint, error))
    else:
        world.store.move(endpoint, "InService")


def reason_for(world: Any, endpoint: Resource, error: Exception) -> str:
    """The FailureReason for what went wrong; a fault of ours is logged."""
    if isinstance(error, JobFailed):
        return str(error)[:1024]
    world.log.error("endpoint %s", endpoint.name, exc_info=error)
    return "Request to service failed. Please try again."


async def rescale(
    world: Any,
    endpoint: Resource,
    counts: dict[str, int],
    weights: dict[str, float] | None = None,
    concurrency: dict[str, dict[str, int]] | None = None,
) -> None:
    """Give variants other numbers of instances, other weights, other concurrency: Updating, then InService.

    concurrency: of serverless variants, as a ServerlessUpdateConfig has it.

    Raises ValidationFailed or LimitExceeded for what cannot be asked for now, and JobFailed when instances did not
    start: then the endpoint has rolled back to what it was.
    """
    announce(world, endpoint, counts, weights or {}, concurrency or {})
    if reason := await apply(world, endpoint, counts, weights or {}, concurrency or {}):
        raise JobFailed(reason)


def announce(
    world: Any,
    endpoint: Resource,
    counts: dict[str, int],
    weights: dict[str, float],
    concurrency: dict[str, dict[str, int]],
) -> None:
    """Check a rescale and enter upon it. Raises ValidationFailed or LimitExceeded."""
    fleet = changeable(endpoint)
    _known(fleet, [*counts, *weights, *concurrency])
    serverless_config.check_capacities(world, endpoint, counts, concurrency)
    for name, count in counts.items():
        if count < 1 and "AsyncInferenceConfig" not in fleet.config:
            raise ValidationFailed(
                f'The instance count of variant "{name}" must be at least 1: only an asynchronous endpoint may have 0.'
            )
        jobs.check_instances(fleet.variants[name].settings["InstanceType"], count, "endpoint")
    if sum((weights.get(name, v.weight) for name, v in fleet.variants.items()), 0.0) <= 0:
        raise ValidationFailed("At least one production variant needs a weight above 0.")
    for name, count in counts.items():
        fleet.variants[name].desired = count
    for name, changes in concurrency.items():
        fleet.variants[name].desired_config = fleet.variants[name].config | changes
    for name, weight in weights.items():
        fleet.variants[name].desired_weight = weight
    world.store.move(endpoint, "Updating", FailureReason=None)


async def apply(
    world: Any,
    endpoint: Resource,
    counts: dict[str, int],
    weights: dict[str, float],
    concurrency: dict[str, dict[str, int]],
) -> str:
    """Do what was announced; if it fails, roll back and return the reason."""
    fleet: Fleet = endpoint.runtime
    before = {name: fleet.variants[name].current for name in counts}
    weights_before = {name: fleet.variants[name].weight for name in weights}
    try:
        # More first: a failure of these leaves the endpoint as strong as it was.
        for name, count in sorted(counts.items(), key=lambda item: item[1] - before[item[0]], reverse=True):
            await fleet.resize(name, count)
        for name, changes in concurrency.items():
            await fleet.variants[name].reconfigure(**changes)
        fleet.weigh(weights)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        reason = reason_for(world, endpoint, error)
        world.store.move(endpoint, "RollingBack", FailureReason=reason)
        fleet.weigh(weights_before)
        for name, count in before.items():
            with contextlib.suppress(JobFailed):  # what was taken away already need not come back
                await fleet.resize(name, count)
        world.store.move(endpoint, "InService")
        return reason
    world.store.move(endpoint, "InService")
    return ""


def _known(fleet: Fleet, names: Iterable[str]) -> None:
    """Raise ValidationFailed unless all of these are production variants."""
    if unknown := [name for name in names if name not in fleet.variants]:
        raise ValidationFailed(
            f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint configuration '
            f'"{fleet.config_name}".'
        )


def changeable(endpoint: Resource) -> Fleet:
    """The fleet of an endpoint that may be changed now. Raises ValidationFailed."""
    if endpoint.status == "Failed":
        raise ValidationFailed(f'Cannot update failed endpoint "{endpoint.arn}". It can only be deleted.')
    if endpoint.status != "InService":
        raise ValidationFailed(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint.runtime


@operation(
    SERVICE,
    "UpdateEndpointWeightsAndCapacities",
    uses=("EndpointName", "DesiredWeightsAndCapacities"),
    resource=arn_of(ENDPOINT),
)
async def update_endpoint_weights_and_capacities(call: Call) -> dict[str, Any]:
    """Change shares and numbers of instances of variants at work, without a new configuration."""
    world, endpoint = call.world, get(call, ENDPOINT)
    asked: dict[str, dict[str, Any]] = {}
    for variant in call.parameters["DesiredWeightsAndCapacities"]:
        name = variant["VariantName"]
        if name in asked:
            raise ValidationFailed(f'The variant name "{name}" was non-unique within the request.')
        asked[name] = variant
    counts = {name: v["DesiredInstanceCount"] for name, v in asked.items() if "DesiredInstanceCount" in v}
    weights = {name: v["DesiredWeight"] for name, v in asked.items() if "DesiredWeight" in v}
    concurrency = {name: v["ServerlessUpdateConfig"] for name, v in asked.items() if "ServerlessUpdateConfig" in v}
    fleet = changeable(endpoint)
    get(call, ENDPOINT_CONFIG, fleet.config_name)  # AWS looks the variants up in it
    _known(fleet, asked)
    announce(world, endpoint, counts, weights, concurrency)
    world.spawn(apply(world, endpoint, counts, weights, concurrency))
    return {"EndpointArn": endpoint.arn}


@operation(SERVICE, "DeleteEndpoint", uses=("EndpointName",), resource=arn_of(ENDPOINT))
async def delete_endpoint(call: Call) -> dict[str, Any]:
    """Stop the processes; the endpoint is gone once they are."""
    world, endpoint = call.world, get(call, ENDPOINT)
    if endpoint.status == "Creating" or (endpoint.status in SERVING and endpoint.status != "InService"):
        raise ValidationFailed(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status == "Deleting":
        return {}
    world.store.move(endpoint, "Deleting")
    world.spawn(_remove(world, endpoint))
    return {}


async def _remove(world: Any, endpoint: Resource) -> None:
    fleet: Fleet = endpoint.runtime
    await fleet.close()
    world.past_invocations[endpoint.name] = fleet.counts()
    world.store.remove(endpoint)
