"""A small course as any instructor might have it, its submissions, and an examiner that trusts everyone.

`examine` stands in for course.grading.examiner where a test is about what happens around it: it runs the cells for
real, but in its own process.
"""

import ast
import os
import signal
import time
import traceback
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.errors import CourseError

NAME = "ps1"
POINTS = 12.0  # of both notebooks


def code(id: str, source: str, **grading: Any) -> NotebookNode:
    return _cell(nbformat.v4.new_code_cell, id, source, grading)


def text(id: str, source: str, **grading: Any) -> NotebookNode:
    return _cell(nbformat.v4.new_markdown_cell, id, source, grading)


def _cell(new: Any, id: str, source: str, grading: dict[str, Any]) -> NotebookNode:
    flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **grading}
    return new(source, id=id, metadata={"nbgrader": {"grade_id": id, **flags}})


def sources() -> dict[str, NotebookNode]:
    """Two notebooks: tests with full and partial credit, a text that a person grades, a task."""
    first = [
        code("square", "def square(x):\n    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION", solution=True),
        code("square-test", "assert square(3) == 9", grade=True, locked=True, points=2),
        code(
            "square-hidden",
            "assert square(2) == 4\n### BEGIN HIDDEN TESTS\nassert square(-5) == 25\n### END HIDDEN TESTS",
            grade=True, locked=True, points=2,
        ),
        code("square-share", "sum(square(i) == i * i for i in range(4)) / 4 * 3", grade=True, locked=True, points=3),
        text("why", "Why?\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION", grade=True, solution=True, points=2),
        text("draw", "Draw it.\n### BEGIN MARK SCHEME\nA line.\n### END MARK SCHEME", task=True, locked=True, points=1),
    ]  # fmt: skip
    second = [
        code("double", "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", solution=True),
        code("double-test", "assert double(4) == 8", grade=True, locked=True, points=2),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {
        name: nbformat.v4.new_notebook(cells=cells, metadata=kernel) for name, cells in (("a", first), ("b", second))
    }


def make_course(root: Path, settings: str = "") -> Path:
    """The course's folder, with a data file of the instructor's."""
    folder = root / "source" / NAME
    folder.mkdir(parents=True)
    for name, notebook in sources().items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
    (folder / "numbers.txt").write_text("1 2 3\n")
    if settings:
        (root / "nbgrader_config.py").write_text(f"c = get_config()\n{settings}\n")
    return root


SQUARES = {
    "right": "def square(x):\n    return x * x",
    "partly": "def square(x):\n    return x * x if x >= 0 and x != 3 else 0",
    "wrong": "def square(x):\n    return x",
    "kills": "import os\nos.environ.get('PROBE')\nos.kill(os.getpid(), 9)",
    "sleeps": "import time\ntime.sleep(0.3)\ndef square(x):\n    return x * x",
    "hangs": "import time\ntime.sleep(60)",
}


def hand_in(root: Path, student: str, square: str = "right", *, why: str = "Because I say so.", **more: Any) -> Path:
    """submitted/<student>/ps1 with these answers. more: missing=[names of notebooks], timestamp=str, released=True."""
    folder = root / "submitted" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    for name, notebook in sources().items():
        if name in more.get("missing", ()):
            continue
        released = root / "release" / NAME / f"{name}.ipynb"
        node = nbformat.read(released, as_version=4) if released.is_file() else notebook
        for cell in node.cells:
            id = cell.metadata.nbgrader.grade_id
            if id == "square":
                cell.source = SQUARES[square]
            elif id == "double":
                cell.source = "def double(x):\n    return x + x"
            elif id == "why" and why:
                cell.source = why
        nbformat.write(node, folder / f"{name}.ipynb")
    (folder / "notes.txt").write_text(f"by {student}\n")
    if timestamp := more.get("timestamp"):
        (folder / "timestamp.txt").write_text(timestamp)
    return folder


def examine(task: dict[str, Any]) -> dict[str, Any]:
    """What an examiner returns, from cells that are run here and now."""
    began, cpu = time.monotonic(), time.process_time()
    cells, notebooks, names = [], {}, {"__name__": "__main__"}
    for name, both in task["notebooks"].items():
        source, node = (nbformat.reads(both[kind], as_version=4) for kind in ("source", "submitted"))
        graded = {}
        for cell in node.cells:
            error = _run(cell, names) if cell.cell_type == "code" else ""
            grading = cell.metadata.get("nbgrader", {})
            graded[grading.get("grade_id")] = (cell, error)
        for cell in source.cells:
            grading = cell.metadata.nbgrader
            if grading.grade:  # of a task nothing is run: the examiner does not tell of it
                ran, error = graded[grading.grade_id]
                cells.append({"grade_id": grading.grade_id, "max_score": float(grading.points), "message": error}
                             | _score(ran, grading, error))  # fmt: skip
        notebooks[name] = nbformat.writes(node)
    score = sum(cell["score"] or 0 for cell in cells)
    result = {
        "student": task["student"], "assignment": task["assignment"], "status": "graded", "score": score,
        "max_score": POINTS, "cells": cells, "repairs": [], "flags": [],
        "seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu,
        "audit": {"seeds": {"first": 7}, "limits": task["limits"], "mode": task["mode"], "clock_moves": []},
    }  # fmt: skip
    return {"result": result, "notebooks": notebooks}


def _run(cell: NotebookNode, names: dict[str, Any]) -> str:
    cell.outputs, cell.execution_count = [], 1
    try:
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
        if value is not None:
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": repr(value)}, execution_count=1)]
    except Exception as error:
        told = {"ename": type(error).__name__, "evalue": str(error), "traceback": traceback.format_exc().splitlines()}
        cell.outputs = [nbformat.v4.new_output("error", **told)]
        return f"{type(error).__name__}: {error}"
    return ""


def _score(cell: NotebookNode, grading: NotebookNode, error: str) -> dict[str, Any]:
    if grading.solution:
        return {"score": None, "status": "manual"}
    if error:
        return {"score": 0.0, "status": "failed"}
    if cell.outputs:
        score = float(cell.outputs[0].data["text/plain"])
        return {"score": score, "status": "passed" if score == grading.points else "partial"}
    return {"score": float(grading.points), "status": "passed"}


def die_once(task: dict[str, Any], mark: str) -> dict[str, Any]:
    """An examiner whose first process for the student "unlucky" is killed; `mark` is the file that says that it was."""
    if task["student"] == "unlucky" and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return examine(task)


def cannot(task: dict[str, Any]) -> dict[str, Any]:
    """An examiner on a machine where nothing can be held."""
    raise CourseError("Nothing can be held here.")
