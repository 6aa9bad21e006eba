"""Attacks from inside a job in namespaces; each program prints what it got hold of."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

import course

ROOT = Path(course.__file__).resolve().parents[1]


def test_nothing_of_the_host_can_be_read(sandboxed):
    secret = sandboxed.folder()
    (secret / "weights").write_text("of another job")
    paths = [
        ROOT,
        ROOT / "course",
        ROOT / "course" / "hidden",
        ROOT / "course" / "cloud" / "parent.py",
        ROOT / "tests",
        ROOT / "source",
        "/etc/shadow",
        "/home",
        "/root/.bashrc",
        "/root/.ssh",
        "/var/log",
        "/run",
        "/sys/fs",
        "/proc/kcore",
        secret,
        secret / "weights",
        sandboxed.socket,
        f"/proc/{os.getpid()}",
        f"/proc/{sandboxed.parent_pid}",
        "/proc/1/environ",
        "/proc/1/root",
        "/proc/1/fd",
    ]
    result = sandboxed.run(
        """
        import os
        for path in os.environ["PATHS"].split("\\n"):
            try:
                # An environment made in the checkout shows as its own folder, and nothing beside it.
                found = set(os.listdir(path)) - {".venv"} if os.path.isdir(path) else open(path).read(1)
            except OSError:
                continue
            if found:
                print(path, found)
        """,
        environment={"PATHS": "\n".join(map(str, paths))},
    )
    assert (result.code, result.lines) == (0, [])


def test_the_courses_source_cannot_be_imported(sandboxed):
    result = sandboxed.run(
        """
        import importlib, subprocess, sys
        for name in ("course.hidden", "course.grading", "course.cloud.sagemaker"):
            try:
                importlib.import_module(name)
                print("imported", name)
            except ImportError:
                pass
        print(subprocess.run([sys.executable, "-c", "import course.hidden"], capture_output=True).returncode)
        """
    )
    assert result.lines == ["1"]


def test_writing_only_in_the_jobs_folder_and_tmp(sandboxed):
    places = ["/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/proc/sys/kernel", "/opt", "/sys", "/var", "/root"]
    places += [sys.prefix, sys.base_prefix, str(Path(os.__file__).parent)]
    result = sandboxed.run(
        """
        import os
        for folder in [*os.environ["PLACES"].split(), "/opt/ml", "/tmp", "/var/tmp", "/dev/shm"]:
            try:
                open(f"{folder}/written", "w").close()
                print(folder)
            except OSError:
                pass
        """,
        environment={"PLACES": " ".join(places)},
    )
    assert result.lines == ["/opt/ml", "/tmp", "/var/tmp", "/dev/shm"]


def test_read_only_parts_of_the_folder(sandboxed):
    folder = sandboxed.folder()
    (folder / "input" / "data").mkdir(parents=True)
    (folder / "input" / "data" / "rows.csv").write_text("1,2")
    result = sandboxed.run(
        """
        import os
        print(open("/opt/ml/input/data/rows.csv").read())
        for act in (lambda: open("/opt/ml/input/data/rows.csv", "w"), lambda: os.unlink("/opt/ml/input/data/rows.csv"),
                    lambda: open("/opt/ml/input/data/new", "w"), lambda: os.rename("/opt/ml/input", "/opt/ml/moved")):
            try:
                act()
                print("changed")
            except OSError:
                pass
        """,
        opt_ml=folder,
        read_only=("input",),
    )
    assert result.lines == ["1,2"]


def test_a_link_cannot_lead_a_read_only_part_outside(sandboxed):
    folder = sandboxed.folder()
    (folder / "input").symlink_to(ROOT)

    async def body():
        from course.runtime.errors import LaunchError

        with pytest.raises(LaunchError, match="sandbox could not be made"):
            await sandboxed.start("", opt_ml=folder, read_only=("input",))

    sandboxed.do(body)


def test_no_network_but_the_clouds_port(sandboxed):
    with socket.create_server(("127.0.0.1", 0)) as outside, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0course-test")
        abstract.listen()
        result = sandboxed.run(
            """
            import os, socket
            def attempt(name, act):
                try:
                    act()
                    print(name)
                except OSError as error:
                    print(name, type(error).__name__, error.strerror or error)
            def connect(address, family=socket.AF_INET):
                with socket.socket(family) as sock:
                    sock.settimeout(5)
                    sock.connect(address)
            print(*[name for _, name in socket.if_nameindex()])
            attempt("cloud", lambda: connect(("127.0.0.1", 45678)))
            attempt("host", lambda: connect(("127.0.0.1", int(os.environ["OUTSIDE"]))))
            attempt("internet", lambda: connect(("1.1.1.1", 443)))
            attempt("internet6", lambda: connect(("2606:4700:4700::1111", 443), socket.AF_INET6))
            attempt("metadata", lambda: connect(("169.254.169.254", 80)))
            attempt("name", lambda: socket.getaddrinfo("example.com", 443))
            attempt("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("1.1.1.1", 53)))
            attempt("abstract", lambda: connect(b"\\0course-test", socket.AF_UNIX))
            attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
            attempt("packet", lambda: socket.socket(17, socket.SOCK_RAW))
            attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
            """,
            cloud_port=45_678,
            environment={"OUTSIDE": str(outside.getsockname()[1])},
        )
    assert result.lines[:2] == ["lo", "cloud"]
    assert [line.split(" ", 1)[0] for line in result.lines if " " not in line] == ["lo", "cloud"]
    assert result.lines[2:5] == [
        "host ConnectionRefusedError Connection refused",
        "internet OSError Network is unreachable",
        "internet6 OSError Network is unreachable",
    ]


def test_an_isolated_job_has_no_cloud_either(sandboxed):
    result = sandboxed.run(
        """
        import socket
        try:
            socket.create_connection(("127.0.0.1", 45678), timeout=5)
        except ConnectionRefusedError:
            print("refused")
        """
    )
    assert result.lines == ["refused"]


def test_processes_outside_cannot_be_seen_or_signalled(sandboxed):
    result = sandboxed.run(
        """
        import os, signal
        print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()) == [1, os.getpid()], os.getppid())
        for pid in (int(os.environ["SERVER"]), int(os.environ["PARENT"])):
            try:
                os.kill(pid, 0)
                print("reached", pid)
            except ProcessLookupError:
                pass
        os.kill(1, signal.SIGKILL)
        os.kill(1, signal.SIGSTOP)
        try:
            os.kill(-1, signal.SIGUSR1)
            print("someone")
        except ProcessLookupError:
            print("nobody but us and init")
        """,
        environment={"SERVER": str(os.getpid()), "PARENT": str(sandboxed.parent_pid)},
    )
    assert result.lines == ["True 1", "nobody but us and init"]


def test_init_cannot_be_traced(sandboxed):
    result = sandboxed.run(
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.ptrace(16, 1, None, None), os.strerror(ctypes.get_errno()))  # PTRACE_ATTACH
        for path in ("/proc/1/fd", "/proc/1/mem", "/proc/1/maps", "/proc/1/environ"):
            try:
                os.listdir(path) if path.endswith("fd") else open(path, "rb").read(1)
                print("read", path)
            except PermissionError:
                pass
        print(os.listdir("/proc/self/fd") != [])
        """
    )
    assert result.lines == ["-1 Operation not permitted", "True"]


