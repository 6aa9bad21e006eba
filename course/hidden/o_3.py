"""O-3 where nobody has seen it: other payments, and fraud that changes in half the time."""

from __future__ import annotations

from typing import Any

from course.exercises import o_3
from course.learn.world import World


def sooner(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, with a quicker drift."""
    return o_3.build(aws, seed, o_3.RAMP_DAYS // 2)


WORLDS = {"sooner": sooner}
