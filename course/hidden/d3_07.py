"""D3-07 where nobody has seen it: a world in which the new variant is better, and one in which it is not."""

from __future__ import annotations

from typing import Any

from course.exercises import d3_07
from course.learn.world import World


def better(aws: World, seed: int) -> dict[str, Any]:
    """On another seed; the new variant is better by the gain that the plan is for."""
    return d3_07.start(aws, seed, better=True)


def equal(aws: World, seed: int) -> dict[str, Any]:
    """On another seed; both variants are right equally often."""
    return d3_07.start(aws, seed, better=False)


WORLDS = {"better": better, "equal": equal}
