"""A new release is merged into a learner's copy: nothing that the learner wrote is lost, nothing else stays old."""

import json
import shutil
from pathlib import Path

import pytest

from course.errors import CourseError
from course.handout import hand_out
from course.update import merge, update

NAME = "d0_orientation"


def cell(id: str, source: str, **grading) -> dict:
    metadata = {"nbgrader": {"grade_id": id, **grading}} if grading else {}
    return {
        "cell_type": "code",
        "id": id,
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


OLD = [
    cell("begin", 'x = begin("O-8")', locked=True),
    cell("worked", "shown = 1"),
    cell("blank", "n = None", solution=True),
    cell("dropped", "gone = 1"),
    cell("check", "check(n=n)", locked=True, grade=True),
]
NEW = [
    cell("begin", 'x = begin("O-8", more=1)', locked=True),
    cell("new", "added = 1"),
    cell("worked", "shown = 2"),
    cell("blank", "n = None  # a better word", solution=True),
    cell("check", "check(n=n, hint=True)", locked=True, grade=True),
]


def write(path: Path, cells: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def course(tmp_path):
    write(tmp_path / "release" / NAME / f"{NAME}.ipynb", OLD)
    hand_out(tmp_path / "release", tmp_path / "work")
    return tmp_path


def sources(path: Path) -> dict[str, str]:
    return {c["id"]: c["source"] for c in json.loads(path.read_text())["cells"]}


def text(id: str, source: str, **grading) -> dict:
    made = cell(id, source, **grading)
    return {key: made[key] for key in ("id", "source", "metadata")} | {"cell_type": "markdown"}


def test_a_goal_card_and_a_reflection_stay_as_they_were_written(course):
    card, words = "- I am here because …", "*Write your answer here.*"
    own = {"o-1-goal": "- I am here because I said so", "o-3-reflection": "First the labels."}

    def release(card: str, words: str, story: str) -> list[dict]:
        grading = {"grade": True, "solution": True, "points": 6}
        return [text("o-1-goal", card), text("story", story), text("o-3-reflection", words, **grading)]

    released, mine = (course / folder / NAME / f"{NAME}.ipynb" for folder in ("release", "work"))
    write(released, release(card, words, "old"))
    mine.unlink()
    hand_out(course / "release", course / "work")
    worked_on = release(card, words, "old")
    write(mine, [{**c, "source": own.get(c["id"], c["source"])} for c in worked_on])
    write(released, release("- Another beginning …", words, "new"))
    update(course, NAME)
    assert sources(mine) == {**own, "story": "new"}
    write(released, release("- A third one …", words + " Please.", "newer"))
    update(course, NAME)
    assert sources(mine) == {**own, "story": "newer"}, "and once more"


def test_the_notebooks_goal_card_is_no_locked_cell():
    notebook = Path(__file__).parents[1] / "source" / NAME / f"{NAME}.ipynb"
    (goal,) = (c for c in json.loads(notebook.read_text())["cells"] if c["id"] == "o-1-goal")
    assert "nbgrader" not in goal["metadata"] and goal["metadata"].get("editable", True)


def test_answers_and_own_cells_stay_and_the_rest_is_new(course):
    mine = course / "work" / NAME / f"{NAME}.ipynb"
    worked_on = [dict(c) for c in OLD]
    worked_on[0]["source"] = "x = None  # tampered"
    worked_on[2] |= {"source": "n = 42", "execution_count": 3}
    worked_on[3]["source"] = "gone = 2  # mine now"
    worked_on.insert(3, cell("own", "print(n)"))
    write(mine, worked_on)
    write(course / "release" / NAME / f"{NAME}.ipynb", NEW)
    said = update(course, NAME)
    assert said[0].endswith("with 3 cells of yours.")
    assert list(sources(mine).items()) == [
        ("begin", 'x = begin("O-8", more=1)'),
        ("new", "added = 1"),
        ("worked", "shown = 2"),
        ("blank", "n = 42"),
        ("own", "print(n)"),
        ("dropped", "gone = 2  # mine now"),
        ("check", "check(n=n, hint=True)"),
    ]
    assert sources(course / "work" / NAME / f"{NAME}.before-update-1.ipynb")["blank"] == "n = 42"
    assert update(course, NAME) == [f"{NAME}/{NAME}.ipynb is up to date."]


def test_an_untouched_copy_becomes_the_release(course):
    write(course / "release" / NAME / f"{NAME}.ipynb", NEW)
    update(course, NAME)
    assert sources(course / "work" / NAME / f"{NAME}.ipynb") == {c["id"]: c["source"] for c in NEW}


def test_cells_above_the_first_released_one_stay_on_top():
    merged, kept = merge([cell("mine", "import os"), *OLD], NEW, {c["id"]: "" for c in NEW})
    assert merged[0]["id"] == "mine"
    assert kept >= 1


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"cells": 1}'])
def test_a_copy_that_is_no_notebook_is_left_alone(course, damage):
    mine = course / "work" / NAME / f"{NAME}.ipynb"
    mine.write_text(damage)
    write(course / "release" / NAME / f"{NAME}.ipynb", NEW)
    with pytest.raises(CourseError, match="not a notebook"):
        update(course, NAME)
    assert mine.read_text() == damage


def test_what_is_missing_is_said(course):
    with pytest.raises(CourseError, match=f"Released are: {NAME}"):
        update(course, "d9_nothing")
    shutil.rmtree(course / "work" / NAME)
    with pytest.raises(CourseError, match="course lab"):
        update(course, NAME)


def test_the_versions_of_both_are_said(course):
    released = course / "release" / NAME / f"{NAME}.ipynb"
    write(released, NEW)
    released.write_text(
        released.read_text().replace('"metadata": {}, "nbf', '"metadata": {"course": {"version": "9.1"}}, "nbf')
    )
    assert "version 9.1, with" in update(course, NAME)[0]
    write(released, OLD)
    released.write_text(
        released.read_text().replace('"metadata": {}, "nbf', '"metadata": {"course": {"version": "9.2"}}, "nbf')
    )
    assert "version 9.2 after 9.1, with" in update(course, NAME)[0]
