"""A gradebook in PostgreSQL: a real server, made for these tests, that listens at a socket in a folder of theirs."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader import api
from sqlalchemy import create_engine, text

from course.errors import CourseError
from course.grading import batch, directory
from course.grading.gradebook import Gradebook

from . import assignments
from .assignments import NAME
from .test_gradebook import graded

START_SECONDS = 60.0
NOBODY = 65534


def program(name: str) -> Path | None:
    """A program of PostgreSQL, which Debian keeps off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    on_path = shutil.which(name)
    return found[-1] if found else Path(on_path) if on_path else None


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The folder whose socket a server listens at."""
    initdb, postgres = program("initdb"), program("postgres")
    if not initdb or not postgres:
        pytest.skip("PostgreSQL's initdb is not installed (Debian: apt install postgresql)")
    pytest.importorskip("psycopg")
    with tempfile.TemporaryDirectory(prefix="pg-") as name:  # short: a socket's path may have about 100 characters
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        held: dict[str, Any] = {
            **_unprivileged(),
            "cwd": name,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        }
        settings = ["--no-sync", "--username=grader", "--auth=trust", "--encoding=UTF8", f"--pgdata={name}/data"]
        subprocess.run([initdb, *settings], check=True, capture_output=True, timeout=300, **held)
        command = [postgres, "-D", f"{name}/data", "-k", name, "-c", "listen_addresses=", "-F"]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **held)
        try:
            _until_it_answers(folder, process)
            yield folder
        finally:
            process.send_signal(signal.SIGINT)  # ends it fast and in order
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()


def url_of(folder: Path, database: str) -> str:
    return f"postgresql+psycopg://grader@/{database}?host={folder}"


def _until_it_answers(folder: Path, process: subprocess.Popen[bytes]) -> None:
    engine = create_engine(url_of(folder, "postgres"))
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            engine.connect().close()
            return engine.dispose()
        except Exception:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
            time.sleep(0.1)


@pytest.fixture
def url(server: Path, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    name = f"book_{abs(hash(request.node.name))}"
    engine = create_engine(url_of(server, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url_of(server, name)


def test_a_course_is_graded_into_postgresql_as_into_sqlite(url: str, tmp_path: Path) -> None:
    root = assignments.make_course(tmp_path / "course")
    for student, answer in (("ada", "right"), ("bob", "partly"), ("kim", "kills")):
        assignments.hand_in(root, student, answer)
    course = directory.find(root, url)
    for told in ("2 graded, 0 unchanged, 1 failed", "0 graded, 2 unchanged, 1 failed"):
        tally = batch.run(course, NAME, workers=1, progress=False, examine=assignments.examine)
        assert str(tally) == told
    assignments.hand_in(root, "bob", "right")
    assert batch.run(course, NAME, ["bob"], workers=1, progress=False, examine=assignments.examine).graded == 1
    with api.Gradebook(url) as book:
        assert {row.student_id: row.score for row in book.assignment_submissions(NAME)} == {"ada": 9.0, "bob": 9.0}
    with Gradebook(url) as ours:
        assert [row["score"] for row in ours.gradings(NAME, "bob")] == [4.25, 9.0]
        assert ours.result(NAME, "ada")["audit"]["seeds"] == {"first": 7}
    with directory.grader(course) as tools:
        assert tools.generate_feedback(NAME, "bob")["success"]
    assert not (root / "gradebook.db").exists()


def test_a_lock_in_postgresql_is_waited_for_and_then_told(url: str, tmp_path: Path) -> None:
    course = directory.find(assignments.make_course(tmp_path / "course"), url)
    with Gradebook(url, patience=1.5) as book:
        directory.enter(course, NAME)
        other = create_engine(url)
        with other.connect() as connection:
            connection.execute(text("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(CourseError, match="locked by another program"):
                book.write(graded(course))
            connection.rollback()
        other.dispose()
        assert book.gradings(NAME, "ada") == []
        book.write(graded(course))
        assert len(book.gradings(NAME, "ada")) == 1


def test_what_postgresql_cannot_hold_costs_that_submission_only(url: str, tmp_path: Path) -> None:
    root = assignments.make_course(tmp_path / "course")
    long = "x" * 200  # nbgrader's column has 128 characters
    for student in ("ada", long):
        assignments.hand_in(root, student)
    tally = batch.run(directory.find(root, url), NAME, workers=1, progress=False, examine=assignments.examine)
    assert (tally.graded, tally.failed) == (1, [long])
    assert sorted(path.name for path in (root / "autograded").iterdir()) == ["ada"]


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(CourseError, match=r"cannot be used: .* run this again") as told:
        Gradebook(url_of(tmp_path, "none"), patience=0.5)
    assert "\n" not in str(told.value)
