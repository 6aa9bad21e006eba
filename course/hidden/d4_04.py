"""D4-04 where nobody has seen it: another seed changes fraud on another day, and labels take two days longer."""

from __future__ import annotations

from typing import Any

from course.exercises import d4_04
from course.exercises.d4_04_traffic import Plan
from course.learn.world import World

LATER = 2


def slower(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, where the bank takes two days longer to find out."""
    return d4_04.build(aws, Plan.of(seed, later=LATER))


WORLDS = {"slower": slower}
