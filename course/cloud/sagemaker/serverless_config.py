"""What a serverless variant may be asked for, and what it cannot do.

Exclusions and quotas: developer guide, "Deploy models with Amazon SageMaker Serverless Inference". AWS does not print
the texts of its refusals; these are ours, in its manner, except for the quotas', which have AWS's form. A GPU cannot be
asked for at all: ServerlessConfig has no member for one.
"""

from typing import Any

from ..errors import LimitExceeded, ValidationFailed
from ..operations import Call
from ..store import Resource
from .resources import ENDPOINT, MODEL, get

MOST_ENDPOINTS = 50
"""Serverless endpoints in a Region."""
MOST_CONCURRENCY = 1000
"""MaxConcurrency of all serverless endpoints together, in a large Region such as us-east-1 (500 in others)."""

_OF_THE_CONFIGURATION = (
    "DataCaptureConfig",
    "AsyncInferenceConfig",
    "ShadowProductionVariants",
    "VpcConfig",
    "EnableNetworkIsolation",
)
_OF_INSTANCES = (
    "InstanceType",
    "InitialInstanceCount",
    "InstancePools",
    "VariantInstanceProvisionTimeoutInSeconds",
    "VolumeSizeInGB",
    "AcceleratorType",
    "CoreDumpConfig",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "EnableSSMAccess",
    "ManagedInstanceScaling",
    "RoutingConfig",
    "InferenceAmiVersion",
    "CapacityReservationConfig",
)


def is_serverless(variants: list[dict[str, Any]]) -> bool:
    return any("ServerlessConfig" in variant for variant in variants)


def check(call: Call) -> None:
    """Refuse what a serverless endpoint cannot have. Nothing happens for one on instances."""
    p = call.parameters
    variants = p["ProductionVariants"]
    if not is_serverless(variants):
        return
    if len(variants) > 1:
        raise ValidationFailed("Serverless endpoints do not support multiple production variants.")
    for member in _OF_THE_CONFIGURATION:
        if _asks(p.get(member)):
            raise ValidationFailed(f"{member} is not supported for serverless endpoints.")
    variant = variants[0]
    for member in _OF_INSTANCES:
        if member in variant:
            raise ValidationFailed(f"{member} cannot be specified together with ServerlessConfig.")
    _check_model(get(call, MODEL, variant["ModelName"]))
    check_settings(variant["ServerlessConfig"])


def _asks(given: Any) -> bool:
    """Whether a member asks for something. Data capture that is switched off does not."""
    return bool(given) and not (isinstance(given, dict) and given.get("EnableCapture") is False)


def _check_model(model: Resource) -> None:
    fields = model.fields
    if fields.get("VpcConfig"):
        raise ValidationFailed(f"Serverless endpoints do not support VpcConfig, which model {model.name} has.")
    if fields.get("EnableNetworkIsolation"):
        raise ValidationFailed(f"Serverless endpoints do not support network isolation, which model {model.name} has.")
    if len(fields.get("Containers") or ()) > 1:
        raise ValidationFailed(f"Serverless endpoints do not support inference pipelines: see model {model.name}.")
    containers = [fields.get("PrimaryContainer"), *(fields.get("Containers") or ())]
    if any(container.get("Mode") == "MultiModel" for container in containers if container):
        raise ValidationFailed(f"Serverless endpoints do not support multi-model containers: see model {model.name}.")


def check_settings(config: dict[str, int]) -> None:
    """Refuse a memory between the steps, and more provisioned than there may be."""
    memory = config["MemorySizeInMB"]
    if memory % 1024:
        raise ValidationFailed(
            f"MemorySizeInMB {memory} is not valid. Valid values are 1024, 2048, 3072, 4096, 5120 and 6144."
        )
    provisioned, most = config.get("ProvisionedConcurrency", 0), config["MaxConcurrency"]
    if provisioned > most:
        raise ValidationFailed(f"ProvisionedConcurrency {provisioned} must not be greater than MaxConcurrency {most}.")


def check_quotas(world: Any, variants: list[dict[str, Any]], endpoint: Resource | None = None) -> None:
    """Raise LimitExceeded if the Region has no room for these variants. `endpoint`: the one that they will be of."""
    if not is_serverless(variants):
        return
    others = [
        variant.config
        for found in world.store.all(ENDPOINT)
        if found is not endpoint and found.runtime is not None
        for variant in found.runtime.variants.values()
        if "ServerlessConfig" in variant.settings
    ]
    _check_quota("Maximum number of serverless endpoints", MOST_ENDPOINTS, len(others), len(variants), "Endpoints")
    asked = sum(variant["ServerlessConfig"]["MaxConcurrency"] for variant in variants)
    used = sum(config["MaxConcurrency"] for config in others)
    _check_quota(
        "Maximum total concurrency that can be shared across all serverless endpoints",
        MOST_CONCURRENCY,
        used,
        asked,
        "Invocations",
    )


def check_capacities(
    world: Any, endpoint: Resource, counts: dict[str, int], concurrency: dict[str, dict[str, int]]
) -> None:
    """Refuse instances for a serverless variant, and what a ServerlessUpdateConfig cannot ask for."""
    variants = endpoint.runtime.variants
    for name in counts:
        if "ServerlessConfig" in variants[name].settings:
            raise ValidationFailed(f'DesiredInstanceCount is not supported for the serverless variant "{name}".')
    for name, changes in concurrency.items():
        if "ServerlessConfig" not in variants[name].settings:
            raise ValidationFailed(f'ServerlessUpdateConfig is not supported for "{name}", a variant on instances.')
        changed = variants[name].config | changes
        check_settings(changed)
        check_quotas(world, [{"ServerlessConfig": changed}], endpoint)


def _check_quota(name: str, limit: int, used: int, asked: int, unit: str) -> None:
    if used + asked > limit:
        raise LimitExceeded(
            f"The account-level service limit '{name}' is {limit} {unit}, with current utilization of {used} {unit} "
            f"and a request delta of {asked} {unit}. Please use AWS Service Quotas to request an increase for this "
            "quota."
        )


def check_update(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Refuse to make an endpoint on instances serverless. The other way is open, and so is one way only."""
    if is_serverless(after) and not is_serverless(before):
        raise ValidationFailed(
            "Updating an endpoint from instance-based to serverless is not supported. Create another endpoint instead."
        )
