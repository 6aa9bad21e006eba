"""Honest work gets what plain nbgrader gives it, cell by cell, for two hundred submissions."""

import itertools
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade
from traitlets.config import Config

from course.grading import sandbox
from course.grading.pool import Pool
from course.grading.released import released as released_from
from course.grading.submission import Job, Plan

from . import plain_nbgrader, questions
from .cells import cell, given, notebook, test, work
from .questions import Question

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes are held by Linux's means")

ASSIGNMENTS, STUDENTS = 30, 7  # each question gets each of its answers, and none
BLANK, MISSING = 1, 2  # who leaves all as it was released; who forgets the second notebook, where there is one
SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
SECONDS = 600.0
SCORES = "who,points\nann,7\nbob,9\ncy,8\n"


@dataclass(frozen=True)
class Assignment:
    """Questions by name, in one notebook or in two."""

    name: str
    asked: dict[str, Question]
    notebooks: tuple[str, ...]

    def part(self, notebook: str) -> dict[str, Question]:
        place = self.notebooks.index(notebook)
        return dict(itertools.islice(self.asked.items(), place, None, len(self.notebooks)))

    def source(self, name: str) -> NotebookNode:
        cells = [given("import math", "setup")]
        for number, (id, question) in enumerate(self.part(name).items()):
            cells += [given(question.given, f"{id}-given")] if question.given else []
            cells.append(work(SOLUTION.format(question.answers[0]), id))
            for count, code in enumerate(question.tests, 1):
                hide = count == 2 and number % 2
                cells.append(test(HIDDEN.format(code) if hide else code, f"{id}-test-{count}", questions.POINTS))
        cells.append(_text("why", "Why?\n" + SOLUTION.format("Because."), grade=True, solution=True, points=3))
        cells.append(cell(SOLUTION.format("drawn = 1"), "by-hand", grade=True, solution=True, points=1))
        cells.append(
            _text(
                "task",
                "Draw it.\n### BEGIN MARK SCHEME\nA line.\n### END MARK SCHEME",
                task=True,
                locked=True,
                points=1,
            )
        )
        return notebook(*cells)

    def answered(self, released: NotebookNode, name: str, student: int) -> NotebookNode:
        """What a student makes of the released notebook: each answer in turn, and now and then none."""
        for number, (id, question) in enumerate(self.part(name).items()):
            turn = (student + number * (student > BLANK)) % (len(question.answers) + 1)
            place = {0: 0, BLANK: None}.get(student, turn if turn < len(question.answers) else None)
            if place is not None:
                _of(released, id).source = question.answers[place]
        if student % 3 == 0:
            _of(released, "why").source = f"Student {student} says so."
            _of(released, "by-hand").source = f"drawn = {student}"
        if student % 4 == 0:
            released.cells.append(nbformat.v4.new_code_cell("print('a cell of my own')\nscratch = 1"))
        return released


def _text(id: str, source: str, **marks: Any) -> NotebookNode:
    flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **marks}
    return nbformat.v4.new_markdown_cell(source, metadata={"nbgrader": {"grade_id": id, **flags}})


def _of(node: NotebookNode, id: str) -> NotebookNode:
    return next(found for found in node.cells if _id(found) == id)


def _id(node: NotebookNode) -> str:
    return node.metadata.get("nbgrader", {}).get("grade_id", "")


def _assignments() -> list[Assignment]:
    bank = {id: question for group in questions.GROUPS for id, question in group.items()}
    made = []
    for number in range(ASSIGNMENTS):
        asked = dict(itertools.islice(bank.items(), number, None, ASSIGNMENTS))
        made.append(Assignment(f"ps{number:02}", asked, ("a", "b") if number % 8 == 3 else ("a",)))
    return made


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox.start_parent(tmp_path_factory.mktemp("p"), ("course.grading.student",)) as started:
        started.wait_ready("student")
        yield str(started.sockets["student"])


def test_two_hundred_submissions_get_what_plain_nbgrader_gives(parent: str, tmp_path: Path) -> None:
    graded, told, told_of = 0, [], {}
    with plain_nbgrader.autograder() as autograde:
        for assignment in _assignments():
            sources = {name: assignment.source(name) for name in assignment.notebooks}
            released = {name: released_from(source, Config()) for name, source in sources.items()}
            checksums = {name: {_id(c): compute_checksum(c) for c in node.cells} for name, node in released.items()}
            given_out = tmp_path / "source" / assignment.name
            given_out.mkdir(parents=True)
            (given_out / "scores.csv").write_text(SCORES)
            jobs, expected = [], {}
            for student in range(STUDENTS):
                folder = tmp_path / f"s{student:02}" / assignment.name
                folder.mkdir(parents=True)
                (folder / "scores.csv").write_text(SCORES)
                for name in assignment.notebooks:
                    key = (assignment.name, student, name)
                    if student == MISSING and name == "b":
                        expected |= {(*key, _id(cell)): 0.0 for cell in sources[name].cells if is_grade(cell)}
                        continue
                    answered = assignment.answered(deepcopy(released[name]), name, student)
                    nbformat.write(answered, folder / f"{name}.ipynb")
                    scores = autograde(answered, sources[name], checksums[name], folder)
                    expected |= {(*key, id): score for id, score in scores.items()}
                jobs.append(Job(str(student), folder, "", tmp_path / "autograded" / str(student) / assignment.name))
            plan = Plan(
                assignment.name, sources, checksums, given_out, "", "", mode=sandbox.detect(), parent=parent
            )  # fmt: skip
            with Pool(plan, 2, SECONDS) as pool:
                results = [outcome.result for outcome in pool.outcomes(jobs)]
            told += [{"expected": expected, "found": _scores(results)}]
            graded += len(results)
            assert {result["status"] for result in results} == {"graded"}
            told_of |= {
                (result["assignment"], result["student"]): result["repairs"] + result["flags"]
                for result in results
                if result["repairs"] + result["flags"] and int(result["student"]) != MISSING
            }
    differing = [
        f"{key}: {scores['expected'].get(key)} by nbgrader, {scores['found'].get(key)} here"
        for scores in told
        for key in sorted(scores["expected"].keys() | scores["found"].keys())
        if scores["expected"].get(key, "nothing") != scores["found"].get(key, "nothing")
    ]
    assert not differing, "\n" + "\n".join(differing)
    assert told_of == {}, "honest work needs no repair"
    assert graded == ASSIGNMENTS * STUDENTS >= 200
    one_sided = [
        f"{assignment.name}: {id}-test-{count}"
        for assignment, scores in zip(_assignments(), told, strict=True)
        for id, question in assignment.asked.items()
        for count in range(1, len(question.tests) + 1)
        if not {0.0, float(questions.POINTS)}
        <= {score for key, score in scores["found"].items() if key[3] == f"{id}-test-{count}"}
    ]
    assert len(one_sided) <= 4, f"nearly all can be answered, and need not be: {one_sided}"


def _scores(results: list[dict[str, Any]]) -> dict[tuple[Any, ...], float | None]:
    return {
        (result["assignment"], int(result["student"]), cell["notebook"], cell["grade_id"]): cell["score"]
        for result in results
        for cell in result["cells"]
        if cell["grade_id"] != "task"  # a person's, whatever the engine
    }
