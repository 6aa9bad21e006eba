"""The owner's side door: the clock, the meter, the timeline and the trail of a world, and what happens to its jobs.

Not part of AWS. Only the owner holds the token; jobs and other clients are refused.
"""

import hmac
import json
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .autoscaling import foresight
from .protocol import Request, Response
from .sagemaker import replay as replaying
from .sagemaker import traffic
from .sagemaker.resources import ENDPOINT, TRAINING_JOB

if TYPE_CHECKING:
    from .world import World

PREFIX = "/_cloud/"


async def answer(world: "World", request: Request) -> Response:
    """POST /_cloud/<verb> with the header x-cloud-token and a JSON body."""
    token = request.headers.get("x-cloud-token", "")
    if request.caller is not None or not hmac.compare_digest(token.encode(), world.token.encode()):
        return _json(403, {"error": "This door opens only for the owner of the world."})
    verb = _VERBS.get(request.path.removeprefix(PREFIX))
    if verb is None:
        return _json(404, {"error": f"The verbs are {', '.join(sorted(_VERBS))}."})
    try:
        arguments = json.loads(request.body or b"{}")
        return _json(200, await verb(world, **arguments))
    except (TypeError, ValueError) as error:
        return _json(400, {"error": str(error)})


def _json(status: int, document: Any) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(document, default=str).encode())


async def status(world: "World") -> dict[str, Any]:
    return {"mode": world.mode, "seed": world.seed, "now": world.clock.now().isoformat(), "port": world.port}


async def now(world: "World") -> dict[str, Any]:
    return {"now": world.clock.now().isoformat()}


async def advance(world: "World", seconds: float) -> dict[str, Any]:
    events = await world.clock.advance(seconds)
    return {"now": world.clock.now().isoformat(), "events": events}


async def meter(world: "World", tag: str | None = None) -> dict[str, Any]:
    """What there is to pay (see Meter.report); with `tag`, by that tag's values too."""
    return world.meter.report(tag)


async def timeline(world: "World") -> list[dict[str, Any]]:
    return [{"kind": c.kind, "name": c.name, "status": c.status, "at": c.at.isoformat()} for c in world.store.timeline]


async def trail(world: "World") -> list[dict[str, Any]]:
    return [event.document for event in world.trail.events]


async def metrics(world: "World", namespace: str) -> list[dict[str, Any]]:
    """The metrics of a namespace, those included that ListMetrics leaves out: nothing came for two weeks."""
    return [
        {"name": metric.name, "dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions]}
        for metric in world.metrics.recent(math.inf)
        if metric.namespace == namespace
    ]


async def invocations(world: "World") -> dict[str, dict[str, dict[str, int]]]:
    """Requests that each endpoint answered, by variant and outcome, endpoints that are gone included."""
    return world.past_invocations | {e.name: e.runtime.counts() for e in world.store.all(ENDPOINT)}


async def weighings(world: "World", endpoint: str) -> list[dict[str, Any]]:
    """The weights that an endpoint's variants have had, and what each had answered when they changed."""
    found = world.store.find(ENDPOINT, endpoint)
    return found.runtime.weighings if found else []


async def send(
    world: "World", endpoint: str, bodies: list[str], content_type: str = "text/csv"
) -> list[tuple[str, str | None]]:
    """Requests of an endpoint's customers (see traffic.send)."""
    return await traffic.send(world, endpoint, bodies, content_type)


async def interrupt(world: "World", job: str) -> dict[str, Any]:
    """Take the spot instances of a training job away now."""
    found = world.store.find(TRAINING_JOB, job)
    if found is None or found.runtime is None:
        raise ValueError(f"There is no training job {job} under way.")
    found.runtime.reclaim()
    return {}


async def spot(
    world: "World", capacity: bool | None = None, every: int | None = None, most: int | None = None
) -> dict[str, Any]:
    """Say how much spot capacity there is from now on, and how soon it is taken away (see training_spot.Market)."""
    world.spot.order(capacity, every, most)
    return {}


async def replay(world: "World", wait: bool = True, **plan: Any) -> dict[str, Any]:
    """Replay traffic (see sagemaker/replay.py: Plan). With `wait`, time advances to its end.

    Returns what was seen minute by minute (Replay.report).
    """
    found = replaying.begin(world, replaying.Plan(**plan))
    if wait:
        await world.clock.advance(max(0.0, found.end - world.clock.time()))
    return found.report()


async def replayed(world: "World", replay: str | None = None) -> dict[str, Any]:
    """What has been seen of a replay, by default of the last that began."""
    for found in reversed(world.replays):
        if replay in (None, found.name):
            return found.report()
    raise ValueError(f"There is no replay {replay or ''}.")


async def foresee(world: "World", cooldowns: dict[str, dict[str, int]] | None = None, **plan: Any) -> dict[str, Any]:
    """What a variant's scaling would make of traffic (see autoscaling/foresight.py); nothing happens in this world."""
    return await foresight.foresee(world, replaying.Plan(**plan), cooldowns or {})


async def patience(
    world: "World", seconds: float | None = None, invocation: float | None = None, startup: float | None = None
) -> dict[str, Any]:
    """Say how many real seconds the world waits; what is not given stays.

    seconds: between SIGTERM and SIGKILL for a training job that is stopped; 120 on AWS and in a new world.
    invocation: for a model's answer to InvokeEndpoint; 60 on AWS and in a new world.
    startup: until an endpoint's container is healthy, where its variant says nothing; 240 on AWS and in a new world.
    """
    if any(given is not None and given < 0 for given in (seconds, invocation, startup)):
        raise ValueError("patience is a number of seconds, not below 0.")
    if seconds is not None:
        world.stop_grace = seconds
    if invocation is not None:
        world.invocation_seconds = invocation
    if startup is not None:
        world.startup_seconds = startup
    return {}


async def work(world: "World", seconds: float) -> dict[str, Any]:
    """Cloud seconds for which an asynchronous request holds its place on an instance, as a big file does.

    0 in a new world: as long as the model really takes.
    """
    if not 0 <= seconds <= 3600:
        raise ValueError("work is a number of seconds between 0 and 3600: an invocation takes up to an hour.")
    world.queues.work_seconds = seconds
    return {}


_VERBS: dict[str, Callable[..., Awaitable[Any]]] = {
    verb.__name__: verb
    for verb in (
        status,
        now,
        advance,
        meter,
        timeline,
        trail,
        metrics,
        invocations,
        weighings,
        send,
        interrupt,
        spot,
        patience,
        work,
        replay,
        replayed,
        foresee,
    )
}
