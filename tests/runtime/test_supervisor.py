"""The supervisor's watch, with a stand-in for what it holds; the real ones are in test_leftovers."""

import os
import signal
import socket
from pathlib import Path

import pytest

from course.runtime import lifeline, scratch, supervisor
from course.runtime.errors import LaunchError


class Cage:
    """Ends when killed."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def terminate(self) -> None:
        self.heard.append("terminate")

    def kill(self) -> None:
        self.heard.append("kill")

    def finished(self) -> int | None:
        return -9 if "kill" in self.heard else None

    def processes(self) -> list[int]:
        return []


@pytest.fixture
def pipes():
    """(pulse, its other end, wake, its other end)."""
    pulse, wake = os.pipe(), os.pipe()
    yield *pulse, *wake
    for descriptor in (*pulse, *wake):
        os.close(descriptor)


def test_it_ends_a_job_that_fills_the_disk(pipes, monkeypatch, tmp_path):
    pulse, _, wake, _ = pipes
    free = iter([1 << 30, scratch.RESERVE_BYTES, 1000])
    monkeypatch.setattr(scratch, "room", lambda _folder: next(free))
    cage = Cage()
    look = supervisor.Look(0.01, lambda _cage: "disk" if supervisor._full(tmp_path) else None)
    assert supervisor._watch(cage, None, pulse, wake, look) == -9
    assert cage.heard == ["kill"]


def test_no_job_starts_on_a_full_disk(yard, monkeypatch):
    monkeypatch.setattr(scratch, "room", lambda _folder: 1000)

    async def body():
        with pytest.raises(LaunchError, match="256 MiB are free"):
            await yard.start("")

    yard.do(body)


def test_a_folder_that_is_gone_is_not_full(tmp_path):
    assert not supervisor._full(Path(tmp_path / "gone"))


def test_it_does_what_the_lifeline_says(pipes):
    pulse, _, wake, _ = pipes
    left, right = socket.socketpair()
    with left, right:
        lifeline.send(left, {"do": "terminate"})
        left.shutdown(socket.SHUT_WR)
        cage = Cage()
        assert supervisor._watch(cage, right, pulse, wake) == -9
    assert cage.heard == ["terminate", "kill"]


def test_it_ends_on_sigterm(pipes):
    pulse, _, wake, wake_end = pipes
    os.write(wake_end, bytes([signal.SIGCHLD, signal.SIGTERM]))
    cage = Cage()
    assert supervisor._watch(cage, None, pulse, wake) == -9


def test_the_owner_hears_what_there_was_too_much_of(pipes):
    pulse, _, wake, _ = pipes
    left, right = socket.socketpair()
    with left, right:
        assert supervisor._watch(Cage(), right, pulse, wake, supervisor.Look(0.01, lambda _cage: "memory")) == -9
        assert lifeline.receive(left) == ({"over": "memory"}, [])
