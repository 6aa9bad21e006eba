"""D3-12 where nobody has seen it: a month that beats the bar, and one whose labels have slipped."""

from __future__ import annotations

from typing import Any

from course.exercises import d3_12
from course.learn.world import World


def better(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed: other names, other rows, another bar."""
    return d3_12.start(aws, seed)


def worse(aws: World, seed: int) -> dict[str, Any]:
    """May's labels have slipped: the learner's own second run ends in the Fail step."""
    given = d3_12.start(aws, seed)
    d3_12.put(aws, seed, given["may"], d3_12.table(seed + 2, 60, slipped=True))
    return given


WORLDS = {"better": better, "worse": worse}
