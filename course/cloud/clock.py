"""The cloud's time: runs at real speed, jumps by `advance`, never goes back.

`advance` is a discrete-event loop. It stops at every due moment, awaits what is due, lets that finish, then goes on.
Limits on running processes are real seconds and do not look here.
"""

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from time_machine import escape_hatch, travel

Action = Callable[[], Awaitable[Any]]


def real_time() -> float:
    """Seconds since the epoch by the machine's clock, however far the cloud's clock has moved."""
    return escape_hatch.time.time() if escape_hatch.is_travelling() else time.time()


class Traveller:
    """Moves the process's own clock with the cloud's, for the base, which reads the time by itself.

    NumPy, subprocesses and monotonic clocks do not move; a process that is forked inherits the shift.
    """

    def __init__(self) -> None:
        self._travel: travel | None = None
        self._coordinates: Any = None

    def __call__(self, seconds: float) -> None:
        if self._travel is None:
            self._travel = travel(real_time() + seconds, tick=True)
            self._coordinates = self._travel.start()
        else:
            self._coordinates.shift(seconds)

    def stop(self) -> None:
        if self._travel is not None:
            self._travel.stop()


class Clock:
    """Cloud time in seconds since the epoch. `start` (not before now) sets it at birth; None is the real time.

    `on_jump(seconds)` is called after each jump, so that what keeps its own clock can follow.
    """

    def __init__(self, start: float | None = None, on_jump: Callable[[float], None] = lambda seconds: None):
        self._offset = 0.0
        self._on_jump = on_jump
        self._due: list[tuple[float, bool, int, Action, str]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._advancing = asyncio.Lock()
        if start is not None:
            self._jump(start - real_time())

    def time(self) -> float:
        return real_time() + self._offset

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def at(self, moment: float, action: Action, label: str = "", *, last: bool = False) -> None:
        """Run `action` at cloud time `moment` (at once if it has passed); `last`: after all else of that moment.

        What has no label goes unmentioned when time has advanced.
        """
        heapq.heappush(self._due, (moment, last, next(self._order), action, label))
        self._wake.set()

    async def advance(self, seconds: float) -> list[str]:
        """Jump `seconds` ahead, doing on the way all that falls due. Returns the labels of what was done."""
        if not 0 <= seconds <= 366 * 86_400:
            raise ValueError("advance takes a number of seconds between 0 and a year: time never goes back.")
        async with self._advancing:
            done, end = [], self.time() + seconds
            while self._due and self._due[0][0] <= end:
                if label := await self._next():
                    done.append(label)
            self._jump(end - self.time())
            return done

    async def run(self) -> None:
        """Do what falls due as time passes at real speed. Runs until cancelled."""
        while True:
            self._wake.clear()
            async with self._advancing:
                while self._due and self._due[0][0] <= self.time():
                    await self._next()
            delay = self._due[0][0] - self.time() if self._due else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)

    async def _next(self) -> str:
        moment, _, _, action, label = heapq.heappop(self._due)
        self._jump(moment - self.time())
        await action()
        return label

    def _jump(self, seconds: float) -> None:
        if seconds > 0:
            self._offset += seconds
            self._on_jump(seconds)
