"""The checks that a person runs by hand, as a person runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from course.authoring import operations

ROOT = Path(__file__).resolve().parents[1]
CHECKS = [
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["course", "lint"],
    ["course", "release", "--check"],
    ["course.environment", "--check"],
]


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_check(check: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_from_the_code_is_up_to_date() -> None:
    """The rest of `course refresh --check` is what nbval does: each notebook runs, and shows what it has stored."""
    assert operations.run(ROOT, check=True) == []


def test_every_exercise_gives_right_and_wrong_work_its_score(verifying: subprocess.Popen[str]) -> None:
    said, _ = verifying.communicate()
    assert verifying.returncode == 0, said
