"""A notebook's folder without a cloud, and a reader who may be there."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from course.learn import progress_store, quizzing


class Reader:
    """Stands in for JupyterLab and for time: who reads, when, and in which folder of `work/`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.work, self.monkeypatch = folder, folder.parent, monkeypatch
        self.now = datetime.fromisoformat("2026-11-20T09:00:00+00:00")
        monkeypatch.setattr(progress_store, "now", lambda: self.now)

    def sits_down(self) -> None:
        """From now on the kernel is one that JupyterLab has started."""
        self.monkeypatch.setenv("JPY_SESSION_NAME", str(self.folder / "d0_orientation.ipynb"))

    def pauses(self, hours: float) -> None:
        self.now += timedelta(hours=hours)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """work/d0_orientation, as the kernel's folder; nobody reads."""
    for name in ("JPY_SESSION_NAME", "VSCODE_PID", "COURSE_ATTEMPT", "COURSE_STUDENT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work" / "d0_orientation"
    (tmp_path / "work" / ".course").mkdir(parents=True)
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(quizzing, "_shown", {})
    return folder


@pytest.fixture
def reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Somebody reads."""
    reader = Reader(folder, monkeypatch)
    reader.sits_down()
    return reader
