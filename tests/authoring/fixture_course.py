"""A tiny complete course: one assignment, one correct notebook of one exercise, and a stand-in for what it imports."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import __version__
from course.authoring import notebook

ASSIGNMENT = "d0_orientation"
EXERCISE = "O-8"
SYLLABUS = """\
[[assignment]]
name = "d0_orientation"
title = "Orientation"

[[exercise]]
id = "O-8"
assignment = "d0_orientation"
title = "One crossing"
bridge = [1]
objectives = ["3.1-K2"]
minutes = 20
points = 4
mode = "exec"
exam = "C01+C02"
replay = true
worlds = ["elsewhere"]
"""
STAND_IN = """\
from types import SimpleNamespace


def begin(id):
    return SimpleNamespace(bucket="txguard")


def check(id, hidden=False, **given):
    print(f"{id}: {given}")
    return 4.0 if all(value is not None for value in given.values()) else 0.0
"""
BESIDE = """\
import course.learn
from course.grading.beside import Nothing


class Beside(Nothing):
    modules = {"course.learn": ("begin", "check")}

    def perform(self, module, name, args, kwargs):
        return getattr(course.learn, name)(*args, **kwargs)
"""
BLANK = """\
name = None
### BEGIN SOLUTION
name = x.bucket + "-crossing-solved"
### END SOLUTION"""
CHECK = """\
# The bucket is named after the crossing.
check("O-8", name=name)
### BEGIN HIDDEN TESTS
check("O-8", name=name, hidden=True)
### END HIDDEN TESTS"""


def grading(id: str, *, grade: bool = False, locked: bool = False, solution: bool = False, **more: float) -> dict:
    agreed = {"grade": grade, "locked": locked, "solution": solution, "task": False}
    return {"nbgrader": {"grade_id": id, "schema_version": 3, **agreed, **more}}


def prose(id: str, source: str, part: str | None = None, exercise: str | None = None) -> dict:
    course = {k: v for k, v in (("exercise", exercise), ("part", part)) if v}
    metadata = {"course": course} if course else {}
    return {"cell_type": "markdown", "id": id, "metadata": metadata, "source": source}


def code(id: str, source: str, part: str | None = None, *outputs: dict, exercise: str | None = None, **more) -> dict:
    cell = prose(id, source, part, exercise)
    cell["metadata"] |= more
    return cell | {"cell_type": "code", "execution_count": 1, "outputs": list(outputs)}


def stream(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def result(text: str, **data: str) -> dict:
    return {"output_type": "execute_result", "data": {"text/plain": text, **data}, "execution_count": 1, "metadata": {}}


def correct() -> NotebookNode:
    """A fresh notebook in which every rule holds."""
    e = {"exercise": EXERCISE}
    cells = [
        prose("title", f"# Orientation\n\n*Version {__version__}*\n\nA notebook crosses a bridge.", "story"),
        prose("jump-list", "- [O-8 One crossing](#O-8-One-crossing)"),
        code("imports", "from course.learn import begin, check"),
        prose("o-8-heading", "## O-8 One crossing\n\n*4 points · 20 minutes*", "heading", EXERCISE),
        prose("o-8-principle", "A bucket holds objects.", "principle", EXERCISE),
        code("o-8-begin", 'x = begin("O-8")', "begin", **e, **grading("o-8-begin", locked=True)),
        code("o-8-worked", "print(x.bucket)", "worked", stream("txguard\n"), **e),
        prose("o-8-prompt", "Put the name of the bucket into `name`.", "prompt", EXERCISE),
        code("o-8-blank", BLANK, "blank", **e, **grading("o-8-blank", solution=True)),
        code(
            "o-8-check",
            CHECK,
            "check",
            stream("O-8: {'name': 'txguard-crossing-solved'}\n" * 2),
            result("4.0"),
            **e,
            **grading("o-8-check", grade=True, locked=True, points=4),
        ),
        prose("o-8-takeaway", "A name is chosen once.", "takeaway", EXERCISE),
    ]
    stamp = {"version": __version__}
    metadata = {"course": stamp, "kernelspec": dict(notebook.KERNELSPEC), "language_info": dict(notebook.LANGUAGE)}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def cell(node: NotebookNode, id: str) -> NotebookNode:
    return next(c for c in node.cells if c.id == id)


def write(root: Path, node: NotebookNode | None = None, name: str = ASSIGNMENT) -> Path:
    """The course on disk at `root`; returns the notebook's path."""
    (root / "course").mkdir(parents=True, exist_ok=True)
    (root / "course" / "syllabus.toml").write_text(SYLLABUS, encoding="utf-8")
    path = root / "source" / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    notebook.write(path, node or correct())
    return path


def stand_in(folder: Path) -> Path:
    """A folder for PYTHONPATH: a `course.learn` that opens no cloud, and beside_stand_in, which lets work use it."""
    (folder / "course").mkdir(parents=True)
    (folder / "course" / "__init__.py").write_text("")
    (folder / "course" / "learn.py").write_text(STAND_IN)
    (folder / "beside_stand_in.py").write_text(BESIDE)
    return folder
