"""Seeds of one's own: with `--variant student` each learner's tests draw other data, so that copied answers differ.

A seed follows from the course's key, the assignment and the learner, and from nothing else: grading again gives it
again. While a submission is graded, it stands in the environment of what runs the tests (never of what runs the work):

    rng = numpy.random.default_rng(int(os.environ.get("COURSE_VARIANT", "0")))     # in a hidden test of any course

Where all have the same seed, the variable is not set.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course.errors import CourseError

SAME, STUDENT = POLICIES = ("same", "student")
VARIABLE, KEY_FILE = "COURSE_VARIANT", "COURSE_KEY_FILE"


def seed(secret: bytes, assignment: str, student: str) -> int:
    """A learner's seed for an assignment: 31 bits, so that every library takes it."""
    digest = hmac.digest(secret, "\0".join(("variant", assignment, student)).encode(), hashlib.sha256)
    return int.from_bytes(digest[:4], "big") >> 1


def secret() -> bytes:
    """The course's key. CourseError if it has none: whoever knows the key knows everyone's seeds."""
    path = os.environ.get(KEY_FILE, "")
    try:
        found = Path(path).read_bytes() if path else b""
    except OSError as error:
        raise CourseError(f"The course's key cannot be read ({path}: {error.strerror}).") from None
    if not found.strip():
        raise CourseError(
            f"Seeds of one's own need a key that learners do not have: write one (head -c 32 /dev/urandom > FILE), "
            f"keep it as long as the course runs, and set {KEY_FILE} to its path."
        )
    return found


@contextmanager
def told(variant: int | None) -> Iterator[None]:
    """While it lasts, tests find this seed in their environment."""
    before = os.environ.pop(VARIABLE, None)
    if variant is not None:
        os.environ[VARIABLE] = str(variant)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before
