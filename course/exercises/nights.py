"""A night's payments as lines of CSV: many, and made within a moment."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

ROWS, OBJECTS = 200_000, 4


@lru_cache(2)
def night(seed: int, rows: int = ROWS, mark: str = "p") -> list[str]:
    """Payments as lines of CSV, an id and the model's features: drawn from 5,000, each with an amount of its own."""
    import numpy as np

    from course.data import FEATURES, transactions

    drawn = transactions(seed, rows=5_000, start_day=60, days=1)
    rest = drawn[list(FEATURES[1:])].to_csv(index=False, header=False).splitlines()
    random = np.random.default_rng([seed, rows])
    chosen = random.integers(0, len(drawn), rows)
    amounts = np.maximum(0.01, drawn["amount"].to_numpy()[chosen] * random.lognormal(0.0, 0.3, rows))
    ids = random.permutation(900_000)[:rows] + 100_000
    parts = zip(ids.tolist(), amounts.tolist(), chosen.tolist(), strict=True)
    return [f"{mark}{number},{amount:.2f},{rest[row]}" for number, amount, row in parts]


def split(lines: list[str], objects: int = OBJECTS) -> dict[str, list[str]]:
    each = -(-len(lines) // objects)
    return {f"part-{number}.csv": lines[number * each : (number + 1) * each] for number in range(objects)}


def text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
