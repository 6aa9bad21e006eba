"""Grade an assignment for everyone who handed it in: `course grade`.

    submitted/ → (unchanged? done) → a worker: take, repair, examine → the one writer → autograded/ and gradebook

Results come back one at a time and are written one at a time: what a run needs does not grow with a course. A run that
was ended in any way is run again, and goes on from there: what has its scores is known by its key.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import compute_checksum
from sqlalchemy.exc import DataError

from course.errors import CourseError
from course.grading import autograded, autotest, directory, excuse, execute, key, lateness, submission, variant
from course.grading.autograded import Replacement
from course.grading.directory import Course
from course.grading.execute import SandboxedExecute
from course.grading.gradebook import PATIENCE, Gradebook, Graded
from course.grading.pool import Pool
from course.grading.released import released
from course.grading.submission import Examine, Job, Outcome, Plan

if TYPE_CHECKING:
    from course.grading.cluster import Cluster

SUBMISSION_SECONDS = 3600.0  # far above what the limits of a submission's cells add up to

AGAIN = "Every grade that was entered is kept; run this again, and it goes on from here."

Told = Callable[[Mapping[str, Any]], None]


@dataclass
class Tally:
    """How many submissions of a run came out how. `failed` names the students."""

    graded: int = 0
    unchanged: int = 0
    absent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = [f"{self.graded} graded", f"{self.unchanged} unchanged"]
        told += [f"{len(self.absent)} not handed in"] if self.absent else []
        told += [f"{len(self.failed)} failed"] if self.failed else []
        return ", ".join(told)


def run(
    course: Course, assignment: str, students: Sequence[str] = (), *, workers: int | None = None,
    cluster: str | None = None, trust: bool = False,
    told: Told = lambda result: None, progress: bool = True, patience: float = PATIENCE, examine: Examine | None = None,
    policy: str = variant.SAME, again: bool = False,
) -> Tally:  # fmt: skip
    """Grade `assignment` for `students`, or for all who handed it in. Every result is given to `told`, as it comes.

    workers: processes, as many as there are processors if None. cluster: the address of a Dask scheduler whose workers
    are to do it in their place, such as tcp://10.0.0.1:8786. trust: go on where nothing can be sandboxed. patience:
    seconds that a locked gradebook is waited for. examine: in the place of examiner.examine, for tests. policy: of
    seeds, "same" or "student" (course.grading.variant). again: grade what is unchanged too.
    CourseError if nothing can be graded; what failed for one submission alone is in its result.
    """
    secret = variant.secret() if policy == variant.STUDENT else None
    notebooks = _tests(course, assignment, read_source(course, assignment))
    wanted = list(dict.fromkeys(students)) or course.students(assignment)
    if not wanted:
        raise CourseError(
            f"Nobody has handed in {assignment}: there is no {course.submitted('STUDENT', assignment)}. "
            "`nbgrader collect` or `nbgrader zip_collect` brings submissions there."
        )
    with ExitStack() as stack:
        stack.enter_context(_alone(course.source(assignment)))
        book = stack.enter_context(Gradebook(course.database, course.directory.course_id, patience=patience))
        plan = _plan(course, assignment, notebooks, _released(course, assignment, book))
        if cluster:
            pool = stack.enter_context(_cluster(replace(plan, examine=examine), cluster, trust))
            plan = pool.plan
        else:
            plan = replace(plan, **stack.enter_context(_held(course, trust, examine)))
            pool = stack.enter_context(Pool(plan, workers or _processors(), SUBMISSION_SECONDS))
        batch = _Batch(course, plan, book, told, secret, again)
        bar = stack.enter_context(_bar(len(wanted), assignment, progress))
        batch.tick = bar.update
        for outcome in pool.outcomes(batch.jobs(wanted)):
            batch.write(outcome)
        return batch.tally


def file(
    path: Path, course: Course, assignment: str | None = None, *, trust: bool = False, examine: Examine | None = None
) -> dict[str, Any]:
    """The result of one notebook file. The gradebook and the course's folders stay as they are.

    assignment: whose notebook it is; if None, the one in source/ that has most of its grade ids.
    """
    assignment, name, notebook = _belongs(path, course, assignment)
    notebooks = _tests(course, assignment, {name: notebook})
    plan = _plan(course, assignment, notebooks, {name: _checksums(notebook, course)})
    with tempfile.TemporaryDirectory(prefix="grade-") as folder, _held(course, trust, examine) as held:
        handed_in = Path(folder) / "submitted"
        handed_in.mkdir()
        shutil.copyfile(path, handed_in / f"{name}.ipynb")
        job = Job(path.stem, handed_in, key.submission(handed_in, ()), Path(folder) / "autograded")
        with Pool(replace(plan, **held), 1, SUBMISSION_SECONDS) as pool:
            [outcome] = pool.outcomes([job])
    if outcome.stop:
        raise CourseError(outcome.stop)
    return outcome.result


# The plan -------------------------------------------------------------------------------------------------------------


def read_source(course: Course, assignment: str) -> dict[str, NotebookNode]:
    """The notebooks of an assignment in source/, by name."""
    folder = course.source(assignment)
    if not folder.is_dir():
        raise CourseError(
            f"There is no assignment {assignment!r} in {folder.parent}: there is {', '.join(course.assignments())}."
        )
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise CourseError(f"{folder} holds no notebook.")
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def _tests(course: Course, assignment: str, notebooks: Mapping[str, NotebookNode]) -> dict[str, NotebookNode]:
    """The notebooks with the tests that nbgrader would make of AUTOTEST lines."""
    return {name: autotest.instantiated(course, assignment, node) for name, node in notebooks.items()}


def _source_hash(course: Course, assignment: str) -> str:
    """The hash of what the tests are made from."""
    source, templates = key.folder(course.source(assignment), course.directory.ignore), autotest.templates(course)
    return key.of(source=source, templates=templates.read_text(encoding="utf-8")) if templates else source


def _released(course: Course, assignment: str, book: Gradebook) -> dict[str, dict[str, str]]:
    """How the cells were released, once the gradebook has the assignment as it stands in source/."""
    source = _source_hash(course, assignment)
    if not book.released(assignment) or book.source(assignment) != source:
        directory.enter(course, assignment)
        book.note_source(assignment, source)
    return book.released(assignment)


def _checksums(notebook: NotebookNode, course: Course) -> dict[str, str]:
    """What the gradebook would say of the cells as they were released."""
    cells = released(notebook, course.config).cells
    return {id: compute_checksum(cell) for cell in cells if (id := _grade_id(cell))}


@contextmanager
def _held(course: Course, trust: bool, examine: Examine | None) -> Iterator[dict[str, Any]]:
    """What a plan says of how students' processes are held, while their warm parent is there."""
    if examine:
        yield {"examine": examine}
        return
    with execute.held(course.config, trust=trust) as how:
        yield how


