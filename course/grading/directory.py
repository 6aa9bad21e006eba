"""An nbgrader course: its folder, its settings, and an assignment of it as the gradebook must know it.

The folder may be anyone's. Its `nbgrader_config.py` is read if there is one; what that does not say is nbgrader's
default.
"""

import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape, glob
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.abc import Exchange
from traitlets.config import Config, PyFileConfigLoader

from course.errors import CourseError

SETTINGS = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """A course's settings, and where its things lie. `config` is what nbgrader's own parts are made with."""

    config: Config
    directory: CourseDirectory

    @property
    def database(self) -> str:
        """The gradebook's URL."""
        return self.directory.db_url

    @property
    def time_zone(self) -> str:
        """The zone of a time that names none: nbgrader's `Exchange.timezone`."""
        return self.config.get("Exchange", {}).get("timezone") or Exchange.timezone.default_value

    def source(self, assignment: str) -> Path:
        return Path(self.directory.format_path(self.directory.source_directory, ".", assignment))

    def submitted(self, student: str, assignment: str) -> Path:
        return Path(self.directory.format_path(self.directory.submitted_directory, student, assignment))

    def autograded(self, student: str, assignment: str) -> Path:
        return Path(self.directory.format_path(self.directory.autograded_directory, student, assignment))

    def students(self, assignment: str) -> list[str]:
        """Who has a folder of this assignment in submitted/, sorted."""
        here = self.directory
        pattern = re.compile(
            here.format_path(here.submitted_directory, "(?P<student>[^/\\\\]+)", re.escape(assignment), escape=True)
        )
        excluded = set(filter(None, here.student_id_exclude.split(",")))
        folders = glob(here.format_path(here.submitted_directory, "*", escape(assignment)))
        found = {match["student"] for folder in folders if (match := pattern.fullmatch(folder))}
        return sorted(found - excluded)

    def assignments(self) -> list[str]:
        """Names of the folders in source/, sorted."""
        here = self.directory
        pattern = re.compile(here.format_path(here.source_directory, ".", "(?P<name>[^/\\\\]+)", escape=True))
        folders = glob(here.format_path(here.source_directory, ".", "*"))
        return sorted(match["name"] for folder in folders if (match := pattern.fullmatch(folder)))

    @property
    def autograde(self) -> Autograde:
        """nbgrader's own autograder with this course's settings, to read them from."""
        return Autograde(coursedir=self.directory, config=self.config)


def find(folder: Path, database: str | None = None) -> Course:
    """The course in `folder`; `database` replaces the URL that its settings say. CourseError if there is none."""
    root = folder.resolve()
    config = Config()
    if (root / SETTINGS).is_file():
        config = PyFileConfigLoader(SETTINGS, path=str(root)).load_config()
    if "root" not in config.CourseDirectory:
        config.CourseDirectory.root = str(root)
    if database:
        config.CourseDirectory.db_url = database
    directory = CourseDirectory(config=config)
    if not glob(directory.format_path(directory.source_directory, ".", "*")):
        raise CourseError(
            f"{folder} holds no nbgrader course: no assignment lies in its {directory.source_directory}/ folder."
        )
    return Course(config, directory)


@contextmanager
def grader(course: Course) -> Iterator[Any]:
    """nbgrader's API for a course. What it releases meanwhile goes nowhere: only the gradebook needs the assignment."""
    from nbgrader.apps.api import NbGraderAPI

    kept = course.directory.release_directory
    with tempfile.TemporaryDirectory(prefix="release-") as folder, alembic_on_path(), quiet():
        course.directory.release_directory = folder
        try:
            yield NbGraderAPI(course.directory, config=course.config)
        finally:
            course.directory.release_directory = kept


def enter(course: Course, assignment: str) -> None:
    """Enter an assignment of source/ into the gradebook, or bring what stands there up to date."""
    with grader(course) as api:
        said: Mapping[str, Any] = api.generate_assignment(assignment)
    if not said["success"]:
        lines = [line for line in str(said.get("log") or said.get("error") or "").splitlines() if line.strip()]
        raise CourseError(
            f"nbgrader could not enter {assignment} into the gradebook: "
            f"{lines[-1] if lines else 'it did not say why'}. `nbgrader generate_assignment {assignment}` tells more."
        )


@contextmanager
def alembic_on_path() -> Iterator[None]:
    """nbgrader calls alembic by name for a new gradebook, and goes on with half a database if it is not found."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def quiet() -> Iterator[None]:
    """nbgrader's own log lines are kept for errors only: they go to its result, not to the terminal."""
    from sqlalchemy.exc import SAWarning

    loggers = [logging.getLogger(name) for name in ("traitlets", "nbgrader", "alembic")]
    before = [(logger.propagate, list(logger.handlers)) for logger in loggers]
    for logger in loggers:
        logger.propagate, logger.handlers = False, [logging.NullHandler()]
    try:
        with warnings.catch_warnings():
            # nbgrader's own queries do this with the pinned SQLAlchemy; the scores are right.
            warnings.simplefilter("ignore", SAWarning)
            yield
    finally:
        for logger, (propagate, handlers) in zip(loggers, before, strict=True):
            logger.propagate, logger.handlers = propagate, handlers
