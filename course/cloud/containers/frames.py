"""The frames that a model server and the cloud exchange over one AF_UNIX stream.

    4 bytes header length | 4 bytes body length (both big-endian) | header, JSON in UTF-8 | body

    cloud → server  {"id": 1, "method": "POST", "path": "/invocations", "content_type": …, "accept": …, "headers": {…}}
    server → cloud  {"id": 1, "status": 200, "content_type": …}

Answers may come in any order; ``id`` joins them to their request. Both ends import this module, so it needs the
standard library only.
"""

from __future__ import annotations

import os
import socket
import struct

CHANNEL_VARIABLE = "COURSE_CHANNEL_FD"
MAX_HEADER = 64 << 10
MAX_BODY = 128 << 20  # a transform record may have 100 MB (MaxPayloadInMB), an invocation less

_LENGTHS = struct.Struct(">II")
_ROOM = 256 << 10

pack_lengths = _LENGTHS.pack


class FrameError(ValueError):
    """The peer sent something that is no frame; the stream cannot be used any more."""


def frame(header: bytes, body: bytes = b"") -> bytes:
    """One frame, ready to be written."""
    return _LENGTHS.pack(len(header), len(body)) + header + body


def inherited_channel() -> socket.socket:
    """The channel whose number the parent left in ``COURSE_CHANNEL_FD``; taken out of the environment, so that the
    learner's code and its children do not find it there."""
    number = os.environ.pop(CHANNEL_VARIABLE, None)
    if number is None:
        raise RuntimeError(f"A model server is started by the cloud, which sets {CHANNEL_VARIABLE}; it was not set.")
    channel = socket.socket(fileno=int(number))
    channel.set_inheritable(False)
    channel.setblocking(True)
    return channel


class FrameBuffer:
    """Cuts a byte stream into frames.

    Receive into :meth:`space`, then give the number of bytes to :meth:`received`. Memory is reused between frames,
    grows for a frame that is larger than it, and shrinks again when that frame has gone.
    """

    def __init__(self) -> None:
        self._view = memoryview(bytearray(_ROOM))
        self._end = 0  # bytes held; an unfinished frame always starts at 0

    def space(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._view[self._end :]

    def received(self, count: int) -> list[tuple[bytes, bytes]]:
        """The frames completed by ``count`` more bytes, each as (header, body).

        Raises FrameError when a length is beyond MAX_HEADER or MAX_BODY.
        """
        view, start, end = self._view, 0, self._end + count
        frames = []
        wanted = 0
        while end - start >= 8:
            header_length, body_length = _LENGTHS.unpack_from(view, start)
            if header_length > MAX_HEADER or body_length > MAX_BODY:
                raise FrameError(f"A frame of {header_length} + {body_length} bytes is longer than the channel allows")
            wanted = 8 + header_length + body_length
            if end - start < wanted:
                break
            body_start = start + 8 + header_length
            stop = start + wanted
            frames.append((bytes(view[start + 8 : body_start]), bytes(view[body_start:stop])))
            start = stop
            wanted = 0
        self._keep(start, end, wanted)
        return frames

    def _keep(self, start: int, end: int, wanted: int) -> None:
        """Move what is unfinished to the front of memory that can hold all of its frame."""
        size = max(wanted, _ROOM)
        rest = end - start
        if size != len(self._view):
            memory = memoryview(bytearray(size))
            memory[:rest] = self._view[start:end]
            self._view = memory
        elif start and rest:
            self._view[:rest] = bytes(self._view[start:end])
        self._end = rest
