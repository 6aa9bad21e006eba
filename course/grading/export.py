"""Scores for other people's gradebooks: CSV for Canvas and Moodle, results.json for Gradescope.

Canvas: its importer (https://github.com/instructure/canvas-lms, lib/gradebook_importer.rb) and what universities tell
teachers of it (https://teaching.resources.osu.edu/toolsets/carmencanvas, "Import a CSV File to Carmen Grades").
The first columns are Student, ID, SIS User ID, SIS Login ID and Section, in this order; the second row has "Points
Possible" in its first column. A learner is found by ID, else by the SIS ids, else by name; an assignment by its title,
with Canvas's number for it in brackets if known.

Moodle: https://docs.moodle.org/405/en/Grade_import. Columns are mapped by the person who imports; learners are found by
"Email address" or "ID number". There is no column of feedback: imported without its grade, it deletes the grade.

Gradescope: https://gradescope-autograders.readthedocs.io/en/latest/specs/: results.json has a score and tests, each
with score, max_score, name, output and visibility.

An exercise that a learner is excused from has no place in these files: the learner's score is that share of the points
that they have of what counts for them, out of the points of all. Who is excused from the whole is excused in Canvas
("EX"), and left out for Moodle.

Learners without a submission are left out: an empty cell could wipe out what an importing gradebook knows.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.errors import CourseError
from course.grading import marks
from course.grading.course_folder import grade_id
from course.grading.marks import Learner, Marks, Submission
from course.grading.messages import as_text, messages, public

if TYPE_CHECKING:
    from course.grading.course_folder import CourseFolder

FORMATS = ("canvas", "moodle", "gradescope")
# What a spreadsheet takes for a formula if a field begins with it (OWASP, "CSV Injection"), also in full width.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export(folder: "CourseFolder", assignment: str, to: str, out: Path, column: str | None = None) -> int:
    """Write the scores of an assignment to `out`. Returns how many submissions are in it.

    `to` is canvas, moodle (both: one CSV file) or gradescope (a folder: <student>/results.json). `column` is the
    assignment's title in the other gradebook. CourseError if nothing is graded.
    """
    with folder.gradebook() as gradebook:
        found = marks.read(gradebook, assignment)
    if not found.submissions:
        raise CourseError(f"Nobody's {assignment} is in the gradebook yet: grade it first.")
    if to == "gradescope":
        for submission in found.submissions:
            target = out / submission.learner.id / "results.json"
            if target.parent.parent != out:
                raise CourseError(f"{submission.learner.id!r} is no name of a folder.")
            target.parent.mkdir(parents=True, exist_ok=True)
            results = gradescope(submission, folder.notebooks(submission.learner.id, assignment), found.of)
            target.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        table = {"canvas": canvas, "moodle": moodle}[to](found, column or assignment)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(table, encoding="utf-8", newline="")
    return len(found.submissions)


def canvas(found: Marks, title: str) -> str:
    """The CSV that Canvas's gradebook imports."""
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", _safe(title)]]
    rows.append(["    Points Possible", "", "", "", "", _number(found.of)])
    for submission in found.submissions:
        who = submission.learner
        score = _number(submission.score_of(found.of)) if not submission.excused_from_all else "EX"
        rows.append([_safe(_sorted(who)), _safe(who.lms_id), "", _safe(who.id), "", score])
    return _csv(rows)


def moodle(found: Marks, title: str) -> str:
    """The CSV that Moodle's grade import reads."""
    rows = [["First name", "Last name", "ID number", "Email address", _safe(title)]]
    for submission in found.submissions:
        if submission.excused_from_all:
            continue
        who = submission.learner
        names = [_safe(who.first_name), _safe(who.last_name), _safe(who.lms_id or who.id), _safe(who.email)]
        rows.append([*names, _number(submission.score_of(found.of))])
    return _csv(rows)


def gradescope(
    submission: Submission, notebooks: Mapping[str, Any] | None = None, most: float | None = None
) -> dict[str, Any]:
    """A submission as Gradescope's results.json. `notebooks` are the executed ones by name: tests say what they said.

    A test of which a learner sees no line is shown after grades are published; what a person has yet to grade has no
    score of its own; what is excused is out of nothing. `most` is what the assignment is worth to who is not excused.
    """
    cells = {
        (name, grade_id(cell)): cell
        for name, node in (notebooks or {}).items()
        for cell in reversed(node.cells)  # of a cell that stands there twice the first counts
    }
    tests = []
    for key, mark in submission.marks.items():
        cell = cells.get(key)
        test: dict[str, Any] = {"name": mark.cell.id, "max_score": mark.cell.of, "visibility": "visible"}
        if mark.excused:
            test |= {"score": 0.0, "max_score": 0.0, "output": f"Excused: {mark.excused}."}
        elif mark.pending:
            test["output"] = "A person will grade this."
        else:
            test |= {"score": mark.score, "status": "passed" if mark.score >= mark.cell.of else "failed"}
            test["output"] = submission.comments.get(key, "")
            if cell is not None and mark.cell.kind == marks.TEST:
                test["output"] = as_text(messages(cell, mark.score, mark.cell.of))
                if not public(cell.source):
                    test["visibility"] = "after_published"
        tests.append(test)
    results: dict[str, Any] = {
        "score": submission.score_of(most or submission.of),
        "output_format": "text",
        "tests": tests,
    }
    if submission.penalty:
        results["output"] = f"It came late: {_number(submission.penalty)} points are taken off."
    return results


def _sorted(learner: Learner) -> str:
    """A name as gradebooks sort it: last name first."""
    return ", ".join(part for part in (learner.last_name, learner.first_name) if part) or learner.id


def _safe(field: str) -> str:
    """A field that no spreadsheet takes for a formula: an apostrophe goes in front, which it shows as text."""
    said = " ".join(field.split())
    return f"'{said}" if said.startswith(FORMULA) else said


def _number(value: float) -> str:
    return f"{round(value, 2):g}"


def _csv(rows: Iterable[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
