"""One invocation of a variant, whoever asks: InvokeEndpoint, a queue of asynchronous requests, replayed traffic."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import RuntimeFailed
from ..runtime.worker import WorkerDied
from ..store import Resource
from .fleet import Variant

if TYPE_CHECKING:
    from ..world import World

INVOCATION_SECONDS = 60.0
"""Real seconds in which a container must answer (developer guide, "How Containers Should Respond to Requests")."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What is asked of a model. received: when, by time.perf_counter()."""

    body: bytes
    content_type: str = ""
    accept: str = ""
    custom_attributes: str | None = None
    inference_id: str | None = None
    received: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said."""

    content_type: str
    body: bytes


def choose(world: "World", endpoint: Resource, target: str | None = None) -> Variant:
    """The variant that is asked: the target, or one drawn by weight. Raises RuntimeFailed for one that is not there."""
    variants: dict[str, Variant] = endpoint.runtime.variants
    if target:
        if target not in variants:
            raise RuntimeFailed(f"Variant {target} not found for endpoint {endpoint.name} of account {world.account}.")
        return variants[target]
    candidates = list(variants.values())
    if len(candidates) == 1:
        return candidates[0]
    return world.random.choices(candidates, [variant.weight for variant in candidates])[0]


async def serve(
    world: "World", endpoint: Resource, variant: Variant, asked: Invocation, seconds: float = INVOCATION_SECONDS
) -> Answer:
    """The answer of one of the variant's workers, which has `seconds` (real ones) for it.

    Raises RuntimeFailed: ServiceUnavailable while no instance is healthy, ModelError for what is not a 200.
    """
    worker = variant.worker()
    if worker is None:
        variant.counts["5xx"] += 1
        raise RuntimeFailed("Service unavailable. Please try again.", code="ServiceUnavailable", status=503)
    headers = {"x-amzn-sagemaker-custom-attributes": asked.custom_attributes} if asked.custom_attributes else None
    try:
        async with asyncio.timeout(seconds):
            status, content_type, body = await worker.invoke(asked.body, asked.content_type, asked.accept, headers)
    except TimeoutError:
        variant.counts["5xx"] += 1
        raise _model_error(
            world,
            endpoint,
            0,
            "Your invocation timed out while waiting for a response from container primary. Review "
            "the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try "
            "again.",
        ) from None
    except WorkerDied:
        variant.counts["5xx"] += 1
        raise _model_error(
            world, endpoint, 0, "The container primary closed the connection before it answered."
        ) from None
    if status != 200:
        variant.counts["4xx" if 400 <= status < 500 else "5xx"] += 1
        raise _not_ok(world, endpoint, status, body)
    variant.counts["ok"] += 1
    return Answer(content_type, body)


def _not_ok(world: "World", endpoint: Resource, status: int, body: bytes) -> RuntimeFailed:
    text = body[:4096].decode("utf-8", "replace")
    side = "client" if 400 <= status < 500 else "server"
    message = (
        f'Received {side} error ({status}) from primary with message "{text}". See '
        f"https://{world.region}.console.aws.amazon.com/cloudwatch/home?region={world.region}#logEventViewer:"
        f"group=/aws/sagemaker/Endpoints/{endpoint.name} in account {world.account} for more information."
    )
    return _model_error(world, endpoint, status, message, text)


def _model_error(world: "World", endpoint: Resource, status: int, message: str, original: str = "") -> RuntimeFailed:
    stream = f"arn:aws:logs:{world.region}:{world.account}:log-group:/aws/sagemaker/Endpoints/{endpoint.name}"
    return RuntimeFailed(
        message,
        code="ModelError",
        status=424,
        members={"OriginalStatusCode": status, "OriginalMessage": original, "LogStreamArn": stream},
    )
