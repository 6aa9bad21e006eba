"""The cloud's end of a model server: many requests at once over one connection.

Frames are described in course/cloud/containers/frames.py. All that one turn of the event loop wants to send goes out in
one write, and one read takes all answers that have arrived, so the cost of a system call is shared.

The model server runs the learner's code: what it sends is checked, and a process that breaks the rules is as good as
dead.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol, cast

from course.cloud.containers.frames import MAX_BODY, MAX_HEADER, FrameBuffer, FrameError, pack_lengths

MOST_IN_FLIGHT = 1024
"""Requests that may wait for their answers; further callers wait until one of them has come."""
HIGH_WATER = 4 << 20
"""Bytes that may wait to be written; further callers wait until they are gone."""
PING_SECONDS = 2.0
"""AWS waits two seconds for /ping (developer guide, "How Containers Should Respond to Health Check Requests")."""

_LAST_WORDS_SECONDS = 1.0  # for what the process wrote before its end, when something else holds the stream open
_DIED = "The model server's process ended before it answered."

Response = tuple[int, str, bytes]  # status, content type, body


class WorkerDied(Exception):
    """The model server's process is gone, and with it the requests it held."""


class Process(Protocol):
    """What a worker needs of course.runtime.process.Process."""

    channel: socket.socket

    async def wait(self) -> int: ...

    def kill(self) -> None: ...


