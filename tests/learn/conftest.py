"""A kernel's surroundings for the tests: warm parents as of a lab, a notebook's folder, and nothing left behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from course.cloud import client
from course.cloud.launch import start_parents
from course.learn import world


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of sockets that a running `course lab` would name."""
    with start_parents(tmp_path_factory.mktemp("lab")) as started:
        yield started.directory


@pytest.fixture
def kernel(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """This process as a notebook's kernel beside a lab, in the notebook's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_LAB_SOCKETS", str(lab))
    before = dict(os.environ)
    yield monkeypatch
    if world._current is not None:
        world._current.close()
    if world._doorway is not None:
        world._doorway.close()
    world._current = world._doorway = None
    # Other tests' clients go through botocore's hook too: it must not think of this world any more.
    client._Hook.alive = staticmethod(lambda: True)
    os.environ.clear()
    os.environ.update(before)
