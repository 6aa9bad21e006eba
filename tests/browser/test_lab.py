"""A learner's way through O-8 in a real browser: blank work is told what is missing, filled work gets every point."""

from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat import NotebookNode

from course.authoring.notebook import BEGIN_SOLUTION, END_SOLUTION
from tests.browser.notebook import Notebook

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "artefacts" / "screenshots"
ASSIGNMENT, EXERCISE = "d0_orientation", "O-8"
RUN_SECONDS = 90

pytestmark = pytest.mark.browser


def cells(folder: str) -> list[NotebookNode]:
    """The exercise's code cells in source/ or release/."""
    path = ROOT / folder / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    book = nbformat.read(path, as_version=4)
    return [c for c in book.cells if c.cell_type == "code" and c.metadata.get("course", {}).get("exercise") == EXERCISE]


def parts(folder: str, name: str) -> list[NotebookNode]:
    return [cell for cell in cells(folder) if cell.metadata["course"]["part"] == name]


def solutions() -> dict[str, str]:
    """What a learner who knows the answers types, by cell id."""
    marks = (BEGIN_SOLUTION, END_SOLUTION)
    return {
        cell.id: "\n".join(line for line in cell.source.split("\n") if line.strip() not in marks)
        for cell in cells("source")
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def test_a_check_fails_and_then_passes(lab: str, browser) -> None:
    address = urlsplit(lab)
    browser.get(address._replace(path=f"/lab/tree/{ASSIGNMENT}/{ASSIGNMENT}.ipynb").geturl())
    notebook = Notebook(browser, ROOT / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb")
    [begin], [check] = ([cell.id for cell in parts("release", name)] for name in ("begin", "check"))
    notebook.photograph(notebook.ids[0], SCREENSHOTS / "1-opened.png")

    notebook.run_all()
    first = notebook.until(lambda: notebook.count(check), RUN_SECONDS)
    assert notebook.errors() == []
    points, of = notebook.points(check)
    assert points < of
    assert "hint" in notebook.output(check)
    notebook.photograph(begin, SCREENSHOTS / "2-begun.png")
    for picture in parts("release", "picture"):
        notebook.photograph(picture.id, SCREENSHOTS / f"3-{picture.id}.png")
    notebook.photograph(check, SCREENSHOTS / "4-check-failed.png")

    for id, text in solutions().items():
        notebook.type(id, text)
    notebook.photograph(check, SCREENSHOTS / "5-filled-in.png")
    notebook.run_all()
    notebook.until(lambda: notebook.count(check) > first, RUN_SECONDS)
    assert notebook.errors() == []
    assert notebook.points(check) == (of, of)
    assert "hint" not in notebook.output(check)
    notebook.photograph(check, SCREENSHOTS / "6-check-passed.png")
