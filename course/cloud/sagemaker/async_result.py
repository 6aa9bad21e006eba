"""What becomes of an asynchronous request: an object in S3 first, then a message to whoever waits for it.

Both are written with the permissions of the endpoint's execution role. Sources: developer guide, "Check prediction
results", and the service model's AsyncInferenceOutputConfig.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import CloudError
from ..storage import Storage

MOST_IN_A_MESSAGE = 128 << 10
"""Bytes of a response that may be part of a message (service model, IncludeInferenceResponseIn)."""


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, or with a `failure` the model's error (`body`, which may be empty) and why."""

    body: bytes
    content_type: str = ""
    failure: str | None = None


async def store(storage: Storage, request: Any, result: Result, key: str | None) -> None:
    """Write the answer to the request's output location, or its failure to the failure location, if it has one.

    key: of KMS, to seal it with. Raises StorageError.
    """
    failed = result.failure is not None
    location = request.failure_location if failed else request.output_location
    if location is None:
        return
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    kind = {"ContentType": result.content_type} if result.content_type and not failed else {}
    body = result.body or (result.failure or "").encode()
    await storage.write(location, body, **kind, **encryption)


async def tell(world: Any, access_key: str, endpoint: str, request: Any, result: Result, output: dict[str, Any]) -> str:
    """Publish the result to the topic that the configuration has for it. Returns why it could not; "" if it could."""
    config = output.get("NotificationConfig", {})
    failed = result.failure is not None
    topic = config.get("ErrorTopic" if failed else "SuccessTopic")
    if not topic:
        return ""
    wanted = "ERROR_NOTIFICATION_TOPIC" if failed else "SUCCESS_NOTIFICATION_TOPIC"
    included = wanted in config.get("IncludeInferenceResponseIn", []) and len(result.body) <= MOST_IN_A_MESSAGE
    message = json.dumps(message_of(world, endpoint, request, result, included=included), separators=(",", ":"))
    try:
        await world.base.call("sns", "Publish", access_key, TopicArn=topic, Message=message)
    except CloudError as error:
        return f"{error.code}: {error.message}"
    return ""


def message_of(world: Any, endpoint: str, request: Any, result: Result, *, included: bool) -> dict[str, Any]:
    """The message about a result, in AWS's order. included: with the response itself."""
    asked = {
        "accept": request.accept,
        "contentType": request.content_type,
        "customAttributes": request.custom_attributes,
        "endpointName": endpoint,
        "inputLocation": request.input_location,
    }
    failed = result.failure is not None
    message: dict[str, Any] = {
        "awsRegion": world.region,
        "eventTime": _stamp(world.clock.time()),
        "receivedTime": _stamp(request.received),
        "invocationStatus": "Failed" if failed else "Completed",
    }
    if failed:
        message["failureReason"] = result.failure
    message["requestParameters"] = {name: value for name, value in asked.items() if value}
    if not failed:
        answered = {"contentType": result.content_type, "outputLocation": request.output_location}
        message["responseParameters"] = {name: value for name, value in answered.items() if value}
    if included:
        message["responseBody"] = {"content": base64.b64encode(result.body).decode(), "encoding": "BASE64"}
    return message | {
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
