"""TxGuard's card transactions: rows drawn from a seed, and the exact probability that each of them is fraud.

Every day is drawn by its own NumPy generator, seeded with (seed, day). So a day's rows are the same whether they are
asked for alone, in a training set or in the middle of a stream; NumPy alone decides them, pandas only holds them.
The data card, `card.md`, says in words what is drawn here; a test proves that the two agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

Columns = dict[str, NDArray[Any]]

FEATURES = ("amount", "hour", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days")
LABEL = "fraud"
COLUMNS = ("transaction_id", "customer_id", "day", "timestamp", *FEATURES, LABEL, "label_day")

DAY_ZERO = np.datetime64("2026-01-01T00:00:00", "s")  # UTC
CUSTOMERS = 20_000
FIRST_CUSTOMER = 100_000
YOUNG = 26  # the bias facet: customer_age < 26
MERCHANTS = {"electronics": 0.12, "fuel": 0.13, "gaming": 0.08, "grocery": 0.34, "restaurant": 0.22, "travel": 0.11}
CHANNELS = {"app": 0.25, "pos": 0.55, "web": 0.20}
HOURS = np.repeat([0.020, 0.050, 0.055, 0.030], [6, 12, 4, 2])  # share of each hour's traffic: few at night
MISSING_KM = 0.06


@dataclass(frozen=True)
class Coefficients:
    """The truth: additive effects on the log-odds of fraud. A missing distance has no effect, as if it were `km_at`."""

    intercept: float = -5.75
    amount: float = 1.35  # per unit of ln(amount in euros) above amount_at
    amount_at: float = 3.4
    km: float = 0.055  # per kilometre above km_at
    km_at: float = 11.7
    tx_24h: float = 0.75  # per transaction above tx_24h_at
    tx_24h_at: float = 1.6
    merchant: float = 1.6  # at one of `merchants`
    merchants: tuple[str, ...] = ("electronics", "gaming")
    channel: float = 1.1  # through one of `channels`
    channels: tuple[str, ...] = ("web",)
    hour: float = 1.6  # in one of `hours`
    hours: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    tenure: float = -0.0008  # per day above tenure_at
    tenure_at: float = 1250.0
    young: float = 1.6  # customer_age < YOUNG


TRUTH = Coefficients()


def truth(rows: Mapping[str, Any], coefficients: Coefficients = TRUTH) -> NDArray[np.float64]:
    """The true probability of fraud of each row: shape (n,), between 0 and 1.

    `rows` maps column names to arrays of length n (a DataFrame will do) and holds at least FEATURES. The answer is
    exact for rows as they happened; for rows that a broken feed has altered, ask their window (`Window.truth`).
    """
    c = coefficients
    km = np.asarray(rows["km_from_home"], dtype=float)
    logit = (
        c.intercept
        + c.amount * (np.log(np.asarray(rows["amount"], dtype=float)) - c.amount_at)
        + c.km * np.where(np.isnan(km), 0.0, km - c.km_at)
        + c.tx_24h * (np.asarray(rows["tx_24h"], dtype=float) - c.tx_24h_at)
        + c.merchant * np.isin(np.asarray(rows["merchant"], dtype=object), c.merchants)
        + c.channel * np.isin(np.asarray(rows["channel"], dtype=object), c.channels)
        + c.hour * np.isin(np.asarray(rows["hour"]), c.hours)
        + c.tenure * (np.asarray(rows["tenure_days"], dtype=float) - c.tenure_at)
        + c.young * (np.asarray(rows["customer_age"]) < YOUNG)
    )
    return 1.0 / (1.0 + np.exp(-logit))


def transactions(seed: int, rows: int = 60_000, start_day: int = 0, days: int = 30) -> pandas.DataFrame:
    """`rows` transactions spread evenly over `days` days from `start_day` on, in order of time, labels included.

    Columns as COLUMNS. Same seed, same rows, on any machine with the pinned NumPy. Raises ValueError for a negative
    seed or day, and for less than one row or day.
    """
    if rows < 1 or days < 1:
        raise ValueError(f"Ask for at least one row and one day; got rows={rows}, days={days}.")
    ends = [rows * (n + 1) // days for n in range(days)]
    drawn = []
    for n, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        columns, luck = draw(seed, start_day + n, end - begin)
        drawn.append(columns | {LABEL: outcome(luck, truth(columns))})
    return frame(drawn, COLUMNS)


def draw(seed: int, day: int, rows: int) -> tuple[Columns, NDArray[np.float64]]:
    """One day as it happens: all columns but the label, and each row's luck, uniform on [0, 1).

    Luck is drawn before anything is known to go wrong, so an incident changes only the labels it must change.
    """
    if seed < 0 or day < 0:
        raise ValueError(f"The seed and the day must not be negative; got seed={seed}, day={day}.")
    rng = np.random.default_rng([seed, day])
    ages, tenures = _customers(seed)
    hour = _choose(rng, HOURS, rows)
    clock = np.sort(hour * 3600 + rng.integers(0, 3600, rows))  # sorted first: every other column is independent of it
    who = rng.integers(0, CUSTOMERS, rows)
    km = np.round(rng.gamma(1.3, 9.0, rows), 1)
    km[rng.random(rows) < MISSING_KM] = np.nan
    columns = {
        "transaction_id": day * 1_000_000 + np.arange(rows),
        "customer_id": FIRST_CUSTOMER + who,
        "day": np.full(rows, day),
        "timestamp": DAY_ZERO + (day * 86_400 + clock).astype("timedelta64[s]"),
        "amount": np.round(np.maximum(rng.lognormal(3.4, 1.0, rows), 0.5), 2),
        "hour": clock // 3600,
        "merchant": _names(rng, MERCHANTS, rows),
        "channel": _names(rng, CHANNELS, rows),
        "customer_age": ages[who],
        "km_from_home": km,
        "tx_24h": rng.poisson(1.6, rows),
        "tenure_days": tenures[who],
    }
    luck = rng.random(rows)
    columns["label_day"] = np.round(day + 7 + rng.exponential(3.0, rows), 3)  # a new column is drawn after this line
    return columns, luck


def outcome(luck: NDArray[np.float64], probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """1 for fraud, 0 for not: a row is fraud when its luck falls below its probability."""
    return (luck < probability).astype(np.int64)


def frame(days: list[Columns], names: tuple[str, ...]) -> pandas.DataFrame:
    """The named columns of consecutive days as one DataFrame with a fresh index."""
    import pandas  # here, so that importing this package costs NumPy only

    return pandas.DataFrame({name: np.concatenate([columns[name] for columns in days]) for name in names})


@lru_cache(maxsize=8)
def _customers(seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Age in years and tenure in days of each customer. Both stay as they are, so that nothing drifts by itself."""
    rng = np.random.default_rng([seed])
    young = rng.random(CUSTOMERS) < 0.18
    ages = np.where(young, rng.integers(18, YOUNG, CUSTOMERS), rng.integers(YOUNG, 85, CUSTOMERS))
    tenures = np.minimum(np.round(rng.gamma(1.8, 694.0, CUSTOMERS)), 7300).astype(np.int64)
    ages.setflags(write=False)
    tenures.setflags(write=False)
    return ages, tenures


def _choose(rng: np.random.Generator, shares: NDArray[np.float64], rows: int) -> NDArray[np.int64]:
    """Positions drawn with the given shares."""
    edges = np.cumsum(shares)
    return np.searchsorted(edges / edges[-1], rng.random(rows), side="right")


def _names(rng: np.random.Generator, shares: dict[str, float], rows: int) -> NDArray[np.object_]:
    """Category names drawn with the given shares."""
    return np.array(list(shares), dtype=object)[_choose(rng, np.array(list(shares.values())), rows)]
