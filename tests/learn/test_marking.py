import json
from dataclasses import replace

import pytest

from course.learn import begin, check, exercise
from course.learn.probe import found, probe


@pytest.fixture
def said(capsys):
    """What the reader was shown since the last look."""
    return lambda: capsys.readouterr().out


def test_before_begin_and_for_unknown_or_other_exercises_it_says_what_to_run(kernel, said):
    assert check("O-8", score=1) == 0.0
    assert 'x = begin("O-8")' in said()
    assert check("O-99") == 0.0
    assert "There is no exercise 'O-99'" in said()
    begin("O-8")
    other = replace(exercise.find("O-8"), id="O-7")
    kernel.setattr(exercise, "find", lambda id: other)
    assert check("O-7") == 0.0
    assert 'The cloud here is that of O-8: run x = begin("O-7")' in said()


def test_blank_work_gets_no_points_and_every_hint(kernel, said):
    begin("O-8")
    assert check("O-8", score=None) == 0.0
    text = said()
    assert text.count("✗ not yet") == 4 and text.count("read again") == 4


@pytest.mark.parametrize("score", ["a", [1, 2], {}, float, b"\xff", "nan", float("inf"), 10**400])
def test_no_answer_whatever_makes_a_check_raise(kernel, said, score):
    begin("O-8")
    assert check("O-8", score=score) == 0.0
    assert "check itself stopped" not in said()


def test_a_probe_that_breaks_costs_its_own_points_only(kernel, said):
    begin("O-8")
    good = probe(points=3, hint="o-8-score")(_yes)
    bad = probe(points=1, hint="o-8-score")(lambda world: 1 / 0)
    broken = replace(exercise.find("O-8"), probes=(good, bad))
    kernel.setattr(exercise, "find", lambda id: broken)
    assert check("O-8", score=1) == 3.0
    assert "the check itself stopped: ZeroDivisionError" in said()


def test_hidden_points_are_the_least_over_all_worlds(kernel, said, tmp_path):
    begin("O-8")
    full = probe(points=4, hint="o-8-score")(_yes)
    easy = replace(exercise.find("O-8"), probes=(full,))
    kernel.setattr(exercise, "find", lambda id: easy)
    assert check("O-8") == check("O-8", hidden=True) == 4.0
    results = tmp_path / "results.json"
    world = {"points": 4.0, "of": 4.0, "findings": [], "problem": ""}
    results.write_text(json.dumps({"O-8": {"a": world, "b": {**world, "points": 1.0, "problem": "KeyError: 'n'"}}}))
    kernel.setenv("COURSE_HIDDEN_RESULTS", str(results))
    assert check("O-8") == 4.0, "the public check knows nothing of other worlds"
    assert check("O-8", hidden=True) == 1.0
    assert "“b” (1 of 4)" in said()


def _yes(world):
    """It holds"""
    return found(True, looked="", seen="", expected="")


def test_a_check_writes_nothing_to_stderr(kernel, capsys):
    begin("O-8")
    capsys.readouterr()
    check("O-8", score=0.1, hidden=True)
    assert capsys.readouterr().err == ""
