"""A course notebook: read, written in the canonical form, and asked about its cells and exercises.

Cells are nbformat's own (`cell.source`, `cell.metadata`); this module adds what `course` and `nbgrader` metadata mean.
Nothing here runs a notebook.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import __version__
from course.errors import CourseError

PARTS = (
    "heading", "story", "principle", "worked", "predict", "holes", "prompt", "blank", "begin", "check",
    "quiz", "trap", "takeaway", "picture", "reflection", "model_answer",
)  # fmt: skip
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RANDOM_ID = re.compile(r"[0-9a-f]{8,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # what editors give a new cell
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/png", "image/jpeg")
KEPT_CELL_METADATA = ("course", "deletable", "editable", "jupyter", "nbgrader", "tags")

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


class NotebookError(CourseError):
    """The file is not a notebook that the course can read."""


@dataclass(frozen=True)
class Notebook:
    """A notebook file: where it lies and nbformat's node of it."""

    path: Path
    node: NotebookNode

    @property
    def cells(self) -> list[NotebookNode]:
        return self.node.cells

    @property
    def code_cells(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    def exercises(self) -> list[str]:
        """Ids of the exercises in the order in which they first appear."""
        return list(dict.fromkeys(e for cell in self.cells if (e := exercise(cell))))

    def of(self, id: str) -> list[NotebookNode]:
        """Every cell of one exercise."""
        return [cell for cell in self.cells if exercise(cell) == id]

    def region(self, id: str) -> list[NotebookNode]:
        """The cells from an exercise's begin to its last check: what `verify` and replay run. Empty if it has none."""
        marks = [i for i, cell in enumerate(self.cells) if exercise(cell) == id and part(cell) in ("begin", "check")]
        return self.cells[marks[0] : marks[-1] + 1] if marks else []


def read(path: Path) -> Notebook:
    """The notebook at `path`; NotebookError if it is missing, is no notebook, or is of another format than 4."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotebookError(f"{path} does not exist: give the path of a notebook") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotebookError(f"{path} cannot be read: {error}") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Notebook:
    """As `read`, of text that is already here; `path` is only its name."""
    try:
        node = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
        if (node.nbformat, node.nbformat_minor) < (4, 5):
            raise NotebookError(f"{path} is of notebook format {node.nbformat}.{node.nbformat_minor}: save it as 4.5")
        nbformat.validate(node)
    except NotebookError:
        raise
    except Exception as error:  # nbformat raises a family of unrelated types for what is simply not a notebook
        raise NotebookError(f"{path} is not a notebook: {str(error).splitlines()[0]}") from None
    return Notebook(path, node)


def dumps(node: NotebookNode) -> str:
    """The canonical JSON text: indent 1, sorted keys, a newline at the end."""
    return nbformat.writes(node, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def write(path: Path, node: NotebookNode) -> None:
    path.write_text(dumps(node), encoding="utf-8")


def sources(root: Path) -> list[Path]:
    """The source notebooks below a course's root, in order."""
    return sorted(p for p in (root / "source").glob("*/*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def canonical(node: NotebookNode) -> NotebookNode:
    """A copy with the course's version and without what differs from run to run: counts, timings, widgets, pictures."""
    stamp = {**node.metadata.get("course", {}), "version": __version__}
    metadata = {"course": stamp, "kernelspec": KERNELSPEC, "language_info": LANGUAGE}
    cells = [_canonical_cell(cell) for cell in node.cells]
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _canonical_cell(cell: NotebookNode) -> dict:
    kept = {key: cell[key] for key in ("id", "cell_type", "attachments") if key in cell}
    kept["source"] = cell.source.rstrip("\n")
    kept["metadata"] = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
    if cell.cell_type == "code":
        kept["execution_count"] = 1
        kept["outputs"] = list(_canonical_outputs(cell.outputs))
    return kept


def _canonical_outputs(outputs: list[NotebookNode]) -> Iterator[dict]:
    stream: dict | None = None  # streams arrive in pieces that depend on timing: neighbours of one name are one
    for output in outputs:
        if output.output_type == "stream" and stream and stream["name"] == output.name:
            stream["text"] += output.text
            continue
        if stream:
            yield stream
            stream = None
        if output.output_type == "stream":
            stream = {"output_type": "stream", "name": output.name, "text": output.text}
        elif output.output_type == "error":
            # A traceback carries colours and the paths of one machine.
            yield {**output, "traceback": [f"{output.ename}: {output.evalue}"]}
        elif data := {mime: value for mime, value in output.data.items() if mime not in (WIDGET_VIEW, *PICTURES)}:
            count = {"execution_count": 1} if output.output_type == "execute_result" else {}
            yield {"output_type": output.output_type, "data": data, "metadata": {}, **count}
    if stream:
        yield stream


def is_slug(id: str) -> bool:
    """Whether a cell id is one that a person chose: lower case, words joined by hyphens, not an editor's random one."""
    return bool(SLUG.fullmatch(id)) and not RANDOM_ID.fullmatch(id)


def exercise(cell: NotebookNode) -> str | None:
    """The id of the exercise that a cell belongs to, or None."""
    return cell.metadata.get("course", {}).get("exercise")


def part(cell: NotebookNode) -> str | None:
    """Which of PARTS a cell is, or None."""
    return cell.metadata.get("course", {}).get("part")


def texts(cell: NotebookNode) -> list[str]:
    """Every text of a cell's outputs, streams and MIME data alike; none of a prose cell."""
    return [text for output in cell.get("outputs", []) for text in output_texts(output)]


def output_texts(output: NotebookNode) -> list[str]:
    if output.output_type == "stream":
        return [output.text]
    if output.output_type == "error":
        return [output.evalue, *output.traceback]
    return [str(value) for mime, value in output.data.items() if mime not in PICTURES]


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def grading(cell: NotebookNode) -> dict:
    """A cell's nbgrader metadata; empty for a cell that nbgrader does not know."""
    return cell.metadata.get("nbgrader", {})


def is_solution(cell: NotebookNode) -> bool:
    return bool(grading(cell).get("solution"))


def without(source: str, begin: str, end: str, stub: str | None = None) -> str:
    """`source` without its regions from a `begin` to an `end` line; `stub`, indented as the region, stands in for each.

    nbgrader removes them the same way when it makes a release.
    """
    lines, inside = [], False
    for line in source.split("\n"):
        if begin.lstrip("# ") in line:
            inside = True
            if stub is not None:
                lines.append(line[: len(line) - len(line.lstrip())] + stub)
        elif end.lstrip("# ") in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def stub_of(cell: NotebookNode, stub: str = "# your code here") -> str:
    """A solution cell's source as learners get it."""
    return without(cell.source, BEGIN_SOLUTION, END_SOLUTION, stub)


def public_of(cell: NotebookNode) -> str:
    """A check cell's source without its hidden tests."""
    return without(cell.source, BEGIN_HIDDEN, END_HIDDEN)


def solution_lines(cell: NotebookNode) -> list[str]:
    """The lines of a cell's solution regions, as they stand."""
    lines, inside = [], False
    for line in cell.source.split("\n"):
        if BEGIN_SOLUTION in line:
            inside = True
        elif END_SOLUTION in line:
            inside = False
        elif inside:
            lines.append(line)
    return lines
