"""What the server may rely on, in every mode: output, exit codes, signals, channel, listener, limits."""

import asyncio
import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import uvloop

from course.runtime import process
from course.runtime.errors import LaunchError
from course.runtime.process import Spec
from tests.runtime.census import marked

FOREVER = "import time\nprint('on', flush=True)\nwhile True: time.sleep(100)"


async def first_line(job: process.Process) -> bytes:
    """Wait for the job's first line (and read no further)."""
    lines = job.lines()
    try:
        return await anext(lines)
    finally:
        await lines.aclose()


def test_output_comes_line_by_line_in_order_with_errors_between(yard):
    result = yard.run(
        """
        import os, sys
        print("out")
        print("error", file=sys.stderr)
        os.write(1, b"raw\\n\\nlast")
        """
    )
    assert (result.code, result.lines) == (0, ["out", "error", "raw", "", "last"])


def test_a_long_line_comes_in_pieces(yard):
    result = yard.run("print('x' * 100_000 + 'end'); print('next')")
    assert max(map(len, result.lines)) <= process.LONGEST_LINE
    assert "".join(result.lines[:-1]) == "x" * 100_000 + "end"
    assert result.lines[-1] == "next"


@pytest.mark.parametrize(
    ("program", "code", "last"),
    [
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("import os; os._exit(7)", 7, ""),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -11, ""),
        ("import os; os.abort()", -6, ""),
        ("import atexit; atexit.register(print, 'bye')", 0, "bye"),
        ("import threading, time; threading.Timer(0.1, print, ['late']).start()", 0, "late"),
    ],
)
def test_exit_codes(yard, program, code, last):
    result = yard.run(program)
    assert (result.code, result.lines[-1] if result.lines else "") == (code, last)


def test_terminate_reaches_the_users_process(yard):
    async def body():
        job = await yard.start(
            """
            import os, signal, sys, time
            def stop(*_):
                print("saved")
                sys.exit(5)
            signal.signal(signal.SIGTERM, stop)
            os.write(1, b"on\\n")  # print may still be at work when the signal comes, and cannot be called twice
            while True: time.sleep(100)
            """
        )
        lines = job.lines()
        heard = [await anext(lines)]
        job.terminate()
        heard += [line async for line in lines]
        code = await job.wait()
        job.close()
        return heard, code

    assert yard.do(body) == ([b"on", b"saved"], 5)


def test_terminate_ends_a_program_that_does_not_listen(yard):
    async def body():
        job = await yard.start(FOREVER)
        await first_line(job)
        job.terminate()
        code = await job.wait()
        job.terminate()  # too late, and no error
        job.close()
        return code

    assert yard.do(body) == -15


def test_kill_ends_a_loop_that_ignores_everything(yard):
    async def body():
        job = await yard.start(
            """
            import signal
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            print("on", flush=True)
            while True: pass
            """
        )
        await first_line(job)
        job.terminate()
        job.kill()
        code = await job.wait()
        job.close()
        return code

    assert yard.do(body) == -9
    assert not marked(yard.mark)


def test_only_the_environment_that_was_given(yard):
    result = yard.run(
        """
        import os
        print(*sorted(os.environ))
        print(b"must-not-leak" in open("/proc/self/environ", "rb").read(), "HOST_SECRET" in os.environ)
        print(os.environ["GIVEN"], os.environ["LANG"], os.environ["OMP_NUM_THREADS"])
        """,
        environment={"GIVEN": "yes"},
    )
    known = {"COURSE_CHANNEL_FD", "GIVEN", "HOME", "LANG", "MARK", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH"}
    known |= {"PROGRAM", "PYTHONUNBUFFERED", "TZ"} | (
        {"SAGEMAKER_BASE_DIR", "TMPDIR"} if yard.mode == "guard" else set()
    )
    libraries = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}  # where this Python needs them
    assert set(result.lines[0].split()) - libraries == known
    assert result.lines[1:] == ["False False", "yes C.UTF-8 1"]


def test_the_machine_looks_sane(yard):
    result = yard.run(
        """
        import getpass, locale, os, pathlib, sys, tempfile, time
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x")
        home = pathlib.Path.home() / "note"
        home.write_text("x")
        print(os.cpu_count() >= 1, time.tzname[0], locale.getpreferredencoding())
        print(os.getcwd(), sys.stdin.read() == "", len(os.listdir("/proc/self/fd")) <= 6, __name__)
        """
    )
    where = "/opt/ml" if yard.mode == "namespaces" else str(result.opt_ml)
    assert result.lines == ["True UTC UTF-8", f"{where} True True __main__"]


def test_what_a_job_writes_belongs_to_the_server(yard):
    result = yard.run(
        """
        import os
        base = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
        os.makedirs(base + "/model")
        open(base + "/model/weights", "w").write("1")
        """
    )
    assert (result.opt_ml / "model" / "weights").read_text() == "1"
    shutil.rmtree(result.opt_ml)
    assert not result.opt_ml.exists()


def test_channel_and_pid(yard):
    async def body():
        job = await yard.start(
            """
            import os, socket
            channel = socket.socket(fileno=int(os.environ["COURSE_CHANNEL_FD"]))
            while data := channel.recv(100):
                channel.sendall(data.upper())
            """
        )
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(job.channel, b"frame")
        answer = await loop.sock_recv(job.channel, 100)
        alive = os.path.exists(f"/proc/{job.pid}")
        job.channel.shutdown(socket.SHUT_WR)
        lines = [line async for line in job.lines()]
        code = await job.wait()
        job.close()
        return answer, alive, lines, code

    assert yard.do(body) == (b"FRAME", True, [], 0)


