"""What can go wrong with TxGuard, as small objects with a known cause and a known right remedy.

An incident acts in up to three places, and telling them apart is the lesson:

    world    other transactions happen (people, prices, places); fraud follows from them by the same truth
    concept  the same transactions happen, but which of them are fraud follows another truth
    feed     nothing happens out there; the columns the model is shown are wrong

INCIDENTS are the six of the operations notebook, SKEWS the four ways in which serving can differ from training.
They are values: `CENTS.starting(10, end_day=14)`, `CONCEPT_DRIFT.starting(30, ramp_days=60)`. Any of them can be
combined; they act in the order in which they are given.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from course.data.transactions import (
    CHANNELS,
    CUSTOMERS,
    FIRST_CUSTOMER,
    MERCHANTS,
    TRUTH,
    YOUNG,
    Coefficients,
    Columns,
    truth,
)

Change = Callable[[Columns, np.random.Generator], Columns]  # a day's columns → the changed ones, all rows of them


class Remedy(StrEnum):
    """What puts an incident right."""

    REVIEW_BASELINE = "review baseline"
    RECALIBRATE_CUT = "recalibrate cut"
    RETRAIN = "retrain"
    FIX_FEED = "fix feed"
    REVIEW_BIAS = "bias review"


@dataclass(frozen=True)
class Incident:
    """One thing that goes wrong, from the beginning of `start_day` to the beginning of `end_day` (None: for good).

    With `ramp_days` it creeps in: the share of rows it touches grows evenly and is 1 from `start_day + ramp_days` on.
    """

    name: str
    remedy: Remedy
    world: Change | None = None
    concept: Coefficients | None = None
    feed: Change | None = None
    start_day: int = 0
    end_day: int | None = None
    ramp_days: int = 0

    def starting(self, start_day: int, *, end_day: int | None = None, ramp_days: int = 0) -> Incident:
        """The same incident at another time. Raises ValueError when it would end before it starts."""
        if start_day < 0 or ramp_days < 0 or (end_day is not None and end_day <= start_day):
            raise ValueError(
                "An incident starts on day 0 or later, ends after it starts and has no negative ramp; "
                f"got start_day={start_day}, end_day={end_day}, ramp_days={ramp_days}."
            )
        return replace(self, start_day=start_day, end_day=end_day, ramp_days=ramp_days)

    def strength(self, day: int) -> float:
        """The share of the day's rows that it touches, 0 to 1."""
        if day < self.start_day or (self.end_day is not None and day >= self.end_day):
            return 0.0
        return min(1.0, (day - self.start_day + 1) / (self.ramp_days + 1))

    def change_world(self, columns: Columns, seed: int, day: int) -> Columns:
        """The day's columns as they happen under this incident."""
        return self._touch(self.world, columns, seed, day)

    def change_feed(self, columns: Columns, seed: int, day: int) -> Columns:
        """The day's columns as the model is shown them under this incident."""
        return self._touch(self.feed, columns, seed, day)

    def change_truth(self, probability: NDArray[np.float64], columns: Columns, day: int) -> NDArray[np.float64]:
        """The day's true probabilities under this incident; while it creeps in, a mixture of the two truths."""
        if self.concept is None:
            return probability
        share = self.strength(day)
        return (1.0 - share) * probability + share * truth(columns, self.concept)

    def _touch(self, change: Change | None, columns: Columns, seed: int, day: int) -> Columns:
        share = self.strength(day)
        if change is None or share == 0.0:
            return columns
        rng = np.random.default_rng([seed, day, zlib.crc32(self.name.encode())])  # its own: others stay as they are
        touched = rng.random(len(columns["day"])) < share
        changed = change(columns, rng)
        return columns | {name: np.where(touched, new, columns[name]) for name, new in changed.items()}


def _merchant_mix(columns: Columns, rng: np.random.Generator) -> Columns:
    """Half of the grocery payments become restaurant payments: other shops, no other risk."""
    merchant = columns["merchant"]
    move = (merchant == "grocery") & (rng.random(len(merchant)) < 0.55)
    return {"merchant": np.where(move, "restaurant", merchant)}


def _bigger_tickets(columns: Columns, rng: np.random.Generator) -> Columns:
    """Holiday season: people really spend 2.2 times as much, 1.6 times as far away."""
    return {
        "amount": np.round(columns["amount"] * 2.2, 2),
        "km_from_home": np.round(columns["km_from_home"] * 1.6, 1),
    }


