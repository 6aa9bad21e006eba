import sys

import pytest

from course.learn import show_tests
from course.learn.told import Told

TESTS = """
import unittest
from neighbour import VALUE

class T(unittest.TestCase):
    def test_it_is_one(self):
        self.assertEqual(VALUE, 1)

    def test_it_is_two(self):
        self.assertEqual(VALUE, 2)

    def test_it_stops(self):
        raise OSError("no disk")
"""


def test_each_test_is_told_with_what_it_died_of(tmp_path, capsys):
    (tmp_path / "neighbour.py").write_text("VALUE = 1")
    (tmp_path / "test_neighbour.py").write_text(TESTS)
    show_tests(str(tmp_path / "test_neighbour.py"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "test_neighbour.py: 1 of 3 tests passed"
    assert lines[1] == "  ✓ passed  it is one"
    assert lines[2] == "  ✗ failed  it is two AssertionError: 1 != 2"
    assert lines[3] == "  ✗ failed  it stops OSError: no disk"


def test_neighbours_are_read_afresh_and_leave_no_trace(tmp_path, capsys):
    for value in (1, 2):
        (tmp_path / "neighbour.py").write_text(f"VALUE = {value}  #{'.' * value}")
        (tmp_path / "test_neighbour.py").write_text(TESTS)
        show_tests(str(tmp_path / "test_neighbour.py"))
    assert "✓ passed  it is two" in capsys.readouterr().out
    assert "neighbour" not in sys.modules and str(tmp_path) not in sys.path


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Told, match=r"no file gone.py: run the begin cell again"):
        show_tests(str(tmp_path / "gone.py"))
