"""`course release`: make `release/` from `source/` with nbgrader's own converter, byte for byte the same each time.

nbgrader runs in a temporary course directory, without a database: the real gradebook is not touched. Only the notebook
and the files that the syllabus lists as an assignment's `data` go out.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course import syllabus

from .fault import Fault
from .lint import load_syllabus

CONFIG = "nbgrader_config.py"
CURE = "run `course release`"


def run(root: Path, check: bool = False) -> list[Fault]:
    """Write every assignment's release, or with `check` prove that `release/` is what releasing gives."""
    try:
        course = load_syllabus(root)
    except syllabus.SyllabusError as error:
        return [Fault("course/syllabus.toml", "-", "release", str(error))]
    if not (root / CONFIG).is_file():
        return [Fault(CONFIG, "-", "release", "it is missing: releasing needs the course's nbgrader settings")]
    assignments = [a for a in course.assignments if (root / "source" / a.name / a.notebook).is_file()]
    faults = list(_unlisted(root, course))
    with tempfile.TemporaryDirectory(prefix="course-release-") as scratch:
        for assignment in assignments:
            made = Path(scratch) / assignment.name
            if failure := generate(root, assignment, made):
                faults.append(Fault(f"source/{assignment.name}", "-", "release", failure))
            elif check:
                faults += _differences(made, root, assignment.name)
            else:
                _replace(made, root / "release" / assignment.name)
    stale = sorted(_folders(root / "release") - {a.name for a in assignments})
    for name in stale:
        if check:
            faults.append(Fault(f"release/{name}", "-", "release", f"no source/{name} makes it: {CURE}"))
        else:
            shutil.rmtree(root / "release" / name)
    return faults


def generate(root: Path, assignment: syllabus.Assignment, target: Path) -> str | None:
    """Make one assignment's release in the new folder `target`; returns why not, in one sentence, if nbgrader refuses.

    nbgrader's settings are the course's own but for the directory, so its command makes the same files.
    """
    with tempfile.TemporaryDirectory(prefix="course-nbgrader-") as scratch:
        folder = Path(scratch) / "source" / assignment.name
        for name in (assignment.notebook, *assignment.data):
            original = root / "source" / assignment.name / name
            if not original.is_file():
                return f"{name} is missing: the syllabus lists it"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, folder / name)
        config = settings(root)
        config.CourseDirectory.root = str(Path(scratch).resolve())
        config.CourseDirectory.assignment_id = assignment.name
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        complaints = _Complaints()
        log = logging.Logger("course.release")  # nbgrader's parts take their parent's: nothing reaches the terminal
        log.addHandler(complaints)
        try:
            GenerateAssignment(coursedir=CourseDirectory(config=config, log=log), config=config, log=log).start()
        except (NbGraderException, SystemExit):
            return f"nbgrader refuses it: {complaints.reason()}"
        shutil.copytree(Path(scratch) / "release" / assignment.name, target)
    return None


def settings(root: Path) -> Config:
    """The course's nbgrader settings, read from the file as nbgrader reads it."""
    return PyFileConfigLoader(CONFIG, path=str(root)).load_config()


class _Complaints(logging.Handler):
    """What a logger reports as errors, kept and shown nowhere."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())

    def reason(self) -> str:
        """The last line of the traceback that nbgrader logs, or of whatever it said first."""
        said = [text.strip().splitlines()[-1] for text in self.texts if text.strip()]
        raised = [text for text in said if "Error: " in text]
        return [*raised, *said, "it gives no reason"][0]


def _unlisted(root: Path, course: syllabus.Syllabus) -> Iterator[Fault]:
    """Files of source/ that nobody listed: nbgrader's own command would hand them to learners."""
    ignored = CourseDirectory(config=settings(root)).ignore
    listed = {a.name: (a.notebook, *a.data) for a in course.assignments}
    for folder in sorted(p for p in (root / "source").glob("*") if p.is_dir()):
        allowed = {folder / name for name in listed.get(folder.name, ())}
        for file in sorted(map(Path, find_all_files(str(folder), ignored))):
            if file not in allowed:
                message = f"{file.name} would go to learners: list it as the assignment's data, or move it away"
                yield Fault(file.relative_to(root).as_posix(), "-", "release", message)


def _differences(made: Path, root: Path, name: str) -> Iterator[Fault]:
    stored = root / "release" / name
    files = {p.relative_to(folder) for folder in (made, stored) for p in folder.rglob("*") if p.is_file()}
    for file in sorted(files):
        path = f"release/{name}/{file.as_posix()}"
        if not (stored / file).is_file():
            yield Fault(path, "-", "release", f"it is missing: {CURE}")
        elif not (made / file).is_file():
            yield Fault(path, "-", "release", f"nothing in source/ makes it: {CURE}")
        elif (made / file).read_bytes() != (stored / file).read_bytes():
            yield Fault(
                path, "-", "release", f"differs from what source/ gives{_where(made / file, stored / file)}: {CURE}"
            )


def _where(made: Path, stored: Path) -> str:
    """The first line in which two text files differ."""
    try:
        new, old = made.read_text(encoding="utf-8").splitlines(), stored.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return ""
    line = next((i for i, (a, b) in enumerate(zip(new, old, strict=False)) if a != b), min(len(new), len(old)))
    return f" from line {line + 1}"


def _folders(release: Path) -> set[str]:
    return {p.name for p in release.glob("*") if p.is_dir() and not p.name.startswith(".")}


def _replace(made: Path, target: Path) -> None:
    """Put a finished folder where the old one was; the old one goes only when the new one is complete beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made, fresh)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)
