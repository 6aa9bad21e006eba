"""Small notebooks in the course's form, whose check needs no cloud: it scores 4 if `n` is what the world wants."""

from typing import Any

import nbformat
from nbformat import NotebookNode

# In every world the right n is as long as the world's name; a learner sees a world without one.
LEARN = """
import os
from IPython.display import publish_display_data

def begin(id):
    return os.environ.get("COURSE_WORLD", "")

def check(id, *, hidden=False, **given):
    points = 4.0 if given["n"] == len(begin(id)) else 0.0
    finding = {"title": "n", "status": "passed" if points else "not yet", "hint": None if points else "o-8-n",
               "seen": str(given["n"]), "looked": "n", "expected": "secret", "points": points, "of": 4.0}
    data = {"exercise": id, "points": points, "of": 4.0, "findings": [finding], "elsewhere": {}, "hints": {}}
    publish_display_data({"application/vnd.five-bridges.findings+json": data, "text/plain": "card"})
    return points
"""


def code(id: str, source: str, part: str | None = None, **grading: Any) -> NotebookNode:
    """A code cell of exercise O-8, or of none if `part` is None."""
    metadata: dict[str, Any] = {"course": {"exercise": "O-8", "part": part}} if part else {}
    if grading:
        metadata["nbgrader"] = {"grade_id": id, "grade": False, "solution": False, "locked": False, **grading}
    return nbformat.v4.new_code_cell(source, id=id, metadata=metadata)


def source() -> NotebookNode:
    """Imports, begin, a worked cell, a blank, the check, and one more cell that is no part of it."""
    cells = [
        code("imports", LEARN),
        code("o-8-begin", 'x = begin("O-8")', "begin", locked=True),
        code("o-8-worked", "shown = 1", "worked"),
        code("o-8-blank", "n = None\n### BEGIN SOLUTION\nn = len(x)\n### END SOLUTION", "blank", solution=True),
        code("o-8-check", 'check("O-8", n=n, hidden=True)', "check", grade=True, locked=True, points=4),
        code("o-8-after", "after = 1", "takeaway"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def submission(blank: str = "n = len(x)") -> NotebookNode:
    """The same with a learner's blank."""
    node = source()
    cell_of(node, "o-8-blank").source = blank
    return node


def cell_of(node: NotebookNode, id: str) -> NotebookNode:
    return next(cell for cell in node.cells if cell.id == id)
