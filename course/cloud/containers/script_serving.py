"""The inference container in script mode: one process, one model, requests as frames on the inherited channel.

It loads the model first and reads afterwards, so a /ping is answered once the model is there, and never when loading
failed: then the traceback is on stderr and the exit code is 1. It takes all frames that have arrived, answers them with
one write, and looks again; what arrives meanwhile waits in the socket. It ends with 0 when the channel is closed, or on
SIGTERM after it has answered what had arrived.

Routes: GET /ping, POST /invocations, GET /execution-parameters (with execution_parameters_fn, for batch transform).
"""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from course.cloud.containers import inference
from course.cloud.containers.failure import CommandFailed, print_traceback
from course.cloud.containers.frames import FrameBuffer, inherited_channel, pack_lengths
from course.cloud.containers.inference import Answer, Inference, Request
from course.cloud.containers.layout import Layout

MOST_AT_ONCE = 4 << 20
"""Bytes after which no more frames join a batch, so that the first of them does not wait too long."""


def main(load: Callable[[Layout], Inference] = inference.load) -> None:
    """Serve until the channel is closed. Raises SystemExit(1) when the model could not be loaded."""
    channel = inherited_channel()
    try:
        loaded = load(Layout.here())
    except CommandFailed as failed:
        print(failed, file=sys.stderr)
        raise SystemExit(1) from None
    except (Exception, SystemExit) as error:
        print_traceback(error)
        raise SystemExit(1) from None
    signal.signal(signal.SIGTERM, lambda *_: _stop_reading(channel))
    with suppress(BrokenPipeError, ConnectionResetError):  # nobody is there to be answered
        _serve(channel, loaded)


def _stop_reading(channel: socket.socket) -> None:
    """End the stream behind what has arrived, which is still read and answered."""
    with suppress(OSError):
        channel.shutdown(socket.SHUT_RD)


def _serve(channel: socket.socket, loaded: Inference) -> None:
    buffer = FrameBuffer()
    while True:
        space = buffer.space()
        count = channel.recv_into(space)
        if not count:
            return
        frames = buffer.received(count)
        taken = count
        while count == len(space) and taken < MOST_AT_ONCE:  # there may be more
            space = buffer.space()
            try:
                count = channel.recv_into(space, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            frames += buffer.received(count)
            taken += count
        if frames:
            channel.sendall(_answer(frames, loaded))


def _answer(frames: list[tuple[bytes, bytes]], loaded: Inference) -> bytes:
    """The frames that answer ``frames``, joined."""
    answered: list[tuple[int, Answer]] = []
    numbers: list[int] = []
    requests: list[Request] = []
    for head, body in frames:
        header = json.loads(head)
        if header["path"] == "/invocations":
            numbers.append(header["id"])
            requests.append(loaded.request(body, header.get("content_type"), header.get("accept")))
        else:
            answered.append((header["id"], _other(header["path"], loaded)))
    answered += zip(numbers, loaded.answers(requests), strict=True)
    parts = []
    for number, (status, content_type, body) in answered:
        head = b'{"id":%d,%b' % (number, _head(status, content_type))
        parts += (pack_lengths(len(head), len(body)), head, body)
    return b"".join(parts)


@lru_cache(256)
def _head(status: int, content_type: str) -> bytes:
    """The header of an answer without its number."""
    return json.dumps({"status": status, "content_type": content_type})[1:].encode()


def _other(path: str, loaded: Inference) -> Answer:
    if path == "/ping":
        return 200, "application/json", b""
    if path == "/execution-parameters" and loaded.execution_parameters:
        return _execution_parameters(loaded.execution_parameters)
    return 404, "text/plain", f"This container has no {path}.".encode()


def _execution_parameters(function: Any) -> Answer:
    try:
        result = function()
        body = result if isinstance(result, str | bytes) else json.dumps(result)
        return 200, "application/json", body.encode() if isinstance(body, str) else body
    except Exception as error:
        print_traceback(error)
        return 500, "text/plain", str(error).encode()
