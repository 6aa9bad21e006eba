"""`course submit`: hand in one's own copy of an assignment, have it graded, and read what came of it.

1. look at work/<assignment>: what is no notebook, or another one, is refused before anything is touched
2. copy it to submitted/<student>/<assignment>, the way nbgrader's exchange would
3. nbgrader: enter the assignment into the gradebook, autograde, make the feedback page
4. read scores from the gradebook, and hints from what the checks displayed
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course import syllabus
from course.errors import CourseError
from course.grading.directory import Course, find, grader
from course.grading.findings import findings
from course.grading.region import key

SELF_STUDY = "self-study"
LARGEST = 50_000_000  # bytes of all files together


@dataclass(frozen=True)
class ExerciseResult:
    """What came of one exercise. `hints` maps hint ids to their sentences, in the order in which they were said.

    `score` and `of` are the points that checks give. `by_hand` are those that a person gives for what the learner has
    written, `unwritten` those for which nothing is written.
    """

    id: str
    title: str
    score: float
    of: float
    hints: Mapping[str, str]
    by_hand: float = 0.0
    unwritten: float = 0.0


@dataclass(frozen=True)
class Report:
    """What came of a submission. `feedback` is the page with the cells, the cards and the scores."""

    assignment: str
    student: str
    exercises: tuple[ExerciseResult, ...]
    feedback: Path

    @property
    def score(self) -> float:
        return sum(exercise.score for exercise in self.exercises)

    @property
    def of(self) -> float:
        return sum(exercise.of for exercise in self.exercises)

    @property
    def by_hand(self) -> float:
        return sum(exercise.by_hand for exercise in self.exercises)

    @property
    def unwritten(self) -> float:
        return sum(exercise.unwritten for exercise in self.exercises)


def submit(root: Path, assignment: str, student: str | None = None) -> Report:
    """Hand in work/<assignment> of the course at `root` and grade it. CourseError says what to put right.

    `student` is who hands in: COURSE_STUDENT, or "self-study". Work is only read; a refused submission changes nothing.
    """
    student = student or os.environ.get("COURSE_STUDENT") or SELF_STUDY
    try:
        entry = syllabus.load().assignment(assignment)
    except KeyError as error:
        raise CourseError(f"There is {error.args[0]}.") from None
    source = root / "source" / assignment / entry.notebook
    if not source.is_file():
        raise CourseError(f"This copy of the course has no {source.relative_to(root)}: it can hand in nothing for it.")
    original = nbformat.read(source, as_version=4)
    prove(root / "work" / assignment / entry.notebook, original)
    with grader(_trusting(find(root))) as api:
        ignored = api.coursedir.ignore
        hand_in(root / "work" / assignment, root / "submitted" / student / assignment, ignored)
        grade(api, assignment, student)
        done = root / "autograded" / student / assignment / entry.notebook
        results = tuple(_results(api, original, nbformat.read(done, as_version=4), assignment, student))
    return Report(assignment, student, results, root / "feedback" / student / assignment / f"{source.stem}.html")


def _trusting(course: Course) -> Course:
    """A learner's own work, on their own machine: it runs without a sandbox where none can be had."""
    course.config.SandboxedExecute.trust = True
    return course


def prove(path: Path, original: NotebookNode) -> None:
    """Raise CourseError unless `path` is a notebook of the same assignment as `original`."""
    again = "Nothing was handed in."
    if not path.is_file():
        raise CourseError(f"{path} is not there: start `course lab`, which puts the notebook into work/. {again}")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        cells = {key(cell) for cell in notebook.cells if cell.metadata.get("nbgrader")}
    except Exception:  # nbformat raises a family of unrelated types for what is no notebook
        raise CourseError(
            f"{path} is not a notebook, or only the beginning of one: open it in JupyterLab, "
            f"go back to a checkpoint (File menu) and save. {again}"
        ) from None
    wanted = {key(cell) for cell in original.cells if cell.metadata.get("nbgrader")}
    if wanted and not cells & wanted:
        held = sorted({cell.metadata.get("course", {}).get("exercise") for cell in notebook.cells} - {None})
        instead = f"it holds {', '.join(held)}" if held else "it holds none of its exercises"
        raise CourseError(f"{path} is a notebook of another assignment: {instead}. Put the right one there. {again}")


