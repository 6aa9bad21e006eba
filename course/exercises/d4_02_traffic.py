"""The traffic of D4-02: what TxGuard learned from, what came last week, and 26 hours of capture, six of them broken.

A request carries no `hour`: within one hour that column would have one value, and no baseline would fit it.
Every broken hour breaks one check only. Sizes are chosen so that chance decides nothing (n rows an hour, 400 at least
where it counts; 6,000 rows of baseline):

    completeness   km_from_home has 94 % of its values, 70.5 % in its broken hour. With n = 400 a share is off by 0.012
                   when nothing is wrong and by 0.023 then: any limit from 0.78 to 0.90 tells the two apart.
    drift          amounts times 2.5 are 0.36 away from the baseline; the robust distance of clean hours is 0.
    categories     8 % of a value that nobody has seen: the distance is 0.08, below the drift check's 0.1.
    clean hours    the likeliest false alarm is a category's share off by 0.1, four standard deviations: 1 in 10,000
                   hours. Two of 20 clean hours: 1 in 200,000.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

COLUMNS = ("amount", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days")
HEADER = ("score", *COLUMNS)
CLEAN, BROKEN = 20, 6
HOURS = CLEAN + BROKEN
TRAINED, LAST_WEEK = 6_000, 6_000
BATCH = 20  # rows in one request
FACTOR = 2.5
MISSING, UNKNOWN, WRONG = 0.25, 0.08, 0.2  # shares of the rows of a broken hour
NEW_VALUES = {"merchant": "crypto", "channel": "watch"}
HOUR = timedelta(hours=1)

Row = list[str]


@dataclass(frozen=True)
class Fault:
    """What is wrong with one hour: the check that says so, the column, what becomes of each row."""

    check: str
    column: str
    change: Callable[[Row, float], Row]  # of a row and its luck, uniform on [0, 1)


def faults(rng: Any) -> list[Fault]:
    """One for each check, each in a column that may be another in another world; in no order that tells anything."""
    typed = str(rng.choice(["customer_age", "tx_24h"]))
    moved = str(rng.choice(["amount", "tenure_days"]))
    valued = str(rng.choice(["merchant", "channel"]))
    found = [
        Fault("data_type_check", typed, _set(typed, lambda value: f"about {value}", WRONG)),
        Fault("completeness_check", "km_from_home", _set("km_from_home", lambda value: "", MISSING)),
        Fault("baseline_drift_check", moved, _set(moved, _larger, 1.0)),
        Fault("categorical_values_check", valued, _set(valued, lambda value: NEW_VALUES[valued], UNKNOWN)),
        Fault("missing_column_check", COLUMNS[-1], lambda row, luck: row[:-1]),
        Fault("extra_column_check", "", lambda row, luck: [*row, "1"]),
    ]
    return [found[n] for n in rng.permutation(BROKEN)]


def _larger(value: str) -> str:
    return f"{float(value) * FACTOR:.2f}" if "." in value else str(round(int(value) * FACTOR))


def _set(column: str, to: Callable[[str], str], share: float) -> Callable[[Row, float], Row]:
    place = HEADER.index(column)
    return lambda row, luck: [*row[:place], to(row[place]), *row[place + 1 :]] if luck < share else row


@dataclass(frozen=True)
class Plan:
    """Which hours are broken, and how: hour number → fault."""

    rows: int
    broken: dict[int, Fault]

    @classmethod
    def of(cls, seed: int, rows: int = 400) -> Plan:
        """The plan of a world's seed; `rows` an hour."""
        import numpy as np

        rng = np.random.default_rng([seed, 402])
        hours = sorted(int(hour) for hour in rng.choice(HOURS, BROKEN, replace=False))
        return cls(rows, dict(zip(hours, faults(rng), strict=True)))


def table(seed: int, rows: int, day: int = 0) -> list[Row]:
    """Clean rows of HEADER, as text: what the model said, and what it was asked."""
    import numpy as np

    from course.data import transactions, truth

    drawn = transactions(seed, rows=rows, start_day=day, days=1)
    luck = np.random.default_rng([seed, day, 1]).normal(0, 0.3, rows)
    odds = np.log(truth(drawn) / (1 - truth(drawn))) + luck
    scores = 1 / (1 + np.exp(-odds))
    columns = [[f"{score:.4f}" for score in scores]]
    for name in COLUMNS:
        columns.append(["" if value != value else str(value) for value in drawn[name].tolist()])
    return [list(row) for row in zip(*columns, strict=True)]


def last_week(seed: int) -> list[Row]:
    """Traffic with last week's fault in all of it: amounts and tenures of another unit, distances that do not come."""
    import numpy as np

    rows = table(seed, LAST_WEEK, day=20)
    for column, to, share in (
        ("amount", _larger, 1.0),
        ("tenure_days", _larger, 1.0),
        ("km_from_home", lambda value: "", MISSING),
    ):
        change = _set(column, to, share)
        luck = np.random.default_rng([seed, 20, len(column)]).random(len(rows))
        rows = [change(row, at) for row, at in zip(rows, luck, strict=True)]
    return rows


def csv(rows: list[Row]) -> bytes:
    """A table with its header."""
    return "".join(",".join(line) + "\n" for line in [list(HEADER), *rows]).encode()


def hour(seed: int, plan: Plan, number: int) -> list[Row]:
    """The rows of hour `number`, broken if the plan says so."""
    import numpy as np

    rows = table(seed, plan.rows, day=30 + number)
    fault = plan.broken.get(number)
    if fault is None:
        return rows
    luck = np.random.default_rng([seed, 30 + number, 2]).random(plan.rows)
    return [fault.change(row, at) for row, at in zip(rows, luck, strict=True)]


def capture(rows: list[Row], begin: datetime, seed: int) -> bytes:
    """An hour of requests as data capture writes them (developer guide, model-monitor-data-capture-endpoint)."""
    records = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        at = begin + HOUR * (start + 0.5) / len(rows)
        record = {
            "captureData": {
                "endpointInput": _part("INPUT", [row[1:] for row in batch]),
                "endpointOutput": _part("OUTPUT", [row[:1] for row in batch]),
            },
            "eventMetadata": {
                "eventId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{seed} {begin} {start}")),
                "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            },
            "eventVersion": "0",
        }
        records.append(json.dumps(record))
    return "".join(f"{record}\n" for record in records).encode()


def _part(mode: str, rows: list[Row]) -> dict[str, str]:
    text = "\n".join(",".join(row) for row in rows)
    return {"observedContentType": "text/csv", "mode": mode, "data": text, "encoding": "CSV"}