def test_no_rights_and_no_way_to_get_any(sandboxed):
    result = sandboxed.run(
        """
        import ctypes, os
        status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
        print(*(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")))
        print(status["NoNewPrivs"], status["Seccomp"], os.getuid() != 0, os.getgroups())
        libc = ctypes.CDLL(None, use_errno=True)
        def call(*arguments):
            ctypes.set_errno(0)
            result = libc.syscall(*(ctypes.c_long(value) for value in arguments))
            return os.strerror(ctypes.get_errno()) if result < 0 else "got it"
        machine = os.uname().machine
        number = lambda x86, arm: x86 if machine == "x86_64" else arm
        print("user namespace:", call(number(272, 97), 0x10000000))
        print("clone:", call(number(56, 220), 0x10000000 | 17, 0, 0, 0, 0))
        print("clone3:", call(435, 0, 0))
        print("memfd:", call(number(319, 279), 0, 0))
        print("shm:", call(number(29, 194), 0, 1 << 30, 0o1600))
        print("keyring:", call(number(250, 219), 0, -3, 0))
        print("io_uring:", call(425, 1, 0))
        print("mount:", call(number(165, 40), 0, 0, 0, 0, 0))
        for act in (lambda: os.setuid(0), lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(8, 0)),
                    lambda: os.chroot("/tmp"), lambda: os.nice(-5)):
            try:
                act()
                print("allowed")
            except OSError:
                pass
        """
    )
    assert result.lines[1].startswith("1 2 True")
    assert result.lines == [
        "0 0 0 0 0",
        result.lines[1],
        "user namespace: Operation not permitted",
        "clone: Operation not permitted",
        "clone3: Function not implemented",
        "memfd: Function not implemented",
        "shm: Function not implemented",
        "keyring: Operation not permitted",
        "io_uring: Function not implemented",
        "mount: Operation not permitted",
    ]


