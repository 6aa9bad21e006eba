"""One submission, from the files that were handed in to the folder that is graded. This is what a worker does.

    take    copy what may be taken; files of source/ take the place of those of the same name
    repair  make each notebook one of this assignment again
    examine run it; the result
    settle  the result as docs/grading.md tells it: every graded cell of source/, in order, once

A worker knows no gradebook. Doing a job twice gives the same twice.
"""

import errno
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import IgnorePattern, LimitOutput
from nbgrader.utils import compute_checksum, is_grade, is_solution, is_task
from traitlets.config import Config

from course.errors import CourseError
from course.grading import autograded, carriage, files, variant
from course.grading.files import Taken
from course.grading.repair import repair
from course.runtime.errors import LaunchError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # the machine's fault, not the submission's
LARGEST = 100_000_000  # bytes of a submission, and of one file of it
MOST_FILES = 5_000

HASHES = ("environment", "submission", "assignment")  # of an audit: ours to say

Examine = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """What all submissions of one assignment share; a worker gets it once.

    notebooks: those of source/, by name. released: {notebook: {grade id: checksum}} of cells as learners got them.
    source: the folder of these notebooks; its other files, but for `theirs`, replace a submission's. assignment,
    environment: hashes of what the tests are, and of what runs them. limits, mode, parent, beside: the examiner's.
    examine: in the place of examiner.examine. given: those other files, packed, where `source` cannot be seen.
    """

    name: str
    notebooks: Mapping[str, NotebookNode]
    released: Mapping[str, Mapping[str, str]]
    source: Path
    assignment: str
    environment: str
    ignore: Sequence[str] = ()
    theirs: Sequence[str] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    mode: str = "trusted"
    parent: str = ""
    beside: str = ""
    permissions: int = 0o444
    config: Config = field(default_factory=Config)
    examine: Examine | None = None
    given: bytes = b""


@dataclass(frozen=True)
class Job:
    """A submission to grade: where it lies, what its hash is, and which folder is to be replaced in the end.

    variant: the learner's own seed; None if all have the same. parcel: what was taken of it, where `folder` cannot be
    seen (course.grading.carriage).
    """

    student: str
    folder: Path
    submission: str
    target: Path
    variant: int | None = None
    parcel: bytes = b""


@dataclass(frozen=True)
class Outcome:
    """What came of a job. staged: the folder that is to take the place of `job.target`; None unless it was graded.

    stop: why nothing can be graded here, whatever the submission (a full disk, no sandbox); it says nothing of it.
    """

    job: Job
    result: dict[str, Any]
    staged: Path | None = None
    handed_in: frozenset[str] = frozenset()
    unanswered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    stop: str = ""


def grade(plan: Plan, job: Job) -> Outcome:
    """Do one job. Whatever goes wrong is told in the outcome; only what ends a process ends this."""
    started = monotonic()
    try:
        staged = autograded.staging(job.target)
        return _grade(plan, job, staged)
    except Exception as error:
        return broken(plan, job, error, monotonic() - started)


def broken(plan: Plan, job: Job, error: Exception, seconds: float = 0.0) -> Outcome:
    """What came of a job that met an error."""
    reason = f"It could not be graded ({type(error).__name__}: {str(error)[:500]})."
    return Outcome(job, absent(plan, job.student, "failed", reason, seconds), stop=_stop(error))


def take(plan: Plan, job: Job, into: Path) -> Taken:
    """Copy what may be taken of a submission to `into`, with the files of source/."""
    return files.take(
        job.folder, into, notebooks=sorted(plan.notebooks), ignore=plan.ignore, largest_bytes=LARGEST,
        largest_file=LARGEST, most_files=MOST_FILES, source=plan.source, theirs=plan.theirs,
    )  # fmt: skip


def _stop(error: Exception) -> str:
    """The sentence of an error that every submission would meet; empty if it is about this one."""
    if isinstance(error, CourseError | LaunchError):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL:
        where = error.filename or "the disk"
        return f"What grading makes cannot be stored ({where}: {error.strerror}): make room."
    return ""


def absent(plan: Plan, student: str, status: str, message: str, seconds: float = 0.0) -> dict[str, Any]:
    """The result of a submission that was not run: status is "absent" or "failed"."""
    cells = [_cell(name, cell, None, "not reached", message) for name, cell in graded_cells(plan.notebooks)]
    return {
        "student": student,
        "assignment": plan.name,
        "status": status,
        "score": 0.0,
        "max_score": sum(cell["max_score"] for cell in cells),
        "cells": cells,
        "repairs": [],
        "flags": [],
        "seconds": round(seconds, 3),
        "cpu_seconds": 0.0,
        "audit": audit(plan, ""),
    }


def audit(plan: Plan, submission: str) -> dict[str, Any]:
    """What a result rests on, as far as it is known before anything ran."""
    return {
        "environment": plan.environment,
        "submission": submission,
        "assignment": plan.assignment,
        "seeds": {},
        "limits": dict(plan.limits),
        "mode": plan.mode,
        "clock_moves": [],
    }


