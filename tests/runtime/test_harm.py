"""A job that means harm, in every mode: floods, bombs, daemons, traps for the server."""

import asyncio
import os
import shutil
import stat

from course.runtime.process import Limits
from tests.runtime.census import marked
from tests.runtime.test_process import first_line


def test_a_jobs_folder_cannot_trap_the_server(yard):
    """Links, pipes, locked folders and very deep trees are gone or harmless when the job is over."""
    result = yard.run(
        """
        import os
        os.mkdir("model")
        os.symlink("/etc", "model/etc")
        os.symlink("/etc/passwd", "failure")
        os.symlink("/etc", "output")
        os.mkfifo("model/pipe")
        os.mkdir("locked")
        open("locked/file", "w").write("1")
        os.chmod("locked/file", 0)
        os.mkdir("locked/empty", 0)
        os.chmod("locked", 0)
        os.mkdir(".deep-0")
        base = os.getcwd()
        for level in range(1100):
            os.mkdir("deep")
            os.chdir("deep")
            if level == 700:
                os.symlink("/etc", "etc")
        os.chmod(base, 0)
        """
    )
    assert result.code == 0, result
    kinds = set()
    for folder, folders, files in os.walk(result.opt_ml):
        kinds |= {stat.S_IFMT(os.lstat(os.path.join(folder, name)).st_mode) for name in folders + files}
    assert kinds == {stat.S_IFDIR, stat.S_IFREG}
    assert (result.opt_ml / "locked" / "file").read_text() == "1"
    shutil.rmtree(result.opt_ml)


def test_a_log_flood_waits_for_its_reader(yard):
    """The job reports each 16 KiB it got rid of; without a reader the pipe must stop it."""

    async def body():
        job = await yard.start(
            """
            import os, socket
            channel = socket.socket(fileno=int(os.environ["COURSE_CHANNEL_FD"]))
            while True:
                os.write(1, b"x" * 16383 + b"\\n")
                channel.sendall(b".")
            """
        )
        loop = asyncio.get_running_loop()
        written = 0
        try:
            while True:
                async with asyncio.timeout(0.3):
                    written += len(await loop.sock_recv(job.channel, 65536))
        except TimeoutError:
            pass
        lines = job.lines()
        read = [await anext(lines) for _ in range(50)]
        job.kill()
        code = await job.wait()
        await lines.aclose()
        job.close()
        return written, {len(line) for line in read}, code

    written, sizes, code = yard.do(body)
    assert written <= 8
    assert (sizes, code) == ({16383}, -9)


def test_memory_is_limited(yard):
    result = yard.run("bytearray(3 << 30)", limits=Limits(memory_bytes=2 << 30))
    assert (result.code, result.lines[-1]) == (1, "MemoryError")
    shared = yard.run("import mmap; mmap.mmap(-1, 3 << 30)", limits=Limits(memory_bytes=2 << 30))
    assert "Cannot allocate memory" in shared.lines[-1]


def test_files_are_limited_in_size_and_number(yard):
    result = yard.run(
        """
        try:
            open("large", "wb").write(b"x" * (2 << 20))
        except OSError as error:
            print(error.strerror)
        try:
            files = [open("large") for _ in range(200)]
        except OSError as error:
            print(error.strerror)
        """,
        limits=Limits(file_bytes=1 << 20, open_files=100),
    )
    assert result.lines == ["File too large", "Too many open files"]


BOMB = """
import os
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
        children += 1
except OSError as error:
    print(children, error.strerror, flush=True)
while True:
    pass
"""


def test_a_fork_bomb_is_held_and_ends_whole(counted):
    async def body():
        job = await counted.start(BOMB, limits=Limits(processes=30))
        said = await first_line(job)
        job.kill()
        code = await job.wait()
        job.close()
        return said, code

    said, code = counted.do(body)
    children, reason = said.decode().split(" ", 1)
    assert int(children) <= 30
    assert (reason, code) == ("Resource temporarily unavailable", -9)
    assert not marked(counted.mark)


DAEMON = """
import os, subprocess, sys
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        # Out of the session, an orphan, and no longer holding the job's output.
        os.dup2(write, 1)
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        code = "import os, time; os.write(1, b'x'); time.sleep(1000)"
        os.execv(sys.executable, [sys.executable, "-S", "-c", code, os.environ["MARK"]])
    os._exit(0)
os.wait()
os.read(read, 1)
print("daemon", flush=True)
"""


def test_nothing_stays_behind_when_a_job_ends(yard):
    result = yard.run(DAEMON)
    assert (result.code, result.lines) == (0, ["daemon"])
    assert not marked(yard.mark)


def test_nothing_stays_behind_when_a_job_is_killed(yard):
    async def body():
        job = await yard.start(DAEMON + "while True: pass")
        await first_line(job)
        job.kill()
        code = await job.wait()
        job.close()
        return code

    assert yard.do(body) == -9
    assert not marked(yard.mark)
