"""A yard to run jobs in: real processes, in each mode, as ourselves and (from real root) as an ordinary user."""

import asyncio
import os
import shutil
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from course.cloud.launch import COMMAND, start_parents
from course.runtime import process
from course.runtime.process import Limits, Process, Spec

ENTRY = "tests.runtime.programs:text"
OTHER_ID = 54_321  # an ordinary user without a name
AS_OTHER = (sys.executable, str(Path(__file__).with_name("as_user.py")), str(OTHER_ID))
LIGHT = (sys.executable, "-P", str(Path(__file__).with_name("light_parent.py")))
SECONDS = 20.0  # no single job of these tests takes longer
Answer = TypeVar("Answer")


@dataclass
class Result:
    """How a job went."""

    code: int
    lines: list[str]
    opt_ml: Path

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Yard:
    """Runs jobs in one mode as one user."""

    mode: str
    user: str
    socket: Path
    parent_pid: int
    mark: str = field(default_factory=lambda: f"mark-{uuid.uuid4().hex}")
    folders: list[Path] = field(default_factory=list)

    def folder(self) -> Path:
        """A fresh /opt/ml."""
        made = Path(tempfile.mkdtemp(prefix="course-test-"))
        self.folders.append(made)
        if self.user == "other":
            os.chown(made, OTHER_ID, OTHER_ID)
        return made

    async def start(
        self,
        program: str,
        *,
        opt_ml: Path | None = None,
        environment: dict[str, str] | None = None,
        limits: Limits | None = None,
        cloud_port: int | None = None,
        read_only: tuple[str, ...] = (),
    ) -> Process:
        """Launch a program text."""
        variables = {"PROGRAM": textwrap.dedent(program), "MARK": self.mark, **(environment or {})}
        folder = opt_ml or self.folder()
        spec = Spec(ENTRY, folder, variables, limits or Limits(), cloud_port, read_only)
        return await process.launch(self.socket, spec)

    def run(self, program: str, **spec: Any) -> Result:
        """Run a program to its end."""
        folder = spec.pop("opt_ml", None) or self.folder()

        async def body() -> Result:
            job = await self.start(program, opt_ml=folder, **spec)
            try:
                lines = [line.decode() async for line in job.lines()]
                return Result(await job.wait(), lines, folder)
            finally:
                job.close()

        return self.do(body)

    def do(self, body: Callable[[], Awaitable[Answer]]) -> Answer:
        """Run a coroutine function, within SECONDS."""

        async def bounded() -> Answer:
            async with asyncio.timeout(SECONDS):
                return await body()

        return asyncio.run(bounded())


def check_namespaces() -> None:
    """Skip where the system refuses namespaces, but never in CI."""
    if reason := process._probe():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have namespaces: {reason}")
        pytest.skip(f"no namespaces here: {reason}")


@pytest.fixture(scope="session")
def job_parents() -> Iterator[Callable[[str], tuple[Path, int]]]:
    """Socket and process id of the job parent that runs as a user; each is started once."""
    started: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOST_SECRET", "must-not-leak")

        def of(user: str) -> tuple[Path, int]:
            if user not in started:
                directory = Path(tempfile.mkdtemp(prefix="course-test-"))
                command = {"self": COMMAND, "other": (*AS_OTHER, *COMMAND), "light": LIGHT}[user]
                started[user] = start_parents(directory, ("job",), command)
                started[user].wait_ready("job")
            return started[user].sockets["job"], started[user].pid("job")

        yield of
        for parents in started.values():
            parents.close()
            shutil.rmtree(parents.directory)


# Becoming someone else takes a mount namespace (as_user.py), which root in many containers may not have.
USERS = ("self", "other") if os.geteuid() == 0 and not process._probe() else ("self",)


def _yard(mode: str, user: str, job_parents: Any, patch: pytest.MonkeyPatch) -> Iterator[Yard]:
    if mode == "namespaces":
        check_namespaces()
        patch.delenv("COURSE_JOB_MODE", raising=False)
    else:
        patch.setenv("COURSE_JOB_MODE", "guard")
    yard = Yard(mode, user, *job_parents(user))
    yield yard
    for folder in yard.folders:
        shutil.rmtree(folder, ignore_errors=True)


# The fallback as root, too, is test_guard's business.
KINDS = [*(("namespaces", user) for user in USERS), ("guard", USERS[-1])]


@pytest.fixture(params=KINDS, ids="-".join)
def yard(request: pytest.FixtureRequest, job_parents: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Every mode, and every user who makes a difference."""
    yield from _yard(*request.param, job_parents, monkeypatch)


@pytest.fixture(params=[kind for kind in KINDS if os.geteuid() or kind != ("guard", "self")], ids="-".join)
def counted(request: pytest.FixtureRequest, job_parents: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Where the kernel counts processes: everywhere, but for guarded jobs that run as root."""
    yield from _yard(*request.param, job_parents, monkeypatch)


@pytest.fixture(params=USERS)
def sandboxed(request: pytest.FixtureRequest, job_parents: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Namespaces, every user."""
    yield from _yard("namespaces", request.param, job_parents, monkeypatch)


@pytest.fixture(params=USERS)
def guarded(request: pytest.FixtureRequest, job_parents: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """The fallback, every user."""
    yield from _yard("guard", request.param, job_parents, monkeypatch)


@pytest.fixture(params=["namespaces", "guard"])
def light_yard(request: pytest.FixtureRequest, job_parents: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Every mode, with a parent of short patience."""
    yield from _yard(request.param, "light", job_parents, monkeypatch)
