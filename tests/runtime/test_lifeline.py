"""Frames and the descriptors that ride on them."""

import os
import socket

import pytest

from course.runtime.lifeline import LARGEST, BrokenFrame, Frames, encode, receive, send


def test_messages_and_descriptors_arrive_as_sent():
    left, right = socket.socketpair()
    with left, right:
        send(left, {"a": 1})
        send(left, {"b": "ü" * 10_000}, [0, 1])
        assert receive(right) == ({"a": 1}, [])
        message, descriptors = receive(right)
        assert message == {"b": "ü" * 10_000}
        assert len(descriptors) == 2
        for descriptor in descriptors:
            assert not os.get_inheritable(descriptor)
            os.close(descriptor)
        left.close()
        assert receive(right) == (None, [])


def test_frames_come_out_whole_however_they_arrive():
    data = encode({"n": 1}) + encode({"n": 2}) + encode({"text": "x" * 100})
    for step in (1, 3, 7, len(data)):
        frames = Frames()
        got = [message for start in range(0, len(data), step) for message in frames.feed(data[start : start + step])]
        assert got == [{"n": 1}, {"n": 2}, {"text": "x" * 100}]


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\x02[]", b"\0\0\0\x01{", b"\0\0\0\x02\xff\xff"])
def test_what_is_not_a_frame_is_refused(data):
    with pytest.raises(BrokenFrame):
        list(Frames().feed(data))
    left, right = socket.socketpair()
    with left, right:
        left.sendall(data)
        with pytest.raises(BrokenFrame):
            receive(right)


def test_a_message_too_long_is_not_sent():
    with pytest.raises(BrokenFrame, match="longer than"):
        encode({"x": "x" * LARGEST})
