from pathlib import Path

import nbformat
import pytest

import course
from course.authoring import bundle
from course.exam import reflections
from course.exam.reflections import ReflectionError

SOURCE = Path(__file__).resolve().parents[2] / "source" / "d0_orientation" / "d0_orientation.ipynb"


def test_every_reflection_loads_and_its_model_answer_is_long_enough_and_stays_with_the_question():
    assert reflections.exercises() == ["O-3", "O-7"]
    for exercise in reflections.exercises():
        made = reflections.load(exercise)
        words = " ".join(made.model).lower().split()
        assert len(words) >= made.words
        assert not [word for word in words if word.startswith(made.aside)]
        assert 0 < made.full <= 2 * len(made.rows) and made.id == f"{exercise.lower()}-reflection"


@pytest.mark.parametrize("exercise", reflections.exercises())
def test_every_reflection_has_five_rows_its_cells_and_a_mark_scheme_that_learners_do_not_get(exercise):
    made = reflections.load(exercise)
    assert len(made.rows) == 5 and made.words == 80
    scheme = Path(course.__file__).parent / "hidden" / f"{exercise.lower().replace('-', '_')}_mark_scheme.md"
    text = scheme.read_text(encoding="utf-8")
    assert all(f"| {row.text} |" in text for row in made.rows) and f"worth {made.full} marks" in text
    assert "hidden" in bundle.WITHHELD
    cells = {cell.id: cell for cell in nbformat.read(SOURCE, as_version=4).cells}
    assert cells[made.id].metadata.nbgrader.points == made.full
    asked = " ".join(cells[f"{made.id}-prompt"].source.split()).replace("*", "")
    assert made.question.split(". ")[-1] in asked
    assert f'model_answer("{exercise}")' in cells[f"{exercise.lower()}-model-answer"].source


def test_an_exercise_without_one_has_none():
    assert reflections.load("O-1") is None


GOOD = """question = "Q?"
words = 80
full = 2
model = ["M"]
aside = ["retrain"]
back = "B"
row = [{id = "a", text = "A", levels = ["0", "1", "2"]}]
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oops", "not as a reflection must be"),
        (GOOD.replace("words = 80\n", ""), "words"),
        (GOOD.replace("words = 80", "words = 0"), "needs rows, a model answer and a number of words"),
        (GOOD.replace('"2"]', '"2", "3"]'), "has 4 levels"),
        (GOOD + "colour = 1\n", "colour"),
    ],
)
def test_an_unsound_file_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "d1_01.toml").write_text(text)
    with pytest.raises(ReflectionError, match=message):
        reflections.load("D1-01", tmp_path)
