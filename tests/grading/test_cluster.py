"""More than one machine: every grade arrives once, whatever happens to a worker, and nothing stays behind."""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from course import cli
from course.errors import CourseError
from course.grading import batch, carriage, cluster, directory, submission
from course.grading.files import Taken

from . import assignments
from .assignments import NAME
from .test_batch import SCHEMA, counted, entered, expected, grade, left_over, root, scores  # noqa: F401 fixtures

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 400.0  # for whatever must come, on a busy machine
THREADS = ["--nthreads", "1", "--no-dashboard"]


class Machines:
    """A scheduler and workers as an instructor starts them. Whatever they start has `folder` in its environment."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.folder),
            "DASK_DISTRIBUTED__WORKER__DAEMON": "True",  # its default, and the harder case
        }
        self.started: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def start(self, *command: str, **more: Any) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
                **{"env": self.environment, **more},
            )  # fmt: skip
        self.started.append(process)
        return process

    def scheduler(self) -> str:
        told = self.folder / "scheduler.json"
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
        self.start(sys.executable, "-m", "dask", "scheduler", *words)
        wait(lambda: told.exists() and told.read_text().endswith("}"), self.log)
        self.address = json.loads(told.read_text())["address"]
        return self.address

    def worker(self, *words: str, **more: Any) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, "-m", "dask", "worker", self.address, *THREADS, *words, **more)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def left(self) -> list[str]:
        """What still runs of all that was started."""
        mark, found = f"{self.folder}".encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (path / "environ").read_bytes() and (path / "stat").read_text().split()[-50] != "Z":
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def close(self) -> None:
        for process in reversed(self.started):  # workers before their scheduler
            try:
                process.terminate()
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        wait(lambda: not self.left(), lambda: f"{self.left()}")
        shutil.rmtree(self.folder)


def wait(true: Callable[[], Any], told: Callable[[], str]) -> None:
    """Until it is true; a test that waits in vain shows what was told."""
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until, told()
        time.sleep(0.05)


@pytest.fixture
def machines() -> Iterator[Machines]:
    made = Machines()
    try:
        yield made
    finally:
        made.close()


def entered_so_far(course: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{course}/gradebook.db?mode=ro", uri=True, timeout=60)) as book:
        return book.execute("SELECT count(*) FROM course_gradings").fetchone()[0]


def plan_of(course: Path) -> tuple[submission.Plan, Callable[[str], submission.Job]]:
    """A plan for a course, and its jobs by student."""
    found = directory.find(course)
    plan = batch._plan(found, NAME, batch.read_source(found, NAME), {})
    return replace(plan, examine=assignments.examine), lambda student: submission.Job(
        student, found.submitted(student, NAME), "s", found.autograded(student, NAME)
    )


def test_a_cluster_grades_as_one_machine_does(root: Path, machines: Machines, tmp_path: Path) -> None:  # noqa: F811
    for student, answer in (("ada", "right"), ("bob", "partly"), ("kim", "kills"), ("unlucky", "wrong")):
        assignments.hand_in(root, student, answer, missing=["b"] if student == "bob" else [])
    (root / "submitted" / "ada" / NAME / "link").symlink_to("/etc/passwd")
    (root / "submitted" / "ada" / NAME / "sub").mkdir()
    (root / "submitted" / "ada" / NAME / "sub" / "data.bin").write_bytes(os.urandom(300_000))
    other = Path(shutil.copytree(root, tmp_path / "other", symlinks=True))
    examine = partial(assignments.die_once, mark=str(machines.folder / "died"))
    machines.scheduler()
    machines.worker()
    tally, ours = grade(root, examine=examine, cluster=machines.address)
    assert (tally.graded, tally.failed) == (3, ["kim"])
    assert ours["kim"]["cells"][0]["message"] == "The process that graded it ended 2 times: exit code -9."
    assert (machines.folder / "died").exists(), "another process took its place"
    assert "link is a link to another file: it is left out." in ours["ada"]["flags"]
    _, theirs = grade(other)
    assert scores(root) == scores(other) == {"ada": 9.0, "bob": 2.25, "unlucky": 3.5}
    for student, result in ours.items():
        for name in {*result} - {"seconds", "cpu_seconds"}:
            assert result[name] == theirs[student][name], (student, name)
    assert files_of(root) == files_of(other)
    assert (root / "autograded" / "ada" / NAME / "numbers.txt").read_text() == "1 2 3\n"
    assert left_over(root) == []
    wait(lambda: not any("course.grading.desk" in line for line in machines.left()), machines.log)  # it ends with a run
    assert str(grade(root, "ada", "bob", cluster=machines.address)[0]) == "0 graded, 2 unchanged"


def files_of(course: Path) -> dict[str, tuple[bytes, int]]:
    paths = [path for path in course.glob("autograded/**/*") if path.is_file()]
    return {str(path.relative_to(course)): (path.read_bytes(), path.stat().st_mode) for path in paths}


# Machines apart from each other ---------------------------------------------------------------------------------------


@pytest.fixture
def apart(machines: Machines) -> Machines:
    """A scheduler in a network namespace of its own, which nothing joins to the host's network."""
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("ip", "nsenter", "unshare")):
        pytest.skip("network namespaces with veth pairs take root, unshare, nsenter and ip (iproute2)")
    tried = subprocess.run(["unshare", "--net", "ip", "link", "add", "br0", "type", "bridge"], capture_output=True)
    if tried.returncode:
        pytest.skip(f"no network can be made here: {tried.stderr.decode().strip()}")
    lines = "ip link set lo up; ip link add br0 type bridge; ip addr add 10.77.0.1/24 dev br0; ip link set br0 up"
    serve = f"exec {sys.executable} -m dask scheduler --host 10.77.0.1 --port 8786 --no-dashboard"
    machines.start("unshare", "--net", "sh", "-ec", f"{lines}; echo up > hub; {serve}")
    machines.address = "tcp://10.77.0.1:8786"
    wait((machines.folder / "hub").exists, machines.log)
    return machines


