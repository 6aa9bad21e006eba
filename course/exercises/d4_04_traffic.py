"""The traffic of D4-04: ten days of payments with TxGuard's answers, and the labels that come for them, list by list.

On one day fraud changes: the payments look as ever, others of them are fraud. Sizes are chosen so that chance decides
nothing (1,000 payments a day, about 50 of them fraud):

    AUC          0.91 before, with 0.019 from day to day; 0.66 after, with 0.038. Any limit from 0.78 to 0.84 is four
                 standard deviations from the one and three from the other.
    labels       a list comes at noon; the share of a day's labels on the list n days after it, or on one before, is
                 1 - exp(-(n - 6.5) / 3): 0.941 for n = 15, 0.958 for n = 16. Of 12,000 past payments a share is off by
                 0.002, of 10,000 merged ones as well: four standard deviations either way.
"""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from course.data.transactions import FEATURES, TRUTH

if TYPE_CHECKING:
    import numpy as np
    import pandas
    from numpy.typing import NDArray

DAYS, ROWS = 10, 1_000  # of traffic, each judged by two jobs; payments a day
PAST = 12_000  # payments of the month before
BEGIN = 60  # the day of the data room on which the traffic begins
HOURS = (9, 12, 15)  # when the shops hand in their payments
NOON = timedelta(hours=12)  # when a list of labels comes
DAY = timedelta(days=1)
ENOUGH = 0.95  # the share of labels that makes a window worth judging
LISTS = 19  # lists that still come after the last payment
FLAGGED = 0.05  # the share of payments that the bank stops
FORMULA = replace(TRUTH, km=0.04, young=0.8, tenure=-0.0004, hour=1.3)
"""What TxGuard has learned: nearly the truth, a little less of everything that is rare."""


@dataclass(frozen=True)
class Plan:
    """What happens in a world: the day on which fraud changes, and by how many days labels come later than usual."""

    seed: int
    change: int
    later: int = 0

    @classmethod
    def of(cls, seed: int, later: int = 0) -> Plan:
        """The plan of a world's seed."""
        import numpy as np

        return cls(seed, int(np.random.default_rng([seed, 404]).integers(4, 7)), later)

    @property
    def wait(self) -> int:
        """The fewest days after its day's end at which a window has ENOUGH of its labels."""
        return self.later + math.ceil(6.5 - 3 * math.log(1 - ENOUGH))

    @property
    def lists(self) -> int:
        """How many lists come, one a day from the first day on."""
        return DAYS + LISTS + self.later


@dataclass(frozen=True)
class Payments:
    """Some payments in order of time. score: as the endpoint printed it. listed: the day of the list with the label."""

    lines: list[str]
    day: NDArray[np.int64]  # 0 is the first day of the traffic
    score: NDArray[np.float64]
    fraud: NDArray[np.int64]
    listed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)


@lru_cache(maxsize=2)
def traffic(plan: Plan) -> Payments:
    """The payments of all days, ROWS a day."""
    from course.data import incidents, stream

    drift = incidents.CONCEPT_DRIFT.starting(BEGIN + plan.change)
    window = stream(plan.seed, DAYS, ROWS, (drift,), start_day=BEGIN).window(BEGIN, BEGIN + DAYS)
    return _payments(window.seen, window.labels, plan)


@lru_cache(maxsize=2)
def past(plan: Plan) -> Payments:
    """The payments of the month before, all of them labelled by now; nothing was wrong with them."""
    from course.data import transactions

    rows = transactions(plan.seed, rows=PAST, start_day=BEGIN - 60, days=30)
    return _payments(rows, rows, plan)


