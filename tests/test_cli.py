"""The command line: it starts fast, reads well, exits as it says, and shows no traceback for a person's mistake."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course import cli
from course.authoring.fault import Fault
from course.authoring.verify import Report
from course.errors import CourseError
from course.grading import submit
from course.runtime import linux

VERBS = (
    "lab", "cloud", "env", "submit", "grade", "progress", "export", "excuse", "report", "refresh", "release", "lint",
    "verify",
)  # fmt: skip
COMMAND = [sys.executable, "-P", "-m", "course"]
START_SECONDS = 60


def course(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )


def one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text and text.rstrip()[-1] in ".…"


def test_help_names_every_verb() -> None:
    told = course("--help", COLUMNS="100")
    assert told.returncode == 0
    assert re.findall(r"^    (\w+) ", told.stdout, re.MULTILINE) == list(VERBS)
    for verb in VERBS:
        assert course(verb, "--help").returncode == 0


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from course import cli; cli.parser().format_help(); print(len(sys.modules), *sys.modules)"
    count, *modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"asyncio", "boto3", "numpy", "nbformat", "traitlets", "course.cloud"} & set(modules)
    assert int(count) < 150


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["lab", "--port", "99999"],
        ["verify", "--seeds", "0"],
        ["submit"],
        ["grade"],
        ["grade", "--assignment", "ps1", "--workers", "0"],
        ["release", "--check", "--bundle", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: course")


def test_away_from_a_course_the_packages_own_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.root() == Path(cli.__file__).resolve().parents[1]


def test_the_nearest_course_around_the_current_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "syllabus.toml").touch()
    (tmp_path / "release" / "d0_orientation").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "release" / "d0_orientation")
    assert cli.root() == tmp_path


def test_a_fault_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [
        Fault("source/x.ipynb", "o-8-check", "points", "says 3"),
        Fault("source/x.ipynb", "-", "name", "is wrong"),
    ]
    monkeypatch.setattr("course.authoring.lint.run", lambda root: faults)
    assert cli.main(["lint"]) == 1
    assert capsys.readouterr().out.splitlines() == [str(fault) for fault in faults]


def test_verify_passes_its_options_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []
    monkeypatch.setattr("course.authoring.verify.run", lambda root, ids, seeds: asked.append((ids, seeds)) or Report())
    assert cli.main(["verify", "O-8", "--seeds", "5", "--json", str(tmp_path / "report.json")]) == 0
    assert cli.main(["verify"]) == 0
    assert asked == [(["O-8"], 5), (None, 1)]
    assert '"ok": true' in (tmp_path / "report.json").read_text()


def test_submit_tells_scores_hints_and_the_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = submit.ExerciseResult("O-8", "One crossing", 2.5, 6.0, {"still-there": "The endpoint is still there."})
    report = submit.Report("d0_orientation", "self-study", (result,), cli.root() / "feedback" / "page.html")
    monkeypatch.setattr(submit, "submit", lambda root, assignment: report)
    assert cli.main(["submit", "d0_orientation"]) == 0
    told = capsys.readouterr().out
    assert "O-8    2.5 of 6   One crossing" in told
    assert "The endpoint is still there." in told
    assert "Total  2.5 of 6" in told
    assert f"Feedback: {Path('feedback') / 'page.html'}" in told


@pytest.mark.parametrize(
    ("verb", "room"), [("submit", "grading.submit"), ("refresh", "authoring"), ("lint", "authoring")]
)
def test_a_cohorts_edition_says_who_has_the_verb(
    verb: str, room: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, f"course.{room}", None)
    assert cli.main([verb, "d0_orientation"] if verb == "submit" else [verb]) == 1
    told = capsys.readouterr().err
    assert one_sentence(told) and "instructor" in told


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CourseError("Do this."), "Do this."),
        (KeyError("x"), "`course lint` met an error that it did not expect (KeyError: 'x')."),
    ],
)
def test_an_error_is_one_sentence(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(root: Path) -> None:
        raise error

    monkeypatch.setattr("course.authoring.lint.run", fail)
    assert cli.main(["lint"]) == 1
    assert capsys.readouterr().err.startswith(said)
    monkeypatch.setenv("COURSE_DEBUG", "1")
    with pytest.raises(type(error)):
        cli.main(["lint"])


def test_an_unknown_assignment_and_exercise_are_one_sentence() -> None:
    for arguments in (["submit", "d9_nowhere"], ["verify", "O-9"]):
        told = course(*arguments)
        assert told.returncode == 1
        assert one_sentence(told.stderr), told.stderr


# One cloud alone ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """A running `course cloud`: the process, its port, and the line about job modes."""
    command = [*COMMAND, "cloud", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, env=environment, text=True) as process:
        try:
            ready, mode = process.stdout.readline(), process.stdout.readline()
            yield process, int(re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)\n", ready)[1]), mode
        finally:
            if process.poll() is None:
                process.terminate()


def test_cloud_answers_and_tells_its_job_mode(cloud: tuple[subprocess.Popen[str], int, str]) -> None:
    _, port, mode = cloud
    assert re.match(r"job mode (namespaces|guard): ", mode)
    script = 'eval "$("$@")" && env | grep ^AWS_'
    told = subprocess.check_output(["sh", "-c", script, "sh", *COMMAND, "env", "--port", str(port)], text=True)
    environment = dict(line.split("=", 1) for line in told.splitlines())
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    arn = subprocess.check_output([sys.executable, "-c", code], env={**os.environ, **environment}, text=True)
    assert arn == "arn:aws:iam::123456789012:user/learner\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_cloud_ends_clean_on_a_signal(cloud: tuple, number: int, tmp_path: Path) -> None:
    process, port, _ = cloud
    process.send_signal(number)
    assert process.wait(START_SECONDS) == 0
    assert list(tmp_path.iterdir()) == []
    told = course("env", "--port", str(port))
    assert (told.returncode, told.stdout) == (1, "")
    assert one_sentence(told.stderr)


@pytest.mark.skipif(not linux.HERE, reason="finds processes in /proc")
def test_cloud_leaves_no_process_when_killed(cloud: tuple) -> None:
    process, *_ = cloud
    found = linux.children(process.pid)
    for pid in found:
        found += linux.children(pid)
    ends = [os.pidfd_open(pid) for pid in found]
    assert len(ends) >= 3  # two parents and the world
    process.kill()
    for end in ends:
        assert select.select([end], [], [], START_SECONDS)[0]
        os.close(end)


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for verb in ("cloud", "lab"):
            told = course(verb, "--port", port)
            assert told.returncode == 1
            assert told.stderr == f"Port {port} is in use: end what runs there, or choose another with --port.\n"


def test_env_refuses_another_programs_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = subprocess.Popen([*COMMAND, "env", "--port", str(port)], stderr=subprocess.PIPE, text=True)
        connection, _ = other.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        assert (
            process.communicate()[1]
            == f"No cloud answers on port {port}: start one with `course cloud --port {port}`.\n"
        )
        assert process.returncode == 1
