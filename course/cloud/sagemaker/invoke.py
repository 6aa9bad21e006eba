"""InvokeEndpoint: one request to one worker of one variant."""

import asyncio
from typing import Any

from ..errors import RuntimeFailed
from ..operations import Call, operation
from ..runtime.worker import WorkerDied
from .fleet import Variant
from .resources import ENDPOINT, arn_of

_INVOCATION_SECONDS = 60.0


@operation(
    "sagemaker-runtime",
    "InvokeEndpoint",
    resource=arn_of(ENDPOINT),
    uses=("EndpointName", "Body", "ContentType", "Accept", "CustomAttributes", "TargetVariant"),
    no_effect=("InferenceId",),
)
async def invoke_endpoint(call: Call) -> dict[str, Any]:
    """Send the body to a worker of the target variant, or of one drawn by weight."""
    world, p = call.world, call.parameters
    endpoint = world.store.find(ENDPOINT, p["EndpointName"])
    if endpoint is None or endpoint.status != "InService":
        raise RuntimeFailed(f"Endpoint {p['EndpointName']} of account {world.account} not found.")
    variants: dict[str, Variant] = endpoint.runtime.variants
    target = p.get("TargetVariant")
    if target and target not in variants:
        raise RuntimeFailed(f"Variant {target} not found for endpoint {endpoint.name} of account {world.account}.")
    variant = variants[target] if target else _draw(world, list(variants.values()))
    worker = variant.worker()
    if worker is None:
        variant.counts["5xx"] += 1
        raise RuntimeFailed("Service unavailable. Please try again.", code="ServiceUnavailable", status=503)
    headers = {"x-amzn-sagemaker-custom-attributes": p["CustomAttributes"]} if "CustomAttributes" in p else {}
    stream = f"arn:aws:logs:{world.region}:{world.account}:log-group:/aws/sagemaker/Endpoints/{endpoint.name}"
    try:
        async with asyncio.timeout(_INVOCATION_SECONDS):
            status, content_type, body = await worker.invoke(
                p.get("Body", b""), p.get("ContentType", ""), p.get("Accept", ""), headers
            )
    except TimeoutError:
        variant.counts["5xx"] += 1
        raise _model_error(
            0,
            "Your invocation timed out while waiting for a response from container primary. Review "
            "the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try "
            "again.",
            "",
            stream,
        ) from None
    except WorkerDied:
        variant.counts["5xx"] += 1
        raise _model_error(0, "The container primary closed the connection before it answered.", "", stream) from None
    if status != 200:
        variant.counts["4xx" if 400 <= status < 500 else "5xx"] += 1
        text = body[:4096].decode("utf-8", "replace")
        side = "client" if 400 <= status < 500 else "server"
        raise _model_error(
            status,
            f'Received {side} error ({status}) from primary with message "{text}". See '
            f"https://{world.region}.console.aws.amazon.com/cloudwatch/home?region={world.region}#logEventViewer:"
            f"group=/aws/sagemaker/Endpoints/{endpoint.name} in account {world.account} for more information.",
            text,
            stream,
        )
    variant.counts["ok"] += 1
    return {
        "Body": body,
        "ContentType": content_type,
        "InvokedProductionVariant": variant.name,
        "CustomAttributes": p.get("CustomAttributes"),
    }


def _draw(world: Any, variants: list[Variant]) -> Variant:
    if len(variants) == 1:
        return variants[0]
    return world.random.choices(variants, [variant.weight for variant in variants])[0]


def _model_error(status: int, message: str, original: str, stream: str) -> RuntimeFailed:
    return RuntimeFailed(
        message,
        code="ModelError",
        status=424,
        members={"OriginalStatusCode": status, "OriginalMessage": original, "LogStreamArn": stream},
    )
