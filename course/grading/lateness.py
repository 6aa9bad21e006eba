"""When a submission was handed in, and what being late costs: the course's time zone, nbgrader's plugin."""

import re
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc

from course.errors import CourseError
from course.grading.directory import Course
from course.grading.gradebook import Late

FILE = "timestamp.txt"
OFFSET = re.compile(r"(.*:\d\d(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)")
NAMED = re.compile(r"(.*\d) ([A-Za-z][\w/+-]*)")


def penalty(course: Course) -> Late | None:
    """The penalty of the course's late-submission plugin; None if its settings leave that step out."""
    steps = course.autograde.autograde_preprocessors
    if not any((step if isinstance(step, str) else step.__name__).endswith("AssignLatePenalties") for step in steps):
        return None
    step = AssignLatePenalties(config=course.config)
    step.init_plugin()
    return step.plugin_inst.late_submission_penalty


def time_zone(name: str) -> tzinfo:
    """The course's time zone. CourseError if the system knows none of this name."""
    zone = _zone(name)
    if zone is None:
        raise CourseError(f"Exchange.timezone is {name!r}, which is not known here: write one like Europe/Rome.")
    return zone


def handed_in_at(folder: Path, zone: tzinfo) -> datetime | None:
    """When a submission was handed in, by its timestamp.txt, in UTC without a zone. ValueError if that is no time.

    A time that names no zone is in `zone`; so is one whose zone is an abbreviation that the system does not know
    (nbgrader takes it for UTC then, and is hours out).
    """
    path = folder / FILE
    if path.is_symlink() or not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as opened:
        text = opened.read(200).strip()
    if not text:
        return None
    try:
        if match := OFFSET.fullmatch(text):
            return parse_utc(match[1] + match[2])
        if match := NAMED.fullmatch(text):
            text, zone = match[1], _zone(match[2]) or zone
        return parse_utc(text).replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{FILE} holds no time: {error}") from None


def _zone(name: str) -> tzinfo | None:
    if name in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not known, no key, a folder
        return None
