"""course/cloud/worker.py, on real model servers and on processes that only look like them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from course.cloud.worker import Worker, WorkerDied

SERVER = "from course.cloud.containers.script_serving import main; main()"
ECHO = "def model_fn(model_dir): pass\ndef transform_fn(model, data, content_type, accept): return data, accept\n"
# Answers the frames it reads with what the learner's line `answer(header, body)` returns; knows nothing of the package.
IMPOSTOR = """
import json, os, signal, socket, struct
channel = socket.socket(fileno=int(os.environ["COURSE_CHANNEL_FD"]))
stream = channel.makefile("rb")
def frame(header, body=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">II", len(head), len(body)) + head + body
def ok(header, body=b""):
    return frame({"id": header["id"], "status": 200, "content_type": "a/b"}, body)
"""
LOOP = """
while lengths := stream.read(8):
    head, size = struct.unpack(">II", lengths)
    header, body = json.loads(stream.read(head)), stream.read(size)
    channel.sendall(answer(header, body))
"""
PATIENCE = 20.0  # real seconds; far more than anything here takes


class Child:
    """As much of course.runtime.process.Process as a Worker uses, without a sandbox."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process, self.channel, self.pid = process, channel, process.pid

    @classmethod
    async def start(cls, source: str, base: Path) -> Child:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            variables = {"COURSE_CHANNEL_FD": str(number), "SAGEMAKER_BASE_DIR": str(base), "OMP_NUM_THREADS": "1"}
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", source, env=os.environ | variables, pass_fds=[number]
            )
        return cls(process, ours)

    async def wait(self) -> int:
        return await self._process.wait()

    def kill(self) -> None:
        self._process.kill()


@pytest.fixture
def use(tmp_path: Path) -> Callable[[str, Callable[[Worker], Coroutine], int], None]:
    """``use(source, scenario)``: start a process, give the scenario its worker, end both."""

    def run(source: str, scenario: Callable[[Worker], Coroutine], most_in_flight: int = 1024) -> None:
        async def main() -> None:
            child = await Child.start(source, tmp_path)
            worker = Worker(child, most_in_flight)
            try:
                async with asyncio.timeout(PATIENCE):
                    await scenario(worker)
            finally:
                worker.close()
                if child._process.returncode is None:
                    child.kill()
                await child.wait()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(main())

    return run


def module(tmp_path: Path, source: str) -> str:
    """Put an inference module into place; the source of a process that serves it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "inference.py").write_text(source)
    return SERVER


def impostor(answer: str) -> str:
    return f"{IMPOSTOR}{answer}{LOOP}"


def test_a_model_server_is_pinged_and_invoked(use, tmp_path):
    async def scenario(worker):
        assert worker.alive
        assert await worker.ping()
        assert await worker.invoke(b"1,2", "text/csv", "x/y") == (200, "x/y", b"1,2")
        assert await worker.invoke(b"1,2", "text/csv", "x/y", {"h": "ü"}) == (200, "x/y", b"1,2")
        assert await worker.invoke(b"") == (200, "application/json", b"")
        status, _, _ = await worker.request("GET", "/execution-parameters")
        assert status == 404
        assert worker.in_flight == 0

    use(module(tmp_path, ECHO), scenario)


def test_many_at_once_each_get_their_own_answer(use, tmp_path):
    async def scenario(worker):
        bodies = [os.urandom(number * 37 % 5000) for number in range(500)]
        answers = await asyncio.gather(*(worker.invoke(body, "a/b", "c/d") for body in bodies))
        assert [body for _, _, body in answers] == bodies

    use(module(tmp_path, ECHO), scenario)


def test_bodies_larger_than_all_buffers(use, tmp_path):
    async def scenario(worker):
        bodies = [os.urandom(6_000_000), b"small", os.urandom(9_000_000)]
        answers = await asyncio.gather(*(worker.invoke(body, "a/b", "c/d") for body in bodies))
        assert [body for _, _, body in answers] == bodies

    use(module(tmp_path, ECHO), scenario)


def test_one_turn_of_the_loop_is_one_write(use):
    """The impostor answers each time with the number of bytes that one receive brought."""
    source = f"""{IMPOSTOR}
data = channel.recv(1 << 20)
count = 0
at = 0
while at < len(data):
    head, size = struct.unpack_from(">II", data, at)
    count += 1
    at += 8 + head + size