def test_mounts_give_no_rights(sandboxed):
    """No device node, no set-uid program, and everything but the job's own places read-only."""
    result = sandboxed.run(
        """
        devices = ["/dev/" + name for name in ("null", "zero", "full", "random", "urandom")]
        for line in open("/proc/self/mounts"):
            _, place, kind, options, *_ = line.split()
            options = set(options.split(","))
            assert "nosuid" in options, line
            assert "nodev" in options or place in devices, line
            if "rw" in options and place not in devices:
                print(place)
        """
    )
    assert result.code == 0, result
    assert set(result.lines) == {"/proc", "/tmp", "/dev/shm", "/opt/ml"}


def test_memory_file_systems_are_limited(sandboxed):
    result = sandboxed.run(
        """
        import os
        for place in ("/tmp", "/dev/shm"):
            try:
                with open(f"{place}/large", "wb") as file:
                    os.posix_fallocate(file.fileno(), 0, 2 << 30)
                print("allowed")
            except OSError as error:
                print(error.strerror)
        print(open("/proc/self/oom_score_adj").read().strip())
        """
    )
    assert result.lines == ["No space left on device"] * 2 + ["1000"]


def test_two_jobs_know_nothing_of_each_other(sandboxed):
    async def body():
        first = await sandboxed.start(
            """
            import os, socket, time
            open("/tmp/first", "w").close()
            open("/dev/shm/first", "w").close()
            listener = socket.create_server(("127.0.0.1", 5000))
            print(os.getuid(), flush=True)
            time.sleep(100)
            """
        )
        lines = first.lines()
        first_id = await anext(lines)
        second = await sandboxed.start(
            """
            import os, socket
            print(os.getuid(), flush=True)
            print(len([name for name in os.listdir("/proc") if name.isdigit()]))
            print(os.listdir("/tmp"), os.listdir("/dev/shm"))
            try:
                socket.create_connection(("127.0.0.1", 5000), timeout=5)
            except ConnectionRefusedError:
                print("refused")
            """
        )
        second_lines = [line async for line in second.lines()]
        await second.wait()
        first.kill()
        await first.wait()
        await lines.aclose()
        first.close()
        second.close()
        return first_id, second_lines

    first_id, (second_id, *lines) = sandboxed.do(body)
    assert lines[-1] == b"refused"
    assert lines[0] == b"2"
    assert b"first" not in lines[1]
    if sandboxed.user == "self" and os.geteuid() == 0:
        assert first_id != second_id


def test_names_inside(sandboxed):
    result = sandboxed.run(
        """
        import getpass, os, pwd, socket
        print(socket.gethostname(), socket.gethostbyname("algo-1"), socket.gethostbyname("localhost"))
        print(pwd.getpwuid(os.getuid()).pw_name, pwd.getpwuid(0).pw_name)
        """
    )
    assert result.lines == ["algo-1 127.0.0.1 127.0.0.1", "job root"]


def test_a_job_may_not_keep_its_listener_from_others(sandboxed):
    """The port is taken inside before the job runs, so it cannot answer in the cloud's place."""
    result = sandboxed.run(
        """
        import socket
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", 45678))
        except OSError as error:
            print(error.strerror)
        """,
        cloud_port=45_678,
    )
    assert result.lines == ["Address already in use"]


def test_the_host_is_as_before(sandboxed):
    """A job's mounts, names and loopback are its own."""
    mounts = Path("/proc/self/mounts").read_text()
    name = socket.gethostname()
    assert sandboxed.run("").code == 0
    assert (Path("/proc/self/mounts").read_text(), socket.gethostname()) == (mounts, name)
    assert asyncio.run(_refused(45_678))


async def _refused(port: int) -> bool:
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    return False
