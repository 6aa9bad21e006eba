"""The requests of an endpoint's customers, whom the owner of the world lets speak: InvokeEndpoint without the wire."""

import asyncio
from typing import TYPE_CHECKING

from ..errors import RuntimeFailed
from .fleet import SERVING
from .invocation import Invocation, choose, serve
from .resources import ENDPOINT

if TYPE_CHECKING:
    from ..world import World

CUSTOMERS = 64
"""So many wait for an answer at once."""


async def send(world: "World", name: str, bodies: list[str], content_type: str) -> list[tuple[str, str | None]]:
    """Send each body in a request of its own: (variant that was drawn, its answer or None), in the order of the bodies.

    Each is served, counted, measured and captured like a call of InvokeEndpoint. The variants are drawn in the order of
    the bodies, so that the same seed gives the same split. Raises ValueError if no such endpoint is at work.
    """
    endpoint = world.store.find(ENDPOINT, name)
    if endpoint is None or endpoint.status not in SERVING:
        raise ValueError(f"There is no endpoint {name} at work.")
    found: list[tuple[str, str | None]] = [("", None)] * len(bodies)
    waiting = iter(enumerate(bodies))

    async def customer() -> None:
        for number, body in waiting:
            variant = choose(world, endpoint)
            try:
                answer = await serve(
                    world, endpoint, variant, Invocation(body.encode(), content_type=content_type, accept=content_type)
                )
            except RuntimeFailed:
                found[number] = variant.name, None
            else:
                found[number] = variant.name, answer.body.decode("utf-8", "replace")

    await asyncio.gather(*(customer() for _ in range(min(CUSTOMERS, len(bodies)))))
    return found