def join(machines: Machines, number: int, hidden: Path) -> subprocess.Popen[bytes]:
    """A worker in a network namespace of its own, joined to the scheduler's by a veth pair; it cannot see `hidden`."""
    hub, address = machines.started[0].pid, f"10.77.0.{number}"
    words = f"{machines.address} {' '.join(THREADS)} --no-nanny --host {address} --name {number}"
    worker = machines.start(
        "unshare", "--net", "--mount", "sh", "-ec",
        f"mount -t tmpfs none {hidden}; echo up > {number}; read go; exec {sys.executable} -m dask worker {words}",
        stdin=subprocess.PIPE,
    )  # fmt: skip
    wait((machines.folder / str(number)).exists, machines.log)
    pair = ["ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", str(worker.pid)]
    subprocess.run(["nsenter", "-t", str(hub), "-n", *pair], check=True)
    subprocess.run(
        ["nsenter", "-t", str(hub), "-n", "ip", "link", "set", f"v{number}", "master", "br0", "up"], check=True
    )
    lines = f"ip link set lo up; ip addr add {address}/24 dev eth0; ip link set eth0 up"
    subprocess.run(["nsenter", "-t", str(worker.pid), "-n", "sh", "-ec", lines], check=True)
    assert worker.stdin is not None
    worker.stdin.write(b"go\n")
    worker.stdin.close()
    return worker


