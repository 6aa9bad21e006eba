"""The processing container: runs the command that the job names as its entrypoint.

Facts: developer guide, "Build Your Own Processing Container" (how the entrypoint and its arguments become a command,
exit codes). A command ``python3 program.py …`` runs as ``__main__`` of this very process, which has imported the usual
libraries already; every other command replaces it. Where /opt/ml is only agreed upon (SAGEMAKER_BASE_DIR), the words of
the command lead to the real folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from course.cloud.containers import python_program, search_path
from course.cloud.containers.layout import BASE, Layout

_PYTHONS = ("python3", "python")
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127  # what a shell and Docker answer


def main() -> None:
    """Run the entrypoint with its arguments. Raises SystemExit with its exit code."""
    words = command(Layout.here())
    if words[0] in _PYTHONS and len(words) > 1 and words[1].endswith(".py") and Path(words[1]).is_file():
        search_path.put_first(Path(words[1]).parent)
        raise SystemExit(python_program.run(Path(words[1]), words[1:])[0])
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"exec {words[0]}: {error.strerror}", file=sys.stderr)
        raise SystemExit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE) from None


def command(layout: Layout) -> list[str]:
    """The words of the command, from config/processingjobconfig.json."""
    application = layout.processing_job()["AppSpecification"]
    words = [*application["ContainerEntrypoint"], *(application["ContainerArguments"] or [])]
    return words if str(layout.base) == BASE else [word.replace(f"{BASE}/", f"{layout.base}/") for word in words]
