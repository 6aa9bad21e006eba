"""Endpoint configurations: which models, on how many instances, with which share of the traffic."""

from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from . import async_config, serverless_config
from .resources import ENDPOINT_CONFIG, MODEL, SERVICE, arn_of, create, get

_VARIANT_REFUSED = (
    "AcceleratorType",
    "CoreDumpConfig",
    "EnableSSMAccess",
    "InstancePools",
    "ManagedInstanceScaling",
    "RoutingConfig",
    "InferenceAmiVersion",
    "CapacityReservationConfig",
)
_VARIANT_WITHOUT_EFFECT = ("VariantInstanceProvisionTimeoutInSeconds",)
_VARIANTS = ("ProductionVariants", "ShadowProductionVariants")


def _model_arns(call: Call) -> dict[str, Any]:
    """sagemaker:ModelArn: the models that the variants serve."""
    variants = [variant for member in _VARIANTS for variant in call.parameters.get(member, [])]
    return {"sagemaker:ModelArn": [call.world.store.arn(MODEL, v["ModelName"]) for v in variants if "ModelName" in v]}


@operation(
    SERVICE,
    "CreateEndpointConfig",
    resource=arn_of(ENDPOINT_CONFIG),
    context=_model_arns,
    uses=(
        "EndpointConfigName",
        "ProductionVariants",
        "ShadowProductionVariants",
        "DataCaptureConfig",
        "AsyncInferenceConfig",
        "Tags",
    ),
    no_effect=(
        "KmsKeyId",
        *(f"{variants}.{member}" for variants in _VARIANTS for member in _VARIANT_WITHOUT_EFFECT),
    ),
    refuses=tuple(f"{variants}.{member}" for variants in _VARIANTS for member in _VARIANT_REFUSED),
)
async def create_endpoint_config(call: Call) -> dict[str, Any]:
    """Describe a fleet. Weights are relative: a variant's share is its weight divided by their sum."""
    production = call.parameters["ProductionVariants"]
    shadows = call.parameters.get("ShadowProductionVariants", [])
    variants = [*production, *shadows]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) != len(names):
        raise ValidationFailed("Production variant names must be unique within an endpoint configuration.")
    for variant in variants:
        if not variant.get("ModelName"):
            raise ValidationFailed(f"The production variant {variant['VariantName']} needs a ModelName.")
        get(call, MODEL, variant["ModelName"])
        variant.setdefault("InitialVariantWeight", 1.0)
    serverless_config.check(call)
    for variant in variants:
        if "ServerlessConfig" in variant:
            continue
        if "InstanceType" not in variant:
            raise ValidationFailed(f"The production variant {variant['VariantName']} needs an InstanceType.")
        variant.setdefault("InitialInstanceCount", 1)
    if sum(variant["InitialVariantWeight"] for variant in production) <= 0:
        raise ValidationFailed("At least one production variant needs a weight above 0.")
    async_config.check(call.parameters)
    if shadows:
        _check_shadows(call, production, shadows)
    if capture := call.parameters.get("DataCaptureConfig"):
        if not capture["DestinationS3Uri"].startswith("s3://"):
            raise ValidationFailed("DataCaptureConfig.DestinationS3Uri must be an S3 URI: s3://bucket/prefix.")
        capture.setdefault("EnableCapture", True)
    return {"EndpointConfigArn": create(call, ENDPOINT_CONFIG).arn}


def _check_shadows(call: Call, production: list[dict[str, Any]], shadows: list[dict[str, Any]]) -> None:
    """Raise ValidationFailed for what a shadow cannot stand beside (developer guide, model-shadow-deployment)."""
    if (len(production), len(shadows)) != (1, 1):
        raise ValidationFailed(
            "If you specify ShadowProductionVariants, you can only specify one variant for ProductionVariants and one "
            "variant for ShadowProductionVariants."
        )
    without = "Shadow variants are not supported for endpoints that use"
    if "AsyncInferenceConfig" in call.parameters:
        raise ValidationFailed(f"{without} Asynchronous Inference.")
    for variant in (*production, *shadows):
        if "ServerlessConfig" in variant:
            raise ValidationFailed(f"{without} Serverless Inference.")
        if variant["InstanceType"].startswith("ml.inf1."):
            raise ValidationFailed(f"{without} Inf1 instances.")
        model = get(call, MODEL, variant["ModelName"]).fields
        containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
        if len(containers) > 1:
            raise ValidationFailed(f"{without} multi-container models.")
        if containers[0].get("Mode") == "MultiModel":
            raise ValidationFailed(f"{without} multi-model containers.")
