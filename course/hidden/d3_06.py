"""D3-06 where nobody has seen it: a night on which much is torn, and one on which nothing fails."""

from __future__ import annotations

from typing import Any

from course.exercises import d3_06
from course.learn.world import World


def torn(aws: World, seed: int) -> dict[str, Any]:
    """A fifth of the files fail."""
    return d3_06.start(aws, seed, broken=52, missing=8)


def sound(aws: World, seed: int) -> dict[str, Any]:
    """No file fails: whoever waits for a message of the error topic waits for ever."""
    return d3_06.start(aws, seed, broken=0, missing=0)


WORLDS = {"torn": torn, "sound": sound}
