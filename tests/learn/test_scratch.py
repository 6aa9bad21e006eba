import tempfile

from course.learn.scratch import LOCK, PREFIX, Scratch, sweep


def test_a_folder_lasts_as_long_as_its_process_and_leftovers_go(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{PREFIX}of-a-killed-kernel"
    left.mkdir()
    (left / LOCK).touch()
    (tmp_path / "something-else").mkdir()
    own = Scratch()
    made = own.make("world")
    assert made.parent == own.folder and not left.exists()
    sweep()
    assert made.exists(), "its kernel lives"
    own.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["something-else"]
