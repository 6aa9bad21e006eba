"""Notebooks for tests of grading, made of cells as nbgrader marks them."""

import nbformat
from nbformat import NotebookNode


def cell(source: str, id: str = "", *, grade: bool = False, solution: bool = False, points: float = 1) -> NotebookNode:
    made = nbformat.v4.new_code_cell(source)
    if id:
        marks = {"grade_id": id, "grade": grade, "solution": solution, "locked": not solution, "task": False}
        made.metadata["nbgrader"] = {**marks, "schema_version": 3, **({"points": points} if grade else {})}
    return made


def given(source: str, id: str = "given") -> NotebookNode:
    """A locked cell of the course's own."""
    return cell(source, id)


def work(source: str, id: str = "work") -> NotebookNode:
    """A cell for the learner's code."""
    return cell(source, id, solution=True)


def test(source: str, id: str = "test", points: float = 1) -> NotebookNode:
    """A cell that is graded by running it."""
    return cell(source, id, grade=True, points=points)


test.__test__ = False  # type: ignore[attr-defined]  # pytest would run it


def notebook(*cells: NotebookNode) -> NotebookNode:
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
