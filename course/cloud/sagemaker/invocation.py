"""One invocation of a variant, whoever asks: InvokeEndpoint, a queue of asynchronous requests, replayed traffic."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from course.cloud.worker import Worker, WorkerDied

from ..errors import RuntimeFailed
from ..store import Resource
from .fleet import Fleet, Variant
from .serverless import Serverless

if TYPE_CHECKING:
    from ..world import World

MOST_COPIES = 256
"""Copies that a shadow variant may owe answers to; while it owes so many, it gets no further ones."""


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


def choose(world: "World", endpoint: Resource, target: str | None = None) -> Variant | Serverless:
    """The variant that is asked: the target, or one drawn by weight. Raises RuntimeFailed for one that is not there."""
    fleet: Fleet = endpoint.runtime
    if not target:
        return fleet.draw()
    if target not in fleet.variants:
        raise RuntimeFailed(f"Variant {target} not found for endpoint {endpoint.name} of account {world.account}.")
    return fleet.variants[target]


async def serve(
    world: "World",
    endpoint: Resource,
    variant: Variant | Serverless,
    asked: Invocation,
    seconds: float | None = None,
    worker: Worker | None = None,
) -> Answer:
    """The answer of one of the variant's workers: counted, measured, captured.

    seconds: real ones that the model may take; by default what InvokeEndpoint gives it. worker: by default the next.
    A shadow variant gets its share of copies; nobody waits for what it says. Raises RuntimeFailed: ServiceUnavailable
    while no instance is healthy, ModelError for what is not a 200, and what Serverless.place raises.
    """
    seconds = world.invocation_seconds if seconds is None else seconds
    if endpoint.runtime.shadows:
        _copy(world, endpoint, variant, asked, seconds)
    return await _ask(world, endpoint, variant, asked, seconds, worker)


def _copy(world: "World", endpoint: Resource, variant: Variant, asked: Invocation, seconds: float) -> None:
    """Send a shadow variant its share of the variant's requests: its weight, as a part of the variant's."""
    for shadow in endpoint.runtime.shadows.values():
        chosen = shadow.weight >= variant.weight or world.random.random() * variant.weight < shadow.weight
        if chosen and shadow.copies < MOST_COPIES:
            shadow.copies += 1
            world.spawn(_ask_unheard(world, endpoint, shadow, asked, seconds))


async def _ask_unheard(world: "World", endpoint: Resource, shadow: Variant, asked: Invocation, seconds: float) -> None:
    try:
        await _ask(world, endpoint, shadow, asked, seconds)
    except RuntimeFailed:
        pass  # counted under the shadow's name; nobody is told
    finally:
        shadow.copies -= 1


async def _ask(
    world: "World",
    endpoint: Resource,
    variant: Variant | Serverless,
    asked: Invocation,
    seconds: float,
    worker: Worker | None = None,
) -> Answer:
    if variant.line is not None:
        variant.line.asked(world.clock.time())
    if isinstance(variant, Serverless):
        async with variant.place(len(asked.body)) as worker:
            answer = await _ask_worker(world, endpoint, variant, worker, None, asked, seconds)
        variant.answered(len(answer.body))
        return answer
    worker, instances = worker or variant.worker(), variant.current
    if worker is None:
        variant.counts["5xx"] += 1
        variant.tally.add("5xx", instances, overhead=time.perf_counter() - asked.received)
        raise RuntimeFailed("Service unavailable. Please try again.", code="ServiceUnavailable", status=503)
    return await _ask_worker(world, endpoint, variant, worker, instances, asked, seconds)


async def _ask_worker(
    world: "World",
    endpoint: Resource,
    variant: Variant | Serverless,
    worker: Worker,
    instances: int | None,
    asked: Invocation,
    seconds: float,
) -> Answer:
    """One request to one worker; `seconds` begin now."""
    headers = {"x-amzn-sagemaker-custom-attributes": asked.custom_attributes} if asked.custom_attributes else None
    status, content_type, body, silence = 0, "", b"", ""
    sent = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            status, content_type, body = await worker.invoke(asked.body, asked.content_type, asked.accept, headers)
    except TimeoutError:
        world.spawn(worker.examine())
        silence = (
            "Your invocation timed out while waiting for a response from container primary. Review the latency "
            "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
        )
    except WorkerDied:
        silence = "The container primary closed the connection before it answered."
    outcome = "ok" if status == 200 else "4xx" if 400 <= status < 500 else "5xx"
    variant.counts[outcome] += 1
    variant.tally.add(outcome, instances, time.perf_counter() - sent, sent - asked.received)
    if silence:
        raise _model_error(world, endpoint, 0, silence)
    if outcome != "ok":
        raise _not_ok(world, endpoint, status, body)
    answer = Answer(content_type, body)
    if variant.capture is not None:
        variant.capture.record(variant.name, variant.model, asked, answer)
    return answer


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