def _payments(seen: pandas.DataFrame, labels: pandas.DataFrame, plan: Plan) -> Payments:
    import numpy as np

    from course.data import truth

    lines = seen[list(FEATURES)].to_csv(index=False, header=False).splitlines()
    day = seen["day"].to_numpy() - BEGIN
    listed = np.ceil(labels["label_day"].to_numpy() + plan.later - NOON / DAY).astype(np.int64) - BEGIN
    return Payments(lines, day, np.round(truth(seen, FORMULA), 4), labels["fraud"].to_numpy(), listed)


def cut(payments: Payments) -> float:
    """Above this score the bank stops a payment: the highest FLAGGED of these."""
    import numpy as np

    return round(float(np.quantile(payments.score, 1 - FLAGGED)), 4)


def table(payments: Payments) -> bytes:
    """score, fraud and days: how many days after the payment's the list with its label came. With a header."""
    days = payments.listed - payments.day
    rows = zip(payments.score, payments.fraud, days, strict=True)
    return "".join(["score,fraud,days\n", *(f"{score:.4f},{fraud},{n}\n" for score, fraud, n in rows)]).encode()


def id_of(seed: int, number: int) -> str:
    """The inference id of a payment: its day and its number of the day, with something of the world."""
    return f"p{seed % 0x1000:03x}-{number // ROWS:02d}-{number % ROWS:03d}"


def lists(plan: Plan, first: datetime) -> list[dict[str, Any]]:
    """The lists in order: when each was collected, and its labels as (inference id, number of the day, fraud)."""
    payments = traffic(plan)
    found: list[list[tuple[str, int, int]]] = [[] for _ in range(plan.lists)]
    rows = zip(payments.listed.tolist(), payments.day.tolist(), payments.fraud.tolist(), strict=True)
    for number, (listed, day, fraud) in enumerate(rows):
        if listed < plan.lists:
            found[listed].append((id_of(plan.seed, number), day, fraud))
    return [{"collected": first + day * DAY + NOON, "labels": labels} for day, labels in enumerate(found)]


def seconds() -> NDArray[np.int64]:
    """When each payment of a day is asked about, in seconds from midnight: evenly within each of HOURS."""
    import numpy as np

    number = np.arange(ROWS) * len(HOURS)
    return np.array(HOURS)[number // ROWS] * 3600 + number % ROWS * 3600 // ROWS


def within(first: datetime, start: datetime, end: datetime) -> range:
    """The payments with start ≤ inference time < end, by their numbers."""
    import numpy as np

    at = (np.arange(DAYS)[:, None] * 86_400 + seconds()).ravel()
    begin, stop = np.searchsorted(at, [(start - first).total_seconds(), (end - first).total_seconds()])
    return range(int(begin), int(stop))


def captures(plan: Plan, first: datetime) -> dict[str, bytes]:
    """What the endpoint captures, by hour (yyyy/mm/dd/hh), as model-monitor-data-capture-endpoint has it."""
    payments, found = traffic(plan), dict[str, list[str]]()
    clock = [timedelta(seconds=int(second)) for second in seconds()]
    for day in range(DAYS):
        midnight = first + day * DAY
        for number, since in enumerate(clock, start=day * ROWS):
            at = midnight + since
            record = {
                "captureData": {
                    "endpointInput": _part("INPUT", payments.lines[number]),
                    "endpointOutput": _part("OUTPUT", f"{payments.score[number]:.4f}\n"),
                },
                "eventMetadata": {
                    "eventId": str(uuid.UUID(int=(plan.seed << 64) + number, version=4)),
                    "inferenceId": id_of(plan.seed, number),
                    "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                },
                "eventVersion": "0",
            }
            found.setdefault(f"{at:%Y/%m/%d/%H}", []).append(json.dumps(record) + "\n")
    return {hour: "".join(lines).encode() for hour, lines in found.items()}


def _part(mode: str, text: str) -> dict[str, str]:
    return {"observedContentType": "text/csv", "mode": mode, "data": text, "encoding": "CSV"}


def formula() -> dict[str, Any]:
    """The served model: the coefficients of FORMULA by name."""
    return asdict(FORMULA)
