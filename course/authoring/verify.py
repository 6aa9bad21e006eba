"""`course verify`: prove that an exercise gives right work full points, and each mistake its own score and hint.

Only the cells that the exercise needs are run, each time in a fresh process beside warm parents: its solution, other
right solutions, the blank that learners get, and stored mistakes; on the learner's own worlds of one or more attempts
(`seeds`), and in its hidden worlds. Every check is run twice and must say the same.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from course import syllabus
from course.authoring import lint, notebook, rehearsal, submissions
from course.authoring.fault import Fault
from course.authoring.submissions import Submission, SubmissionError
from course.errors import CourseError
from course.grading import findings
from course.grading.region import Region, region
from course.learn import beside, exercise
from course.learn.setting import SELF_STUDY

TIMEOUT = 300  # seconds for one cell: verify may run beside much else
AGAIN = "verify-again"  # the id of the cell that runs the check a second time
LEAST_RIGHT, LEAST_WRONG = 1, 2  # stored submissions that every exercise must have


@dataclass(frozen=True)
class Job:
    """One run: whose work, and in which world: a hidden one, or the learner's own of an attempt."""

    exercise: str
    submission: Submission
    region: Region
    world: str | None
    attempt: int

    @property
    def where(self) -> str:
        return f"the world {self.world!r}" if self.world else f"attempt {self.attempt}"


@dataclass(frozen=True)
class Run:
    """What came of a job. `points` twice: the check was asked two times. `raised` is the first error in a cell."""

    exercise: str
    submission: str
    world: str | None
    attempt: int
    points: tuple[float, ...]
    hints: tuple[str, ...]
    raised: str
    seconds: float


@dataclass
class Report:
    """All runs and all that does not hold."""

    runs: list[Run] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "faults": [str(fault) for fault in self.faults], "runs": [asdict(r) for r in self.runs]}

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")


def run(root: Path, ids: Sequence[str] | None = None, seeds: int = 1) -> Report:
    """Verify the exercises of those ids, or all, on `seeds` attempts each."""
    course = lint.load_syllabus(root)
    report = Report()
    jobs: list[Job] = []
    for id in ids or [e.id for e in course.exercises]:
        jobs += _planned(root, _known(course, id), seeds, report)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder, beside.parents() as environment:
        report.runs = asyncio.run(_run_all(jobs, root, Path(folder), environment))
    for job, result in zip(jobs, report.runs, strict=True):
        report.faults += _judge(job, result, findings.points(job.region))
    return report


def _known(course: syllabus.Syllabus, id: str) -> syllabus.Exercise:
    try:
        return course.exercise(id)
    except KeyError as error:
        raise CourseError(f"There is {error.args[0]}.") from None


def _planned(root: Path, entry: syllabus.Exercise, seeds: int, report: Report) -> Iterator[Job]:
    """Every job of an exercise; what stands in the way of a submission becomes a fault."""
    folder = f"tests/submissions/{entry.id}"
    path = root / "source" / entry.assignment / f"{entry.assignment}.ipynb"
    try:
        source = notebook.read(path)
        of = findings.points(region(source.node, source.node, entry.id))  # what is graded by hand comes after the check
        works = [submissions.solution(of), submissions.blank(source.of(entry.id))]
        kept = submissions.stored(root, entry.id)
    except (notebook.NotebookError, SubmissionError) as error:
        report.faults.append(Fault(folder, "-", "verify", str(error)))
        return
    right = sum(_is_right(work, of) for work in kept)
    if right < LEAST_RIGHT or len(kept) - right < LEAST_WRONG:
        message = f"holds {right} other right solutions and {len(kept) - right} mistakes: at least 1 and 2 are needed"
        report.faults.append(Fault(folder, "-", "verify", message))
    hints = exercise.find(entry.id).hints
    for work in [*works, *kept]:
        if work.hint and work.hint not in hints:
            report.faults.append(Fault(f"{folder}/{work.name}.py", "-", "verify", f"there is no hint {work.hint!r}"))
        try:
            cells = _twice(region(source.node, work.fill(source.node), entry.id))
        except SubmissionError as error:
            report.faults.append(Fault(f"{folder}/{work.name}.py", "-", "verify", str(error)))
            continue
        everywhere = _is_right(work, of)
        for attempt in range(1, 1 + (seeds if everywhere else 1)):
            yield Job(entry.id, work, cells, None, attempt)
        for world in entry.worlds if everywhere else filter(None, [work.world]):
            yield Job(entry.id, work, cells, world, 1)


