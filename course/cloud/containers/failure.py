"""How a container reports that the learner's code failed: the failure file, and a traceback that starts in that code.

The text has the form of the SageMaker training toolkit (github.com/aws/sagemaker-training-toolkit, errors.py), which
becomes the job's FailureReason.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from course.cloud.containers.layout import Layout

_NOT_THE_LEARNERS = (str(Path(__file__).parent), "<frozen importlib")


class CommandFailed(Exception):
    """A command of the container ended with an exit code other than 0; its text is that of the failure file."""

    def __init__(self, kind: str, exit_code: int, message: str, command: str) -> None:
        self.exit_code = exit_code
        super().__init__(f'{kind}:\nExitCode {exit_code}\nErrorMessage "{message}"\nCommand "{command}"')


def write_failure(layout: Layout, text: str) -> None:
    """Write the failure file, unless the learner's program wrote its own."""
    if not layout.failure.exists():
        layout.output.mkdir(parents=True, exist_ok=True)
        layout.failure.write_text(text, encoding="utf-8", errors="backslashreplace")


def summary(error: BaseException) -> str:
    """The last lines of the traceback: the class of the error and what it says."""
    return "".join(traceback.format_exception_only(error)).strip()


def print_traceback(error: BaseException) -> None:
    """Print the traceback on stderr, from the first frame that is not the container's own or Python's import."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(_NOT_THE_LEARNERS):
        frame = frame.tb_next
    traceback.print_exception(type(error), error, frame, file=sys.stderr)
    sys.stderr.flush()
