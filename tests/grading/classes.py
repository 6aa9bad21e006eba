"""A small nbgrader course of our own, with a gradebook: what the ways out are tried on. Nothing is executed here."""

import os
import sys
import tempfile
import warnings
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, insert, update
from sqlalchemy.exc import SAWarning

from course.grading.course_folder import CourseFolder, open_folder
from course.grading.gradebook import GRADINGS, OURS

ASSIGNMENT, NOTEBOOK = "ps1", "squares"
HIDDEN_TEST = """assert squares(2) == [1, 4], "two squares"
### BEGIN HIDDEN TESTS
assert squares(977) == SECRET
### END HIDDEN TESTS"""


def cell(kind: str, source: str, id: str | None = None, *, exercise: str | None = None, **grading: Any) -> NotebookNode:
    metadata: dict[str, Any] = {"course": {"exercise": exercise}} if exercise else {}
    if id:
        plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
        metadata["nbgrader"] = {"grade_id": id, **plain, **grading}
    made = nbformat.v4.new_code_cell(source) if kind == "code" else nbformat.v4.new_markdown_cell(source)
    made.metadata.update(metadata)
    return made


def notebook(answer: str = "def squares(n):\n    return []", text: str = "Because.") -> NotebookNode:
    """A heading, an answer with two tests, and a text that a person grades."""
    cells = [
        cell("markdown", "# Squares\n\nWrite a function.", "intro", locked=True),
        cell("code", answer, "answer", solution=True, exercise="E-1"),
        cell("code", HIDDEN_TEST, "test-1", grade=True, locked=True, points=3, exercise="E-1"),
        cell("code", "assert squares(1) == [1]", "test-2", grade=True, locked=True, points=1, exercise="E-2"),
        cell("markdown", text, "why", grade=True, solution=True, points=2, exercise="E-2"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def failure(line: str, name: str = "AssertionError", words: str = "", *, frames: int = 1) -> NotebookNode:
    """An error output as IPython gives it, with its arrow at the line that failed."""
    own = f"Cell \x1b[0;32mIn[3], line 2\x1b[0m\n\x1b[0;32m----> 2\x1b[0m {line}\n"
    trace = [own] + [f"Cell In[2], line 1, in f(x)\n----> 1 raise {name}(x)\n"] * (frames - 1) + [f"{name}: {words}"]
    return nbformat.v4.new_output("error", ename=name, evalue=words, traceback=trace)


@dataclass
class Course:
    """A course folder at `root` with its gradebook, and the way to enter what a grader would have found."""

    root: Path

    @property
    def folder(self) -> CourseFolder:
        return open_folder(self.root)

    def gradebook(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}")

    def hand_in(
        self,
        student: str,
        scores: dict[str, float | None],
        node: NotebookNode | None = None,
        *,
        late: float = 0.0,
        comments: dict[str, str] | None = None,
        **about: str,
    ) -> Path:
        """Put an autograded notebook there, and its scores into the gradebook; None waits for a person."""
        folder = self.root / "autograded" / student / ASSIGNMENT
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(node or notebook(), folder / f"{NOTEBOOK}.ipynb")
        with warnings.catch_warnings(), self.gradebook() as gradebook:
            warnings.simplefilter("ignore", SAWarning)  # nbgrader's own way of adding a submission
            gradebook.update_or_create_student(student, **about)
            gradebook.update_or_create_submission(ASSIGNMENT, student)
            gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, student).late_submission_penalty = late
            for id, score in scores.items():
                grade = gradebook.find_grade(id, NOTEBOOK, ASSIGNMENT, student)
                grade.auto_score, grade.needs_manual_grade = score, score is None
            for id, words in (comments or {}).items():
                gradebook.find_comment(id, NOTEBOOK, ASSIGNMENT, student).manual_comment = words
            gradebook.db.commit()
        return folder / f"{NOTEBOOK}.ipynb"

    def note(
        self,
        student: str,
        scores: dict[str, float],
        *,
        status: str = "graded",
        repairs: list[str] | None = None,
        flags: list[str] | None = None,
        stale: bool = False,
        message: str = "",
        cell_status: str = "passed",
        **audit: Any,
    ) -> None:
        """Note a grading as `course grade` does; the last that is "graded" is the current one."""
        cells = [
            {"notebook": NOTEBOOK, "grade_id": id, "score": score, "max_score": 3.0, "status": cell_status,
             "message": ""}
            for id, score in scores.items()
        ]  # fmt: skip
        result = {
            "student": student, "assignment": ASSIGNMENT, "status": status, "score": sum(scores.values()),
            "max_score": 6.0, "cells": cells, "repairs": repairs or [], "flags": flags or [], "audit": audit,
        }  # fmt: skip
        engine = create_engine(f"sqlite:///{self.root / 'gradebook.db'}")
        OURS.create_all(engine)
        with engine.begin() as connection:
            if status == "graded":
                connection.execute(update(GRADINGS).where(GRADINGS.c.student == student).values(current=False))
            connection.execute(
                insert(GRADINGS).values(
                    assignment=ASSIGNMENT, student=student, key="", status=status, current=status == "graded",
                    stale=stale, message=message, result=result, finished_at=datetime(2026, 1, 1),
                )
            )  # fmt: skip
        engine.dispose()


def course(root: Path, source: NotebookNode | None = None) -> Course:
    """A course at `root` whose gradebook knows the assignment's cells."""
    source = source or notebook()
    (root / "source" / ASSIGNMENT).mkdir(parents=True)
    nbformat.write(source, root / "source" / ASSIGNMENT / f"{NOTEBOOK}.ipynb")
    (root / "gradebook.db").write_bytes(_empty_gradebook())
    made = Course(root)
    with made.gradebook() as gradebook:
        gradebook.add_assignment(ASSIGNMENT)
        gradebook.add_notebook(NOTEBOOK, ASSIGNMENT)
        for one in source.cells:
            grading = one.metadata.get("nbgrader")
            if grading is None:
                continue
            where = (grading["grade_id"], NOTEBOOK, ASSIGNMENT)
            gradebook.add_source_cell(*where, cell_type=one.cell_type, locked=grading["locked"], source=one.source)
            if grading["grade"]:
                gradebook.add_grade_cell(*where, max_score=grading["points"], cell_type=one.cell_type)
            if grading["solution"]:
                gradebook.add_solution_cell(*where)
    return made


@cache
def _empty_gradebook() -> bytes:
    """nbgrader makes a new gradebook with alembic, which it calls by name and which takes seconds: once is enough."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            Gradebook(f"sqlite:///{folder}/gradebook.db").close()
            return Path(folder, "gradebook.db").read_bytes()
    finally:
        os.environ["PATH"] = before
