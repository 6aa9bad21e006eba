"""Late work is late by the course's clock."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from course.errors import CourseError
from course.grading import directory, lateness

from . import assignments


@pytest.mark.parametrize(
    ("written", "zone", "moment"),
    [
        ("2026-03-01 12:00:00.5 UTC", "UTC", datetime(2026, 3, 1, 12, 0, 0, 500_000)),
        ("2026-03-01 12:00:00 CET", "UTC", datetime(2026, 3, 1, 11)),
        ("2026-07-01 12:00:00", "Europe/Berlin", datetime(2026, 7, 1, 10)),
        ("2026-07-01 12:00:00 CEST", "Europe/Berlin", datetime(2026, 7, 1, 10)),
        ("2026-07-01 12:00:00 +0530", "UTC", datetime(2026, 7, 1, 6, 30)),
        ("2026-07-01 12:00:00 America/New_York", "UTC", datetime(2026, 7, 1, 16)),
        ("", "UTC", None),
    ],
)
def test_a_timestamp_without_a_known_zone_is_in_the_courses(
    written: str, zone: str, moment: datetime | None, tmp_path: Path
) -> None:
    (tmp_path / "timestamp.txt").write_text(written)
    assert lateness.handed_in_at(tmp_path, lateness.time_zone(zone)) == moment


def test_a_timestamp_that_is_none_or_missing(tmp_path: Path) -> None:
    assert lateness.handed_in_at(tmp_path, UTC) is None
    (tmp_path / "timestamp.txt").write_text("yesterday")
    with pytest.raises(ValueError):
        lateness.handed_in_at(tmp_path, UTC)


def test_a_zone_that_the_system_does_not_know_is_one_sentence() -> None:
    with pytest.raises(CourseError, match=r"Exchange\.timezone is 'Rome'"):
        lateness.time_zone("Rome")


def test_the_penalty_is_the_plugins_unless_the_settings_leave_it_out(tmp_path: Path) -> None:
    plain = directory.find(assignments.make_course(tmp_path / "plain"))
    assert lateness.penalty(plain)("ada", 5.0, 60.0) is None
    strict = "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
    zero = directory.find(assignments.make_course(tmp_path / "zero", strict))
    assert lateness.penalty(zero)("ada", 5.0, 60.0) == 5.0
    without = strict + "c.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.SaveAutoGrades']"
    assert lateness.penalty(directory.find(assignments.make_course(tmp_path / "without", without))) is None