def graded_cells(notebooks: Mapping[str, NotebookNode]) -> list[tuple[str, NotebookNode]]:
    """(notebook, cell) of every cell that gives points, in order, by source/."""
    return [
        (name, cell) for name in sorted(notebooks) for cell in notebooks[name].cells if is_grade(cell) or is_task(cell)
    ]


def _grade(plan: Plan, job: Job, staged: Path) -> Outcome:
    started = monotonic()
    taken = carriage.taken(job.parcel, plan.given, staged) if job.parcel else take(plan, job, staged)
    repairs, flags, notebooks = [*taken.repairs], [*taken.flags], {}
    for name, path in taken.found.items():
        repaired = repair(plan.notebooks[name], path.read_bytes(), name=name, config=plan.config)
        repairs += repaired.repairs
        flags += repaired.flags
        pair = {"source": plan.notebooks[name], "submitted": repaired.notebook}
        notebooks[name] = {kind: nbformat.writes(node) for kind, node in pair.items()}
    examined = {"result": {}, "notebooks": {}}
    if notebooks:
        with variant.told(job.variant):
            examined = _examiner(plan)({
                "assignment": plan.name, "student": job.student, "notebooks": notebooks, "folder": str(staged),
                "limits": dict(plan.limits), "mode": plan.mode, "parent": plan.parent, "beside": plan.beside,
            })  # fmt: skip
    if examined["result"].get("status") == "failed":
        why = next((cell["message"] for cell in examined["result"].get("cells", ()) if cell["message"]), "")
        return Outcome(
            job, absent(plan, job.student, "failed", why or "It could not be graded.", monotonic() - started)
        )
    executed = {name: nbformat.reads(text, as_version=4) for name, text in examined["notebooks"].items()}
    unanswered = {name: _unanswered(node, plan.released.get(name, {})) for name, node in executed.items()}
    result = settle(plan, job, examined["result"], frozenset(notebooks), unanswered)
    result["repairs"] = repairs + result["repairs"]
    result["flags"] = flags + result["flags"]
    for name, node in executed.items():
        _write(plan, node, staged / f"{name}.ipynb")
    autograded.settle(staged, plan.permissions)
    return Outcome(job, result, staged, frozenset(notebooks), unanswered)


def _examiner(plan: Plan) -> Examine:
    if plan.examine:
        return plan.examine
    from course.grading.examiner import examine

    return examine


def settle(
    plan: Plan, job: Job, told: Mapping[str, Any], handed_in: frozenset[str], unanswered: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """An examiner's result with every cell of source/ in it, and none besides. ValueError if it gives what cannot be.

    Cells of a notebook that was not handed in give nothing; so does a text that is as it was released.
    """
    known: dict[str, list[Mapping[str, Any]]] = {}
    for cell in told.get("cells", ()):
        known.setdefault(cell["grade_id"], []).append(cell)
    cells = []
    for name, cell in graded_cells(plan.notebooks):
        id = cell.metadata.nbgrader.grade_id
        if name not in handed_in:
            cells.append(_cell(name, cell, 0.0, "not reached", f"{name}.ipynb was not handed in."))
            continue
        if is_task(cell):  # nothing of it is run
            cells.append(_cell(name, cell, None, "manual", ""))
            continue
        found = known[id].pop(0)
        if is_grade(cell) and is_solution(cell) and id in unanswered.get(name, ()):
            cells.append(_cell(name, cell, 0.0, "manual", "No response."))
        else:
            cells.append(_cell(name, cell, found["score"], found["status"], found["message"]))
    points = [cell["score"] for cell in cells if cell["score"] is not None]
    if not all(math.isfinite(score) and score >= 0 for score in points):
        raise ValueError("a score is no number from 0 on")
    record = audit(plan, job.submission)
    record |= {name: value for name, value in told.get("audit", {}).items() if name not in HASHES}
    if job.variant is not None:
        record["seeds"] = {"variant": job.variant, **record["seeds"]}
    return {
        **absent(plan, job.student, "graded", ""),
        **{name: told[name] for name in ("repairs", "flags", "seconds", "cpu_seconds") if name in told},
        "score": sum(points),
        "cells": cells,
        "audit": record,
    }


def _cell(notebook: str, cell: NotebookNode, score: float | None, status: str, message: str) -> dict[str, Any]:
    grading = cell.metadata.nbgrader
    return {
        "notebook": notebook,
        "grade_id": grading.grade_id,
        "score": score,
        "max_score": float(grading.points),
        "status": status,
        "message": message,
    }


def _unanswered(notebook: NotebookNode, released: Mapping[str, str]) -> frozenset[str]:
    """Ids of the solution cells that are as they were released, by nbgrader's checksum."""
    return frozenset(
        id
        for cell in notebook.cells
        if is_solution(cell) and (id := cell.metadata.nbgrader.grade_id) in released
        if released[id] == compute_checksum(cell)
    )


def _write(plan: Plan, notebook: NotebookNode, path: Path) -> None:
    """An executed notebook, with its outputs as nbgrader's settings want them."""
    for kind in (IgnorePattern, LimitOutput):
        shorten = kind(config=plan.config)
        if shorten.enabled:
            notebook, _ = shorten.preprocess(notebook, {})
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", errors="replace")