class Worker:
    """A model server in a process whose entry is ``course.cloud.containers.script_serving:main``.

    The connection is made at the first request. A cancelled request gives its place free when its answer comes, for the
    server works on it until then.
    """

    def __init__(self, process: Process, most_in_flight: int = MOST_IN_FLIGHT) -> None:
        self.process = process
        self._places = asyncio.Semaphore(most_in_flight)
        self._opening: asyncio.Task[_Connection] | None = None
        self._connection: _Connection | None = None
        self._watch: asyncio.Task[None] | None = None
        self._closed = False
        self._callers = 0
        self._idle: asyncio.Event | None = None

    @property
    def alive(self) -> bool:
        """False once the process has gone or has been closed; True before the first request."""
        return not self._closed and (self._connection is None or self._connection.death is None)

    @property
    def in_flight(self) -> int:
        """Requests sent and not answered."""
        return 0 if self._connection is None else len(self._connection.waiting)

    async def ping(self, timeout: float | None = None) -> bool:
        """Whether /ping answers 200 within ``timeout`` seconds; by default it waits until the model is loaded.

        A health check of a server at work is AWS's with ``timeout=PING_SECONDS``. Raises WorkerDied.
        """
        try:
            async with asyncio.timeout(timeout):
                status, _, _ = await self.request("GET", "/ping")
        except TimeoutError:
            return False
        return status == 200

    async def invoke(
        self,
        body: bytes,
        content_type: str | None = None,
        accept: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The model server's answer to POST /invocations, as (status, content type, body).

        Raises WorkerDied, also while it waits for a place.
        """
        self._callers += 1
        try:
            connection = self._connection or await self._open()
            if connection.full is not None:
                await connection.full.wait()
            await self._places.acquire()
            return await connection.send("POST", "/invocations", body, content_type, accept, headers, self._places)
        finally:
            self._callers -= 1
            if self._idle is not None and not self._callers:
                self._idle.set()

    async def idle(self, timeout: float) -> bool:
        """Whether nobody waits for an answer any more, within ``timeout`` seconds. To be asked before it is stopped."""
        if self._callers:
            self._idle = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), timeout)
        return not self._callers

    async def examine(self) -> None:
        """Ping a server that owes an answer; one that owes this too is killed."""
        with suppress(WorkerDied):
            if not await self.ping(PING_SECONDS):
                self.process.kill()

    async def request(self, method: str, path: str, body: bytes = b"") -> Response:
        """The answer to any other request, which needs no place. Raises WorkerDied."""
        connection = self._connection or await self._open()
        return await connection.send(method, path, body, None, None, None, None)

    def close(self) -> None:
        """Close the connection, on which the model server ends; requests in flight raise WorkerDied."""
        self._closed = True
        for task in (self._opening, self._watch):
            if task is not None:
                task.cancel()
        if self._connection is not None:
            self._connection.die("The model server was closed.")
        else:
            self.process.channel.close()

    async def _open(self) -> _Connection:
        if self._closed:
            raise WorkerDied("The model server was closed.")
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._connect())
        return await asyncio.shield(self._opening)  # or a cancelled first request would close the stream

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(_Connection, sock=self.process.channel)
        # The end of the stream is not enough: a child that the learner's code forked may hold it open.
        self._watch = loop.create_task(self._see_the_end(connection))
        self._connection = connection
        return connection

    async def _see_the_end(self, connection: _Connection) -> None:
        await asyncio.shield(self.process.wait())  # others wait for it too
        await asyncio.wait({connection.lost}, timeout=_LAST_WORDS_SECONDS)
        connection.die(_DIED)


class _Connection(asyncio.BufferedProtocol):
    """One connection: numbers requests, joins answers to them, gathers writes."""

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[asyncio.Future[Response], asyncio.Semaphore | None]] = {}
        self.full: asyncio.Event | None = None
        """Set to an event while too much waits to be written."""
        self.death: str | None = None
        """Why nothing can be sent any more."""
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when the stream has ended."""
        self._transport: asyncio.Transport
        self._buffer = FrameBuffer()
        self._outgoing: list[bytes] = []
        self._number = 0

    async def send(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str | None,
        accept: str | None,
        headers: Mapping[str, str] | None,
        place: asyncio.Semaphore | None,
    ) -> Response:
        """Queue one request and wait for its answer; ``place`` is released when that comes."""
        if self.death is not None:
            if place is not None:
                place.release()  # so that the next in line learns of it too
            raise WorkerDied(self.death)
        self._number = number = self._number + 1
        if headers:
            request = {"method": method, "path": path, "content_type": content_type, "accept": accept}
            rest = json.dumps(request | {"headers": dict(headers)})[1:].encode()
        else:
            rest = _plain_header(method, path, content_type, accept)
        head = b'{"id":%d,%b' % (number, rest)
        if len(head) > MAX_HEADER or len(body) > MAX_BODY:
            if place is not None:
                place.release()
            raise ValueError(f"A request of {len(head)} + {len(body)} bytes is longer than a channel allows.")
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing += (pack_lengths(len(head), len(body)), head, body)
        future = self._loop.create_future()
        self.waiting[number] = (future, place)
        return await future

    def die(self, why: str) -> None:
        """Fail all that waits, and all that comes."""
        if self.death is not None:
            return
        self.death = why
        self._transport.abort()
        waiting, self.waiting = self.waiting, {}
        for future, place in waiting.values():
            if not future.done():
                future.set_exception(WorkerDied(why))
            if place is not None:
                place.release()
        self.resume_writing()

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        self.die(_DIED)

    def pause_writing(self) -> None:
        self.full = asyncio.Event()

    def resume_writing(self) -> None:
        if self.full is not None:
            self.full.set()
            self.full = None

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer.space()

    def buffer_updated(self, count: int) -> None:
        try:
            for head, body in self._buffer.received(count):
                number, status, content_type = _answer_header(head)
                if number not in self.waiting:
                    raise FrameError("an answer has a number that nothing asked for")
                future, place = self.waiting.pop(number)
                if place is not None:
                    place.release()
                if not future.done():  # its caller may have gone
                    future.set_result((status, content_type, body))
        except FrameError as error:
            self.die(f"The model server broke the protocol of its channel: {error}.")

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if self.death is None:
            self._transport.write(b"".join(outgoing))


@lru_cache(1024)
def _plain_header(method: str, path: str, content_type: str | None, accept: str | None) -> bytes:
    """The header of a request without its number, for all requests that differ in nothing else."""
    request = {"method": method, "path": path, "content_type": content_type, "accept": accept}
    return json.dumps(request)[1:].encode()


def _answer_header(head: bytes) -> tuple[int, int, str]:
    """id, status and content type of an answer. Raises FrameError unless they could go into an HTTP response."""
    try:
        header: dict[str, Any] = json.loads(head)
        number, status, content_type = header["id"], header["status"], header["content_type"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FrameError("an answer has no valid header") from None
    if type(number) is not int or type(status) is not int or not 200 <= status <= 599:
        raise FrameError("an answer has no valid number or status")
    if type(content_type) is not str or not content_type.isprintable() or not content_type.isascii():
        raise FrameError("an answer has no valid content type")
    return number, status, content_type
