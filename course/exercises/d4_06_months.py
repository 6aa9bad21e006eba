"""The months of D4-06: six countries with one incident each, what they captured, what comes next, what it costs.

An incident has been there since the month that is over began, and stays; a feed is repaired on the day on which its
owner hears of it, or on day NOTICED of the next month by itself.

Money is what makes the remedies differ. A month of 3,000 payments costs MISSED for each fraud that was not flagged,
REVIEW for each payment that was, LATE more for each of these above CAPACITY, and what the actions cost. With the
frozen model and CUT, over 8 seeds: the population shift flags 15.1 to 18.4 % and is within the capacity; the shifted
cut flags 20.3 to 23.3 % and is not. A cut at PLAN leaves room for chance: of 3,000 payments the flagged share is off
by 0.007, and by as much again because the cut was found on CAPTURED others: CAPACITY is 3 standard deviations above
PLAN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from course.data import FEATURES, INCIDENTS, LABEL, Incident, Remedy, Window, stream

if TYPE_CHECKING:
    import numpy
    import pandas

COUNTRIES = ("austria", "belgium", "denmark", "finland", "ireland", "portugal")
CAUSES = ("harmless drift", "shifted cut", "concept drift", "broken feed", "unit bug", "population shift")
CUT = 0.15
PLAN, CAPACITY = 0.15, 0.185  # shares of a month's payments
MONTH, EVERY, A_DAY = 30, 5, 500  # days of the month that is played, of which every fifth is drawn; payments of each
LABELLED, CAPTURED = 4_000, 2_500  # payments a day
LABELLED_DAYS = 3
NOTICED = 15  # the day on which a feed's owner sees by himself that it is broken
NOW = 60  # the day on which it is decided; the month before began on day 30
MISSED, REVIEW, LATE = 100, 5, 200
RETRAINING, MESSAGE = 500, 1_000
UNTOLD = 6_000  # what a broken feed that nobody complains of costs, or a review that nobody asks for

_BY_CAUSE = dict(zip(CAUSES, INCIDENTS, strict=True))


def causes(seed: int) -> dict[str, str]:
    """The cause of each country's incident, in the world of a seed."""
    import numpy as np

    order = np.random.default_rng([seed, 406]).permutation(len(CAUSES))
    return {country: CAUSES[place] for country, place in zip(COUNTRIES, order.tolist(), strict=True)}


def incident(cause: str) -> Incident:
    return _BY_CAUSE[cause]


def has_broken_feed(cause: str) -> bool:
    """Whether the columns are wrong, rather than the world."""
    return incident(cause).remedy is Remedy.FIX_FEED


@dataclass(frozen=True)
class Country:
    """One country's payments."""

    name: str
    cause: str
    seed: int

    @classmethod
    def all(cls, seed: int) -> list[Country]:
        found = causes(seed).items()
        return [cls(name, cause, seed * 100 + place * 10) for place, (name, cause) in enumerate(found)]

    def captured(self) -> Window:
        """The day four weeks ago that the monitors judge: its labels are there."""
        return stream(self.seed, 1, CAPTURED, (incident(self.cause),), start_day=NOW - 28).window(NOW - 28, NOW - 27)

    def labelled(self) -> pandas.DataFrame:
        """The first days of the month that is over, labels and all: FEATURES as the feed showed them, and LABEL."""
        first, days = NOW - MONTH, LABELLED_DAYS
        drawn = stream(self.seed + 1, days, LABELLED, (incident(self.cause),), start_day=first)
        return drawn.window(first, first + days).labelled_by(NOW)[[*FEATURES, LABEL]]

    def coming(self, told: bool, part: int = 0) -> tuple[pandas.DataFrame, numpy.ndarray]:
        """What the model is shown in the next month, and which of it is fraud. part: other payments of that month."""
        import pandas

        changed = incident(self.cause)
        if changed.feed is not None:
            changed = replace(changed, feed=None) if told else changed.starting(NOW, end_day=NOW + NOTICED)
        month = stream(self.seed + 2 + part, MONTH, A_DAY, (changed,), start_day=NOW)
        days = [month.window(day, day + 1) for day in range(NOW, NOW + MONTH, EVERY)]
        seen = pandas.concat([day.seen[list(FEATURES)] for day in days], ignore_index=True)
        return seen, pandas.concat([day.labels[LABEL] for day in days]).to_numpy()


def cost(flagged: numpy.ndarray, fraud: numpy.ndarray) -> float:
    """What a month costs by what was flagged."""
    missed, looked_at = int((~flagged & (fraud == 1)).sum()), int(flagged.sum())
    late = max(0.0, looked_at - CAPACITY * len(flagged))
    return float(MISSED * missed + REVIEW * looked_at + LATE * late)


def cut_at(scores: numpy.ndarray) -> float:
    """The cut that flags PLAN of the payments with these scores."""
    import numpy as np

    return float(np.quantile(scores, 1 - PLAN))
