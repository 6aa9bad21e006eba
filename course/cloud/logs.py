"""A process's output on its way to CloudWatch Logs: bounded, in batches, with metrics read from it by regex."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from . import client
from .base import Base
from .clock import Clock
from .errors import CloudError

_MAX_BYTES = 4 << 20  # of one stream; what comes after is read and dropped, so that the process is never blocked
_BATCH = 200


@dataclass(frozen=True, slots=True)
class MetricPoint:
    name: str
    value: float
    at: datetime


class LogStream:
    """One log stream, written as lines come. `metrics` are (name, regex) pairs: the first group is the value.

    `access_key` is that of the role that writes (default: the cloud itself). A role that may not write leaves no log,
    as on AWS: the job goes on.
    """

    def __init__(
        self,
        base: Base,
        clock: Clock,
        group: str,
        stream: str,
        metrics: list[tuple[str, str]] | None = None,
        access_key: str = client.ROOT[0],
    ):
        self._base, self._clock, self._access_key = base, clock, access_key
        self._denied = False
        self.group, self.stream = group, stream
        self._metrics = [(name, re.compile(pattern)) for name, pattern in metrics or []]
        self._bytes = 0
        self._batch: list[dict[str, object]] = []
        self._writing = asyncio.Lock()
        self.points: list[MetricPoint] = []

    async def open(self) -> None:
        """Make the stream, and its group if that is not there."""
        stream = {"logGroupName": self.group, "logStreamName": self.stream}
        if await self._make("CreateLogStream", **stream) == "ResourceNotFoundException":
            await self._make("CreateLogGroup", logGroupName=self.group)
            await self._make("CreateLogStream", **stream)

    async def _make(self, operation: str, **names: str) -> str:
        """The code of the error, "" without one."""
        try:
            await self._base.call("logs", operation, self._access_key, **names)
        except CloudError as error:
            if error.code == "AccessDeniedException":
                self._denied = True
            elif error.code not in ("ResourceAlreadyExistsException", "ResourceNotFoundException"):
                raise
            return error.code
        return ""

    async def follow(self, lines: AsyncIterator[bytes]) -> None:
        """Write every line until the output ends: what has come together in one turn goes in one call."""
        writer: asyncio.Task[None] | None = None
        async for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            self._read_metrics(line)
            self._bytes += len(raw)
            if self._bytes > _MAX_BYTES:
                if self._bytes - len(raw) > _MAX_BYTES:
                    continue
                self._add("[output beyond 4 MiB is not kept]")
            elif line:
                self._add(line)
            if len(self._batch) >= _BATCH:
                await self._write()
            elif writer is None or writer.done():
                writer = asyncio.ensure_future(self._write())
        await self._write()

    async def write(self, line: str) -> None:
        """Write one line."""
        self._add(line)
        await self._write()

    async def _write(self) -> None:
        async with self._writing:
            events, self._batch = self._batch, []
            if events and not self._denied:
                await self._put(events)

    async def _put(self, events: list[dict[str, object]]) -> None:
        try:
            await self._base.call(
                "logs",
                "PutLogEvents",
                self._access_key,
                logGroupName=self.group,
                logStreamName=self.stream,
                logEvents=events,
            )
        except CloudError as error:
            if error.code not in ("AccessDeniedException", "ResourceNotFoundException"):
                raise
            self._denied = True

    def _add(self, line: str) -> None:
        self._batch.append({"timestamp": int(self._clock.time() * 1000), "message": line})

    def _read_metrics(self, line: str) -> None:
        # A learner's regex runs here: lines are at most 16 KiB, and only their first KiB is searched.
        for name, pattern in self._metrics:
            found = pattern.search(line[:1024])
            if found and found.groups():
                try:
                    self.points.append(MetricPoint(name, float(found.group(1)), self._clock.now()))
                except (ValueError, TypeError):
                    continue
