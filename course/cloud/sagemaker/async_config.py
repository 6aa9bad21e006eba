"""AsyncInferenceConfig: what makes an endpoint asynchronous, and what cannot go with it."""

from typing import Any

from ..errors import RuntimeFailed, ValidationFailed
from ..store import Resource


def check(parameters: dict[str, Any]) -> None:
    """Raise ValidationFailed for what an asynchronous endpoint cannot have.

    It has one variant, on instances (aws/aws-cdk-rfcs, pull request 433). That it has no shadow and is not serverless
    is said where those are checked; this cloud has no multi-model containers.
    """
    config = parameters.get("AsyncInferenceConfig")
    if config is None:
        return
    if len(parameters["ProductionVariants"]) > 1:
        raise ValidationFailed(
            "Multiple production variants are not supported when specifying an AsyncInferenceConfig."
        )
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
