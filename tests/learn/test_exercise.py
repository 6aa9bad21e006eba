import sys

import pytest

from course.learn import exercise
from course.learn.told import Told


def test_an_exercise_has_its_start_probes_hints_and_hidden_worlds():
    o_8 = exercise.find("O-8")
    assert o_8.probes and o_8.hints and o_8.start_of(None) is o_8.start
    assert o_8.start_of("elsewhere") is not o_8.start


@pytest.mark.parametrize("id", ["O-99", "o-8", "o_8", "", None, "txguard", "TXGUARD"])
def test_what_is_no_exercise_is_said_with_those_there_are(id):
    with pytest.raises(Told, match=r"There is no exercise .*; there is .*O-8"):
        exercise.find(id)


def test_a_learners_copy_without_the_hidden_room_still_has_the_exercise(monkeypatch):
    monkeypatch.setitem(sys.modules, "course.hidden.o_8", None)
    monkeypatch.setattr(exercise, "_hidden", _as_in_a_bundle)
    o_8 = exercise.find("O-8")
    assert o_8.probes and not o_8.worlds and not o_8.hidden_probes
    with pytest.raises(Told, match="no hidden world 'elsewhere'"):
        o_8.start_of("elsewhere")


def _as_in_a_bundle(name):
    return None
