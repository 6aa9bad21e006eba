"""Rooms to run students' processes in: real ones, in each mode, as ourselves and (from real root) as another user."""

import os
import shutil
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from course.grading import sandbox
from course.grading.examiner import examine
from course.grading.sandbox import Sandbox, start_parent
from course.runtime import fence, landlock
from course.runtime.parents import Parents
from tests.grading.cells import notebook
from tests.runtime.conftest import AS_OTHER, OTHER_ID, USERS, check_namespaces

LIGHT = (sys.executable, "-P", str(Path(__file__).with_name("light_student_parent.py")))
ENTRY = "tests.runtime.programs:text"
SECONDS = 60.0  # no single process of these tests takes longer; the machine may be busy


@dataclass
class Result:
    """How a student's process went."""

    code: int | None
    lines: list[str]
    over: str | None


@dataclass
class Room:
    """Runs programs in one mode as one user."""

    mode: Any
    user: str
    parents: Parents
    mark: str = field(default_factory=lambda: f"mark-{uuid.uuid4().hex}")
    folders: list[Path] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        """Where the warm parent listens."""
        return self.parents.sockets["student"]

    def folder(self, **files: str) -> Path:
        """A fresh folder with these files, the user's own."""
        made = Path(tempfile.mkdtemp(prefix="course-test-"))
        self.folders.append(made)
        for name, text in files.items():
            (made / name).write_text(text)
        if self.user == "other":
            for path in (made, *made.iterdir()):
                os.chown(path, OTHER_ID, OTHER_ID)
        return made

    def start(self, program: str, *, folder: Path | None = None, environment: Any = None, **spec: Any) -> Sandbox:
        """Start a program text."""
        variables = {"PROGRAM": textwrap.dedent(program), "MARK": self.mark, **(environment or {})}
        return Sandbox(self.socket, folder or self.folder(), entry=ENTRY, environment=variables, mode=self.mode, **spec)

    def run(self, program: str, **spec: Any) -> Result:
        """Run a program to its end."""
        with self.start(program, **spec) as sandbox:
            code = sandbox.wait(SECONDS)
            return Result(code, sandbox.output.read().decode().splitlines(), sandbox.over)


def check_mode(mode: str) -> None:
    """Skip where the system lacks it, but never in CI."""
    if mode == "namespaces":
        check_namespaces()
    elif mode == "landlock" and landlock.version() < fence.LEAST_ABI:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Landlock")
        pytest.skip(f"Landlock's ABI is {landlock.version()} here")


@pytest.fixture(scope="session")
def student_parents() -> Iterator[Any]:
    """The warm parent that runs as a user; each is started once."""
    started: dict[str, Parents] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOST_SECRET", "must-not-leak")

        def of(user: str) -> Parents:
            if user not in started:
                directory = Path(tempfile.mkdtemp(prefix="course-test-"))
                command = LIGHT if user == "self" else (*AS_OTHER, *LIGHT)
                started[user] = start_parent(directory, command=command)
                started[user].wait_ready("student")
            return started[user]

        yield of
        for parents in started.values():
            parents.close()
            shutil.rmtree(parents.directory)


def _room(mode: str, user: str, student_parents: Any) -> Iterator[Room]:
    check_mode(mode)
    if mode == "landlock" and user == "self" and os.geteuid() == 0:
        pytest.skip("real root is not held without namespaces")
    room = Room(mode, user, student_parents(user))
    yield room
    for folder in room.folders:
        shutil.rmtree(folder, ignore_errors=True)


HELD = [*(("namespaces", user) for user in USERS), ("landlock", USERS[-1])]


@pytest.fixture(params=HELD, ids="-".join)
def room(request: pytest.FixtureRequest, student_parents: Any) -> Iterator[Room]:
    """Every mode that holds hostile work."""
    yield from _room(*request.param, student_parents)


@pytest.fixture(params=[*HELD, ("trusted", USERS[-1])], ids="-".join)
def any_room(request: pytest.FixtureRequest, student_parents: Any) -> Iterator[Room]:
    """Every mode."""
    yield from _room(*request.param, student_parents)


@pytest.fixture(params=[("namespaces", user) for user in USERS], ids="-".join)
def walled(request: pytest.FixtureRequest, student_parents: Any) -> Iterator[Room]:
    """Namespaces."""
    yield from _room(*request.param, student_parents)


@pytest.fixture
def fenced(student_parents: Any) -> Iterator[Room]:
    """Landlock without namespaces."""
    yield from _room("landlock", USERS[-1], student_parents)


@pytest.fixture
def trusted(student_parents: Any) -> Iterator[Room]:
    """No walls."""
    yield from _room("trusted", USERS[-1], student_parents)


@pytest.fixture(scope="session")
def notebook_parents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parents]:
    """The warm parent of processes that run notebooks."""
    with sandbox.start_parent(tmp_path_factory.mktemp("s"), ("course.grading.student",)) as started:
        started.wait_ready("student")
        yield started


@pytest.fixture
def grade(notebook_parents: Parents, tmp_path: Path):
    """grade(*cells, source=…) → (result, executed notebook); the source is the same notebook unless one is given."""

    def graded(*cells: NotebookNode, source: NotebookNode | None = None, **task) -> tuple[dict, NotebookNode]:
        submitted = nbformat.writes(notebook(*cells))
        pair = {"source": nbformat.writes(source) if source else submitted, "submitted": submitted}
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        answer = examine(
            {
                "assignment": "a",
                "student": "ada",
                "notebooks": {"n": pair},
                "folder": str(folder),
                "parent": str(notebook_parents.sockets["student"]),
                "mode": sandbox.detect(trust=True),
                "limits": {"cell_seconds": 5.0},
                **task,
            }
        )
        return answer["result"], nbformat.reads(answer["notebooks"]["n"], as_version=4)

    return graded
