"""TxGuard's traffic day by day: what the feed shows the model today, and the labels that come a week or more later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course.data.incidents import Incident
from course.data.transactions import COLUMNS, LABEL, Columns, draw, frame, outcome, truth

if TYPE_CHECKING:
    import pandas

SEEN = tuple(name for name in COLUMNS if name not in (LABEL, "label_day"))
LABELS = ("transaction_id", LABEL, "label_day")


@dataclass(frozen=True)
class Window:
    """The traffic from the beginning of `first_day` to the beginning of `end_day`, n rows in order of time."""

    first_day: int
    end_day: int
    seen: pandas.DataFrame  # (n, 12): SEEN, as the feed delivers them; what a model may look at
    labels: pandas.DataFrame  # (n, 3): LABELS of every row, of the future too
    truth: NDArray[np.float64]  # (n,): the probability of fraud of what really happened

    def labels_known_by(self, now: float) -> pandas.DataFrame:
        """The labels that have arrived when the clock reads `now`, in days since day 0; columns LABELS."""
        return self.labels[self.labels["label_day"] <= now].reset_index(drop=True)

    def labelled_by(self, now: float) -> pandas.DataFrame:
        """A training set as of `now`: the rows whose label has arrived, as the feed showed them, with their labels."""
        return self.seen.merge(self.labels_known_by(now), on="transaction_id")


@dataclass(frozen=True)
class Stream:
    """A simulated history. Any span of it can be asked for, in any order, and is always the same."""

    seed: int
    days: int
    rows_per_day: int
    incidents: tuple[Incident, ...] = ()
    start_day: int = 0

    def __post_init__(self) -> None:
        if self.days < 1 or self.rows_per_day < 1 or self.start_day < 0 or self.seed < 0:
            raise ValueError(
                "A stream needs a seed and a start_day of 0 or more, and at least one day and one row per day; "
                f"got seed={self.seed}, start_day={self.start_day}, days={self.days}, rows_per_day={self.rows_per_day}."
            )

    @property
    def end_day(self) -> int:
        """The first day after the stream."""
        return self.start_day + self.days

    def __len__(self) -> int:
        return self.days

    def __iter__(self) -> Iterator[Window]:
        """One window a day."""
        return self.windows(1)

    def windows(self, days: int) -> Iterator[Window]:
        """Consecutive windows of so many days; the last one may be shorter."""
        for first in range(self.start_day, self.end_day, days):
            yield self.window(first, min(first + days, self.end_day))

    def window(self, first_day: int, end_day: int) -> Window:
        """The days first_day ≤ day < end_day. Raises ValueError when the stream does not hold them all."""
        if not self.start_day <= first_day < end_day <= self.end_day:
            raise ValueError(
                f"This stream holds the days {self.start_day} to {self.end_day - 1}; "
                f"ask for at least one of them and for no other (got {first_day} to {end_day - 1})."
            )
        days = [self._day(day) for day in range(first_day, end_day)]
        return Window(
            first_day,
            end_day,
            seen=frame([seen for seen, _, _ in days], SEEN),
            labels=frame([labels for _, labels, _ in days], LABELS),
            truth=np.concatenate([probability for _, _, probability in days]),
        )

    def labels_known_by(self, now: float) -> pandas.DataFrame:
        """The stream's labels that have arrived when the clock reads `now`, in days since day 0; columns LABELS."""
        return self.window(self.start_day, self.end_day).labels_known_by(now)

    def _day(self, day: int) -> tuple[Columns, Columns, NDArray[np.float64]]:
        """What happens, then which of it is fraud, then what the model is shown: the order is the causal one."""
        happened, luck = draw(self.seed, day, self.rows_per_day)
        for incident in self.incidents:
            happened = incident.change_world(happened, self.seed, day)
        probability = truth(happened)
        for incident in self.incidents:
            probability = incident.change_truth(probability, happened, day)
        seen = happened
        for incident in self.incidents:
            seen = incident.change_feed(seen, self.seed, day)
        return seen, happened | {LABEL: outcome(luck, probability)}, probability


def stream(seed: int, days: int, rows_per_day: int, incidents: Iterable[Incident] = (), start_day: int = 0) -> Stream:
    """`rows_per_day` transactions on each of `days` days; without incidents, the rows that `transactions` gives."""
    return Stream(seed, days, rows_per_day, tuple(incidents), start_day)
