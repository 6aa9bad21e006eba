"""A student's process in each mode, by attacks that are run for real; each program prints what it got hold of."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

import course
from course.errors import CourseError
from course.grading import sandbox
from course.grading.sandbox import Limits, Output, Sandbox
from course.runtime import landlock, process, seccomp
from course.runtime.errors import LaunchError
from tests.grading.conftest import ENTRY, SECONDS
from tests.runtime.census import marked, wait_gone
from tests.runtime.test_harm import BOMB, DAEMON

ROOT = Path(course.__file__).resolve().parents[1]
CHANNEL = "import os, socket\nchannel = socket.socket(fileno=int(os.environ['COURSE_CHANNEL_FD']))\n"


def wait_for(sandbox: Sandbox, line: bytes) -> None:
    """Read the output until it has a line."""
    seen, end = b"", time.monotonic() + SECONDS
    while line not in seen:
        assert time.monotonic() < end and sandbox.code is None, seen
        sandbox.wait(0.02)
        seen += sandbox.output.read()


# What it is for -------------------------------------------------------------------------------------------------------


def test_it_works_on_a_copy_of_its_folder(any_room):
    folder = any_room.folder(data="1,2")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_text("far down")
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    with any_room.start(
        """
        import os
        print(sorted(os.listdir(".")), open("data").read(), open("deep/er/file").read())
        open("data", "w").write("changed")
        open("made", "w").write("made")
        os.unlink("deep/er/file")
        """,
        folder=folder,
    ) as sandbox:
        assert sandbox.wait(SECONDS) == 0
        assert sandbox.output.read() == b"['data', 'deep'] 1,2 far down\n"
        if any_room.mode == "namespaces":  # elsewhere the folder goes with the process
            with open(os.open("made", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=sandbox.files)) as made:
                assert made.read() == "made"
    assert (folder / "data").read_text() == "1,2"
    assert (folder / "deep" / "er" / "file").exists() and not (folder / "made").exists()


def test_the_examiner_sees_the_files_while_it_runs(any_room):
    with any_room.start(CHANNEL + "open('made', 'w').write('made'); channel.sendall(b'.'); channel.recv(1)") as sandbox:
        assert sandbox.readable(SECONDS) and sandbox.channel.recv(1) == b"."
        with open(os.open("made", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=sandbox.files)) as made:
            assert made.read() == "made"


def test_nothing_is_left_on_disk(any_room):
    before = set(Path(tempfile.gettempdir()).glob("course-student-*"))
    with any_room.start(DAEMON + "while True: pass") as sandbox:
        wait_for(sandbox, b"daemon")
        os.kill(sandbox.pid, signal.SIGKILL)
    assert set(Path(tempfile.gettempdir()).glob("course-student-*")) == before
    assert not wait_gone(any_room.mark)


def test_the_channel_carries_both_ways_and_ends(any_room):
    with any_room.start(CHANNEL + "channel.sendall(channel.recv(100)[::-1]); os._exit(3)") as sandbox:
        assert not sandbox.readable(0.05)
        sandbox.channel.sendall(b"abc")
        assert sandbox.readable(SECONDS) and sandbox.channel.recv(100) == b"cba"
        assert sandbox.readable(SECONDS) and sandbox.channel.recv(100) == b""
        assert sandbox.wait(SECONDS) == 3
        assert 0 < sandbox.cpu_seconds < SECONDS


def test_an_interrupt_is_one_inside(any_room):
    with any_room.start(
        """
        import signal
        def interrupt(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGTERM, interrupt)
        for _ in range(2):
            try:
                print("waiting")
                while True:
                    pass
            except KeyboardInterrupt:
                print("interrupted")
        """
    ) as sandbox:
        for _ in range(2):
            wait_for(sandbox, b"waiting")
            sandbox.interrupt()
        assert sandbox.wait(SECONDS) == 0


def test_the_listener_inside_is_served_from_outside(walled):
    serve_and_ask(walled)


def test_a_trusted_process_reaches_its_service_at_another_port(trusted):
    serve_and_ask(trusted)


def serve_and_ask(room):
    """The process asks 127.0.0.1:4566 and prints what we, outside, answer."""
    with room.start(
        """
        import os, socket
        host, port = os.environ["SERVICE"].split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(b"who?")
            print(client.recv(100).decode())
        """,
        port=4566,
        environment={"SERVICE": "127.0.0.1:4566"},
    ) as sandbox:
        connection, _ = sandbox.listener.accept()
        with connection:
            assert connection.recv(100) == b"who?"
            connection.sendall(b"the cloud")
        assert sandbox.wait(SECONDS) == 0
        assert sandbox.output.read() == b"the cloud\n"


def test_two_of_them_have_the_same_port_to_themselves(walled):
    program = "import socket; socket.create_connection(('127.0.0.1', 4566), timeout=30).sendall(b'%s')"
    with walled.start(program % "a", port=4566) as first, walled.start(program % "b", port=4566) as second:
        for sandbox, said in ((second, b"b"), (first, b"a")):
            connection, _ = sandbox.listener.accept()
            with connection:
                assert connection.recv(10) == said


# What it must not reach -----------------------------------------------------------------------------------------------


def test_nothing_of_the_host_can_be_read(room):
    gradebook = room.folder(**{"gradebook.db": "scores"}) / "gradebook.db"
    other = room.folder(answer="42")
    home = str(Path.home())
    paths = [ROOT / "course", ROOT / "course" / "hidden", ROOT / "course" / "grading" / "sandbox.py", ROOT / "tests"]
    paths += [ROOT / "source", home, f"{home}/.bashrc", "/etc/shadow", "/home", "/root", "/var/log", "/run", "/sys/fs"]
    paths += [gradebook, gradebook.parent, other, other / "answer", room.socket, tempfile.gettempdir() + "/.."]
    paths += [f"/proc/{pid}/{name}" for pid in ("PPID", room.parents.pid("student"), os.getpid(), 1) for name in LOOKS]
    result = room.run(
        """
        import os, sys
        way = {part for path in (sys.prefix, sys.base_prefix) for part in path.split("/")}
        for path in os.environ["PATHS"].split("\\n"):
            path = path.replace("PPID", str(os.getppid()))
            try:
                found = set(os.listdir(path)) - way if os.path.isdir(path) else open(path, "rb").read(1)
            except OSError:
                continue
            if found and not path.endswith("/.."):
                print(path, found)
        """,
        environment={"PATHS": "\n".join(map(str, paths))},
    )
    assert (result.code, result.lines) == (0, [])


LOOKS = ("environ", "mem", "maps", "fd", "root", "cwd")


def test_nothing_of_the_course_can_be_imported(room):
    result = room.run(
        """
        import importlib, subprocess, sys
        for name in ("course.hidden", "course.grading.gradebook", "course.cloud.sagemaker", "course.exercises"):
            try:
                importlib.import_module(name)
                print("imported", name)
            except (ImportError, PermissionError):
                pass
        print(subprocess.run([sys.executable, "-c", "import course.hidden"], capture_output=True).returncode)
        """
    )
    assert result.lines == ["1"]


def test_what_runs_is_told_nothing_of_the_host(room):
    result = room.run(
        "import os; print(open('/proc/self/environ').read().count('must-not-leak'), len(os.environ) < 20)"
    )
    assert result.lines == ["0 True"]


def test_files_outside_stay_as_they_are(room):
    victim = room.folder(file="as it was") / "file"
    before = victim.stat()
    result = room.run(
        """
        import os, shutil
        path = os.environ["VICTIM"]
        folder = os.path.dirname(path)
        for act in (lambda: open(path, "w"), lambda: os.truncate(path, 0), lambda: os.unlink(path),
                    lambda: os.rename(path, path + "2"), lambda: os.chmod(path, 0o777), lambda: os.utime(path, (1, 1)),
                    lambda: os.chmod(folder, 0), lambda: os.mkdir(folder + "/new"), lambda: os.link(path, "mine"),
                    lambda: os.symlink("/", folder + "/link"), lambda: os.setxattr(path, "user.note", b"1")):
            try:
                act()
            except OSError:
                pass
        open("mine", "w").write("x")
        shutil.copy("mine", "copied")
        print(open("copied").read())
        """,
        environment={"VICTIM": str(victim)},
    )
    after = victim.stat()
    assert victim.read_text() == "as it was" and os.listdir(victim.parent) == ["file"]
    assert (after.st_mode, after.st_mtime_ns, after.st_nlink) == (before.st_mode, before.st_mtime_ns, 1)
    assert os.listxattr(victim) == []
    assert result.lines == ["x"]


def test_writing_is_for_the_folder_and_tmp(room):
    places = ["/", "/usr", "/etc", "/dev", "/proc", "/opt", "/sys", "/root", sys.prefix, str(Path(os.__file__).parent)]
    result = room.run(
        """
        import os, tempfile
        for folder in [*os.environ["PLACES"].split(), ".", tempfile.gettempdir()]:
            try:
                open(f"{folder}/written", "w").close()
                print(folder)
            except OSError:
                pass
        open("/dev/null", "w").write("x")
        """,
        environment={"PLACES": " ".join(places)},
    )
    assert result.code == 0
    assert len(result.lines) == 2 and result.lines[0] == "." and result.lines[1] not in places


def test_processes_outside_are_out_of_reach(room):
    """Not signalled, not traced, not limited, not slowed down."""
    result = room.run(
        """
        import ctypes, os, resource, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def failed(result):
            if result < 0:
                raise OSError(ctypes.get_errno(), "")
        byte = ctypes.create_string_buffer(1)
        here = (ctypes.c_size_t * 2)(ctypes.addressof(byte), 1)  # a forked child has the same addresses as its parent
        outside = [int(os.environ["EXAMINER"]), int(os.environ["PARENT"])]
        for pid in [*outside, os.getppid()]:
            attempts = {
                "signal": lambda: os.kill(pid, signal.SIGUSR1),
                "trace": lambda: failed(libc.ptrace(16, pid, None, None)),
                "memory": lambda: open(f"/proc/{pid}/mem", "rb"),
                "read": lambda: failed(libc.process_vm_readv(pid, here, 1, here, 1, 0)),
                "processor": lambda: os.sched_setaffinity(pid, {0}),
                "limit": lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)),
                "priority": lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
                "descriptor": lambda: os.pidfd_open(pid) and failed(libc.syscall(438, os.pidfd_open(pid), 0, 0)),
            }
            for name, act in attempts.items():
                try:
                    act()
                except (OSError, PermissionError):
                    continue
                # Inside, the parent is process 1, its own init: slowing that down, or ending it, ends only itself.
                if not (pid == 1 and name in ("signal", "processor", "priority", "limit")):
                    print(name, pid)
        try:
            os.killpg(os.getpgid(outside[1]), 0)
            print("group")
        except OSError:
            pass
        """,
        environment={"EXAMINER": str(os.getpid()), "PARENT": str(room.parents.pid("student"))},
    )
    assert (result.code, result.lines) == (0, [])


def test_listeners_of_the_host_are_out_of_reach(room):
    folder = room.folder()
    with (
        socket.create_server(("127.0.0.1", 0)) as outside,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log,
    ):
        named.bind(f"{folder}/socket")
        os.chmod(f"{folder}/socket", 0o777)
        log.bind(f"{folder}/log")
        os.chmod(f"{folder}/log", 0o777)
        abstract.bind(f"\0{folder}")
        for listener in (named, abstract):
            listener.listen()
        result = room.run(
            """
            import os, socket
            def attempt(name, act):
                try:
                    act()
                    print(name)
                except OSError:
                    pass
            def connect(address, family=socket.AF_INET):
                with socket.socket(family) as sock:
                    sock.settimeout(5)
                    sock.connect(address)
            folder = os.environ["FOLDER"]
            attempt("loopback", lambda: connect(("127.0.0.1", int(os.environ["OUTSIDE"]))))
            attempt("internet", lambda: connect(("1.1.1.1", 443)))
            attempt("metadata", lambda: connect(("169.254.169.254", 80)))
            attempt("name", lambda: socket.getaddrinfo("example.com", 443))
            attempt("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53)) and 1 / 0
                    if os.environ["MODE"] == "landlock" else None)
            attempt("named", lambda: connect(folder + "/socket", socket.AF_UNIX))
            attempt("parent", lambda: connect(os.environ["PARENT"], socket.AF_UNIX))
            attempt("abstract", lambda: connect(b"\\0" + folder.encode(), socket.AF_UNIX))
            attempt("pair", lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b"x", folder + "/log"))
            attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
            one, two = socket.socketpair()
            one.sendall(b"a pair of one's own")
            print(two.recv(100).decode())
            """,
            environment={
                "OUTSIDE": str(outside.getsockname()[1]),
                "FOLDER": str(folder),
                "PARENT": str(room.socket),
                "MODE": room.mode,
            },
        )
    assert [line for line in result.lines if line != "datagram"] == ["a pair of one's own"]


def test_no_rights_and_no_way_to_get_any(room):
    result = room.run(
        """
        import ctypes, os
        status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
        print(*(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")), status["NoNewPrivs"])
        print(status["Seccomp"], os.getuid() != 0, resource_limits := __import__("resource").getrlimit(0)[0] > 0)
        libc = ctypes.CDLL(None)
        machine = os.uname().machine
        print(libc.syscall(272 if machine == "x86_64" else 97, 0x10000000), libc.syscall(425, 1, 0))
        """
    )
    assert result.lines == ["0 0 0 0 1", "2 True True", "-1 -1"]


def test_landlock_holds_within_namespaces(walled, monkeypatch):
    """A descriptor of the host's, had it leaked, would lead nowhere."""
    if not landlock.version():
        pytest.skip("this kernel has no Landlock")
    program = """
    import os
    try:
        os.mkfifo("/dev/shm/pipe")
        os.close(os.open("/proc/self/oom_score_adj", os.O_WRONLY))
        print("not held")
    except PermissionError:
        print("held")
    """
    assert walled.run(program).lines == ["held"]
    monkeypatch.setattr(landlock, "version", lambda: 0)  # as in a kernel without: the rest stands
    assert walled.run(program).lines == ["not held"]


# What it must not take ------------------------------------------------------------------------------------------------


def test_a_fork_bomb_is_held_and_ends_whole(room):
    with room.start(BOMB, limits=Limits(processes=30)) as sandbox:
        wait_for(sandbox, b"Resource temporarily unavailable")
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert not marked(room.mark)


def test_ten_gigabytes_are_refused(any_room):
    result = any_room.run("bytearray(10 << 30)")
    assert (result.code, result.lines[-1]) == (1, "MemoryError")


def test_memory_is_limited_over_all_its_processes(room):
    """Each stays below the limit for one, and together they do not."""
    result = room.run(
        """
        import ctypes, os, time
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # not to be looked at
        for _ in range(8):
            if os.fork() == 0:
                held = bytearray(os.urandom(1 << 20)) * 80
                time.sleep(100)
        time.sleep(100)
        """,
        limits=Limits(memory_bytes=2 << 30, total_memory_bytes=300 << 20),
    )
    assert (result.code, result.over) == (-9, "memory"), result
    assert not marked(room.mark)


def test_memory_that_processes_share_is_counted_once(room):
    result = room.run(
        """
        import os, time
        held = bytearray(os.urandom(1 << 20)) * 100
        children = []
        for _ in range(6):
            children.append(os.fork())
            if children[-1] == 0:
                time.sleep(1.5)
                os._exit(0)
        for child in children:
            os.waitpid(child, 0)
        """,
        limits=Limits(total_memory_bytes=300 << 20),
    )
    assert (result.code, result.over) == (0, None)


def test_a_hundred_megabytes_of_output_are_not_stored(any_room):
    with any_room.start("import os\nfor _ in range(1600): os.write(1, b'x' * 65536)", limits=FLOOD) as sandbox:
        assert sandbox.wait(SECONDS) == 0
        assert len(sandbox.output.read()) == FLOOD.output_bytes
        assert sandbox.output.dropped == 1600 * 65536 - FLOOD.output_bytes


FLOOD = Limits(output_bytes=100_000)


def test_a_flood_does_not_hold_up_the_channel(any_room):
    with any_room.start(CHANNEL + "os.write(2, b'x' * 5_000_000); channel.sendall(b'done')") as sandbox:
        assert sandbox.readable(SECONDS) and sandbox.channel.recv(10) == b"done"


def test_filling_the_disk_ends_in_its_own_folder(room):
    limits = Limits(folder_bytes=8 << 20, tmp_bytes=4 << 20, folder_files=200)
    result = room.run(
        """
        import os, tempfile, time
        def fill(folder):
            written = 0
            try:
                with open(f"{folder}/large", "wb") as file:
                    while written < 64 << 20:
                        written += os.write(file.fileno(), b"x" * (1 << 20))
                print("all")
                time.sleep(100)
            except OSError as error:
                print(error.strerror, written >> 20)
        fill(".")
        fill(tempfile.gettempdir())
        """,
        limits=limits,
    )
    if room.mode == "namespaces":
        assert result.lines[0].startswith("No space left on device") and int(result.lines[0].split()[-1]) <= 8
        assert result.lines[1].startswith("No space left on device") and int(result.lines[1].split()[-1]) <= 4
    else:
        assert (result.code, result.over) == (-9, "files")


def test_many_small_files_end_in_its_own_folder(room):
    result = room.run(
        """
        import time
        try:
            for number in range(5000):
                open(f"file{number}", "w").close()
            print("all", flush=True)
            time.sleep(100)
        except OSError as error:
            print(error.strerror, number < 200)
        """,
        limits=Limits(folder_files=200),
    )
    if room.mode == "namespaces":
        assert result.lines == ["No space left on device True"]
    else:
        assert (result.code, result.over) == (-9, "files")


def test_files_descriptors_and_processor_time_are_limited(any_room):
    result = any_room.run(
        """
        try:
            open("large", "wb").write(b"x" * (2 << 20))
        except OSError as error:
            print(error.strerror)
        try:
            files = [open("large") for _ in range(200)]
        except OSError as error:
            print(error.strerror)
        print("on", flush=True)
        while True:
            pass
        """,
        limits=Limits(file_bytes=1 << 20, open_files=100, cpu_seconds=1),
    )
    assert result.lines == ["File too large", "Too many open files", "on"]
    assert result.code == -signal.SIGXCPU


def test_a_daemon_does_not_outlive_it(any_room):
    result = any_room.run(DAEMON)
    assert (result.code, result.lines) == (0, ["daemon"])
    assert not marked(any_room.mark)


def test_it_cannot_outlive_its_owner(any_room):
    with any_room.start(DAEMON + "while True: pass") as sandbox:
        wait_for(sandbox, b"daemon")
        assert marked(any_room.mark)
    assert not marked(any_room.mark)


def test_ignoring_every_signal_helps_nothing(any_room):
    with any_room.start(
        """
        import signal
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except OSError:
                pass
        print("deaf", flush=True)
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
        """
    ) as sandbox:
        wait_for(sandbox, b"deaf")
        sandbox.interrupt()
        assert sandbox.wait(0.3) is None
        started = time.monotonic()
        sandbox.kill()
        assert sandbox.wait(SECONDS) == -9
        assert time.monotonic() - started < 5
    assert not marked(any_room.mark)


def test_stopping_itself_helps_nothing(any_room):
    with any_room.start("import os, signal; print('now', flush=True); os.kill(os.getpid(), signal.SIGSTOP)") as sandbox:
        wait_for(sandbox, b"now")
        sandbox.kill()
        assert sandbox.wait(SECONDS) == -9


# Starting it ----------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_too_large_is_refused(any_room):
    folder = any_room.folder(large="x" * (2 << 20))
    with pytest.raises(LaunchError, match="larger than 1 MiB"):
        any_room.start("", folder=folder, limits=Limits(folder_bytes=1 << 20))
    for number in range(30):
        (folder / f"file{number}").touch()
    with pytest.raises(LaunchError, match="more than 20 files"):
        any_room.start("", folder=folder, limits=Limits(folder_files=20))


def test_a_parent_that_is_gone_is_said(tmp_path):
    with pytest.raises(LaunchError, match="does not answer"):
        Sandbox(tmp_path / "none.sock", tmp_path, entry=ENTRY, mode="trusted")


def test_without_namespaces_there_is_no_service(fenced):
    with pytest.raises(CourseError, match="service beside each submission"):
        fenced.start("", port=4566)


def test_the_order_of_modes(monkeypatch):
    monkeypatch.delenv(sandbox.FORCED, raising=False)
    monkeypatch.setattr(process, "namespaces_refused", lambda: "")
    assert sandbox.detect() == sandbox.detect(trust=True) == "namespaces"
    monkeypatch.setattr(process, "namespaces_refused", lambda: "the system refuses them")
    monkeypatch.setattr(sandbox, "_landlock_refused", lambda: "")
    assert sandbox.detect() == sandbox.detect(trust=True) == "landlock"
    monkeypatch.setattr(sandbox, "_landlock_refused", lambda: "nor this")
    assert sandbox.detect(trust=True) == "trusted"
    with pytest.raises(CourseError, match=r"the system refuses them; nor this.*--trust"):
        sandbox.detect()


def test_modes_can_be_taken_away_for_tests(monkeypatch):
    monkeypatch.setattr(sandbox, "_landlock_refused", lambda: "")
    monkeypatch.setenv(sandbox.FORCED, "landlock")
    assert sandbox.detect() == "landlock"
    monkeypatch.setenv(sandbox.FORCED, "refused")
    with pytest.raises(CourseError, match="COURSE_SANDBOX_MODE=refused"):
        sandbox.detect()


@pytest.mark.parametrize(
    ("abi", "user", "known", "reason"),
    [(7, 1000, True, ""), (2, 1000, True, "must be 3"), (7, 0, True, "real root"), (7, 1000, False, "processor")],
)
def test_when_landlock_is_enough(monkeypatch, abi, user, known, reason):
    monkeypatch.setattr(landlock, "version", lambda: abi)
    monkeypatch.setattr(seccomp, "known", lambda: known)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    said = sandbox._landlock_refused.__wrapped__()
    assert reason in said and bool(reason) == bool(said)


def test_the_layers_are_told_as_they_are(monkeypatch):
    monkeypatch.setattr(landlock, "version", lambda: 7)
    monkeypatch.setattr(seccomp, "known", lambda: True)
    assert sandbox.layers("namespaces") == ("namespaces", "Landlock (ABI 7)", "seccomp", "rlimits")
    assert sandbox.layers("landlock") == ("Landlock (ABI 7)", "seccomp", "rlimits")
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert sandbox.layers("namespaces")[1].startswith("no Landlock")
    assert sandbox.layers("trusted") == ("rlimits",)


def test_the_output_keeps_what_comes_first():
    read, write = os.pipe()
    output = Output(read, 10)
    writer = threading.Thread(target=lambda: (os.write(write, b"abc" * 10), os.close(write)))
    writer.start()
    writer.join()
    assert output.read() == b"abcabcabca" and output.dropped == 20
    assert output.read() == b"" and output.ended
    output.close()
    output.close()


def test_the_real_parent_has_the_libraries_and_no_thread(tmp_path):
    """It refuses to serve with a thread; what it imports is there when a child starts."""
    parents = sandbox.start_parent(tmp_path / "p", ("tests.runtime.programs", "colorsys"))
    try:
        parents.wait_ready("student", 300)
        program = """
        import sys, threading
        names = ("numpy", "pandas", "matplotlib.pyplot", "sklearn.ensemble", "scipy.stats", "colorsys",
                 "IPython.core.interactiveshell")
        print(all(name in sys.modules for name in names), sys.modules["matplotlib"].get_backend(),
              threading.active_count(), sorted(name for name in sys.modules if name.startswith(("boto", "nbgrader"))))
        """
        import textwrap

        with Sandbox(
            parents.sockets["student"],
            tmp_path,
            entry=ENTRY,
            environment={"PROGRAM": textwrap.dedent(program)},
            mode=sandbox.detect(trust=True),
        ) as student:
            assert student.wait(SECONDS) == 0, student.output.read()
            assert student.output.read() == b"True Agg 1 []\n"
    finally:
        parents.close()


def test_killing_the_examiner_takes_everything(any_room, tmp_path):
    """The parent is another's; what the examiner started ends with it."""
    code = """
import os, sys
from pathlib import Path
from course.grading.sandbox import Sandbox
socket, folder, mode, program, mark = sys.argv[1:]
sandbox = Sandbox(Path(socket), Path(folder), entry="tests.runtime.programs:text", mode=mode,
                  environment={"PROGRAM": program, "MARK": mark})
print(sandbox.wait(30), flush=True)
"""
    program = DAEMON + CHANNEL + "channel.sendall(b'.')\nwhile True: pass"
    arguments = [str(any_room.socket), str(any_room.folder()), any_room.mode, program]
    command = [sys.executable, "-c", code, *arguments, any_room.mark]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as examiner:
        end = time.monotonic() + SECONDS
        while len(marked(any_room.mark)) < 2 and time.monotonic() < end:  # the examiner and the daemon
            time.sleep(0.05)
        assert len(marked(any_room.mark)) == 2
        examiner.kill()
    assert not wait_gone(any_room.mark)
