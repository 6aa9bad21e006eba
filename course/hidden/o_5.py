"""O-5 where nobody has seen it: other rows, other settings, and a table that has been written over more often."""

from __future__ import annotations

from typing import Any

from course.exercises import o_5
from course.learn.world import World


def rewritten(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, with one more version of the table on top."""
    given = o_5.start(aws, seed)
    o_5.write_version(aws, given["bucket"], seed, 90)
    return given


WORLDS = {"rewritten": rewritten}
