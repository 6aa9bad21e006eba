"""An nbgrader course's folder: where its steps lie and which gradebook it has, as its nbgrader_config.py says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode

from course.errors import CourseError

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory


@dataclass(frozen=True)
class CourseFolder:
    """A course at `root`. `directory` is nbgrader's CourseDirectory with its settings, `config` all of them."""

    root: Path
    directory: "CourseDirectory"
    config: Any

    def source(self, assignment: str) -> Path:
        return self._step(self.directory.source_directory, ".", assignment)

    def release(self, assignment: str) -> Path:
        return self._step(self.directory.release_directory, ".", assignment)

    def submitted(self, student: str, assignment: str) -> Path:
        return self._step(self.directory.submitted_directory, student, assignment)

    def autograded(self, student: str, assignment: str) -> Path:
        return self._step(self.directory.autograded_directory, student, assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        return self._step(self.directory.feedback_directory, student, assignment)

    def notebooks(self, student: str, assignment: str) -> dict[str, NotebookNode]:
        """A submission's executed notebooks by name. Symbolic links are no notebooks."""
        return _notebooks(self.autograded(student, assignment))

    def sources(self, assignment: str) -> dict[str, NotebookNode]:
        """The assignment's own notebooks by name; none where this copy of the course has no source/."""
        return _notebooks(self.source(assignment))

    def releases(self, assignment: str) -> dict[str, NotebookNode]:
        """The notebooks as learners got them, by name; none where there is no release/."""
        return _notebooks(self.release(assignment))

    @contextmanager
    def gradebook(self) -> "Iterator[Gradebook]":
        """The course's gradebook. CourseError if there is none: nothing is made by looking for it."""
        from nbgrader.api import Gradebook

        url = self.directory.db_url
        path = Path(unquote(url.removeprefix("sqlite:///"))) if url.startswith("sqlite:///") else None
        if path and not path.is_file():
            raise CourseError(f"{path} is not there: grade an assignment of this course first.")
        with Gradebook(url, self.directory.course_id) as gradebook:
            yield gradebook

    def _step(self, step: str, student: str, assignment: str) -> Path:
        for part in (student, assignment):
            if not part or part == ".." or "/" in part or "\\" in part or "\0" in part:
                raise CourseError(f"{part!r} is no name of a folder.")
        return Path(self.directory.format_path(step, student, assignment))


def grade_id(cell: NotebookNode) -> str:
    """A cell's name in the gradebook, empty if it has none. A submission's metadata can be anything."""
    grading = cell.metadata.get("nbgrader")
    id = grading.get("grade_id") if isinstance(grading, dict) else None
    return id if isinstance(id, str) else ""


def _notebooks(folder: Path) -> dict[str, NotebookNode]:
    # Not validated: that takes longer than all the rest, and who wrote these files has done it.
    return {
        path.stem: nbformat.v4.reads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.ipynb"))
        if not path.is_symlink()
    }


def open_folder(root: Path) -> CourseFolder:
    """The nbgrader course at `root`, with the settings of its nbgrader_config.py if it has one."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config, PyFileConfigLoader

    root = root.resolve()
    if not root.is_dir():
        raise CourseError(f"{root} is no folder: name the folder of an nbgrader course.")
    config = Config()
    if (root / "nbgrader_config.py").is_file():
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    return CourseFolder(root, CourseDirectory(config=config), config)