def _campaign(columns: Columns, rng: np.random.Generator) -> Columns:
    """A student campaign: newcomers of 18 to 25 years replace older customers, and half of them do not pay in shops.

    The share below YOUNG rises from 18 to 45 %, and what raises the score of the newcomers is not their age alone.
    """
    age, channel = columns["customer_age"], columns["channel"]
    who = rng.integers(0, 7_200, len(age))
    new = (age >= YOUNG) & (rng.random(len(age)) < 0.33)
    online = new & (channel == "pos") & (rng.random(len(age)) < 0.5)
    return {
        "customer_id": np.where(new, FIRST_CUSTOMER + CUSTOMERS + who, columns["customer_id"]),
        "customer_age": np.where(new, 18 + who % 8, age),
        "tenure_days": np.where(new, 1 + who // 8 % 90, columns["tenure_days"]),
        "channel": np.where(online, "web", channel),
    }


def _break_feed(columns: Columns, rng: np.random.Generator) -> Columns:
    """A supplier changes overnight: a third of the distances are lost, restaurants in part arrive under a new name."""
    rows = len(columns["day"])
    renamed = (columns["merchant"] == "restaurant") & (rng.random(rows) < 0.35)
    return {
        "km_from_home": np.where(rng.random(rows) < 0.31, np.nan, columns["km_from_home"]),
        "merchant": np.where(renamed, "delivery", columns["merchant"]),
    }


def _cents(columns: Columns, rng: np.random.Generator) -> Columns:
    """Amounts arrive in cents, read as euros."""
    return {"amount": np.round(columns["amount"] * 100)}


def _code_per_batch(columns: Columns, rng: np.random.Generator) -> Columns:
    """Categories are numbered by frequency in the day's batch, and decoded by training's alphabetical list."""
    return {
        "merchant": _recode(columns["merchant"], sorted(MERCHANTS)),
        "channel": _recode(columns["channel"], sorted(CHANNELS)),
    }


def _recode(live: NDArray[np.object_], known: list[str]) -> NDArray[np.object_]:
    names = live.tolist()
    by_frequency = [name for name, _ in Counter(sorted(names)).most_common()]  # sorted: ties go by name
    code = {name: known[min(n, len(known) - 1)] for n, name in enumerate(by_frequency)}
    return np.array([code[name] for name in names], dtype=object)


def _velocity_zero(columns: Columns, rng: np.random.Generator) -> Columns:
    """The counter is not there when the card is served, and is filled with 0."""
    return {"tx_24h": np.zeros_like(columns["tx_24h"])}


def _clock_shift(columns: Columns, rng: np.random.Generator) -> Columns:
    """The hour is taken from a clock eight hours ahead; the timestamp stays in UTC."""
    return {"hour": (columns["hour"] + 8) % 24}


NEW_FRAUD = replace(
    TRUTH,
    intercept=-6.65,  # keeps the base rate at about 5 %
    amount=0.3,
    merchant=2.2,
    merchants=("restaurant", "travel"),
    channel=2.0,
    channels=("app",),
    hour=2.0,
    hours=(9, 10, 11, 12),
)
"""The other truth: fraud now comes by app, in restaurants and travel, in the morning, and hardly minds the amount."""

MERCHANT_MIX = Incident("merchant mix", Remedy.REVIEW_BASELINE, world=_merchant_mix)
BIGGER_TICKETS = Incident("bigger tickets", Remedy.RECALIBRATE_CUT, world=_bigger_tickets)
CONCEPT_DRIFT = Incident("concept drift", Remedy.RETRAIN, concept=NEW_FRAUD)
FEED_BREAK = Incident("feed break", Remedy.FIX_FEED, feed=_break_feed)
CENTS = Incident("cents", Remedy.FIX_FEED, feed=_cents)
POPULATION_SHIFT = Incident("population shift", Remedy.REVIEW_BIAS, world=_campaign)
INCIDENTS = (MERCHANT_MIX, BIGGER_TICKETS, CONCEPT_DRIFT, FEED_BREAK, CENTS, POPULATION_SHIFT)

CODED_PER_BATCH = Incident("coded per batch", Remedy.FIX_FEED, feed=_code_per_batch)
VELOCITY_ZERO = Incident("velocity zero", Remedy.FIX_FEED, feed=_velocity_zero)
CLOCK_SHIFT = Incident("clock shift", Remedy.FIX_FEED, feed=_clock_shift)
SKEWS = (CENTS, CODED_PER_BATCH, VELOCITY_ZERO, CLOCK_SHIFT)
