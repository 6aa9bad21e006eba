"""nbgrader's Execute, through the examiner: submissions run sandboxed, and tests apart from them.

    c.Autograde.autograde_preprocessors = ["course.grading.execute.SandboxedExecute", …]   # in the place of Execute

`nbgrader autograde`, the formgrader's button and validate take it from there; so does `course submit`.
"""

import atexit
import functools
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets import Bool, List, Unicode
from traitlets.config import Config

from course.grading import sandbox, trusted

# Libraries read these when they are imported, in a process that is to be forked.
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


STUDENT = "course.grading.student"  # the module with the entry of students' processes


class SandboxedExecute(Execute):
    """Execute a submission as nbgrader does, with the work in a sandbox and the tests outside."""

    beside = Unicode(
        "",
        help="'module:class' of what runs beside each submission and performs functions for it "
        "(course.grading.beside.Beside). Empty: nothing.",
    ).tag(config=True)
    modules = List(
        Unicode(), help="What the students' processes have imported besides the usual libraries: what cells import."
    ).tag(config=True)
    trust = Bool(False, help="Run submissions without a sandbox where none can be had.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict, km: Any = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        folder = resources.get("metadata", {}).get("path") or ""
        name = resources["nbgrader"]["notebook"]
        pair = {"source": nbformat.writes(self._source(nb, resources)), "submitted": nbformat.writes(nb)}
        with tempfile.TemporaryDirectory(prefix="nothing-") as nothing:
            task = {
                "assignment": resources["nbgrader"]["assignment"],
                "student": resources["nbgrader"]["student"],
                "notebooks": {name: pair},
                "folder": folder or nothing,
                "parent": str(_parent(tuple(self.modules))),
                "mode": sandbox.detect(trust=self.trust, service=bool(self.beside)),
                "limits": {"cell_seconds": float(self.timeout or 1e6)},
                "beside": self.beside,
            }  # fmt: skip
            executed = nbformat.reads(_examined(task)["notebooks"][name], as_version=4)
        for cell, ran in zip(nb.cells, executed.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
                if trusted.is_test(cell):
                    _recorded(cell)
        return nb, resources

    def _source(self, nb: NotebookNode, resources: ResourcesDict) -> NotebookNode:
        """The notebook of source/; without one, nbgrader has restored the tests, and the rest must do."""
        names = resources["nbgrader"]
        coursedir = CourseDirectory(config=self.config)
        folder = coursedir.format_path(coursedir.source_directory, ".", names["assignment"])
        path = Path(folder) / f"{names['notebook']}.ipynb"
        if not path.is_file():
            self.log.warning("No %s: hidden worlds are not run", path)
            return nb
        return nbformat.read(path, as_version=4)


@functools.cache
def _parent(modules: tuple[str, ...]) -> Path:
    """Where the warm parent of students' processes listens. It starts with the first submission and ends with us."""
    folder = tempfile.TemporaryDirectory(prefix="students-", ignore_cleanup_errors=True)
    started = sandbox.start_parent(Path(folder.name), (STUDENT, *modules))

    def end() -> None:
        started.close()
        folder.cleanup()

    atexit.register(end)
    return started.sockets["student"]


@contextmanager
def held(config: Config, *, trust: bool = False) -> Iterator[dict[str, str]]:
    """What a plan says of how students' processes are held on this machine, while their warm parent is there."""
    how = mode(config, trust=trust)
    modules = (STUDENT, *SandboxedExecute(config=config).modules)
    with (
        tempfile.TemporaryDirectory(prefix="grade-") as folder,
        sandbox.start_parent(Path(folder, "warm"), modules) as parents,
    ):
        parents.wait_ready("student")
        yield {"mode": how, "parent": str(parents.sockets["student"])}


def mode(config: Config, *, trust: bool = False) -> sandbox.Mode:
    """How they are held on this machine. CourseError where they cannot be."""
    settings = SandboxedExecute(config=config)
    return sandbox.detect(trust=trust or settings.trust, service=bool(settings.beside))


def _examined(task: dict[str, Any]) -> dict[str, Any]:
    """Examine in a process of its own: the formgrader's server has threads, and an event loop."""
    before = {name: os.environ.get(name) for name in SINGLE}
    os.environ.update(SINGLE)
    context = get_context("forkserver")
    context.set_forkserver_preload(
        ["course.grading.examiner", *([task["beside"].partition(":")[0]] if task["beside"] else [])]
    )
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(_examine, task).result()
    except BrokenProcessPool:
        raise RuntimeError("The process that examined the submission ended before it had done so.") from None
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _examine(task: dict[str, Any]) -> dict[str, Any]:
    from course.grading.examiner import examine

    return examine(task)


def _recorded(cell: NotebookNode) -> None:
    """What a test wrote to standard error stays in its outputs; nbgrader would fail it for that."""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output.name = "stdout"