def test_three_machines_of_which_one_is_killed_give_every_grade_once(
    root: Path,  # noqa: F811
    apart: Machines,
) -> None:
    everyone = {f"s{number:02}" for number in range(16)}
    for student in everyone:
        assignments.hand_in(root, student, "sleeps")
    workers = [join(apart, number, root) for number in (2, 3, 4)]
    numbers = ["self", *(process.pid for process in apart.started)]
    assert len({os.readlink(f"/proc/{number}/ns/net") for number in numbers}) == 5
    listed = apart.folder / "results.json"
    command = [sys.executable, "-m", "course", "grade", "--course", str(root), "--assignment", NAME]
    grading = apart.start(
        "nsenter", "-t", str(apart.started[0].pid), "-n", *command, "--cluster", apart.address, "--json", str(listed)
    )
    wait(lambda: entered_so_far(root) >= 3 or grading.poll() is not None, apart.log)
    workers[0].kill()
    at = entered_so_far(root)
    assert at < len(everyone) - 4, "in the middle of the run"
    wait(lambda: grading.poll() is not None, apart.log)
    assert grading.returncode == 0, apart.log()
    results = json.loads(listed.read_text())
    jsonschema.validate(results, SCHEMA, jsonschema.Draft202012Validator)
    assert sorted(result["student"] for result in results) == sorted(everyone)
    assert {result["audit"]["mode"] for result in results} == {"namespaces"}
    assert scores(root) == dict.fromkeys(everyone, 9.0)
    assert counted(root) == expected(16, 16) and left_over(root) == []
    assert {worker.poll() for worker in workers} == {-9, None}, "the others went on"


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_an_address_where_no_scheduler_is_is_told_within_seconds(
    root: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 3.0)
    assignments.hand_in(root, "ada")
    words = ["grade", "--course", str(root), "--assignment", NAME, "--cluster"]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        for address in (f"tcp://127.0.0.1:{port}", "tcp://127.0.0.1:1", "pigeon://10.0.0.1:8786", "nowhere"):
            began = time.monotonic()
            assert cli.main([*words, address]) == 1
            said = capsys.readouterr().err
            assert f"No Dask scheduler answers at {address} (" in said and "Traceback" not in said
            assert time.monotonic() - began < 60
    for wrong in (["--workers", "2"], [str(root / "source" / NAME / "a.ipynb")]):
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "tcp://127.0.0.1:1", *wrong])
        assert ended.value.code == 2
    assert counted(root) == expected(0, 0)


