from pathlib import Path

import pytest

from . import fixture_course


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cohort: runs the course's bundle in an environment of its own")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course on disk in which everything holds."""
    fixture_course.write(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def source(root: Path) -> Path:
    """Its one notebook."""
    return root / "source" / fixture_course.ASSIGNMENT / f"{fixture_course.ASSIGNMENT}.ipynb"


@pytest.fixture
def learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels started in this test import a stand-in for `course.learn`."""
    monkeypatch.setenv("PYTHONPATH", str(fixture_course.stand_in(tmp_path / "stand_in")))
