"""Own words first: they are counted in the saved notebook, then the rubric comes, then the model answer."""

import json
import os

import ipywidgets
import nbformat
import pytest

from course.exam import reflections
from course.learn import controls, model_answer, reflection
from course.learn.reflection import STUB, saved, score, scores
from course.learn.told import Told

from .reader import *  # noqa: F403

O_7 = reflections.load("O-7")
OWN = "We fetch the table every night and somebody is told when it fails. " * 8


def notebook(folder, text, name="d0_orientation.ipynb", course=True):
    grading = {"grade": True, "grade_id": "o-7-reflection", "solution": True}
    metadata = {"nbgrader": grading, **({"course": {"exercise": "O-7", "part": "reflection"}} if course else {})}
    cells = [nbformat.v4.new_markdown_cell("Other words."), nbformat.v4.new_markdown_cell(text, metadata=metadata)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / name)


def test_the_stub_is_what_a_release_has_in_its_place():
    settings = os.path.join(os.path.dirname(__file__), "..", "..", "nbgrader_config.py")
    with open(settings, encoding="utf-8") as file:
        assert f'text_stub = "{STUB}"' in file.read()


def test_too_few_saved_words_open_nothing(folder, capsys):
    for text, count in ((STUB, 0), ("", 0), ("Only four words here", 4), ("word " * 79, 79)):
        notebook(folder, text)
        model_answer("O-7")
        said = " ".join(capsys.readouterr().out.split())
        assert f"has {count} words" in said and "save the notebook" in said and "model answer opens" in said
        assert O_7.model[0][:20] not in said


def test_enough_words_open_rubric_and_model_answer(folder, capsys):
    notebook(folder, OWN)
    model_answer("O-7")
    said = capsys.readouterr().out
    assert "Your saved text has 104 words." in said and "A model answer" in said and O_7.model[0][:40] in said
    assert all(row.text in said for row in O_7.rows) and "6 in all is a full answer" in said
    assert O_7.back[:20] not in said


@pytest.mark.parametrize("text", ["I would retrain it.", "Re-training first.", "More hyperparameters!"])
def test_a_word_about_the_model_gets_a_hint(folder, capsys, text):
    notebook(folder, f"{text} {OWN}")
    model_answer("O-7")
    assert "is mostly a word about the model" in " ".join(capsys.readouterr().out.split())


def test_the_cell_is_found_by_its_metadata_or_its_grade_id_in_the_notebook_that_is_open(folder, monkeypatch):
    notebook(folder, "In the copy.", "copy.ipynb")
    notebook(folder, "In the own one.", course=False)
    (folder / "broken.ipynb").write_text("{")
    monkeypatch.setenv("JPY_SESSION_NAME", "d0_orientation/d0_orientation.ipynb")
    assert saved(O_7) == "In the own one."
    monkeypatch.setenv("JPY_SESSION_NAME", "d0_orientation/copy.ipynb")
    assert saved(O_7) == "In the copy."


def test_a_folder_without_the_cell_is_said(folder):
    with pytest.raises(Told, match="No saved notebook here has the cell o-7-reflection"):
        model_answer("O-7")
    with pytest.raises(Told, match="'O-8' has no reflection; there is one in O-3 and O-7"):
        model_answer("O-8")


FULL = {"freshness": 2, "access": 2, "rollback": 2, "monitoring": 2, "cost": 2}


def test_scores_before_and_after_are_kept_beside_the_notebook(folder):
    assert scores(O_7, "before") is None
    score(O_7, "before", FULL)
    score(O_7, "after", {**FULL, "cost": 0})
    assert scores(O_7, "before") == FULL and scores(O_7, "after")["cost"] == 0
    (entry,) = json.loads((folder / "answers.json").read_text())["answers"].values()
    assert set(entry["choice"]) == {"before", "after"}


@pytest.mark.parametrize(
    "kept", [None, 3, {}, {"cost": 2}, {**FULL, "cost": 9}, {**FULL, "cost": "2"}, {**FULL, "x": 1}]
)
def test_broken_scores_are_none(folder, kept):
    (folder / "answers.json").write_text(json.dumps({"answers": {"o-7-reflection": {"choice": {"before": kept}}}}))
    assert scores(O_7, "before") is None


def walk(widget, kind):
    found = [widget] if type(widget) is kind else []
    return found + [one for child in getattr(widget, "children", ()) for one in walk(child, kind)]


def test_the_model_answer_opens_when_the_own_text_is_scored(reader, monkeypatch):
    panels = []
    monkeypatch.setattr(controls, "display", panels.append)
    notebook(reader.folder, OWN)
    model_answer("O-7")
    sliders, (button,) = walk(panels[0], ipywidgets.IntSlider), walk(panels[0], ipywidgets.Button)

    def text():
        return " ".join(page.value for page in walk(panels[0], ipywidgets.HTML))

    assert O_7.model[0][:40] not in text() and len(sliders) == 5
    sliders[0].value = 2
    assert "comes by itself, and is checked before it is used" in text()
    button.click()
    assert O_7.model[0][:40] in text() and "Before the model answer: 2 of 10" in text()
    sliders[1].value = 1
    button.click()
    assert "After it: 3 of 10." in text() and button.disabled and all(slider.disabled for slider in sliders)
    assert scores(O_7, "after") == {**dict.fromkeys(FULL, 0), "freshness": 2, "access": 1}
    model_answer("O-7")
    assert [slider.value for slider in walk(panels[1], ipywidgets.IntSlider)] == [2, 1, 0, 0, 0]


def test_the_mark_scheme_has_the_rubrics_rows_and_is_not_handed_out():
    from pathlib import Path

    from course.authoring import bundle

    scheme = Path(reflection.__file__).parents[1] / "hidden" / "o_7_mark_scheme.md"
    text = scheme.read_text(encoding="utf-8")
    assert all(f"| {row.text} |" in text for row in O_7.rows) and "hidden" in bundle.WITHHELD
