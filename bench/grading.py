"""Grading against plain nbgrader: twelve questions of a data course, the same submissions for both, one run.

Plain nbgrader autogrades in this process, without the start of its command: what is measured of it is its least.
"""

import contextlib
import functools
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course import beside
from course.grading import batch, directory, examiner, sandbox
from course.grading.directory import Course

from .figures import Figure, seconds
from .setting import descendants, private_megabytes

SUBMISSIONS, PLAIN, MANY = 20, 3, 1000  # graded by us, by plain nbgrader, and in one run that must not grow
WATCHED = 4  # submissions during which memory is looked at
NAME, SMALL = "questions", "one_question"
_ROOT = Path(__file__).resolve().parents[1]
_LOOK = 0.05  # seconds between two looks at the memory
GIVEN = "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import LogisticRegression"
# Four kinds of questions, each asked three times: about half a second of processor time in all.
QUESTIONS = (
    (
        "def primes{n}(most):\n    return [k for k in range(2, most) if all(k % d for d in range(2, int(k**0.5) + 1))]",
        "assert primes{n}(12) == [2, 3, 5, 7, 11]\nassert len(primes{n}(9000)) == 1117",
    ),
    (
        "rows{n} = np.random.default_rng({n}).normal(size=(4000, 20))\n"
        "model{n} = LogisticRegression(max_iter=200).fit(rows{n}, rows{n}[:, 0] > 0)",
        "assert model{n}.score(rows{n}, rows{n}[:, 0] > 0) > 0.95\nassert rows{n}.shape == (4000, 20)",
    ),
    (
        "def totals{n}(frame):\n    return frame.groupby('key')['value'].sum()",
        "frame = pd.DataFrame({{'key': list('abc') * 2000, 'value': range(6000)}})\n"
        "pd.testing.assert_series_equal(totals{n}(frame), frame.groupby('key')['value'].sum())",
    ),
    (
        "def smooth{n}(values):\n    return np.convolve(values, np.ones(5) / 5, mode='valid')",
        "np.testing.assert_allclose(smooth{n}(np.arange(10.0)), np.arange(2.0, 8.0))\n"
        "sum(len(smooth{n}(np.ones(k))) == k - 4 for k in range(5, 15)) / 10",
    ),
)


def measure(submissions: int = SUBMISSIONS, plain: int = PLAIN, many: int = MANY) -> list[Figure]:
    """Linux only: it reads /proc."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _warm_parent() as held:
        course = _course(Path(folder), submissions, many)
        cells = statistics.median(_cells_cpu() for _ in range(5))
        with _one_core():
            theirs = _plain(course, plain)
            one = _ours(course, NAME, 1, held)
        two = _ours(course, NAME, 2, held)
        long = _ours(course, SMALL, 2, held)
        with _memory_watched() as peak:  # which takes time itself
            _ours(course, NAME, 1, held, students=WATCHED)
    each = len(one.told)
    figures = [
        Figure(
            "grading, CPU per submission ÷ the cells' own", one.cpu / cells, "x", "<= 1.3",
            f"sandboxed, all of it: {one.cpu:.2f} s; the cells alone {cells:.2f} s, 12 questions",
        ),
        Figure("submissions graded, one core", one.rate, "/s", "", f"{each} submissions, one worker"),
        Figure("plain `nbgrader autograde`, one core", 1 / theirs, "/s", "", f"{theirs:.2f} s each, start not counted"),
        Figure("grading against plain nbgrader, one core", one.rate * theirs, "x", ">= 10"),
        Figure("two workers against one", two.rate / one.rate, "x", "", f"{os.cpu_count()} processors"),
        Figure("memory of a running submission", peak[0], "MB", "", "private; its worker and its process"),
        Figure(
            f"the writer after {many:,} submissions against after {min(100, many):,}",
            long.resident[-1] / long.resident[0], "x", "<= 1.2", f"{long.resident[-1]:.0f} MB resident",
        ),
        *_with_a_cloud(),
    ]  # fmt: skip
    return figures


# The course -----------------------------------------------------------------------------------------------------------


def _course(folder: Path, submissions: int, many: int) -> Course:
    """Two assignments, released by nbgrader, with right work handed in; each text differs, so none is a known one."""
    for name, asked, students in ((NAME, 12, submissions), (SMALL, 1, many)):
        source = folder / "source" / name
        source.mkdir(parents=True)
        notebook = _notebook(asked)
        nbformat.write(notebook, source / "n.ipynb")
        for number in range(students):
            place = folder / "submitted" / f"student{number:04}" / name
            place.mkdir(parents=True)
            notebook.cells[1].source = f"# Student {number}\n{QUESTIONS[0][0].format(n=0)}"
            nbformat.write(notebook, place / "n.ipynb")
    course = directory.find(folder)
    for name in (NAME, SMALL):
        directory.enter(course, name)
    return course


def _notebook(asked: int) -> NotebookNode:
    cells = [_cell(GIVEN, "given", locked=True)]
    for number in range(asked):
        work, test = (text.format(n=number) for text in QUESTIONS[number % len(QUESTIONS)])
        cells += [_cell(work, f"work{number}", solution=True), _cell(test, f"test{number}", grade=True, points=1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _cell(text: str, id: str, **marks: Any) -> NotebookNode:
    all_marks = {"grade": False, "solution": False, "locked": not marks.get("solution"), "task": False, **marks}
    return nbformat.v4.new_code_cell(
        text, id=id, metadata={"nbgrader": {"grade_id": id, "schema_version": 3, **all_marks}}
    )


# Who grades -----------------------------------------------------------------------------------------------------------


@dataclass
class _Run:
    """A run of ours. cpu: seconds per submission, of all that took part (one worker). resident: MB of the writer."""

    told: list[Any] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """From the first result to the last: starting is not counted."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


