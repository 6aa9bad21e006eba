"""Traffic that is only counted: so many requests in each minute of the cloud's time, and what becomes of them.

Nothing is sent to the instances, which are real all the same: alarms see the metrics, scaling starts and stops
processes. An instance answers `limit` requests a minute; those beyond time out and count as Invocation5XXErrors.
"""

from typing import TYPE_CHECKING, Any

from ..store import Resource
from .fleet import Variant

if TYPE_CHECKING:
    from ..world import World

_MINUTE = 60
_NAMESPACE = "AWS/SageMaker"


async def replay(world: "World", endpoint: Resource, variant: str, counts: list[int], limit: float) -> dict[str, Any]:
    """Let a minute pass for each of `counts`, from the one that runs now.

    Returns lists with one entry for each minute: instances, timeouts, and the alarms that were in ALARM at its end.
    """
    clock = world.clock
    start = clock.time() // _MINUTE * _MINUTE
    instances, timeouts, alarms = [], [], []
    for minute, count in enumerate(counts):
        there: Variant = endpoint.runtime.variants[variant]
        lost = max(0, round(count - there.current * limit))
        instances.append(there.current)
        timeouts.append(lost)
        if count:
            _measure(world, endpoint.name, variant, start + minute * _MINUTE, count, lost, there.current)
        await clock.advance(max(0.0, start + (minute + 1) * _MINUTE - clock.time()))
        alarms.append([alarm.name for alarm in world.alarms.all() if alarm.state == "ALARM"])
    return {"instances": instances, "timeouts": timeouts, "alarms": alarms}


def _measure(world: "World", endpoint: str, variant: str, at: float, count: int, lost: int, instances: int) -> None:
    """One minute's metrics, as sums: every request is one sample of each."""
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    share = 1 / (instances or 1)
    for name, total, low, high in (
        ("Invocations", count, 1, 1),
        ("InvocationsPerInstance", count * share, share, share),
        ("Invocation5XXErrors", lost, int(lost == count), int(lost > 0)),
    ):
        world.metrics.put_set(_NAMESPACE, dimensions, name, at=at, count=count, total=total, minimum=low, maximum=high)