def hand_in(work: Path, submitted: Path, ignored: list[str]) -> None:
    """Copy a folder's own files to `submitted`, with a timestamp. What was submitted before is replaced at the end."""
    files = [
        path
        for path in sorted(work.rglob("*"))
        if path.is_file() and not path.is_symlink()
        and not any(fnmatch(part, pattern) for part in path.relative_to(work).parts for pattern in ignored)
    ]  # fmt: skip
    if (size := sum(path.stat().st_size for path in files)) > LARGEST:
        raise CourseError(
            f"{work} holds {size / 1e6:.0f} MB; {LARGEST / 1e6:.0f} MB can be handed in: move data elsewhere."
        )
    try:
        submitted.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=submitted.parent, prefix=".new-") as folder:
            for path in files:
                copy = Path(folder) / "new" / path.relative_to(work)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            (Path(folder) / "new" / "timestamp.txt").write_text(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC\n")
            if submitted.exists():
                submitted.rename(Path(folder) / "old")
            (Path(folder) / "new").rename(submitted)
    except OSError as error:
        raise CourseError(
            f"{submitted} cannot be written ({error.strerror}): make it writable. Your work is kept."
        ) from None


def grade(api: Any, assignment: str, student: str) -> None:
    """Enter the assignment into the gradebook, autograde the student's submission, make the feedback."""
    for step, result in (
        ("read the assignment", lambda: api.generate_assignment(assignment)),
        ("grade the submission", lambda: api.autograde(assignment, student)),
        ("make the feedback page", lambda: api.generate_feedback(assignment, student)),
    ):
        said = result()
        if not said["success"]:
            log = _keep_log(Path(api.coursedir.root), said)
            raise CourseError(f"nbgrader could not {step}; what it said stands in {log}. Your work is kept.")


def _keep_log(root: Path, said: Mapping[str, Any]) -> Path:
    path = root / "submitted" / "last-error.log"
    path.write_text("\n".join(str(said.get(part, "")) for part in ("log", "error")), encoding="utf-8")
    return path


def _results(
    api: Any, original: NotebookNode, graded: NotebookNode, assignment: str, student: str
) -> Iterator[ExerciseResult]:
    """Scores by exercise: which graded cell belongs to which, and who grades it, is read in source/."""
    with api.gradebook as gradebook:
        submission = gradebook.find_submission(assignment, student)
        found = [grade for nb in submission.notebooks for grade in nb.grades]
        grades = {grade.name: (grade.score, grade.max_score) for grade in found}
        pending = {grade.name for grade in found if grade.needs_manual_grade}
    graded_cells = {key(cell): cell for cell in graded.cells}
    texts = {key(cell) for cell in original.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    for exercise in syllabus.load().of(assignment):
        cells = [key(c) for c in original.cells if c.metadata.get("course", {}).get("exercise") == exercise.id]
        scores = [grades[id] for id in cells if id in grades and id not in texts]
        hands = [(grades[id][1], id in pending) for id in cells if id in grades and id in texts]
        hints: dict[str, str] = {}
        for data in (data for id in cells if id in grades for data in findings(graded_cells[id])):
            hints |= {id: data["hints"].get(id, id) for id in _hinted(data)}
        score, of = sum(score for score, _ in scores), sum(of for _, of in scores)
        written, unwritten = (sum(most for most, is_there in hands if is_there == there) for there in (True, False))
        yield ExerciseResult(exercise.id, exercise.title, score, of, hints, written, unwritten)


def _hinted(data: Mapping[str, Any]) -> list[str]:
    """The ids of the hints in what a check told, in order."""
    elsewhere = [finding for result in data["elsewhere"].values() for finding in result["findings"]]
    return list(dict.fromkeys(finding["hint"] for finding in [*data["findings"], *elsewhere] if finding["hint"]))
