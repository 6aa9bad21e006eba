"""Endpoint configurations: which models, on how many instances, with which share of the traffic."""

from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from .resources import ENDPOINT_CONFIG, MODEL, SERVICE, arn_of, create, get

_VARIANT_REFUSED = (
    "ServerlessConfig",
    "AcceleratorType",
    "CoreDumpConfig",
    "ManagedInstanceScaling",
    "RoutingConfig",
    "InferenceAmiVersion",
    "CapacityReservationConfig",
)


def _model_arns(call: Call) -> dict[str, Any]:
    """sagemaker:ModelArn: the models that the variants serve."""
    variants = call.parameters.get("ProductionVariants", [])
    return {"sagemaker:ModelArn": [call.world.store.arn(MODEL, v["ModelName"]) for v in variants if "ModelName" in v]}


@operation(
    SERVICE,
    "CreateEndpointConfig",
    resource=arn_of(ENDPOINT_CONFIG),
    context=_model_arns,
    uses=("EndpointConfigName", "ProductionVariants", "Tags"),
    no_effect=("KmsKeyId",),
    refuses=tuple(f"ProductionVariants.{member}" for member in _VARIANT_REFUSED),
)
async def create_endpoint_config(call: Call) -> dict[str, Any]:
    """Describe a fleet. Weights are relative: a variant's share is its weight divided by their sum."""
    variants = call.parameters["ProductionVariants"]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) != len(names):
        raise ValidationFailed("Production variant names must be unique within an endpoint configuration.")
    for variant in variants:
        if not variant.get("ModelName"):
            raise ValidationFailed(f"The production variant {variant['VariantName']} needs a ModelName.")
        get(call, MODEL, variant["ModelName"])
        if "InstanceType" not in variant:
            raise ValidationFailed(f"The production variant {variant['VariantName']} needs an InstanceType.")
        variant.setdefault("InitialInstanceCount", 1)
        variant.setdefault("InitialVariantWeight", 1.0)
    if sum(variant["InitialVariantWeight"] for variant in variants) <= 0:
        raise ValidationFailed("At least one production variant needs a weight above 0.")
    return {"EndpointConfigArn": create(call, ENDPOINT_CONFIG).arn}
