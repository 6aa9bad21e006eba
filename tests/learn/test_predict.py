"""A prediction is committed before the result shows; without a reader a cell runs through."""

import json

import ipywidgets
import pytest

from course.learn import answer, committed, controls, predict, predicting
from course.learn.predict_widget import drawn
from course.learn.predicting import prediction
from course.learn.told import Told

from .reader import *  # noqa: F403

MONTHS = ["Jan", "Feb", "Mar"]


@pytest.fixture(autouse=True)
def nothing_shown_yet(monkeypatch):
    monkeypatch.setattr(predicting, "_shown", {})


def curve():
    predict("o-3-curve", "AUC in each month", at=MONTHS, low=0.5, high=1.0)


def number():
    predict("o-8-guess", "What will the meter show?", low=0, high=100, unit="dollars")


def write(folder, id, choice):
    (folder / "answers.json").write_text(json.dumps({"answers": {id: {"choice": choice}}}))


def test_without_a_reader_a_cell_runs_through(folder, capsys):
    curve()
    assert committed("o-3-curve") is None
    assert capsys.readouterr().out.startswith("AUC in each month: nothing committed yet")
    write(folder, "o-3-curve", [0.9, 0.8, 0.75])
    curve()
    assert committed("o-3-curve") == [0.9, 0.8, 0.75]
    assert capsys.readouterr().out == "AUC in each month: you predicted Jan 0.9, Feb 0.8, Mar 0.75.\n"


def test_a_prediction_can_be_committed_without_clicking_and_stands(folder, capsys, monkeypatch):
    curve()
    number()
    answer("o-3-curve", (0.9, 0.8, 0.7))
    answer("o-8-guess", 3)
    answer("o-8-guess", 4)
    assert committed("o-3-curve") == [0.9, 0.8, 0.7] and committed("o-8-guess") == 3.0
    assert "you predicted 3 dollars" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_ATTEMPT", "2")
    assert committed("o-8-guess") is None
    answer("o-8-guess", 4)
    assert committed("o-8-guess") == 4.0


@pytest.mark.parametrize("choice", [0.9, [0.9], [0.9, 0.8, "x"], None, [0.9, 0.8, float("nan")], "x", [True, 0.8, 0.7]])
def test_what_is_no_curve_is_refused_with_what_is_asked_for(folder, choice):
    curve()
    with pytest.raises(Told, match=r"a list of 3 numbers from 0\.5 to 1"):
        answer("o-3-curve", choice)


@pytest.mark.parametrize(
    ("choice", "match"), [([1], "one number from 0 to 100"), (101, "between 0 and 100"), (-1, "between")]
)
def test_what_is_no_number_in_the_range_is_refused(folder, choice, match):
    number()
    with pytest.raises(Told, match=match):
        answer("o-8-guess", choice)


def test_a_prediction_that_nobody_asks_for_is_said(folder):
    with pytest.raises(Told, match="Run the cell that asks for o-8-guess first"):
        answer("o-8-guess", 1)
    with pytest.raises(Told, match="begins with its exercise"):
        predict("guess", "What?", low=0, high=1)


@pytest.mark.parametrize("choice", [7, "x", None, [], [None], [[1]], {"a": 1}, 10**400, [10**400, 1, 1], True])
def test_junk_in_the_file_is_no_prediction(folder, choice):
    write(folder, "o-3-curve", choice)
    assert prediction("o-3-curve", 3) is None


def test_a_reader_who_has_not_committed_is_told_so(reader, capsys, monkeypatch):
    monkeypatch.setattr(controls, "display", lambda box: None)
    curve()
    assert committed("o-3-curve") is None
    assert "Commit your prediction above first" in capsys.readouterr().out


@pytest.fixture
def shown(reader, monkeypatch):
    panels = []
    monkeypatch.setattr(controls, "display", panels.append)
    return panels


def walk(widget, kind):
    found = [widget] if type(widget) is kind else []
    return found + [one for child in getattr(widget, "children", ()) for one in walk(child, kind)]


def test_a_curve_is_drawn_with_one_slider_per_place(shown, reader):
    curve()
    sliders, (button,) = walk(shown[0], ipywidgets.FloatSlider), walk(shown[0], ipywidgets.Button)
    assert [slider.description for slider in sliders] == MONTHS
    sliders[0].value, sliders[1].value, sliders[2].value = 0.9, 0.85, 0.6
    pages = " ".join(page.value for page in walk(shown[0], ipywidgets.HTML))
    assert 'aria-label="Your curve: Jan 0.9, Feb 0.85, Mar 0.6"' in pages
    button.click()
    assert committed("o-3-curve") == [0.9, 0.85, 0.6]
    assert button.disabled and all(slider.disabled for slider in sliders)
    assert any("Committed: Jan 0.9" in page.value for page in walk(shown[0], ipywidgets.HTML))
    curve()
    assert [slider.value for slider in walk(shown[1], ipywidgets.FloatSlider)] == [0.9, 0.85, 0.6]


def test_a_number_is_typed_and_the_field_suggests_none(shown, reader):
    number()
    (field,), (button,) = walk(shown[0], ipywidgets.Text), walk(shown[0], ipywidgets.Button)
    assert field.value == ""
    button.click()
    assert any("one number from 0 to 100" in page.value for page in walk(shown[0], ipywidgets.HTML))
    field.value = "2,9"
    button.click()
    assert committed("o-8-guess") == 2.9 and field.disabled


def test_the_picture_of_a_curve_keeps_to_its_range():
    question = predicting.Question("o-3-curve", "AUC", ("a", "b"), 0.5, 1.0, 0.01, "")
    assert 'cy="12.0"' in drawn(question, [1.0, 0.5]) and 'cy="138.0"' in drawn(question, [1.0, 0.5])
