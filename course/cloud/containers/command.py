"""A container that runs the caller's own command: AlgorithmSpecification.ContainerEntrypoint and ContainerArguments.

The command takes the place of this process. Where /opt/ml is not mounted, its words that name a path there name the
real one instead.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from course.cloud.containers.layout import BASE, Layout

ENTRY = f"{__name__}:main"
_VARIABLE = "COURSE_COMMAND"


def variables(words: Sequence[str]) -> dict[str, str]:
    """What the environment of a process that is to run these words must have."""
    return {_VARIABLE: json.dumps(list(words))}


def main() -> None:
    """Become the command. Raises SystemExit with a shell's code, 127 or 126, when there is none or it cannot run."""
    layout = Layout.here()
    words = [word.replace(BASE, str(layout.base)) for word in json.loads(os.environ.pop(_VARIABLE))]
    sys.stdout.flush()
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f'exec: "{words[0]}": {error.strerror}', file=sys.stderr)
        raise SystemExit(127 if isinstance(error, FileNotFoundError) else 126) from None
