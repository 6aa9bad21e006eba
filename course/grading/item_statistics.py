"""How hard items are and how well they tell learners apart: classical test theory.

Difficulty is the mean share of an item's points (for right-or-wrong items: the share of learners who solved it).
Discrimination is the correlation of an item's points with the points of all other items (the corrected item-total
correlation; for right-or-wrong items it is the point-biserial): near 0 or below, the item measures something else, or
its test is wrong. Crocker and Algina, Introduction to Classical and Modern Test Theory (1986), chapters 5 and 14.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from course.grading.marks import Cell, Marks

FEWEST = 10  # learners; under this a correlation says more about chance than about an item


@dataclass(frozen=True)
class Item:
    """An item: a graded cell, or several taken together. `n` learners have a final mark in it.

    `difficulty` is 0 to 1, None if nobody has a mark. `discrimination` is -1 to 1, None if there are too few learners
    or nothing varies. `mistakes` are (words, learners), the commonest first.
    """

    name: str
    of: float
    n: int
    difficulty: float | None
    discrimination: float | None
    mistakes: tuple[tuple[str, int], ...] = ()


def items(
    marks: Marks,
    groups: Mapping[str, Sequence[Cell]],
    mistakes: Mapping[str, Iterable[Iterable[str]]] | None = None,
) -> list[Item]:
    """The statistics of each group of cells.

    Cells that wait for a person in any submission are no part of totals; of a group with such a cell, only learners
    whose marks in it are final count, and never those who are excused. `mistakes` has, by group, each learner's own
    list of what went wrong.
    """
    waiting = {(mark.cell.notebook, mark.cell.id) for submission in marks.submissions for mark in submission.pending}
    counted = [(cell.notebook, cell.id) for cell in marks.cells if (cell.notebook, cell.id) not in waiting]
    made = []
    for name, cells in groups.items():
        keys = [(cell.notebook, cell.id) for cell in cells]
        of = sum(cell.of for cell in cells)
        own, rest = [], []
        for submission in marks.submissions:
            known = submission.marks
            if any(key not in known or known[key].pending or known[key].excused for key in keys):
                continue
            own.append(sum(submission.marks[key].score for key in keys))
            rest.append(
                sum(known[key].score for key in counted if key not in keys and key in known and not known[key].excused)
            )
        said = Counter(words for learner in (mistakes or {}).get(name, ()) for words in set(learner))
        made.append(
            Item(
                name,
                of,
                len(own),
                sum(own) / len(own) / of if own and of else None,
                correlation(own, rest) if len(own) >= FEWEST else None,
                tuple(sorted(said.items(), key=lambda pair: (-pair[1], pair[0]))),
            )
        )
    return made


def correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Pearson's correlation of two lists of the same length. None if one of them does not vary."""
    n = len(one)
    if n < 2:
        return None
    mean_one, mean_other = sum(one) / n, sum(other) / n
    a = [value - mean_one for value in one]
    b = [value - mean_other for value in other]
    spread = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    if spread < 1e-12:
        return None
    return sum(x * y for x, y in zip(a, b, strict=True)) / spread
