"""The parent of students' processes without the libraries, and with short patience: for tests of what holds them."""

import dataclasses
import sys

from course.grading.parent import kinds
from course.runtime import parent

if __name__ == "__main__":
    parent.GRACE_SECONDS, parent.KILL_SECONDS = 0.5, 0.2
    (kind,) = kinds().values()
    sys.exit(parent.main({"student": dataclasses.replace(kind, modules=("tests.runtime.programs",))}))
