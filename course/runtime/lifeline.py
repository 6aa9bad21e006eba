"""A lifeline: the stream socket that ties a process to its owner, and the frames that travel on it.

Frame: 4-byte big-endian length, then that many bytes of JSON (one object); file descriptors ride on its first byte.
End of file on a lifeline means that the owner is gone: end yourself and everything you started.
"""

import array
import json
import os
import socket
import struct
from collections.abc import Iterator, Sequence

LENGTH = struct.Struct(">I")
LARGEST = 64 << 20  # bytes of one frame; a longer one is a broken or hostile peer
DESCRIPTORS = 8  # most file descriptors that one frame carries


class BrokenFrame(ConnectionError):
    """The other end sent something that is not a frame."""


def encode(message: dict) -> bytes:
    """The frame of one message."""
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > LARGEST:
        raise BrokenFrame(f"a message of {len(body)} bytes is longer than the {LARGEST} allowed")
    return LENGTH.pack(len(body)) + body


def send(line: socket.socket, message: dict, descriptors: Sequence[int] = ()) -> None:
    """Send one message, with file descriptors if any; blocks as the socket does."""
    frame = encode(message)
    if descriptors:
        sent = socket.send_fds(line, [frame[: LENGTH.size]], list(descriptors))
        frame = frame[sent:]
    line.sendall(frame)


def take(line: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """One read of at most `size` bytes and the file descriptors that came along, none of them inheritable."""
    data, ancillary, _, _ = line.recvmsg(size, socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize))
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return data, list(descriptors)


def receive(line: socket.socket) -> tuple[dict | None, list[int]]:
    """Wait for one message: (message, descriptors); message is None at the end of the line. Reads no further."""
    head, descriptors = b"", []
    try:
        while len(head) < LENGTH.size:
            data, more = take(line, LENGTH.size - len(head))
            descriptors += more
            if not data:
                raise EOFError
            head += data
        (length,) = LENGTH.unpack(head)
        if length > LARGEST:
            raise BrokenFrame(f"a frame announces {length} bytes")
        body = bytearray()
        while len(body) < length:
            data = line.recv(min(length - len(body), 1 << 20))
            if not data:
                raise EOFError
            body += data
        return decode(bytes(body)), descriptors
    except BaseException as error:
        for descriptor in descriptors:
            os.close(descriptor)
        if isinstance(error, EOFError):
            return None, []
        raise


def decode(body: bytes) -> dict:
    """The message in a frame's body."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenFrame(f"a frame is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BrokenFrame("a frame is not a JSON object")
    return message


class Frames:
    """Messages out of bytes that arrive in pieces (for readers that must not block)."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[dict]:
        """Add bytes; yield every message that is now whole."""
        self._pending += data
        while len(self._pending) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._pending)
            if length > LARGEST:
                raise BrokenFrame(f"a frame announces {length} bytes")
            end = LENGTH.size + length
            if len(self._pending) < end:
                return
            body = bytes(self._pending[LENGTH.size : end])
            del self._pending[:end]
            yield decode(body)
