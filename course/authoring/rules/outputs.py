"""Rules about stored outputs: they are what nbval compares, so they are there and the same in every run."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.authoring import notebook
from course.authoring.notebook import Notebook
from course.syllabus import Syllabus

from . import Finding

EXEMPT_SHARE = 0.05  # of a notebook's code cells
EXEMPT_TAGS = ("nbval-skip", "nbval-ignore-output", "nbval-raises-exception", "raises-exception")
EXEMPT_COMMENT = re.compile(r"^\s*#\s*(NBVAL_SKIP|NBVAL_IGNORE_OUTPUT|NBVAL_RAISES_EXCEPTION)\b", re.MULTILINE)
FIGURE = re.compile(r"<Figure size|<IPython\.core\.display\.(Image|SVG) object>")
SHORTEST_EQUIVALENT = 5  # words that tell what a picture shows

UNSTABLE = {
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{5,}\b"),
    "a random id": re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    "a time of day": re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d|\b\d\d:\d\d:\d\d\b"),
    "a time in a name": re.compile(r"-20\d\d-\d\d-\d\d-\d\d-\d\d-\d\d\b"),
    "a path of one machine": re.compile(r"/(tmp|root)/|/var/folders/|/(home|Users)/\w|\b[A-Z]:\\"),
    "an address": re.compile(r"\blocalhost\b|\b127\.0\.0\.1\b|\bport:? \d{4,5}\b", re.IGNORECASE),
    "a measured time": re.compile(
        r"(?<![\w.])\d+(\.\d+)?\s?(ms|µs|us|ns)\b|(?<![\w.])\d+\.\d+\s?(s|sec|secs|seconds)\b"
    ),
}


def ran(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Every code cell has run, with execution count 1: nbval compares nothing in one that has not."""
    for cell in book.code_cells:
        if cell.execution_count != 1:
            yield cell.id, f"the execution count is {cell.execution_count}: run `course refresh`"


def stable(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A stored output holds nothing random or timed: no address, id, time of day, machine's path or measured time."""
    for cell in book.code_cells:
        text = "\n".join(notebook.texts(cell))
        for kind, pattern in UNSTABLE.items():
            if found := pattern.search(text):
                yield cell.id, f"the stored output has {kind}, {found.group()!r}: show something that stays the same"


def canonical(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Stored outputs carry no widget view, no picture data and no timings."""
    for cell in book.code_cells:
        data = {mime for output in cell.outputs for mime in output.get("data", {})}
        if found := sorted(data & {notebook.WIDGET_VIEW, *notebook.PICTURES}):
            yield cell.id, f"the output stores {found[0]}: run `course refresh`"
        if extra := sorted(set(cell.metadata) - set(notebook.KEPT_CELL_METADATA)):
            yield cell.id, f"the cell stores {extra[0]!r} metadata: run `course refresh`"


def exempt(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """At most 5 % of the code cells are exempt from nbval, each by a tag and with its reason in `course.reason`."""
    marked = [cell for cell in book.code_cells if set(notebook.tags(cell)) & set(EXEMPT_TAGS)]
    for cell in marked:
        if not str(cell.metadata.get("course", {}).get("reason", "")).strip():
            yield cell.id, "is exempt from nbval without a reason in its course metadata"
    for cell in book.code_cells:
        if EXEMPT_COMMENT.search(cell.source):
            yield cell.id, "is exempt from nbval by a comment, which learners read: use a tag"
    if len(marked) > EXEMPT_SHARE * len(book.code_cells):
        share = f"{len(marked)} of {len(book.code_cells)} code cells"
        yield marked[0].id, f"{share} are exempt from nbval: at most {EXEMPT_SHARE:.0%} may be"


def picture(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A cell that shows a picture has its text equivalent: in its own output, or in a `picture` prose cell after it."""
    for index, cell in enumerate(book.cells):
        # Refreshing drops a picture's data, so a cell that always shows one says so by its part.
        pictures = [output for output in cell.get("outputs", []) if _is_picture(output)]
        if cell.cell_type != "code" or not (pictures or notebook.part(cell) == "picture"):
            continue
        after = book.cells[index + 1 : index + 2]
        prose = [c.source for c in after if c.cell_type == "markdown" and notebook.part(c) == "picture"]
        said = " ".join(
            [*prose, *(t for output in cell.outputs if not _is_picture(output) for t in notebook.output_texts(output))]
        )
        if len(said.split()) < SHORTEST_EQUIVALENT:
            yield cell.id, "shows a picture without a text equivalent: print what it shows, or tell it in the next cell"


def _is_picture(output: NotebookNode) -> bool:
    data = output.get("data", {})
    return any(mime.startswith("image/") for mime in data) or bool(FIGURE.search(str(data.get("text/plain", ""))))
