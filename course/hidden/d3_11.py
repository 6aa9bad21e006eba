"""D3-11 where nobody has seen it: another limit, and a climb that comes after work."""

from __future__ import annotations

from typing import Any

from course.exercises import d3_11
from course.learn.world import World


def evening(aws: World, seed: int) -> dict[str, Any]:
    """Another endpoint with another limit, and the climb comes in the evening, when one instance is left."""
    return d3_11.start(aws, seed, evening=True)


WORLDS = {"evening": evening}
