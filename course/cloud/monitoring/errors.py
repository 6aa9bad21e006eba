"""What ends an analysis: MonitoringError, whose text becomes the job's exit message after "Error: "."""

from __future__ import annotations


class MonitoringError(Exception):
    """The analysis cannot go on; the text says what was found and what to do about it."""
