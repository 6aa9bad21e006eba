"""D2-12 where nobody has seen it: other names, other payments, and the three cases in the opposite order."""

from __future__ import annotations

from typing import Any

from course.exercises import d2_12
from course.learn.world import World


def turned(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed; the fraud that went through stands first."""
    return d2_12.start(aws, seed, cases=slice(None, None, -1))


WORLDS = {"turned": turned}
