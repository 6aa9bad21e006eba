"""Which cells of a submission an exercise needs, and what stands in them once what was locked is restored.

What a cell is, an engine reads in source/; a submission only says what stands in the cells that were the learner's.
"""

from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from course.grading.released import released
from course.grading.trusted import key


@dataclass(frozen=True)
class Region:
    """The cells that one exercise needs, as they are to be run. `checks` are the ids of its check cells.

    They are the notebook's own code above its first exercise (its imports), then the exercise from begin to last check.
    """

    exercise: str
    cells: tuple[NotebookNode, ...]
    checks: tuple[str, ...]

    def notebook(self) -> NotebookNode:
        """A notebook of these cells' code alone, without outputs."""
        cells = [
            nbformat.v4.new_code_cell(cell.source, id=key(cell) if nbformat_id(key(cell)) else cell.id)
            for cell in self.cells
            if cell.cell_type == "code"
        ]
        kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
        return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def exercises(source: NotebookNode) -> list[str]:
    """Ids of the exercises that have a begin and a check, in order."""
    found = dict.fromkeys(_course(cell).get("exercise") for cell in source.cells)
    return [id for id in found if id and _span(source, id)]


def region(source: NotebookNode, submitted: NotebookNode, exercise: str) -> Region:
    """An exercise's cells as submitted: locked and graded cells from `source`, missing ones restored.

    Cells that the learner added are kept where they stand, after the last known cell before them. Of cells that
    appear twice the first counts.
    """
    begin, end = _span(source, exercise) or (0, 0)
    wanted = [cell for cell in source.cells[:begin] if _is_opening(cell)] + source.cells[begin:end]
    known = {key(cell): cell for cell in wanted}
    everywhere = {key(cell) for cell in source.cells}
    own: dict[str, NotebookNode] = {}
    added: dict[str, list[NotebookNode]] = {}
    last = None
    for cell in submitted.cells:
        name = key(cell)
        if name in everywhere:
            last = name if name in known else None
            if last:
                own.setdefault(name, cell)
        elif last:
            added.setdefault(last, []).append(cell)
    cells: list[NotebookNode] = []
    for name, original in known.items():
        cells.append(_restored(original, own.get(name)))
        if original is not wanted[-1]:  # what stands after the check is not part of the exercise
            cells += added.get(name, [])
    checks = tuple(name for name, cell in known.items() if _course(cell).get("part") == "check")
    return Region(exercise, tuple(cells), checks)


def nbformat_id(text: str) -> bool:
    """Whether a grade id may stand as a cell id."""
    return 0 < len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text)


def _restored(original: NotebookNode, submitted: NotebookNode | None) -> NotebookNode:
    grading = original.metadata.get("nbgrader", {})
    cell = nbformat.from_dict(dict(original))
    if grading.get("solution"):
        cell.source = submitted.source if submitted is not None else _stub(original)
    elif submitted is not None and not (grading.get("locked") or grading.get("grade")):
        cell.source = submitted.source
    return cell


def _stub(original: NotebookNode) -> str:
    """A solution cell without its solution: the names above the region keep their None."""
    return released(nbformat.v4.new_notebook(cells=[original])).cells[0].source


def _is_opening(cell: NotebookNode) -> bool:
    """A code cell that belongs to no exercise: imports, which every exercise may use."""
    return cell.cell_type == "code" and not _course(cell).get("exercise")


def _span(source: NotebookNode, exercise: str) -> tuple[int, int] | None:
    """Where an exercise's begin stands and where its last check ends."""
    parts = [
        (n, _course(cell).get("part"))
        for n, cell in enumerate(source.cells)
        if _course(cell).get("exercise") == exercise
    ]
    begins = [n for n, part in parts if part == "begin"]
    checks = [n for n, part in parts if part == "check"]
    return (begins[0], checks[-1] + 1) if begins and checks else None


def _course(cell: NotebookNode) -> dict:
    return cell.metadata.get("course", {})
