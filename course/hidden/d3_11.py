"""D3-11 where nobody has seen it: another endpoint and another limit, and a climb that comes after work."""

from __future__ import annotations

from typing import Any

from course.exercises import d3_11
from course.learn.world import World


def another(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed."""
    return d3_11.start(aws, seed)


def evening(aws: World, seed: int) -> dict[str, Any]:
    """The unexpected climb of each week comes in the evening, when one instance is left."""
    return d3_11.start(aws, seed, evening=True)


WORLDS = {"another": another, "evening": evening}
