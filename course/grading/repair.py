"""Repair: from whatever was handed in, a notebook that can be graded, and what had to be done for it.

1. read what can be read of the file
2. recognise its cells as the assignment's
3. build the notebook from source/: the learner's text in the cells that are the learner's, everything else as it was
4. tell the learner each repair, and the instructor what looks like tampering
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets.config import Config

from course.grading.autotest import MADE
from course.grading.match import Match, grade_id, match, plain
from course.grading.region import nbformat_id
from course.grading.released import released
from course.grading.submitted import Cell, Submitted, read

MOST_ADDED = 2_000  # cells
ONE_BY_ONE = 5  # repairs of a kind that are told one by one; of more, one sentence names the first of them
SETTINGS = ("points", "schema_version", "grade", "solution", "locked", "task")


@dataclass(frozen=True)
class Repaired:
    """A notebook to grade. `repairs` are sentences for the learner, `flags` those that an instructor should look at."""

    notebook: NotebookNode
    repairs: tuple[str, ...]
    flags: tuple[str, ...]


def repair(source: NotebookNode, submitted: bytes, *, name: str, config: Config | None = None) -> Repaired:
    """The submission `submitted` of the instructor's notebook `source`, as it can be graded.

    `name` is what the notebook is called to the learner; `config` the course's nbgrader settings. Of the submission
    only the text and the attachments of cells are taken that learners may write in, and the cells that they added,
    without outputs and metadata. Raises nothing on account of `submitted`.
    """
    given = released(source, config)
    found = read(submitted)
    known = match(source.cells, given.cells, found.cells)
    taken = {*known.of.values(), *known.again}
    added = [place for place in range(len(found.cells)) if place not in taken]
    told = _Told(name)
    _about_the_file(source, found, known, len(added), told)
    cells = list(_cells(source, given, found.cells, known, set(added[:MOST_ADDED]), told))
    _with_ids(cells, [cell.get("id") for cell in source.cells])
    metadata = copy.deepcopy(source.metadata)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=max(5, source.nbformat_minor))
    return Repaired(notebook, told.repairs(), tuple(told.flags))


class _Told:
    """What is to be said, by kind: a sentence with {cell} in it, and the cells it is true of."""

    def __init__(self, name: str):
        self.name = name
        self.cells: dict[str, list[str]] = {}
        self.flags: list[str] = []

    def __call__(self, sentence: str, cell: str = "", flag: bool = False) -> None:
        self.cells.setdefault(sentence, []).append(cell)
        if flag:
            self.flags.append(self._said(sentence, [cell]))

    def repairs(self) -> tuple[str, ...]:
        said: list[str] = []
        for sentence, cells in self.cells.items():
            groups = [cells] if len(cells) > ONE_BY_ONE else [[cell] for cell in cells]
            said += [self._said(sentence, group) for group in groups]
        return tuple(said)

    def _said(self, sentence: str, cells: Sequence[str]) -> str:
        if len(cells) == 1:
            return sentence.format(cell=f"cell {cells[0]}", was="was", name=self.name)
        more = f"{', '.join(cells[:ONE_BY_ONE])} and {len(cells) - ONE_BY_ONE} more"
        return sentence.format(cell=f"cells {more}", was="were", name=self.name)


def _about_the_file(source: NotebookNode, found: Submitted, known: Match, added: int, told: _Told) -> None:
    count = len(found.cells)
    if not count:
        told("What was handed in as {name} cannot be read as a notebook: all its answers count as missing.")
        return
    if found.damaged:
        told(f"The file {{name}} is damaged: what counts are the cells that could be read, {count} in number.")
    if found.unreadable:
        told(f"In {{name}}, cells could not be read and are left out: {found.unreadable} in number.")
    if added > MOST_ADDED:
        told(f"In {{name}}, more than {MOST_ADDED} cells had been added: the others are left out.")
    if any(after < before for before, after in pairwise(known.of[n] for n in sorted(known.of))):
        told("In {name}, cells had been moved: they stand in the assignment's order again.")
    spec = source.metadata.get("kernelspec", {})
    language = spec.get("language") or source.metadata.get("language_info", {}).get("name") or "python"
    if found.language and found.language != language.lower():
        told("The notebook {name} was set to another language: it is run in the assignment's.")


def _cells(
    source: NotebookNode, given: NotebookNode, cells: Sequence[Cell], known: Match, added: set[int], told: _Told
) -> Iterator[NotebookNode]:
    """Source's cells in source's order, each followed by what the learner added below it."""
    after: dict[int, list[NotebookNode]] = {}
    last, places = -1, {place: n for n, place in known.of.items()}
    for place, cell in enumerate(cells):
        if place in added:
            after.setdefault(last, []).append(_added(cell))
        last = places.get(place, last)
    waiting, again = after.pop(-1, []), set(known.again.values())
    for n, original in enumerate(source.cells):
        # A stub goes above what the learner wrote in its place, so as not to take the values away.
        if n in known.of or not is_solution(original):
            yield from waiting
            waiting = []
        yield _restored(original, given.cells[n], cells[known.of[n]] if n in known.of else None)
        waiting += after.pop(n, [])
        if cells:
            _about(original, given.cells[n], cells[known.of[n]] if n in known.of else None, n in again, n, known, told)
    yield from waiting


def _restored(original: NotebookNode, given: NotebookNode, submitted: Cell | None) -> NotebookNode:
    """A cell of source as it is to be graded."""
    cell = copy.deepcopy(original)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    if is_locked(original):
        return cell
    if submitted is None:
        cell.source = given.source
        return cell
    cell.source = submitted.text
    if submitted.attachments and cell.cell_type == "markdown":
        cell.attachments = {**cell.get("attachments", {}), **submitted.attachments}
    return cell


def _added(cell: Cell) -> NotebookNode:
    if cell.kind == "code":
        return nbformat.v4.new_code_cell(cell.text)
    if cell.kind == "raw":
        return nbformat.v4.new_raw_cell(cell.text)
    node = nbformat.v4.new_markdown_cell(cell.text)
    if cell.attachments:
        node.attachments = cell.attachments
    return node


def _about(
    original: NotebookNode, given: NotebookNode, mine: Cell | None, again: bool, n: int, known: Match, told: _Told
) -> None:
    """Tell what was done for one cell of source."""
    name = grade_id(original) or original.get("id") or f"number {n + 1}"
    if mine is None:
        if is_solution(original):
            told("In {name}, {cell} {was} missing, and so not answered.", name)
        else:
            told("In {name}, {cell} {was} missing: the assignment's text stands there again.", name)
        return
    if again:
        told("In {name}, {cell} stood there more than once: the first counts.", name)
    if n in known.guessed:
        told("In {name}, {cell} had lost the right grade id and {was} recognised all the same.", name)
    if mine.kind != original.cell_type:
        told(f"In {{name}}, {{cell}} had become {mine.kind}: the assignment's kind counts, {original.cell_type}.", name)
    if is_locked(original) and not original.metadata.get(MADE):  # such tests are made each time anew
        texts = {plain(given.source), plain(original.source)}
        what = "test" if is_grade(original) else "locked"
        if plain(mine.text) not in texts:
            told(f"In {{name}}, the {what} {{cell}} had been edited: the assignment's text counts.", name, flag=True)
    if n not in known.guessed:
        _about_settings(original, mine, name, told)


def _about_settings(original: NotebookNode, mine: Cell, name: str, told: _Told) -> None:
    settings: dict[str, Any] = original.metadata.get("nbgrader", {})
    for setting in SETTINGS:
        if setting in settings and mine.grading.get(setting, settings[setting]) != settings[setting]:
            what = setting.replace("_", " ")
            told(
                f"In {{name}}, the {what} of {{cell}} had been changed: the assignment's setting counts.",
                name,
                flag=True,
            )


def _with_ids(cells: Sequence[NotebookNode], own: Sequence[Any]) -> None:
    """Give every cell an id that a notebook may have: source's, or its grade id, or a number."""
    used = {id for id in own if isinstance(id, str)}
    seen: set[str] = set()
    for n, cell in enumerate(cells):
        id = cell.get("id")
        if id not in used or id in seen:
            wanted = grade_id(cell)
            id = wanted if nbformat_id(wanted) and wanted not in used | seen else f"added-{n}"
            while id in used | seen:
                id += "-"
        cell.id = id
        seen.add(id)
