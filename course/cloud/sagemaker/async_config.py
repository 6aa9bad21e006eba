"""AsyncInferenceConfig: what makes an endpoint asynchronous, and what cannot go with it."""

from typing import Any

from ..errors import RuntimeFailed, ValidationFailed
from ..store import Resource


def check(parameters: dict[str, Any], models: list[Resource]) -> None:
    """Raise ValidationFailed for what an asynchronous endpoint cannot have; `models` are those of its variants.

    It has one variant, on instances (aws-cdk-rfcs, 431), no shadow and one model (developer guide, "Shadow tests",
    "Multi-model endpoints").
    """
    config = parameters.get("AsyncInferenceConfig")
    if config is None:
        return
    variants = parameters["ProductionVariants"]
    excluded = {
        "Multiple production variants are": len(variants) > 1,
        "Shadow production variants are": bool(parameters.get("ShadowProductionVariants")),
        "Serverless variants are": any("ServerlessConfig" in variant for variant in variants),
        "Multi-model containers are": any(
            model.fields["PrimaryContainer"].get("Mode") == "MultiModel" for model in models
        ),
    }
    for what, there in excluded.items():
        if there:
            raise ValidationFailed(f"{what} not supported when specifying an AsyncInferenceConfig.")
    output = config["OutputConfig"]
    for member in ("S3OutputPath", "S3FailurePath"):
        if output.get(member, "s3://").startswith("https://"):
            raise ValidationFailed(f"This cloud does not support a {member} that is not an s3:// URI yet.")
    included = output.get("NotificationConfig", {}).get("IncludeInferenceResponseIn", [])
    for topic, name in (("SuccessTopic", "SUCCESS"), ("ErrorTopic", "ERROR")):
        if f"{name}_NOTIFICATION_TOPIC" in included and not output["NotificationConfig"].get(topic):
            raise ValidationFailed(
                f"{topic} must be specified when IncludeInferenceResponseIn contains {name}_NOTIFICATION_TOPIC."
            )


def of(endpoint: Resource) -> dict[str, Any] | None:
    """The endpoint's AsyncInferenceConfig, None for one that answers at once."""
    return endpoint.runtime.config.get("AsyncInferenceConfig")


def check_kind(endpoint: Resource, account: str, *, asynchronous: bool) -> None:
    """Raise RuntimeFailed where an endpoint is invoked the way that is not its own."""
    if (of(endpoint) is not None) != asynchronous:
        raise RuntimeFailed(f"Endpoint {endpoint.name} of account {account} does not support this inference type.")
