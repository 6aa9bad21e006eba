from datetime import timedelta

import pytest

from course.learn import advance, begin, now
from course.learn.clock import _words
from course.learn.told import Told


def test_the_clouds_clock_moves_on_and_never_back(kernel, capsys):
    with pytest.raises(Told, match="run the cell with begin"):
        now()
    begin("O-8")
    before = now()
    advance(hours=3)
    assert timedelta(hours=3) <= now() - before < timedelta(hours=3, minutes=1)
    assert capsys.readouterr().out == "The cloud's clock has moved on by 3 hours.\n"
    for step in ({}, {"hours": -1}):
        with pytest.raises(Told, match="only goes forward"):
            advance(**step)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"days": 1}, "24 hours"),
        ({"minutes": 90}, "1.5 hours"),
        ({"minutes": 1}, "1 minute"),
        ({"seconds": 5}, "5 seconds"),
    ],
)
def test_a_step_in_words(step, words):
    assert _words(timedelta(**step)) == words
