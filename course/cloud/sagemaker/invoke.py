"""InvokeEndpoint: one request to one worker of one variant."""

from typing import Any

from ..errors import RuntimeFailed
from ..operations import Call, operation
from . import async_config
from .fleet import SERVING
from .invocation import Invocation, choose, serve
from .resources import ENDPOINT, arn_of


@operation(
    "sagemaker-runtime",
    "InvokeEndpoint",
    resource=arn_of(ENDPOINT),
    uses=("EndpointName", "Body", "ContentType", "Accept", "CustomAttributes", "TargetVariant", "InferenceId"),
)
async def invoke_endpoint(call: Call) -> dict[str, Any]:
    """Send the body to a worker of the target variant, or of one drawn by weight."""
    world, p = call.world, call.parameters
    endpoint = world.store.find(ENDPOINT, p["EndpointName"])
    if endpoint is None or endpoint.status not in SERVING:
        raise RuntimeFailed(f"Endpoint {p['EndpointName']} of account {world.account} not found.")
    async_config.check_kind(endpoint, world.account, asynchronous=False)
    variant = choose(world, endpoint, p.get("TargetVariant"))
    asked = Invocation(
        p.get("Body", b""),
        p.get("ContentType", ""),
        p.get("Accept", ""),
        p.get("CustomAttributes"),
        p.get("InferenceId"),
    )
    answer = await serve(world, endpoint, variant, asked)
    return {
        "Body": answer.body,
        "ContentType": answer.content_type,
        "InvokedProductionVariant": variant.name,
        "CustomAttributes": p.get("CustomAttributes"),
    }
