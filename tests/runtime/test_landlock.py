"""What Landlock withholds from a process that has asked for it, by real system calls."""

import os
import subprocess
import sys
import textwrap

import pytest

from course.runtime import landlock

BEGIN = """
import os, socket, sys
from course.runtime import landlock, linux
base = sys.argv[1]
def attempt(name, act):
    try:
        act()
        print(name)
    except OSError as error:
        print(name, error.strerror)
linux.no_new_privileges()
landlock.restrict(read=[f"{base}/read", "/usr", "/lib", "/bin", "/missing"], write=[f"{base}/write"],
                  devices=["/dev/null"], hidden={os.path.realpath(f"{base}/read/course")})
"""


@pytest.fixture
def place(tmp_path):
    """A folder to read, one to write, one that is neither."""
    if not landlock.version():
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Landlock")
        pytest.skip("this kernel has no Landlock")
    for name in ("read/course/hidden", "read/library", "write", "other"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "read/file",
        "read/course/key",
        "read/course/hidden/key",
        "read/library/code",
        "write/file",
        "other/file",
    ):
        (tmp_path / name).write_text("text")
    (tmp_path / "read" / "link").symlink_to(tmp_path / "other" / "file")
    return tmp_path


def run(place, program, *arguments):
    """The lines that a restricted process prints."""
    code = BEGIN + textwrap.dedent(program)
    command = [sys.executable, "-c", code, str(place), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert not answer.stderr, answer.stderr
    return answer.stdout.splitlines()


def test_reading_is_for_what_was_named(place):
    lines = run(
        place,
        """
        for path in ("read/file", "read/library/code", "write/file", "other/file", "read/link", "read/course/key",
                     "read/course/hidden/key"):
            attempt(path, lambda: open(f"{base}/{path}").read())
        attempt("list read", lambda: os.listdir(f"{base}/read"))
        attempt("list other", lambda: os.listdir(f"{base}/other"))
        attempt("list /", lambda: os.listdir("/"))
        attempt("environ", lambda: open(f"/proc/{os.getppid()}/environ").read())
        """,
    )
    assert lines == [
        "read/file",
        "read/library/code",
        "write/file",
        "other/file Permission denied",
        "read/link Permission denied",
        "read/course/key Permission denied",
        "read/course/hidden/key Permission denied",
        "list read",
        "list other Permission denied",
        "list / Permission denied",
        "environ Permission denied",
    ]


def test_writing_is_for_what_was_named(place):
    lines = run(
        place,
        """
        for folder in ("read", "other", "write"):
            print(folder)
            at = f"{base}/{folder}"
            attempt("write", lambda: open(f"{at}/file", "a").write("more"))
            attempt("make", lambda: open(f"{at}/new", "w"))
            attempt("folder", lambda: os.mkdir(f"{at}/folder"))
            attempt("link", lambda: os.symlink("x", f"{at}/soft"))
            attempt("pipe", lambda: os.mkfifo(f"{at}/pipe"))
            attempt("rename", lambda: os.rename(f"{at}/file", f"{at}/renamed"))
            attempt("truncate", lambda: os.truncate(f"{at}/renamed", 0))
            attempt("remove", lambda: os.unlink(f"{at}/renamed"))
        attempt("steal", lambda: os.rename(f"{base}/other/file", f"{base}/write/stolen"))
        attempt("borrow", lambda: os.link(f"{base}/other/file", f"{base}/write/stolen"))
        attempt("device", lambda: open("/dev/null", "w").write("x"))
        attempt("other device", lambda: open("/dev/zero", "w"))
        """,
    )
    acts = ["write", "make", "folder", "link", "pipe", "rename", "truncate", "remove"]
    assert lines[18:27] == ["write", *acts]
    denied = [f"{act} Permission denied" for act in acts[:6]]
    assert lines[1:7] == lines[10:16] == denied
    for line in (lines[7:9], lines[16:18]):  # there is no renamed file to cut or remove
        assert all("No such file" in each or "Permission denied" in each for each in line)
    assert [line.split(" ", 1)[0] for line in lines[27:]] == ["steal", "borrow", "device", "other"]
    assert lines[29] == "device" and all(" " in lines[index] for index in (27, 28, 30))
    assert (place / "other" / "file").read_text() == "text"


@pytest.mark.skipif(landlock.version() < 3, reason="this kernel's Landlock does not know truncation")
def test_a_file_outside_cannot_be_cut_short(place):
    lines = run(
        place,
        """
        attempt("cut", lambda: os.truncate(f"{base}/other/file", 0))
        attempt("cut read", lambda: os.close(os.open(f"{base}/read/file", os.O_RDONLY | os.O_TRUNC)))
        """,
    )
    assert lines == ["cut Permission denied", "cut read Permission denied"]
    assert (place / "read" / "file").read_text() == "text"


def test_what_it_starts_is_held_too(place):
    lines = run(
        place,
        """
        import subprocess
        sys.stdout.flush()
        subprocess.run(["/bin/cat", f"{base}/read/file"])
        print()
        print(subprocess.run(["/bin/cat", f"{base}/other/file"], stderr=subprocess.DEVNULL).returncode)
        """,
    )
    assert lines == ["text", "1"]


def test_a_program_outside_cannot_be_run(place):
    program = place / "other" / "program"
    program.write_text("#!/bin/sh\necho ran\n")
    program.chmod(0o755)
    lines = run(place, """attempt("run", lambda: os.execv(f"{base}/other/program", ["program"]))""")
    assert lines == ["run Permission denied"]


def test_its_own_loopback_is_left_alone(place):
    lines = run(
        place,
        """
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        print(listener.accept()[1] == client.getsockname())
        """,
    )
    assert lines == ["True"]


@pytest.mark.skipif(landlock.version() < landlock.SCOPES_SINCE, reason="this kernel's Landlock has no scopes")
def test_signals_and_abstract_sockets_stay_inside(place):
    import socket

    with subprocess.Popen(["sleep", "60"]) as other, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{place}")
        listener.listen()
        lines = run(
            place,
            """
            import signal, subprocess
            attempt("other", lambda: os.kill(int(sys.argv[2]), 9))
            attempt("parent", lambda: os.kill(os.getppid(), 0))
            child = subprocess.Popen(["/bin/sleep", "60"])
            child.kill()
            print(child.wait())
            attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect(f"\\0{base}"))
            """,
            str(other.pid),
        )
        assert other.poll() is None
        other.kill()
    assert lines == [
        "other Operation not permitted",
        "parent Operation not permitted",
        "-9",
        "abstract Operation not permitted",
    ]


def test_a_second_time_only_takes_more_away(place):
    lines = run(
        place,
        """
        landlock.restrict(read=["/"], write=["/"], devices=[])
        attempt("other", lambda: open(f"{base}/other/file"))
        attempt("read", lambda: open(f"{base}/read/file").close())
        """,
    )
    assert lines == ["other Permission denied", "read"]


@pytest.mark.parametrize(("version", "size"), [(1, 8), (3, 8), (4, 16), (5, 16), (6, 24), (9, 24)])
def test_no_kernel_is_asked_for_what_it_does_not_know(monkeypatch, version, size):
    monkeypatch.setattr(landlock, "version", lambda: version)
    assert landlock._ruleset(landlock._known(), landlock._scopes())[1] == size
    assert bool(landlock._known() & landlock.TRUNCATE) == (version >= 3)
    assert bool(landlock._known() & landlock.REFER) == (version >= 2)
    assert bool(landlock._scopes()) == (version >= 6)