def _cluster(plan: Plan, address: str, trust: bool) -> "Cluster":
    try:
        from course.grading.cluster import Cluster
    except ModuleNotFoundError as error:
        raise CourseError(
            f"Grading on a cluster needs the Python package {error.name}, which is not installed: "
            "pip install 'five-bridges[cluster]', here and on every worker."
        ) from None
    return Cluster(plan, address, SUBMISSION_SECONDS, trust=trust)


def _plan(course: Course, assignment: str, notebooks: Mapping[str, NotebookNode], checksums: Any) -> Plan:
    autograde = course.autograde
    source = course.source(assignment)
    ignore = course.directory.ignore
    seconds = Execute(config=course.config).timeout  # nbgrader's: what one cell may take
    return Plan(
        name=assignment,
        notebooks=notebooks,
        released=checksums,
        source=source,
        assignment=key.of(source=_source_hash(course, assignment), released=checksums, notebooks=sorted(notebooks)),
        environment=key.environment(),
        ignore=ignore,
        theirs=autograde.exclude_overwriting.get(assignment, []),
        limits={"cell_seconds": float(seconds)} if seconds and seconds > 0 else {},
        beside=SandboxedExecute(config=course.config).beside,
        permissions=int(str(autograde.permissions), 8),
        config=course.config,
    )