def _ours(course: Course, name: str, workers: int, held: dict[str, str], students: int | None = None) -> _Run:
    """Grade all anew, or so many of them, into a gradebook of its own."""
    done, wanted = _Run(), course.students(name)[:students]

    def told(result: Any) -> None:
        done.told.append(result)
        done.times.append(time.perf_counter())
        if len(done.told) in (min(100, len(wanted)), len(wanted)):
            done.resident.append(_resident())

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        own = directory.find(Path(course.directory.root), f"sqlite:///{folder}/gradebook.db")
        own.directory.autograded_directory = f"{folder}/autograded"
        before = time.process_time()
        examine = functools.partial(_examined, held=held)
        tally = batch.run(own, name, wanted, workers=workers, told=told, progress=False, examine=examine)
        writing = time.process_time() - before
    if tally.failed or {result["score"] for result in done.told} != {done.told[0]["max_score"]}:
        raise RuntimeError(f"{name}: {tally}; right work has not got its points")
    counts = sorted(result["audit"]["bench"]["worker"] for result in done.told)
    worker = (counts[-1] - counts[0]) / max(1, len(counts) - 1) if workers == 1 else 0.0
    student = statistics.mean(result["audit"]["bench"]["student"] for result in done.told)
    done.cpu = worker + student + writing / len(done.told)
    return done


def _examined(task: dict[str, Any], held: dict[str, str]) -> dict[str, Any]:
    """In a worker: examine, and count what its process has used in all, and what the student's has."""
    before = _used()
    answer = examiner.examine(task | held)
    after = _used()
    student = answer["result"]["cpu_seconds"] - (after - before)
    answer["result"]["audit"]["bench"] = {"worker": after, "student": student}
    return answer


def _plain(course: Course, submissions: int) -> float:
    """Seconds per submission of nbgrader's own autograde."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        own = directory.find(Path(course.directory.root), f"sqlite:///{folder}/gradebook.db")
        own.directory.autograded_directory = f"{folder}/autograded"
        directory.enter(own, NAME)
        with directory.grader(own) as api:
            students = own.students(NAME)[: submissions + 1]
            taken = []
            for student in students:
                start = time.perf_counter()
                said = api.autograde(NAME, student)
                taken.append(time.perf_counter() - start)
                if not said["success"]:
                    raise RuntimeError(said["log"])
    return statistics.median(taken[1:])  # the first one makes the gradebook


def _cells_cpu() -> float:
    """Processor seconds of the cells alone, tests included, in a process that has the libraries already."""
    texts = [cell.source for cell in _notebook(12).cells]
    exec(GIVEN, {})
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        names: dict[str, Any] = {}
        start = time.process_time()
        for text in texts:
            exec(text, names)
        os.write(writing, str(time.process_time() - start).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading) as told:
        return float(told.read())


# The cloud beside -----------------------------------------------------------------------------------------------------


def _with_a_cloud() -> list[Figure]:
    """Our own orientation notebook as its author solves it; and its cloud alone."""
    course = directory.find(_ROOT)
    result = batch.file(_ROOT / "source/d0_orientation/d0_orientation.ipynb", course, "d0_orientation")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:

        def opened() -> None:
            beside.Cloud("bench", Path(folder)).close()

        alone = seconds(opened, times=3)
    if result["status"] != "graded":
        raise RuntimeError(result["cells"][0]["message"])
    return [
        Figure("the orientation notebook graded, with its cloud", result["seconds"], "s", "", "hidden worlds replayed"),
        Figure("… of that, its cloud's parents started and ended", alone, "s"),
    ]


# What is looked at ----------------------------------------------------------------------------------------------------


@contextmanager
def _warm_parent() -> Iterator[dict[str, str]]:
    """The students' parent, as `course grade` starts it; one for all runs."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        sandbox.start_parent(Path(folder, "warm"), ("course.grading.student",)) as started,
    ):
        started.wait_ready("student")
        yield {"parent": str(started.sockets["student"]), "mode": sandbox.detect()}


@contextmanager
def _one_core() -> Iterator[None]:
    """All that runs here shares one processor, and so does what is started meanwhile."""
    before = os.sched_getaffinity(0)
    _confine({min(before)})
    try:
        yield
    finally:
        _confine(before)


def _confine(processors: set[int]) -> None:
    for pid in {os.getpid(), *descendants(os.getpid())}:
        os.sched_setaffinity(pid, processors)


@contextmanager
def _memory_watched() -> Iterator[list[float]]:
    """The most that workers and students' processes had to themselves at one time, in MB: [peak]."""
    ended, peak = threading.Event(), [0.0]

    def look() -> None:
        while not ended.wait(_LOOK):
            with contextlib.suppress(OSError):  # one of them has just ended
                own = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                peak[0] = max(peak[0], private_megabytes(descendants(os.getpid()) - set(map(int, own))))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield peak
    finally:
        ended.set()
        watch.join()


def _resident() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _used() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
