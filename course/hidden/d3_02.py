"""D3-02 where nobody has seen it: here the newest version is the approved one, and the older ones were rejected."""

from __future__ import annotations

from typing import Any

from course.exercises import deployable
from course.learn.world import World


def newest(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, after the next approval."""
    return deployable.build(aws, seed, approved=deployable.VERSIONS)


WORLDS = {"newest": newest}
