"""The examiner of one submission: what its cells get, from what the examination of its notebooks has shown.

It trusts the notebooks of source/ and nothing of the submission. `examine` is what workers call: data in, data out; it
knows neither gradebook nor course folder, and gives the same for the same submission.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import determine_grade

from course.grading import trusted
from course.grading.examination import Examination
from course.grading.limits import Limits


def examine(task: Mapping[str, Any]) -> dict[str, Any]:
    """Grade a submission: {"result": …, "notebooks": {name: executed}}, notebooks as text (docs/grading.md).

    task: assignment, student; notebooks {name: {"source", "submitted"}} as text, repaired; folder: the submission's
    files; parent: where the students' warm parent listens; limits; mode; beside: "module:class" or "".
    """
    started, spent = time.monotonic(), _cpu()
    limits = Limits.of(task.get("limits", {}))
    deadline = started + limits.seconds
    cells, notebooks, flags, records, cpu = [], {}, [], {}, 0.0
    for name, pair in task["notebooks"].items():
        source, submitted = (nbformat.reads(pair[kind], as_version=4) for kind in ("source", "submitted"))
        with _own_folder(Path(task["folder"])) as folder:
            examination = Examination(task, source, submitted, folder, limits, deadline)
            try:
                examination.run()
            finally:
                examination.close()
        cells += [_graded(cell, examination.problems.get(trusted.key(cell), "")) for cell in _graded_cells(submitted)]
        notebooks[name] = nbformat.writes(submitted)
        flags += examination.flags
        records |= examination.record
        cpu += examination.cpu
    result = {
        "student": task["student"],
        "assignment": task["assignment"],
        "status": "graded",
        "score": sum(cell["score"] or 0.0 for cell in cells),
        "max_score": sum(cell["max_score"] for cell in cells),
        "cells": cells,
        "repairs": list(task.get("repairs", [])),
        "flags": [*task.get("flags", []), *flags],
        "seconds": time.monotonic() - started,
        "cpu_seconds": _cpu() - spent + cpu,
        "audit": {"limits": asdict(limits), "mode": task["mode"], **records},
    }
    return {"result": result, "notebooks": notebooks}


def _graded_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def _graded(cell: NotebookNode, problem: str) -> dict[str, Any]:
    """What a graded cell got."""
    # nbgrader fails a test that writes to standard error; here that is recorded only.
    quiet = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    try:
        score, most = determine_grade(nbformat.from_dict({**cell, "outputs": quiet}))
    except ValueError as error:  # a test that gives more than its points
        score, most = 0.0, float(cell.metadata["nbgrader"]["points"])
        errors.append(nbformat.v4.new_output("error", ename="ValueError", evalue=str(error), traceback=[]))
    if score == most and not errors and _is_no_score(quiet):
        score = 0.0  # nbgrader takes it for no number at all, and gives full points
    if score is None or cell.metadata["nbgrader"].get("solution"):
        status = "manual"
    elif problem:
        status = problem
    elif errors:
        status = "failed" if errors[-1].ename == "AssertionError" else "error"
    else:
        status = "passed" if score >= most else "partial" if score else "failed"
    message = f"{errors[-1].ename}: {errors[-1].evalue}"[:500] if errors else ""
    return {
        "grade_id": trusted.key(cell),
        "score": score,
        "max_score": float(most),
        "status": status,
        "message": message,
    }


def _is_no_score(outputs: list[NotebookNode]) -> bool:
    """Whether a test ended with a number that is less than nothing, or none."""
    last = outputs[-1] if outputs else None
    if last is None or last.output_type != "execute_result":
        return False
    try:
        return not float(last.data.get("text/plain", "")) >= 0
    except ValueError:
        return False


@contextlib.contextmanager
def _own_folder(files: Path) -> Iterator[Path]:
    """A copy of the submission's files, where the work may write."""
    with tempfile.TemporaryDirectory(prefix="submission-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "files"
        shutil.copytree(files, copy, symlinks=True)
        before = Path.cwd()
        os.chdir(copy)
        try:
            yield copy
        finally:
            os.chdir(before)


def _cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