channel.sendall(b"".join(ok({{"id": number + 1}}, b"%d" % count) for number in range(count)))
channel.recv(1)
"""

    async def scenario(worker):
        await worker._open()
        answers = await asyncio.gather(*(worker.invoke(b"x", "a/b", "c/d") for _ in range(50)))
        assert {body for _, _, body in answers} == {b"50"}

    use(source, scenario)


def test_answers_may_come_in_any_order(use):
    answer = """
held = []
def answer(header, body):
    held.append(ok(header, body))
    return b"".join(reversed(held)) if len(held) == 3 else b""
"""

    async def scenario(worker):
        answers = await asyncio.gather(*(worker.invoke(b"%d" % number) for number in range(3)))
        assert [body for _, _, body in answers] == [b"0", b"1", b"2"]

    use(impostor(answer), scenario)


@pytest.mark.parametrize(
    "source",
    [
        "raise SystemExit(1)",
        f"{IMPOSTOR}stream.read(8)",
        f"{IMPOSTOR}stream.read(8); channel.sendall(frame(b'half')[:9])",
        f"{IMPOSTOR}stream.read(8); channel.shutdown(socket.SHUT_RDWR); signal.pause()",
        f"{IMPOSTOR}stream.read(8); os.kill(os.getpid(), 9)",
    ],
)
def test_a_server_that_goes_fails_what_it_held_and_what_comes(use, source):
    async def scenario(worker):
        results = await asyncio.gather(*(worker.invoke(b"x") for _ in range(3)), return_exceptions=True)
        assert [str(result) for result in results] == ["The model server's process ended before it answered."] * 3
        assert all(isinstance(result, WorkerDied) for result in results)
        assert not worker.alive
        assert worker.in_flight == 0
        with pytest.raises(WorkerDied):
            await worker.invoke(b"x")
        with pytest.raises(WorkerDied):
            await worker.ping()

    use(source, scenario)


def test_a_server_that_goes_is_noticed_though_a_grandchild_holds_the_stream(use):
    source = f"""{IMPOSTOR}
import subprocess
stream.read(8)
subprocess.Popen(["sleep", "3"], pass_fds=[channel.fileno()])
os.kill(os.getpid(), 9)
"""

    async def scenario(worker):
        with pytest.raises(WorkerDied):
            await worker.invoke(b"x")

    use(source, scenario)


def test_answers_written_before_the_end_still_count(use):
    source = f"{IMPOSTOR}stream.read(8); channel.sendall(ok({{'id': 1}}, b'y' * 150_000)); os.kill(os.getpid(), 9)"

    async def scenario(worker):
        _, _, body = await worker.invoke(b"x")
        assert len(body) == 150_000

    use(source, scenario)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("b'GET / HTTP/1.1\\r\\n\\r\\n'", "is longer than the channel allows"),
        ("frame(b'no json')", "an answer has no valid header"),
        ("frame(b'[' * 50000)", "an answer has no valid header"),
        ("frame([1])", "an answer has no valid header"),
        ("frame({'id': 1})", "an answer has no valid header"),
        ("frame({'id': [1], 'status': 200, 'content_type': 'a'})", "an answer has no valid number or status"),
        ("frame({'id': True, 'status': 200, 'content_type': 'a'})", "an answer has no valid number or status"),
        ("frame({'id': 1, 'status': 99, 'content_type': 'a'})", "an answer has no valid number or status"),
        ("frame({'id': 1, 'status': '200', 'content_type': 'a'})", "an answer has no valid number or status"),
        ("frame({'id': 1, 'status': 200, 'content_type': None})", "an answer has no valid content type"),
        ("frame({'id': 1, 'status': 200, 'content_type': 'a\\r\\nx: y'})", "an answer has no valid content type"),
        ("frame({'id': 9, 'status': 200, 'content_type': 'a'})", "an answer has a number that nothing asked for"),
    ],
)
def test_a_server_that_breaks_the_protocol_is_as_good_as_dead(use, sent, why):
    async def scenario(worker):
        with pytest.raises(WorkerDied, match="broke the protocol of its channel: .*" + why):
            await worker.invoke(b"x")
        assert not worker.alive

    use(impostor(f"def answer(header, body): return {sent}\n"), scenario)


def test_ping_waits_for_the_model_or_until_its_time_is_over(use, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def scenario(worker):
        assert await worker.ping(timeout=0.05) is False
        waiting = asyncio.create_task(worker.ping())
        await asyncio.to_thread(gate.write_text, "go")  # blocks until model_fn reads
        assert await waiting is True
        assert worker.in_flight == 0

    use(module(tmp_path, f"def model_fn(model_dir): open({str(gate)!r}).read()\n"), scenario)


def test_a_sick_server_answers_ping_with_false(use):
    answer = "def answer(header, body): return frame({'id': header['id'], 'status': 500, 'content_type': 'a/b'})\n"

    async def scenario(worker):
        assert await worker.ping() is False

    use(impostor(answer), scenario)


# Answers only when it is asked for /release, and says then how many requests it had got before.
HOLDER = """
held = []
def answer(header, body):
    if header["path"] != "/release":
        held.append(header)
        return b""
    out = b"".join(ok(one) for one in held) + ok(header, b"%d" % len(held))
    held.clear()
    return out
