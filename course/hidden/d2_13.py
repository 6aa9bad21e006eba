"""D2-13 where nobody has seen it: here the newest version is the one that the brief asks for."""

from __future__ import annotations

from typing import Any

from course.exercises import d2_13
from course.learn.world import World


def newest_holds(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed; both older exports came too early, the newest did not."""
    return d2_13.build(aws, seed, best=2)


WORLDS = {"newest_holds": newest_holds}
