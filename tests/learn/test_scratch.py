import subprocess
import sys
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


def test_kernels_that_begin_at_the_same_time_leave_each_others_folders_alone(tmp_path):
    code = f"""
import tempfile
tempfile.tempdir = {str(tmp_path)!r}
from course.learn.scratch import Scratch
kept = [Scratch() for _ in range(30)]
print(all(own.folder.is_dir() for own in kept))
"""
    kernels = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [kernel.communicate(timeout=60)[0].strip() for kernel in kernels] == ["True"] * 4
