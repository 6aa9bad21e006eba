"""A release is made from source/ alone, the same each time, without solutions, and a check finds every drift."""

import shutil
from pathlib import Path

import pytest

from course import syllabus
from course.authoring import notebook, release

from . import fixture_course
from .fixture_course import cell

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def settings(root: Path) -> None:
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)


@pytest.fixture
def released(root: Path) -> Path:
    assert release.run(root) == []
    return root / "release" / "d0_orientation" / "d0_orientation.ipynb"


def test_a_release_has_no_solution_no_hidden_test_and_no_output(released: Path) -> None:
    book = notebook.read(released)
    text = released.read_text()
    assert cell(book.node, "o-8-blank").source == "name = None\n# your code here"
    assert cell(book.node, "o-8-check").source.endswith('check("O-8", name=name)')
    assert "solved" not in text and "SOLUTION" not in text and "HIDDEN" not in text
    assert all(c.outputs == [] and c.execution_count is None for c in book.code_cells)


def test_ids_and_the_courses_own_metadata_go_along(source: Path, released: Path) -> None:
    before, after = notebook.read(source), notebook.read(released)
    assert [c.id for c in after.cells] == [c.id for c in before.cells]
    assert [c.metadata.get("course") for c in after.cells] == [c.metadata.get("course") for c in before.cells]


def test_releasing_again_gives_the_same_bytes_and_touches_no_gradebook(root: Path, released: Path) -> None:
    before = released.read_bytes()
    assert release.run(root, check=True) == []
    assert release.run(root) == [] and released.read_bytes() == before
    assert sorted(p.name for p in root.iterdir()) == ["course", "nbgrader_config.py", "release", "source"]


def test_a_release_that_drifted_is_found_and_cured(root: Path, released: Path) -> None:
    good = released.read_bytes()
    released.write_text(released.read_text().replace("chosen once", "chosen twice"))
    (released.parent / "extra.csv").write_text("a\n")
    (root / "release" / "d9_gone").mkdir()
    said = [str(fault) for fault in release.run(root, check=True)]
    assert ["differs" in said[0], "nothing in source/" in said[1], "no source/d9_gone" in said[2]] == [True] * 3
    assert "from line" in said[0] and all("run `course release`" in line for line in said)
    assert release.run(root) == [] and release.run(root, check=True) == []
    assert released.read_bytes() == good
    released.unlink()
    (fault,) = release.run(root, check=True)
    assert "missing" in fault.message


def test_only_listed_files_go_out(root: Path, source: Path) -> None:
    for name in ("solution.py", "notes.md", "data.csv"):
        (source.parent / name).write_text("kept\n")
    toml = root / "course" / "syllabus.toml"
    toml.write_text(toml.read_text().replace('title = "Orientation"', 'title = "Orientation"\ndata = ["data.csv"]', 1))
    (fault,) = release.run(root)
    assert fault.path == "source/d0_orientation/notes.md" and "list it" in fault.message
    files = sorted(p.name for p in (root / "release" / "d0_orientation").iterdir())
    assert files == ["d0_orientation.ipynb", "data.csv"]


def test_a_listed_file_that_is_missing_is_a_fault(root: Path, source: Path) -> None:
    assignment = syllabus.Assignment("d0_orientation", "Orientation", ("none.csv",))
    assert "none.csv is missing" in (release.generate(root, assignment, root / "made") or "")


def test_what_nbgrader_refuses_is_one_sentence(root: Path, source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    node = fixture_course.correct()
    cell(node, "o-8-worked").source = "### BEGIN SOLUTION\nprint(1)\n### END SOLUTION"
    notebook.write(source, node)
    (fault,) = release.run(root)
    assert "nbgrader refuses it: RuntimeError: Solution region detected in a non-solution cell" in fault.message
    assert not (root / "release").exists() and capfd.readouterr() == ("", "")


def test_a_course_without_settings_says_so(root: Path) -> None:
    (root / "nbgrader_config.py").unlink()
    (fault,) = release.run(root)
    assert fault.path == "nbgrader_config.py" and "missing" in fault.message
