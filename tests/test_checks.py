"""The checks that a person runs by hand, as a person runs them. CI verifies exercises on more attempts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SEEDS = "5" if os.environ.get("CI") == "true" else "1"
CHECKS = [
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["course", "lint"],
    ["course", "refresh", "--check"],
    ["course", "release", "--check"],
    ["course.environment", "--check"],
    ["course", "verify", "--seeds", SEEDS],
]


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_check(check: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
