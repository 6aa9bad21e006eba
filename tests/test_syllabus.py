"""The syllabus reads, holds together, and refuses each way of contradicting itself with one clear sentence."""

import tomllib
from pathlib import Path

import pytest

from course import syllabus

GOOD = {
    "id": '"O-8"',
    "assignment": '"d0_orientation"',
    "title": '"One crossing"',
    "bridge": "[1, 2]",
    "objectives": '["3.1-K2"]',
    "minutes": "20",
    "points": "4",
    "mode": '"exec"',
    "exam": '"C01+C02"',
    "replay": "true",
    "worlds": '["elsewhere"]',
}


def write(path: Path, *exercises: dict[str, str]) -> Path:
    text = '[[assignment]]\nname = "d0_orientation"\ntitle = "Orientation"\n'
    for exercise in exercises:
        text += "[[exercise]]\n" + "".join(f"{k} = {v}\n" for k, v in exercise.items() if v)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_syllabus_loads_and_o8_is_in_it() -> None:
    course = syllabus.load()
    exercise = course.exercise("O-8")
    assert exercise.slug == "o-8" and exercise.module == "o_8"
    assert exercise in course.of("d0_orientation")
    assert course.assignment(exercise.assignment).notebook == "d0_orientation.ipynb"


def test_every_objective_of_the_exam_has_one_id() -> None:
    lines = syllabus.OBJECTIVES.read_text(encoding="utf-8").splitlines()
    assert len(syllabus.objective_ids()) == len(lines) - 1


def test_values_keep_their_types(tmp_path: Path) -> None:
    exercise = syllabus.load(write(tmp_path / "s.toml", GOOD)).exercise("O-8")
    assert exercise.bridge == (1, 2) and exercise.worlds == ("elsewhere",) and exercise.replay is True


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(KeyError, match="O-8"):
        syllabus.load().exercise("O-9")
    with pytest.raises(KeyError, match="d0_orientation"):
        syllabus.load().assignment("d7")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", '"08"', "is not an id such as"),
        ("assignment", '"d9_none"', "not listed"),
        ("id", '"D3-07"', "does not belong in d0_orientation"),
        ("bridge", "[6]", "no bridge"),
        ("bridge", "[]", "no bridge"),
        ("objectives", '["9.9-K9"]', "unknown objectives"),
        ("objectives", "[]", "unknown objectives"),
        ("minutes", "90", "5 to 60"),
        ("minutes", '"20"', "field 'minutes' must be int"),
        ("points", "0", "1 to 20"),
        ("mode", '"video"', "modes are"),
        ("exam", '"C09"', "exams are"),
        ("replay", "false", "cannot have hidden worlds"),
        ("worlds", '["a", "a"]', "names a world twice"),
        ("title", "", "title"),
        ("id", "", "without id"),
        ("colour", '"red"', "unknown field 'colour'"),
    ],
)
def test_a_contradiction_is_refused_by_name(tmp_path: Path, field: str, value: str, message: str) -> None:
    with pytest.raises(syllabus.SyllabusError, match=message):
        syllabus.load(write(tmp_path / "s.toml", GOOD | {field: value}))


def test_exercises_are_unique_and_in_order(tmp_path: Path) -> None:
    with pytest.raises(syllabus.SyllabusError, match="more than once"):
        syllabus.load(write(tmp_path / "twice.toml", GOOD, GOOD))
    with pytest.raises(syllabus.SyllabusError, match="out of order"):
        syllabus.load(write(tmp_path / "order.toml", GOOD, GOOD | {"id": '"O-1"'}))


def test_the_file_is_plain_toml() -> None:
    assert set(tomllib.loads(syllabus.SYLLABUS.read_text(encoding="utf-8"))) == {"assignment", "exercise"}
