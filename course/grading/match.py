"""Which submitted cell is which of source's: by grade id, by cell id, by text, and at last by place and likeness."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from course.grading.submitted import Cell

LIKE = 0.6  # of the words of two texts, to be taken for the same
CLEAR = 0.1  # by how much the best must be better than the next
MOST_IN_A_GAP = 24  # cells; among more of them nothing is unambiguous
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass
class Match:
    """`of` maps places in source to places in the submission.

    `again` are places in the submission of cells whose grade id had been seen. `guessed` are places in source of graded
    or locked cells that were recognised by something else than their grade id.
    """

    of: dict[int, int] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    guessed: set[int] = field(default_factory=set)


def grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id") or ""


def plain(text: str) -> str:
    """Text as it is compared: editors strip blanks at ends of lines and exchange line ends."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def match(source: Sequence[NotebookNode], given: Sequence[NotebookNode], cells: Sequence[Cell]) -> Match:
    """Match `cells` with those of `source`, which learners were given as `given`."""
    found = Match()
    _by_grade_id(source, cells, found)
    _by_cell_id(source, cells, found)
    _by_text(source, given, cells, found)
    _by_place(source, given, cells, found)
    return found


def _by_grade_id(source: Sequence[NotebookNode], cells: Sequence[Cell], found: Match) -> None:
    graded = {grade_id(cell): n for n, cell in enumerate(source) if grade_id(cell)}
    ids = {cell.get("id"): n for n, cell in enumerate(source)}
    claims = [(place, graded[cell.grade_id]) for place, cell in enumerate(cells) if cell.grade_id in graded]
    # A cell with another's cell id took its grade id: it may have it only if nobody else does.
    taken = [ids.get(cells[place].id, n) != n for place, n in claims]
    for place, n in [claim for claim, other in zip(claims, taken, strict=True) if not other]:
        if found.of.setdefault(n, place) != place:
            found.again[place] = n
    for place, n in [claim for claim, other in zip(claims, taken, strict=True) if other]:
        found.of.setdefault(n, place)


def _by_cell_id(source: Sequence[NotebookNode], cells: Sequence[Cell], found: Match) -> None:
    ids = {cell.get("id"): n for n, cell in enumerate(source) if cell.get("id")}
    used = {*found.of.values(), *found.again}
    for place, cell in enumerate(cells):
        n = ids.get(cell.id)
        if n is not None and n not in found.of and place not in used:
            _take(source, found, n, place)


def _by_text(
    source: Sequence[NotebookNode], given: Sequence[NotebookNode], cells: Sequence[Cell], found: Match
) -> None:
    """Texts that stand once among the cells still unknown, on both sides."""
    used = {*found.of.values(), *found.again}
    here: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(cells):
        if place not in used and cell.text.strip():
            here.setdefault((cell.kind, plain(cell.text)), []).append(place)
    there: dict[tuple[str, str], list[int]] = {}
    for n, cell in enumerate(given):
        if n not in found.of:
            there.setdefault((cell.cell_type, plain(cell.source)), []).append(n)
    for text, places in here.items():
        if len(places) == len(there.get(text, [])) == 1:
            _take(source, found, there[text][0], places[0])


def _by_place(
    source: Sequence[NotebookNode], given: Sequence[NotebookNode], cells: Sequence[Cell], found: Match
) -> None:
    """Cells still unknown that stand between known neighbours, if only one can be meant."""
    used = {*found.of.values(), *found.again}
    free = [place for place in range(len(cells)) if place not in used]
    known = [-1, *sorted(found.of), len(source)]
    for before, after in pairwise(known):
        run = list(range(before + 1, after))
        first = bisect_right(free, found.of.get(before, -1))
        last = bisect_left(free, found.of.get(after, len(cells)))
        if len(run) > MOST_IN_A_GAP or last - first > MOST_IN_A_GAP:
            continue
        taken = set(found.of.values())  # gaps overlap where cells were moved
        gap = [place for place in free[first:last] if place not in taken]
        for n in run:
            text = (given[n].cell_type, plain(given[n].source))
            same = next((p for p in gap if text[1] and text == (cells[p].kind, plain(cells[p].text))), None)
            if same is not None:  # texts that stand more than once, in their order
                _take(source, found, n, same)
                gap = [p for p in gap if p > same]
        run = [n for n in run if n not in found.of]
        gap = [p for p in free[first:last] if p not in taken and p not in found.of.values()]
        _by_likeness(source, given, cells, found, run, gap)


def _by_likeness(
    source: Sequence[NotebookNode],
    given: Sequence[NotebookNode],
    cells: Sequence[Cell],
    found: Match,
    run: list[int],
    gap: list[int],
) -> None:
    words = {p: _words(cells[p].text) for p in gap}
    likes: dict[tuple[int, int], float] = {}
    for n in run:
        texts = [_words(text) for text in {given[n].source, source[n].source}]
        for p in gap:
            if cells[p].kind == source[n].cell_type or is_solution(source[n]):
                likes[n, p] = max(_likeness(text, words[p]) for text in texts)
    for (n, p), like in sorted(likes.items(), key=lambda item: -item[1]):
        rivals = [other for pair, other in likes.items() if pair != (n, p) and (pair[0] == n or pair[1] == p)]
        if like >= LIKE and like >= max(rivals, default=0.0) + CLEAR:
            _take(source, found, n, p)
    # An answer need not be like its stub: alone in its place it can be nothing else.
    for kind in ("code", "markdown"):
        left = [n for n in run if n not in found.of and source[n].cell_type == kind]
        free = [p for p in gap if p not in found.of.values() and cells[p].kind == kind]
        if len(left) == len(free) == 1 and is_solution(source[left[0]]):
            _take(source, found, left[0], free[0])


def _take(source: Sequence[NotebookNode], found: Match, n: int, place: int) -> None:
    found.of[n] = place
    if grade_id(source[n]):
        found.guessed.add(n)


def _words(text: str) -> Counter[str]:
    """The words of a text; without comments, which in a source mark its solution and in a stub its place."""
    lines = text[:20_000].splitlines()
    return Counter(
        WORD.findall("\n".join(line for line in lines if not line.lstrip().startswith("#")) or text[:20_000])
    )


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Dice's coefficient of two bags of words, in [0, 1]."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
