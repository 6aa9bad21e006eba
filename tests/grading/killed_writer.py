"""A grading that is killed at a given moment: python -m tests.grading.killed_writer DIR MOMENT.

Each moment lies between two steps of one submission's writing; the third submission is the one that is hit.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course.grading import autograded, batch, directory, gradebook

from . import assignments

MOMENTS: dict[str, tuple[Any, str, bool]] = {
    "before anything is written": (gradebook.Gradebook, "write", False),
    "with the rows in the transaction": (autograded.Replacement, "make", False),
    "with the folder in place and nothing committed": (autograded.Replacement, "make", True),
    "with all committed and the old folder there": (autograded.Replacement, "finish", False),
}
BETWEEN = "between the two renames"
HIT = 3


def deadly(action: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    calls = 0

    def wrapped(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < HIT:
            return action(*given, **named)
        if after:
            action(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return wrapped


def main(root: str, moment: str) -> None:
    if moment == BETWEEN:
        autograded.Replacement.make = _half_made(autograded.Replacement.make)
    else:
        owner, name, after = MOMENTS[moment]
        setattr(owner, name, deadly(getattr(owner, name), after=after))
    batch.run(directory.find(Path(root)), assignments.NAME, workers=1, progress=False, examine=assignments.examine)


def _half_made(make: Callable[..., Any]) -> Callable[..., Any]:
    calls = 0

    def wrapped(self: autograded.Replacement) -> None:
        nonlocal calls
        calls += 1
        if calls < HIT:
            return make(self)
        self.target.rename(self.old)
        os.kill(os.getpid(), signal.SIGKILL)

    return wrapped


if __name__ == "__main__":
    main(*sys.argv[1:])
