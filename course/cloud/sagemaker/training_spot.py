"""Spot capacity: when there is some, when it is taken away, and what it costs less.

All of it is simulated, and the owner of the world can order it (course/cloud/control.py). Left alone there is always
capacity, and nothing takes it away: on AWS a job of some seconds is practically never hit.

Interruptions that are drawn are counted in lines of the program's output, not in seconds, so that the same seed brings
the same history on a slow machine and on a fast one.

Source: developer guide, "Managed Spot Training in Amazon SageMaker AI" and its "Managed Spot Training Lifecycle".
"""

import asyncio
import random

from ..clock import Clock

DISCOUNT = (0.6, 0.8)
"""Between which shares of the price a job's saving is drawn. AWS says: up to 0.9."""


class Market:
    """The spot capacity of one world."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._free = asyncio.Event()
        self._free.set()
        self._every = self._most = 0

    def order(self, capacity: bool | None = None, every: int | None = None, most: int | None = None) -> None:
        """Change what comes. What is None stays.

        capacity: whether jobs find instances; without, they wait in Starting.
        every: mean number of lines between two interruptions of a job; 0: none.
        most: interruptions of one job at most.
        Raises ValueError for negative numbers.
        """
        if (every or 0) < 0 or (most or 0) < 0:
            raise ValueError("every and most are numbers of lines and of interruptions, not below 0.")
        self._every = self._every if every is None else every
        self._most = self._most if most is None else most
        if capacity is not None:
            (self._free.set if capacity else self._free.clear)()

    def discount(self) -> float:
        """The share of the price that a job saves."""
        return self._random.uniform(*DISCOUNT)

    def lines(self, before: int) -> int | None:
        """After how many lines of output a job that was interrupted `before` times loses its instances; None: never."""
        if not self._every or before >= self._most:
            return None
        return self._random.randint(1, 2 * self._every - 1)

    @property
    def free(self) -> bool:
        """Whether a job finds instances now."""
        return self._free.is_set()

    async def wait(self, clock: Clock, deadline: float, given_up: asyncio.Event, label: str) -> bool:
        """Wait for instances until the cloud time `deadline` or until `given_up`; whether there are some."""
        late = asyncio.Event()

        async def be_late() -> None:
            late.set()

        clock.at(deadline, be_late, label)
        waits = [asyncio.ensure_future(event.wait()) for event in (self._free, late, given_up)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return self.free and not late.is_set() and not given_up.is_set()
