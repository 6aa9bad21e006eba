"""D2-02 where nobody has seen it: other names, other rows, another number of trees, a bucket that holds more."""

from __future__ import annotations

from typing import Any

from course.exercises import d2_02
from course.learn.world import World


def crowded(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed; someone else's job has run, and its log is there to be mistaken."""
    given = d2_02.start(aws, seed)
    d2_02.txguard.start_job(
        aws,
        f"a-{given['name']}",
        given["role"],
        "look.py",
        f"s3://{given['bucket']}/example/sourcedir.tar.gz",
        {},
        output=f"s3://{given['bucket']}/other",
        train=f"s3://{given['bucket']}/data/",
    )
    d2_02.txguard.wait(aws, f"a-{given['name']}")
    return given


WORLDS = {"crowded": crowded}
