"""The owner's side door: the clock, the meter, the timeline and the trail of a world, and what happens to its jobs.

Not part of AWS. Only the owner holds the token; jobs and other clients are refused.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .protocol import Request, Response
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


async def meter(world: "World") -> dict[str, Any]:
    return world.meter.report()


async def timeline(world: "World") -> list[dict[str, Any]]:
    return [{"kind": c.kind, "name": c.name, "status": c.status, "at": c.at.isoformat()} for c in world.store.timeline]


async def trail(world: "World") -> list[dict[str, Any]]:
    return [event.document for event in world.trail.events]


async def invocations(world: "World") -> dict[str, dict[str, dict[str, int]]]:
    """Requests that each endpoint answered, by variant and outcome, endpoints that are gone included."""
    return world.past_invocations | {e.name: e.runtime.counts() for e in world.store.all(ENDPOINT)}


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


async def patience(world: "World", seconds: float) -> dict[str, Any]:
    """Real seconds between SIGTERM and SIGKILL for a training job that is stopped; 120 on AWS and in a new world."""
    if seconds < 0:
        raise ValueError("patience is a number of seconds, not below 0.")
    world.stop_grace = seconds
    return {}


_VERBS: dict[str, Callable[..., Awaitable[Any]]] = {
    verb.__name__: verb
    for verb in (status, now, advance, meter, timeline, trail, invocations, interrupt, spot, patience)
}
