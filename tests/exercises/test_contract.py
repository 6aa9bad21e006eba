"""What holds for every exercise that runs something: syllabus, probes, hints, notebook and stored work agree."""

import importlib
import re
from pathlib import Path

import nbformat
import pytest

from course import syllabus
from course.authoring import submissions
from course.exam import reflections
from course.learn import exercise

ROOT = Path(__file__).resolve().parents[2]
RUNNING = [entry.id for entry in syllabus.load().exercises if "exec" in entry.mode.split("+") and entry.id != "O-8"]


@pytest.fixture(scope="module", params=RUNNING)
def id(request):
    return request.param


@pytest.fixture(scope="module")
def prose():
    sources = [nbformat.read(path, as_version=4) for path in sorted(ROOT.glob("source/*/*.ipynb"))]
    cells = [cell for source in sources for cell in source.cells if cell.cell_type == "markdown"]
    return {of: "\n".join(c.source for c in cells if c.metadata.course.get("exercise") == of) for of in RUNNING}


def module(id):
    return importlib.import_module(f"course.exercises.{id.lower().replace('-', '_')}")


def test_points_and_worlds_agree_with_the_syllabus(id):
    entry, found = syllabus.load().exercise(id), exercise.find(id)
    text = reflections.load(id)
    by_hand = text.full if text else 0
    assert sum(probe.points for probe in found.probes) + by_hand == entry.points
    assert not entry.replay or set(found.worlds) == set(entry.worlds)
    assert sum(probe.points for probe in found.hidden_probes) <= entry.points


def test_every_hint_is_said_somewhere_and_every_said_hint_is_there(id):
    hints, slug = module(id).HINTS, id.lower()
    path = Path(module(id).__file__)
    said = "".join(part.read_text() for part in sorted(path.parent.glob(f"{path.stem}*.py")))
    for part in re.findall(r"^from course\.exercises\.(\w+) import", said, re.MULTILINE):
        said += path.with_name(f"{part}.py").read_text()
    assert {probe.hint for probe in module(id).PROBES} <= set(hints)
    assert all(name.startswith(f"{slug}-") for name in hints)
    for name in hints:  # whole, or put together from its last words
        tails = [name.split("-", place)[place] for place in range(2, name.count("-") + 1)]
        assert said.count(f'"{name}"') >= 2 or any(f'"{tail}"' in said for tail in tails), f"nothing says {name}"
    assert not any("`" in hint.text for hint in hints.values()), "a card shows backticks as they are"


def test_what_to_read_again_is_a_heading_or_a_bold_word_of_the_exercise(id, prose):
    for name, hint in module(id).HINTS.items():
        assert (
            hint.read in prose[id]
            or hint.read.removeprefix("The ").capitalize() in prose[id]
            or (hint.read.lower() in prose[id].lower())
        ), (name, hint.read)


def test_most_hints_are_proven_by_a_stored_mistake(id):
    stored = submissions.stored(ROOT, id)
    named = {work.hint for work in stored if work.hint}
    assert len(named) >= 2 and named <= set(exercise.find(id).hints)
    assert any(work.hint is None for work in stored)