def test_the_listener_inside_is_the_servers(yard):
    async def body():
        job = await yard.start(
            """
            import os, urllib.request
            print(urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], timeout=5).read().decode())
            """,
            cloud_port=45_678,
            environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:45678"},
        )

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(answer, sock=job.listener)
        lines = [line async for line in job.lines()]
        code = await job.wait()
        server.close()
        await server.wait_closed()
        job.close()
        return lines, code

    assert yard.do(body) == ([b"hello"], 0)


def test_no_listener_without_a_port(yard):
    async def body():
        job = await yard.start("")
        code = await job.wait()
        listener = job.listener
        job.close()
        return code, listener

    assert yard.do(body) == (0, None)


def test_python_runs_as_a_child_with_the_same_packages(yard):
    result = yard.run(
        """
        import subprocess, sys
        code = "import numpy, sys; print(numpy.__version__, sys.prefix)"
        subprocess.run([sys.executable, "-c", code], check=True)
        """
    )
    import numpy

    assert result.lines == [f"{numpy.__version__} {sys.prefix}"]


def test_scikit_learn_and_its_workers_run_under_the_default_limits(yard):
    result = yard.run(
        """
        import multiprocessing
        import joblib, numpy as np, pandas as pd
        from sklearn.ensemble import RandomForestClassifier
        rng = np.random.default_rng(1)
        x = pd.DataFrame(rng.normal(size=(2000, 10)))
        model = RandomForestClassifier(20, n_jobs=2, random_state=1).fit(x, x[0] > 0)
        print(model.score(x, x[0] > 0) > 0.9)
        print(sum(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-number) for number in range(10))))
        with multiprocessing.Pool(2) as pool:
            print(sum(pool.map(abs, range(-10, 0))))
        """
    )
    assert (result.code, result.lines) == (0, ["True", "45", "55"])


def test_each_job_has_its_own_randomness(yard):
    program = "import random, numpy; print(random.random(), numpy.random.random())"
    assert len({str(yard.run(program)) for _ in range(3)}) == 3


def test_many_jobs_at_once(yard):
    async def one(number: int) -> tuple[list[bytes], int]:
        job = await yard.start(f"print({number})")
        lines = [line async for line in job.lines()]
        code = await job.wait()
        job.close()
        return lines, code

    async def body():
        return await asyncio.gather(*(one(number) for number in range(8)))

    assert yard.do(body) == [([str(number).encode()], 0) for number in range(8)]


def test_a_large_environment_arrives_whole(yard):
    result = yard.run("import os; print(len(os.environ['LARGE']))", environment={"LARGE": "x" * 1_000_000})
    assert result.lines == ["1000000"]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"entry": "course.runtime.none:main"}, "No module named"), ({"opt_ml": Path("/none/here")}, "/none/here")],
)
def test_a_job_that_cannot_start_says_why(yard, change, said):
    async def body():
        spec = {"entry": "os:getpid", "opt_ml": yard.folder(), "environment": {}} | change
        with pytest.raises(LaunchError, match=said):
            await process.launch(yard.socket, Spec(**spec))

    yard.do(body)


def test_a_parent_that_is_not_there(tmp_path):
    spec = Spec("os:getpid", tmp_path, {})
    with pytest.raises(LaunchError, match=r"job parent does not answer at .*none\.sock"):
        asyncio.run(process.launch(tmp_path / "none.sock", spec))


def test_a_cancelled_launch_leaves_nothing(yard):
    async def body():
        task = asyncio.ensure_future(yard.start(FOREVER))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await yard.start("")  # the parent is well

    async def whole():
        job = await body()
        code = await job.wait()
        job.close()
        return code

    assert yard.do(whole) == 0


def test_guard_where_namespaces_are_refused():
    """As in many containers, and where AppArmor forbids them; our own filter stands for both."""
    code = """
from course.runtime import linux, process, seccomp
linux.no_new_privileges()
seccomp.install()
print(process.mode())
print(process.refusal())
"""
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_JOB_MODE"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert answer.stdout.splitlines() == ["guard", "[Errno 1] unshare: Operation not permitted"], answer.stderr


def test_guard_is_forced_by_the_environment(monkeypatch):
    monkeypatch.setenv("COURSE_JOB_MODE", "guard")
    assert (process.mode(), process.refusal()) == ("guard", "COURSE_JOB_MODE=guard is set")


def test_launching_is_quick(yard):
    """A job's first line comes soon; the bound is wide, the figures are in the benchmarks."""
    yard.run("")
    started = time.time()
    first = float(str(yard.run("import time; print(time.time())")))
    assert first - started < 0.5


def test_reading_to_the_end_closes_the_descriptor_once():
    """Under uvloop, as in the server. A second close could hit what another thread has opened in between."""
    still_open = []

    class Output(io.FileIO):
        def close(self) -> None:
            if not self.closed:
                with contextlib.suppress(OSError):
                    os.fstat(self.fileno())
                    still_open.append(self.fileno())
            super().close()

    async def read() -> list[bytes]:
        line, supervisor = socket.socketpair()
        output, output_end = os.pipe()
        channel, channel_end = socket.socketpair()
        running = process.Process(line, Output(output), channel)
        os.write(output_end, b"one\ntwo")
        os.close(output_end)
        try:
            return [line async for line in running.lines()]
        finally:
            running.close()
            await asyncio.sleep(0)  # uvloop closes what it has been given a turn later
            for end in (line, supervisor, channel_end):
                end.close()

    assert uvloop.run(read()) == [b"one", b"two"]
    assert len(still_open) == 1
