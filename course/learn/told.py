"""What a notebook's reader is told when something cannot go on: one sentence, without a traceback."""

from course.errors import CourseError
from course.learn import screen


class Told(CourseError):
    """An error whose message is a sentence for the reader that says what to do."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines instead of a traceback."""
        return [screen.wrapped(line) for line in str(self).splitlines()]