def _belongs(path: Path, course: Course, assignment: str | None) -> tuple[str, str, NotebookNode]:
    """(assignment, name, notebook of source/) that a file is a copy of."""
    try:
        submitted = json.loads(path.read_bytes())
        ids = {_grade_id(cell) for cell in submitted["cells"]} - {None}
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}).") from None
    except Exception:  # whatever is in the file in the place of a notebook
        ids = set()
    best: tuple[int, int, str, str, NotebookNode] | None = None
    for candidate in [assignment] if assignment else course.assignments():
        for name, notebook in read_source(course, candidate).items():
            shared = len(ids & {_grade_id(cell) for cell in notebook.cells})
            score = (shared, int(name == path.stem))
            if best is None or score > best[:2]:
                best = (*score, candidate, name, notebook)
    if best is None or (not best[0] and not (assignment and best[1])):
        raise CourseError(
            f"{path} has no grade id of {assignment or 'any assignment'} in {course.directory.source_directory}/: "
            "it is no notebook of this course, or only the beginning of one; name it with --assignment."
        )
    return best[2:]


def _grade_id(cell: Mapping[str, Any]) -> str | None:
    found = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
    return found if isinstance(found, str) else None


# The run --------------------------------------------------------------------------------------------------------------


class _Batch:
    """The writer's side of a run: which jobs there are, and where their outcomes go."""

    def __init__(
        self, course: Course, plan: Plan, book: Gradebook, told: Told, secret: bytes | None, again: bool
    ) -> None:
        self._course, self._plan, self._book, self._told = course, plan, book, told
        self._secret, self._again = secret, again
        self._late, self._zone = lateness.penalty(course), lateness.time_zone(course.time_zone)
        self._keys, self._stale = book.keys(plan.name), book.stale(plan.name)
        self._excused = book.excused(plan.name)
        self.tally = Tally()
        self.tick: Callable[[], object] = lambda: None

    def jobs(self, students: Sequence[str]) -> Iterator[Job]:
        """What must be graded. What needs not is told at once."""
        for student in students:
            folder = self._course.submitted(student, self._plan.name)
            target = self._course.autograded(student, self._plan.name)
            autograded.recover(target, self._keys.get(student))
            if not folder.is_dir():
                self.tally.absent.append(student)
                self._tell(submission.absent(self._plan, student, "absent", f"There is no {folder}."))
                continue
            seed = None if self._secret is None else variant.seed(self._secret, self._plan.name, student)
            job = Job(student, folder, key.submission(folder, self._plan.ignore), target, seed)
            done = self._keys.get(student) == self._key(job) and student not in self._stale and target.is_dir()
            done = done and not self._again
            stored = self._book.result(self._plan.name, student) if done else None
            if stored:
                self.tally.unchanged += 1
                self._tell(stored)
            else:
                yield job

    def write(self, outcome: Outcome) -> None:
        """Enter an outcome into the gradebook, with the folder that belongs to it."""
        job, result = outcome.job, outcome.result
        if outcome.stop:
            raise CourseError(f"{outcome.stop} {AGAIN}")
        moment = None
        try:
            moment = lateness.handed_in_at(job.folder, self._zone)
        except ValueError:
            result["flags"].append(f"{lateness.FILE} holds no time: it is not known whether this is late.")
        graded = Graded(result, self._key(job), outcome.handed_in, outcome.unanswered, moment)
        swap = Replacement(outcome.staged, job.target, self._keys.get(job.student)) if outcome.staged else None
        try:
            self._book.write(graded, late=self._late, replacement=swap)
        except (DataError, UnicodeError) as error:  # a name that the database cannot hold
            reason = f"The gradebook cannot hold it ({str(error).splitlines()[0]})."
            result = submission.absent(self._plan, job.student, "failed", reason)
        except OSError as error:
            raise CourseError(f"{job.target} cannot be written ({error.strerror}). {AGAIN}") from None
        if result["status"] == "graded":
            self._keys[job.student] = graded.key
        autograded.recover(job.target, self._keys.get(job.student))  # what dead workers left
        if result["status"] == "graded":
            self.tally.graded += 1
        else:
            self.tally.failed.append(job.student)
        self._tell(result)

    def _key(self, job: Job) -> str:
        plan = self._plan
        return key.grading(job.submission, plan.assignment, plan.environment, plan.limits, job.variant)

    def _tell(self, result: Mapping[str, Any]) -> None:
        excused = self._excused.of(result["student"])
        self._told(excuse.apply(result, excused) if excused else result)
        self.tick()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second writer out, by a lock on a folder that ends with this process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CourseError(f"Another `course grade` is at work on {folder.name}: wait until it has ended.") from None
    finally:
        os.close(descriptor)


def _bar(total: int, name: str, wanted: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, desc=name, unit="submission", disable=None if wanted else True)  # none where none is seen


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
