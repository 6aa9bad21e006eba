"""`course progress`: shown, written out, forgotten; a person's mistake is one sentence."""

import json
from pathlib import Path

import pytest

from course import cli

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A course of its own, whose work/ has one exercise begun."""
    (tmp_path / "release").mkdir()
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "syllabus.toml").write_bytes((ROOT / "course" / "syllabus.toml").read_bytes())
    (tmp_path / "work" / "d0_orientation").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "d0_orientation")
    return tmp_path / "work"


def test_it_is_shown_before_anything_is_noted(work, capsys):
    assert cli.main(["progress"]) == 0
    assert "O-8" in capsys.readouterr().out


def test_nothing_to_write_is_said(work, capsys):
    assert cli.main(["progress", "--export", str(work / "mine.json")]) == 1
    assert "Nothing is noted" in capsys.readouterr().err


def test_what_is_noted_is_written_out_and_forgotten(work, capsys):
    from course.learn import progress, progress_store

    path = progress_store.of_work(work)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(progress_store.read(path)))
    assert cli.main(["progress", "--export", str(work / "mine.json")]) == 0
    assert json.loads((work / "mine.json").read_text()) == progress_store.read(path)
    assert cli.main(["progress", "--export", str(work / "mine.json")]) == 1
    assert "there already" in capsys.readouterr().err
    assert cli.main(["progress", "--delete"]) == 0
    assert not path.exists()
    assert progress.report(work)
