"""InvokeEndpointAsync: a request for the endpoint's queue, and where its answer will be."""

import posixpath
import uuid
from typing import Any

from ..errors import RuntimeFailed
from ..operations import Call, operation
from . import async_config
from .async_queue import Request
from .fleet import SERVING
from .resources import ENDPOINT, arn_of

TTL_SECONDS = 21_600
"""RequestTTLSeconds where none is given: six hours (service model, InvokeEndpointAsync)."""
TIMEOUT_SECONDS = 900
"""InvocationTimeoutSeconds where none is given: fifteen minutes (service model, InvokeEndpointAsync)."""


@operation(
    "sagemaker-runtime",
    "InvokeEndpointAsync",
    resource=arn_of(ENDPOINT),
    uses=(
        "EndpointName",
        "InputLocation",
        "Body",
        "ContentType",
        "Accept",
        "CustomAttributes",
        "InferenceId",
        "S3OutputPathExtension",
        "Filename",
        "RequestTTLSeconds",
        "InvocationTimeoutSeconds",
    ),
)
async def invoke_endpoint_async(call: Call) -> dict[str, Any]:
    """Queue a request; the answer says where the model's answer will be, and where its failure."""
    world, p = call.world, call.parameters
    endpoint = world.store.find(ENDPOINT, p["EndpointName"])
    if endpoint is None or endpoint.status not in SERVING:
        raise RuntimeFailed(f"Endpoint {p['EndpointName']} of account {world.account} not found.")
    async_config.check_kind(endpoint, world.account, asynchronous=True)
    body, location = p.get("Body") or None, p.get("InputLocation")
    if (body is None) == (location is None):
        raise RuntimeFailed("Exactly one of Body and InputLocation must be provided.")
    if location and not location.startswith("s3://"):
        raise RuntimeFailed("This cloud does not support an InputLocation that is not an s3:// URI yet.")
    request = Request(
        inference_id=p.get("InferenceId") or _identifier(world),
        body=body,
        input_location=location,
        content_type=p.get("ContentType", ""),
        accept=p.get("Accept", ""),
        custom_attributes=p.get("CustomAttributes"),
        timeout=p.get("InvocationTimeoutSeconds", TIMEOUT_SECONDS),
        received=world.clock.time(),
        expires=world.clock.time() + p.get("RequestTTLSeconds", TTL_SECONDS),
        **_locations(call, async_config.of(endpoint)["OutputConfig"]),
    )
    world.queues.of(endpoint).put(request)
    return {
        "InferenceId": request.inference_id,
        "OutputLocation": request.output_location,
        "FailureLocation": request.failure_location,
    }


def _locations(call: Call, output: dict[str, Any]) -> dict[str, str | None]:
    """Where the answer and the failure go; None where the configuration has no path for it."""
    name = call.parameters.get("Filename") or f"{_identifier(call.world)}.out"
    stem, extension = posixpath.splitext(name)
    further = call.parameters.get("S3OutputPathExtension", "").strip("/")

    def below(path: str | None, file: str) -> str | None:
        return path and "/".join(part for part in (path.rstrip("/"), further, file) if part)

    return {
        "output_location": below(output.get("S3OutputPath"), name),
        "failure_location": below(output.get("S3FailurePath"), f"{stem}-error{extension or '.out'}"),
    }


def _identifier(world: Any) -> str:
    return str(uuid.UUID(int=world.random.getrandbits(128), version=4))
