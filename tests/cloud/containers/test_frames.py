"""course/cloud/containers/frames.py"""

import os
import socket
import struct

import pytest

from course.cloud.containers.frames import MAX_HEADER, FrameBuffer, FrameError, frame, inherited_channel

LARGE = os.urandom(700_000)  # larger than the buffer at rest


def feed(buffer: FrameBuffer, data: bytes, step: int) -> list[tuple[bytes, bytes]]:
    """Give ``data`` to the buffer in pieces of at most ``step`` bytes."""
    found = []
    while data:
        space = buffer.space()
        piece = data[: min(step, len(space))]
        space[: len(piece)] = piece
        data = data[len(piece) :]
        found += buffer.received(len(piece))
    return found


@pytest.mark.parametrize("step", [1, 3, 7, 1000, 1 << 20])
def test_frames_come_out_whole_however_the_stream_is_cut(step):
    sent = [(b"{}", b""), (b'{"id":1}', b"1,2"), (b"h", b"\x00" * 300)] * 5
    data = b"".join(frame(*one) for one in sent)
    assert feed(FrameBuffer(), data, step) == sent


def test_a_frame_larger_than_the_buffer_and_what_follows_it():
    sent = [(b"a", b"1"), (b"b", LARGE), (b"c", b"2"), (b"d", LARGE), (b"e", b"")]
    assert feed(FrameBuffer(), b"".join(frame(*one) for one in sent), 100_000) == sent


def test_memory_shrinks_when_a_large_frame_has_gone():
    buffer = FrameBuffer()
    feed(buffer, frame(b"h", LARGE), 1 << 20)
    assert len(buffer.space()) < len(LARGE)


@pytest.mark.parametrize("lengths", [(MAX_HEADER + 1, 0), (2, 0xFFFFFFFF)])
def test_lengths_beyond_the_limits_are_refused_before_memory_is_taken(lengths):
    with pytest.raises(FrameError, match="longer than the channel allows"):
        feed(FrameBuffer(), struct.pack(">II", *lengths), 8)


def test_the_channel_is_taken_out_of_the_environment(monkeypatch):
    ours, theirs = socket.socketpair()
    monkeypatch.setenv("COURSE_CHANNEL_FD", str(theirs.detach()))
    with ours, inherited_channel() as channel:
        assert "COURSE_CHANNEL_FD" not in os.environ
        assert not channel.get_inheritable()
        channel.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_without_a_channel_the_error_says_who_starts_a_server(monkeypatch):
    monkeypatch.delenv("COURSE_CHANNEL_FD", raising=False)
    with pytest.raises(RuntimeError, match="started by the cloud"):
        inherited_channel()
