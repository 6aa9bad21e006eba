"""Stored submissions: right and wrong work on an exercise, each with the score and the hint that it must get.

A file `tests/submissions/<exercise>/<name>.py` opens with TOML in comments and goes on with the cells it replaces:

    # score = 3
    # hint = "o-8-endpoint-left"
    # note = "Deletes the descriptions and believes that the machine stops with them"

    # %% o-8-clean-up
    sm.delete_model(ModelName=x.name)

    # %% answers.json
    {"o-7-cents": {"choice": ["retrain"], "confidence": 75}, "o-7-idle": null}

What is answered in quizzes and predictions are the author's answers (tests/answers/), changed by the section
`answers.json` if there is one; null takes an answer away. Blank work has no answers.

Full score and no hint: another right solution. A mistake that only a hidden world shows names it (`world`), with the
score that the learner sees before (`visible`). Whatever the file does not replace is as in the source's solution.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course.authoring import notebook

SECTION = re.compile(r"^# %% (\S+)\s*$", re.MULTILINE)
FIELDS = {"score", "hint", "visible", "world", "note"}
ANSWERS = "answers.json"
BLANK = "blank"


class SubmissionError(ValueError):
    """A stored submission that cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Submission:
    """Work on one exercise: the cells that differ from the solution, and what must come of it.

    `score` is the minimum over the worlds it is run in, `visible` the score in the learner's own.
    """

    name: str
    score: float
    visible: float
    hint: str | None = None
    world: str | None = None
    cells: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)

    def answered(self, authors: Path) -> str | None:
        """The answers that this work hands in, as JSON: the author's with this work's in their place, or none."""
        if self.name == BLANK:
            return None
        handed_in: dict[str, Any] = {"version": 1}
        if authors.is_file():
            handed_in |= json.loads(authors.read_text(encoding="utf-8"))
        merged = {**handed_in.get("answers", {}), **self.answers}
        handed_in["answers"] = {id: answer for id, answer in merged.items() if answer is not None}
        return json.dumps(handed_in, indent=1)

    def fill(self, source: NotebookNode) -> NotebookNode:
        """The source notebook with this work's cells in it. SubmissionError names a cell that there is not."""
        filled = deepcopy(source)
        cells = {cell.id: cell for cell in filled.cells}
        for id, text in self.cells.items():
            if id not in cells:
                raise SubmissionError(f"{self.name}: there is no cell {id}")
            cells[id].source = text
        return filled


def solution(points: float) -> Submission:
    """The source as it stands."""
    return Submission("solution", points, points)


def blank(cells: list[NotebookNode]) -> Submission:
    """What a learner gets: every solution cell as the release has it."""
    stubs = {cell.id: notebook.stub_of(cell) for cell in cells if notebook.is_solution(cell)}
    return Submission(BLANK, 0.0, 0.0, cells=stubs)


def stored(root: Path, exercise: str) -> list[Submission]:
    """The stored submissions of an exercise, in the order of their names."""
    return [read(path) for path in sorted((root / "tests" / "submissions" / exercise).glob("*.py"))]


def read(path: Path) -> Submission:
    """One stored submission; SubmissionError says what its header lacks."""
    head, *sections = SECTION.split(path.read_text(encoding="utf-8"))
    comments = [line.removeprefix("#").strip() for line in head.splitlines() if line.startswith("#")]
    try:
        header = tomllib.loads("\n".join(comments))
    except tomllib.TOMLDecodeError as error:
        raise SubmissionError(f"{path.name}: its header is not TOML in comments: {error}") from None
    if "score" not in header or (unknown := sorted(set(header) - FIELDS)):
        problem = "has no score" if "score" not in header else f"has the unknown field {unknown[0]!r}"
        raise SubmissionError(f"{path.name}: its header {problem}; the fields are {', '.join(sorted(FIELDS))}")
    cells = {id: text.strip("\n") for id, text in zip(sections[::2], sections[1::2], strict=True)}
    if not cells:
        raise SubmissionError(f"{path.name}: replaces no cell; a section begins with '# %% <cell id>'")
    try:
        answers = json.loads(cells.pop(ANSWERS, "{}"))
    except ValueError as error:
        raise SubmissionError(f"{path.name}: its section {ANSWERS} is not JSON: {error}") from None
    score = float(header["score"])
    visible = float(header.get("visible", score))
    return Submission(path.stem, score, visible, header.get("hint"), header.get("world"), cells, answers)
