"""O-8 where nobody has seen it: other names, other data, and an account in which a colleague's endpoint is running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course.exercises import o_8, txguard
from course.learn.world import World

COLLEAGUE = "fraud-team-live"


def elsewhere(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, beside a colleague's running endpoint."""
    given = o_8.start(aws, seed)
    txguard.upload(aws, COLLEAGUE, Path(given["csv"]))
    archive = txguard.train(aws, COLLEAGUE, given["role"], **{"max-iter": "5"})
    txguard.deploy(aws, COLLEAGUE, given["role"], archive)
    return given


WORLDS = {"elsewhere": elsewhere}
