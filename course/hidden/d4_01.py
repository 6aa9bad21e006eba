"""D4-01 where nobody has seen it: more requests in an hour, and most of them the app's."""

from __future__ import annotations

from typing import Any

from course.exercises import d4_01
from course.learn.world import World


def busier(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, with other traffic."""
    return d4_01.start(aws, seed, per_hour=120, app=0.65)


WORLDS = {"busier": busier}
