"""The customers of an endpoint: an hour of payments at a time, each in a request of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from course.learn import world

if TYPE_CHECKING:
    import pandas

PER_HOUR = 600
"""Payments that arrive in an hour of the cloud's time."""


def send_traffic(endpoint: str, payments: str, hours: int = 1) -> pandas.DataFrame:
    """Let `hours` pass, in which payments arrive at an endpoint; returns what became of each.

    payments: a CSV file without a header, whose last column is the right answer, 0 or 1; the others are sent. Each hour
    has rows of its own; when all have been sent, they begin again. The table has a row for each request: `variant`, who
    answered, and `right`, whether the answer was the right one (an error is none).
    """
    import pandas as pd

    with open(payments) as file:
        rows = [line.rstrip("\n").rpartition(",") for line in file]
    sent = [
        (variant, answer is not None and float(answer) == float(rows[number][2]))
        for number, variant, answer in arrive(endpoint, [row[0] for row in rows], hours)
    ]
    return pd.DataFrame(sent, columns=["variant", "right"])


def arrive(endpoint: str, bodies: Sequence[str], hours: int) -> list[tuple[int, str, str | None]]:
    """Let bodies arrive for hours: for each, its number, the variant, and what that answered (None: an error)."""
    current = world.current()
    came = []
    for _ in range(hours):
        start = round(_hours_since(current) * PER_HOUR)
        numbers = [number % len(bodies) for number in range(start, start + PER_HOUR)]
        said = current.control("send", endpoint=endpoint, bodies=[bodies[number] for number in numbers])
        came += [(number, *told) for number, told in zip(numbers, said, strict=True)]
        current.control("advance", seconds=3600)
    return came


def _hours_since(current: world.World) -> int:
    """Whole hours since the world began."""
    passed = datetime.fromisoformat(current.control("now")["now"]) - datetime.fromisoformat(current.started)
    return int(passed.total_seconds() // 3600)
