"""Endpoints: a configuration brought to life, and taken down again."""

import asyncio
from typing import Any

from ..errors import ValidationFailed
from ..meter import price_per_hour
from ..operations import Call, operation
from ..store import Resource
from .fleet import Fleet
from .jobs import JobFailed
from .resources import ENDPOINT, ENDPOINT_CONFIG, MODEL, SERVICE, arn_of, create, get


def _endpoint_and_config(call: Call) -> list[str]:
    """IAM is asked about both: who may make an endpoint may not thereby use any configuration."""
    return [arn_of(ENDPOINT)(call), arn_of(ENDPOINT_CONFIG)(call)]


@operation(
    SERVICE, "CreateEndpoint", uses=("EndpointName", "EndpointConfigName", "Tags"), resource=_endpoint_and_config
)
async def create_endpoint(call: Call) -> dict[str, Any]:
    """Start a process for each instance of each variant; InService when all of them answer."""
    world = call.world
    config = get(call, ENDPOINT_CONFIG, call.parameters["EndpointConfigName"])
    variants = [(v, get(call, MODEL, v["ModelName"])) for v in config.fields["ProductionVariants"]]
    endpoint = create(call, ENDPOINT, "Creating", ProductionVariants=[_summary(v, m, 0) for v, m in variants])
    endpoint.runtime = Fleet(world, endpoint, variants)
    world.spawn(_start(world, endpoint, variants))
    return {"EndpointArn": endpoint.arn}


def _summary(variant: dict[str, Any], model: Resource, running: int) -> dict[str, Any]:
    return {
        "VariantName": variant["VariantName"],
        "DeployedImages": [
            {
                "SpecifiedImage": model.fields["PrimaryContainer"]["Image"],
                "ResolvedImage": model.fields["PrimaryContainer"]["Image"],
            }
        ],
        "CurrentWeight": variant["InitialVariantWeight"],
        "DesiredWeight": variant["InitialVariantWeight"],
        "CurrentInstanceCount": running,
        "DesiredInstanceCount": variant["InitialInstanceCount"],
    }


async def _start(world: Any, endpoint: Resource, variants: list[tuple[dict[str, Any], Resource]]) -> None:
    fleet: Fleet = endpoint.runtime
    try:
        await fleet.start()
    except asyncio.CancelledError:
        raise
    except Exception as error:
        if not isinstance(error, JobFailed):
            world.log.exception("endpoint %s", endpoint.name)
        reason = str(error) if isinstance(error, JobFailed) else "Request to service failed. Please try again."
        await fleet.close()
        world.store.move(endpoint, "Failed", FailureReason=reason[:1024])
        return
    for settings, _ in variants:
        rate = price_per_hour(settings["InstanceType"], settings["InitialInstanceCount"])
        fleet.lines.append(
            world.meter.start(f"{endpoint.name}/{settings['VariantName']}", "Endpoint", endpoint.arn, rate)
        )
    world.store.move(
        endpoint, "InService", ProductionVariants=[_summary(v, m, v["InitialInstanceCount"]) for v, m in variants]
    )


@operation(SERVICE, "DeleteEndpoint", uses=("EndpointName",), resource=arn_of(ENDPOINT))
async def delete_endpoint(call: Call) -> dict[str, Any]:
    """Stop the processes; the endpoint is gone once they are."""
    world, endpoint = call.world, get(call, ENDPOINT)
    if endpoint.status in ("Creating", "Updating"):
        raise ValidationFailed(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status == "Deleting":
        return {}
    world.store.move(endpoint, "Deleting")
    for line in endpoint.runtime.lines:
        world.meter.stop(line)
    world.spawn(_remove(world, endpoint))
    return {}


async def _remove(world: Any, endpoint: Resource) -> None:
    fleet: Fleet = endpoint.runtime
    await fleet.close()
    world.past_invocations[endpoint.name] = fleet.counts()
    world.store.remove(endpoint)