def _is_right(work: Submission, points: float) -> bool:
    return work.score == points and work.hint is None


def _twice(cells: Region) -> Region:
    """The same cells with the check once more at the end."""
    check = next(cell for cell in cells.cells if cell.id in cells.checks)
    again = nbformat.from_dict({**check, "id": AGAIN, "metadata": {}})
    return Region(cells.exercise, (*cells.cells, again), cells.checks)


async def _run_all(jobs: Sequence[Job], root: Path, folder: Path, environment: dict[str, str]) -> list[Run]:
    gate = asyncio.Semaphore(1 + (os.cpu_count() or 1))
    context = rehearsal.stage()
    with tqdm(total=len(jobs), desc="verify", unit="run", disable=None) as bar:

        async def one(number: int, job: Job) -> Run:
            async with gate:
                place = folder / str(number)  # as if it were the notebook's folder: with the author's answers
                place.mkdir()
                authors = root / "tests" / "answers" / f"{syllabus.load().exercise(job.exercise).assignment}.json"
                if answers := job.submission.answered(authors):
                    (place / submissions.ANSWERS).write_text(answers, encoding="utf-8")
                result = await _run(job, place, environment, context)
                bar.update()
                return result

        return await asyncio.gather(*(one(number, job) for number, job in enumerate(jobs)))


async def _run(job: Job, place: Path, environment: dict[str, str], context: ForkServerContext) -> Run:
    begun = time.monotonic()
    own = {"COURSE_STUDENT": SELF_STUDY, "COURSE_ATTEMPT": str(job.attempt)}
    try:
        executed = job.region.notebook()
        sources = [cell.source for cell in executed.cells]
        world = {"COURSE_WORLD": job.world} if job.world else {}
        told = {**os.environ, **environment, **own, **world}
        outputs = await asyncio.to_thread(rehearsal.rehearse, context, sources, str(place), told, TIMEOUT)
        rehearsal.fill(executed.cells, outputs)
        points, hints, raised = _read(executed, job.region.checks)
    except Exception as error:  # the process died or hung
        points, hints, raised = (), (), str(error).strip().split("\n")[-1]
    seconds = round(time.monotonic() - begun, 2)
    return Run(job.exercise, job.submission.name, job.world, job.attempt, points, hints, raised, seconds)


def _read(executed: NotebookNode, checks: Sequence[str]) -> tuple[tuple[float, ...], tuple[str, ...], str]:
    """Points of the check and of its repetition, hints of both, and the first error that a cell raised."""
    told = [findings.findings(cell)[-1:] for cell in executed.cells if cell.id in (*checks, AGAIN)]
    said = [data for found in told for data in found]
    hints = dict.fromkeys(finding["hint"] for data in said for finding in data["findings"] if finding["hint"])
    errors = [output for cell in executed.cells for output in cell.outputs if output.output_type == "error"]
    raised = f"{errors[0].ename}: {errors[0].evalue}" if errors else ""
    return tuple(float(data["points"]) for data in said), tuple(hints), raised


def _judge(job: Job, result: Run, of: float) -> Iterator[Fault]:
    """What of a run is not as it must be."""
    work = job.submission
    made = work.name in ("solution", submissions.BLANK)
    path = f"source/{job.exercise}" if made else f"tests/submissions/{job.exercise}"

    def fault(message: str) -> Fault:
        return Fault(path, work.name, "verify", f"in {job.where} {message}")

    if len(result.points) != 2:
        yield fault(f"the check was not reached twice: {result.raised or 'no findings'}")
        return
    first, second = result.points
    if first != second:
        yield fault(f"it scores {first:g}, and asked again {second:g}")
    wanted = work.score if job.world else work.visible
    if first != wanted:
        yield fault(
            f"it scores {first:g} of {of:g} and should score {wanted:g}; hints: {', '.join(result.hints) or 'none'}"
        )
    if work.hint and (job.world == work.world) and work.hint not in result.hints:
        yield fault(f"it gets the hints {', '.join(result.hints) or 'none'}, and {work.hint} is not among them")
    if result.raised and (work.name == submissions.BLANK or _is_right(work, of)):
        yield fault(f"a cell raises {result.raised}")
