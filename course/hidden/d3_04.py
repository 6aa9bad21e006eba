"""D3-04 where nobody has seen it: other payments in objects of unequal size, in folders, in no order of their names."""

from __future__ import annotations

import itertools
import random
from typing import Any

from course.exercises import d3_04
from course.exercises.nights import night
from course.learn.world import World

OBJECTS = 7


def shuffled(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, the night cut at other places."""
    lines = night(seed)
    chance = random.Random(seed)
    shares = [chance.randint(1, 4) for _ in range(OBJECTS)]
    ends = [sum(shares[:number]) * len(lines) // sum(shares) for number in range(OBJECTS + 1)]
    parts = [lines[a:b] for a, b in itertools.pairwise(ends)]
    names = chance.sample(range(100, 1000), OBJECTS)
    objects = {f"{number % 3:02}/{number}.csv": part for number, part in zip(names, parts, strict=True)}
    return d3_04.opened(aws, seed, objects)


WORLDS = {"shuffled": shuffled}
