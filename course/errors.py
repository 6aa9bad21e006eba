"""The error that people see as one sentence."""


class CourseError(Exception):
    """Something a person can put right. The message is one sentence that says what to do; no traceback is shown."""