def test_a_worker_that_would_grade_otherwise_is_named(
    root: Path,  # noqa: F811
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assignments.hand_in(root, "ada")
    machines.scheduler()
    monkeypatch.setattr(cluster, "JOIN_SECONDS", 1.0)
    with pytest.raises(CourseError, match="has no worker: start some with `dask worker tcp://127"):
        grade(root, cluster=machines.address)
    monkeypatch.setattr(cluster, "JOIN_SECONDS", SECONDS)
    more = machines.folder / "more"
    (more / "surplus-1.0.dist-info").mkdir(parents=True)
    (more / "surplus-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: surplus\nVersion: 1.0\n")
    (more / "bare").mkdir()
    (more / "bare" / "sitecustomize.py").write_text(
        "import sys\nsys.modules['course'] = None  # as if it were not there\n"
    )
    secret = machines.folder / "key"
    secret.write_text("ours")
    for paths, told in (
        (f"{ROOT}:{more}", r"at tcp://127\S+ has another Python, other packages or another version of the course"),
        (f"{more / 'bare'}", r"at tcp://127\S+ has not this course, or another version of it .*requirements.lock"),
        (f"{ROOT}", r"at tcp://127\S+ has not the course's key .*COURSE_KEY_FILE"),
    ):
        if paths == f"{ROOT}":
            monkeypatch.setenv("COURSE_KEY_FILE", str(secret))
        worker = machines.worker("--no-nanny", env={**machines.environment, "PYTHONPATH": paths})
        with pytest.raises(CourseError, match=told):
            grade(root, cluster=machines.address)
        worker.terminate()
        worker.wait(SECONDS)
    assert counted(root) == expected(0, 0)


def test_jobs_are_not_asked_for_far_ahead_and_an_overdue_one_is_given_up(
    root: Path,  # noqa: F811
    machines: Machines,
) -> None:
    for student in ("ada", "bob", "cy", "dan", "hal"):
        assignments.hand_in(root, student, "hangs" if student == "hal" else "right")
    plan, job = plan_of(root)
    machines.scheduler()
    worker = machines.worker("--no-nanny")
    asked = []

    def jobs(*students: str) -> Iterator[submission.Job]:
        for student in students:
            asked.append(student)
            yield job(student)

    with cluster.Cluster(plan, machines.address, 600.0) as used:
        outcomes = used.outcomes(jobs("ada", "bob", "cy", "dan"))
        first = next(outcomes)
        assert first.result["status"] == "graded" and asked == ["ada", "bob"], "two for one thread"
        assert [outcome.result["score"] for outcome in outcomes] == [9.0] * 3
        used.patience = 3.0
        worker.send_signal(signal.SIGSTOP)  # a machine that is there, and silent
        [silent] = used.outcomes(jobs("ada"))
        assert silent.result["status"] == "failed"
        assert silent.result["cells"][0]["message"] == "No worker of the cluster has answered for it within 3 s."
        worker.send_signal(signal.SIGCONT)
    with cluster.Cluster(plan, machines.address, 3.0) as used:
        used.patience = 600.0  # the worker's own limit is meant
        [late] = used.outcomes(jobs("hal"))
        told = late.result["cells"][0]["message"]
        assert told == "The process that graded it ended 2 times: it took more than 3 s."


def test_without_its_scheduler_a_run_stops_and_goes_on_from_there(
    root: Path,  # noqa: F811
    machines: Machines,
) -> None:
    for number in range(6):
        assignments.hand_in(root, f"s{number}", "sleeps")
    machines.scheduler()
    machines.worker("--no-nanny")

    def kill(result: Any) -> None:
        machines.started[0].kill()

    with pytest.raises(CourseError, match=r"The scheduler at tcp://\S+ is gone.*run this again, and it goes on"):
        batch.run(directory.find(root), NAME, told=kill, progress=False, examine=assignments.examine,
                  cluster=machines.address)  # fmt: skip
    done = entered_so_far(root)
    assert 1 <= done < 6
    assert str(grade(root)[0]) == f"{6 - done} graded, {done} unchanged"
    assert counted(root) == expected(6, 6)


# Parcels --------------------------------------------------------------------------------------------------------------


def test_a_parcel_holds_what_was_put_in(tmp_path: Path) -> None:
    for name, content in {"a.ipynb": b"{}", "sub/d\u00e9j\u00e0.bin": bytes(range(256)), "given.csv": b"1"}.items():
        path = tmp_path / "from" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "from" / "link").symlink_to("/etc/passwd")
    taken = Taken({"a": tmp_path / "from" / "a.ipynb"}, ["A repair."], ["A flag."])
    parcel = carriage.submitted({"student": "ada"}, tmp_path / "from", taken, {"given.csv"})
    assert carriage.parted(parcel)[0]["student"] == "ada"
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "given.csv").write_bytes(b"2")
    again = carriage.taken(parcel, carriage.pack(tmp_path / "given"), tmp_path / "to")
    assert (again.found, again.repairs, again.flags) == ({"a": tmp_path / "to" / "a.ipynb"}, ["A repair."], ["A flag."])
    found = {path.relative_to(tmp_path / "to").as_posix(): path.read_bytes()
             for path in (tmp_path / "to").rglob("*") if path.is_file()}  # fmt: skip
    assert found == {"a.ipynb": b"{}", "sub/d\u00e9j\u00e0.bin": bytes(range(256)), "given.csv": b"2"}


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "C:\\out", "a\nb"])
def test_what_leads_elsewhere_is_not_unpacked(name: str, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(ValueError, match="is no name of a file"):
        carriage.unpack(packed.getvalue(), tmp_path / "to")
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_much_or_damaged_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "zeros").write_bytes(bytes(1_000_000))
    packed = carriage.pack(tmp_path / "from")
    assert len(packed) < 10_000
    monkeypatch.setattr(carriage, "LARGEST", 999_999)
    with pytest.raises(ValueError, match="more than 999999 bytes"):
        carriage.unpack(packed, tmp_path / "to")
    monkeypatch.setattr(carriage, "MOST_FILES", 0)
    with pytest.raises(ValueError, match="more than 0 files"):
        carriage.unpack(packed, tmp_path / "to")
    with pytest.raises(ValueError):
        carriage.unpack(packed[:-30], tmp_path / "to")
    for wrong in (b"", b"\0" * 8, (2).to_bytes(8, "big") + b"[]"):
        with pytest.raises(ValueError):
            carriage.parted(wrong)
