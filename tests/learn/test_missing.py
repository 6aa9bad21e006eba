"""A name that is not there yet: the reader is told which cell to run, and a slip of the pen keeps its traceback."""

import json
from types import SimpleNamespace

import pytest

from course.learn import missing
from course.learn.opening import Given
from course.learn.told import Told


def cell(id: str, source: str, exercise: str | None = None) -> dict:
    course = {"exercise": exercise} if exercise else {}
    return {"cell_type": "code", "id": id, "source": source, "metadata": {"course": course}}


CELLS = [
    cell("imports", "import pandas as pd\nfrom course.learn import begin"),
    cell("o-2-begin", 'x = begin("O-2")', "O-2"),
    cell("o-2-cut", "cut = 1\nvalues = [n for n in range(3)]", "O-2"),
    cell("o-3-begin", 'x = begin("O-3")', "O-3"),
    cell("o-3-ask", "s3 = x.client", "O-3"),
    cell("o-3-check", "check(s3)", "O-3"),
]


@pytest.mark.parametrize(
    ("name", "running", "said"),
    [
        ("pd", "o-3-ask", "made by the cell with the imports. Run that first. The link “Run O-3”"),
        ("x", "o-3-ask", 'Run the cells of O-3 from x = begin("O-3") on'),
        ("s3", "o-3-check", 'Run the cells of O-3 from x = begin("O-3") on'),
        ("cut", "o-3-ask", None),  # another exercise's
        ("s3", "o-3-ask", None),  # nothing before this cell makes it
        ("nonsense", "o-3-check", None),
    ],
)
def test_the_sentence_names_the_cells_to_run(name, running, said):
    sentence = missing.sentence(name, CELLS, running)
    assert sentence is None if said is None else f"`{name}` is not there yet" in sentence and said in sentence


def test_a_kernel_shows_the_sentence_in_place_of_a_traceback(tmp_path, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    (tmp_path / "book.ipynb").write_text(json.dumps({"cells": CELLS}))
    monkeypatch.chdir(tmp_path)
    shell, shown = InteractiveShell(), []
    shell.get_parent = lambda: {"metadata": {"cellId": "o-3-ask"}}
    monkeypatch.setattr(shell, "_showtraceback", lambda kind, error, lines: shown.append("\n".join(lines)))
    shell.set_custom_exc((NameError,), missing._tell)
    shell.run_cell("s3 = x.client")
    shell.run_cell("nonsense")
    assert shown[0].startswith("NameError: `x` is not there yet") and "Traceback" not in shown[0]
    assert "nonsense" in shown[1] and "Traceback" in shown[1]


def test_what_another_exercise_gives_is_said_to_be_another_exercises():
    x = Given(name="a", row="b")
    with pytest.raises(Told, match=r"x\.csv is not there: x has x\.name, x\.row"):
        x.csv  # noqa: B018
    assert not hasattr(x, "csv") and SimpleNamespace(**vars(x)).name == "a"
