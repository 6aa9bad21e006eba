"""Deployments: another configuration takes an endpoint over, fleet against fleet."""

import asyncio
from copy import deepcopy
from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from ..store import Resource
from . import serverless_config
from .endpoint import changeable, check_instances, endpoint_and_config, models_of, reason_for
from .fleet import Fleet
from .resources import ENDPOINT, ENDPOINT_CONFIG, SERVICE, get

NOT_YET = (
    "DeploymentConfig.RollingUpdatePolicy",
    "DeploymentConfig.AutoRollbackConfiguration",
    "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.Type=CANARY",
    "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.Type=LINEAR",
    "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.WaitIntervalInSeconds",
    "DeploymentConfig.BlueGreenUpdatePolicy.TerminationWaitInSeconds",
)
"""What guards a deployment, and is refused: traffic here goes over all at once, and the old fleet goes with it."""


@operation(
    SERVICE,
    "UpdateEndpoint",
    uses=(
        "EndpointName",
        "EndpointConfigName",
        "RetainAllVariantProperties",
        "ExcludeRetainedVariantProperties",
        "DeploymentConfig",
        "RetainDeploymentConfig",
    ),
    no_effect=("DeploymentConfig.BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds",),
    refuses=NOT_YET,
    resource=endpoint_and_config,
)
async def update_endpoint(call: Call) -> dict[str, Any]:
    """Start a fleet by another configuration beside the one at work, send all traffic to it, and stop the old one."""
    p, world, endpoint = call.parameters, call.world, get(call, ENDPOINT)
    blue = changeable(endpoint)
    get(call, ENDPOINT_CONFIG, blue.config_name)  # AWS reads it before it replaces it
    config = get(call, ENDPOINT_CONFIG, p["EndpointConfigName"])
    models = models_of(call, config)
    variants = config.fields["ProductionVariants"]
    serverless_config.check_update(blue.config["ProductionVariants"], variants)
    serverless_config.check_quotas(world, variants, endpoint)
    deployment = p.get("DeploymentConfig")
    if p.get("RetainDeploymentConfig"):
        if deployment:
            raise ValidationFailed("DeploymentConfig cannot be specified together with RetainDeploymentConfig.")
        deployment = endpoint.fields.get("LastDeploymentConfig")
    excluded = {item["VariantPropertyType"] for item in p.get("ExcludeRetainedVariantProperties", [])}
    if excluded and not p.get("RetainAllVariantProperties"):
        raise ValidationFailed("ExcludeRetainedVariantProperties needs RetainAllVariantProperties to be true.")
    settings = deepcopy(config.fields)
    if p.get("RetainAllVariantProperties"):
        _retain(blue, settings, excluded)
    check_instances(settings)
    green = Fleet(world, endpoint, config, models, settings, before=blue)
    blue.next = green
    world.store.move(endpoint, "Updating", FailureReason=None)
    world.spawn(_deploy(world, endpoint, blue, green, deployment))
    return {"EndpointArn": endpoint.arn}


def _retain(blue: Fleet, settings: dict[str, Any], excluded: set[str]) -> None:
    """Carry over what the fleet at work has been given since it was made; for its variants of the same names."""
    for variant in settings["ProductionVariants"]:
        if at_work := blue.variants.get(variant["VariantName"]):
            on_instances = "InstanceType" in variant and "InstanceType" in at_work.settings
            if "DesiredInstanceCount" not in excluded and on_instances:
                variant["InitialInstanceCount"] = at_work.desired
            if "DesiredWeight" not in excluded:
                variant["InitialVariantWeight"] = at_work.desired_weight
    if "DataCaptureConfig" not in excluded:
        settings["DataCaptureConfig"] = blue.config.get("DataCaptureConfig")


async def _deploy(world: Any, endpoint: Resource, blue: Fleet, green: Fleet, deployment: dict[str, Any] | None) -> None:
    """Green up and healthy, traffic over, blue drained and gone. If green does not start, blue just goes on."""
    try:
        await green.start()
    except asyncio.CancelledError:
        raise
    except Exception as error:
        await green.close()
        blue.next = None
        world.store.move(endpoint, "InService", FailureReason=reason_for(world, endpoint, error))
        return
    await _shift(world, endpoint, green)
    await blue.close(world.invocation_seconds)
    world.store.move(endpoint, "InService", **({"LastDeploymentConfig": deployment} if deployment else {}))


async def _shift(world: Any, endpoint: Resource, green: Fleet) -> None:
    """Send the traffic to green, all at once: the next request finds it. Canary and linear steps have their place here,
    with their waits in cloud time and the alarms that send the traffic back."""
    endpoint.runtime = green
    world.store.touch(endpoint, EndpointConfigName=green.config_name)