"""


def test_no_more_than_the_limit_are_in_flight(use):
    async def scenario(worker):
        calls = [asyncio.create_task(worker.invoke(b"x")) for _ in range(10)]
        seen = []
        while not all(call.done() for call in calls):
            _, _, count = await worker.request("GET", "/release")
            seen.append(int(count))
            assert worker.in_flight <= 4
        assert sum(seen) == 10
        assert max(seen) == 4
        await asyncio.gather(*calls)

    use(impostor(HOLDER), scenario, 4)


def test_a_vanished_caller_leaves_nothing_and_keeps_its_place_until_answered(use):
    async def scenario(worker):
        first, second, third = (asyncio.create_task(worker.invoke(b"x")) for _ in range(3))
        while worker.in_flight < 2:
            await asyncio.sleep(0)
        first.cancel()
        third.cancel()  # waits for a place
        fourth = asyncio.create_task(worker.invoke(b"x"))
        await asyncio.wait({first, third})
        assert worker.in_flight == 2, "the server still works for the caller that has gone"
        assert not fourth.done()
        await worker.request("GET", "/release")
        assert (await second)[0] == 200
        while not fourth.done():
            await worker.request("GET", "/release")
        assert first.cancelled() and third.cancelled()
        assert worker.in_flight == 0
        assert worker._places._value == 2

    use(impostor(HOLDER), scenario, 2)


def test_the_first_caller_may_vanish_while_the_connection_is_made(use):
    async def scenario(worker):
        first = asyncio.create_task(worker.invoke(b"x"))
        await asyncio.sleep(0)
        first.cancel()
        _, _, count = await worker.request("GET", "/release")
        assert count == b"0"
        assert worker.alive

    use(impostor(HOLDER), scenario)


def test_death_wakes_those_who_wait_for_a_place(use):
    async def scenario(worker):
        calls = [asyncio.create_task(worker.invoke(b"x")) for _ in range(6)]
        while worker.in_flight < 2:
            await asyncio.sleep(0)
        os.kill(worker.process.pid, signal.SIGKILL)
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, WorkerDied) for result in results)

    use(impostor(HOLDER), scenario, 2)


def test_close_fails_what_waits_and_ends_the_server(use, tmp_path):
    async def scenario(worker):
        assert await worker.ping()
        call = asyncio.create_task(worker.invoke(b"x"))
        while not worker.in_flight:
            await asyncio.sleep(0)
        worker.close()
        with pytest.raises(WorkerDied, match="was closed"):
            await call
        with pytest.raises(WorkerDied, match="was closed"):
            await worker.invoke(b"x")
        assert not worker.alive
        assert await worker.process.wait() == 0

    use(module(tmp_path, ECHO), scenario)


def test_a_worker_closed_before_its_first_request(use, tmp_path):
    async def scenario(worker):
        worker.close()
        with pytest.raises(WorkerDied, match="was closed"):
            await worker.ping()

    use(module(tmp_path, ECHO), scenario)


def test_a_request_that_the_channel_cannot_carry_is_refused_here(use):
    async def scenario(worker):
        for body, headers in ((b"x", {"h": "y" * 70_000}), (b"x" * ((128 << 20) + 1), None)):
            with pytest.raises(ValueError, match="longer than a channel allows"):
                await worker.invoke(body, headers=headers)
        assert worker.in_flight == 0
        assert worker._places._value == 1

    use(impostor(HOLDER), scenario, 1)


def test_the_header_of_a_request(use):
    async def scenario(worker):
        plain = await worker.invoke(b"1,2", "text/csv")
        full = await worker.invoke(b"1,2", "text/csv", "a/b", {"h": "v"})
        common = {"method": "POST", "path": "/invocations", "content_type": "text/csv"}
        assert json.loads(plain[2]) == {"id": 1, "accept": None, **common}
        assert json.loads(full[2]) == {"id": 2, "accept": "a/b", "headers": {"h": "v"}, **common}

    use(impostor("def answer(header, body): return ok(header, json.dumps(header).encode())\n"), scenario)
