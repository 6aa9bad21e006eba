"""What can be read of a submitted notebook, whatever was done to its bytes.

Cells are found by their brackets and read one by one: what is wrong with one costs only that one. Outputs are skipped
unread, numbers are not read as such, and nothing here recurses: the file is somebody else's.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 64  # brackets within brackets; the format itself needs 6
MOST_BRACKETS = 2_000_000
MOST_CELLS = 100_000
LARGEST_CELL = 20_000_000  # bytes without outputs: answers may have pictures attached
LARGEST_READ = 60_000_000  # of all cells together
LONGEST = 1_000_000  # characters of one cell's text

# From one bracket to the next, over strings. Possessive throughout: it never goes back, so it takes linear time.
STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
STEP = re.compile(
    rb'(?:[^"\[\]{}]++|"(?:cells|outputs)"(?!\s*+:\s*+\[)|(?!"(?:cells|outputs)")' + STRING + rb")*+"
    rb'(?:(?P<cells>"cells"\s*+:\s*+\[)|(?P<outputs>"outputs"\s*+:\s*+\[)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<cut>"))',
    re.DOTALL,
)
KINDS = {"code": "code", "markdown": "markdown", "heading": "markdown", "html": "markdown"}  # the last two: format 3


@dataclass(frozen=True)
class Cell:
    """A submitted cell. `grading` is what stands as its nbgrader metadata, of any keys and values."""

    kind: str
    text: str
    id: str = ""
    grading: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def grade_id(self) -> str:
        found = self.grading.get("grade_id")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class Submitted:
    """The cells that could be read, in order, and how many could not. `damaged` if the file as a whole is no JSON."""

    cells: tuple[Cell, ...]
    unreadable: int
    damaged: bool
    language: str | None


def read(data: bytes) -> Submitted:
    """Read a notebook of any version, or what is left of one. Raises nothing."""
    encoding = json.detect_encoding(data)
    if encoding not in ("utf-8", "utf-8-sig"):  # as some editors save text
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    scan = _Scan(data)
    cells: list[Cell] = []
    unreadable = size = 0
    for piece in scan.cells():
        size += len(piece or b"")
        cell = _cell(_parsed(piece)) if piece is not None and size <= LARGEST_READ else None
        if cell:
            cells.append(cell)
        else:
            unreadable += 1
    outline = _parsed(b"".join(scan.outline)) if scan.whole else None
    return Submitted(tuple(cells), unreadable, not isinstance(outline, dict), _language(outline))


class _Scan:
    """A walk over a notebook's brackets. `outline` is the file with a 0 for each cell, `whole` if it ended well."""

    def __init__(self, data: bytes):
        self.data = data
        self.outline: list[bytes] = []
        self.whole = False

    def cells(self) -> Iterator[bytes | None]:
        """Each cell's JSON without its outputs, in order; None for one that is too large or too deep."""
        data, at, kept, depth, deepest, found = self.data, 0, 0, 0, 0, 0
        array = skipped = -1  # the depth within the list of cells; the depth of a list of outputs
        cell: list[bytes] | None = None
        for _ in range(MOST_BRACKETS):
            if (step := STEP.match(data, at)) is None:
                self.whole = depth == 0 and deepest <= DEEPEST
                break
            at, kind = step.end(), step.lastgroup
            if kind == "cut" or found >= MOST_CELLS:
                break
            if kind != "close":
                if skipped < 0:
                    if kind == "outputs":
                        (self.outline if cell is None else cell).append(data[kept : at - 1])
                        skipped = depth
                    elif kind == "cells" and array < 0:
                        array = depth + 1
                    elif depth == array and data[at - 1] == ord("{"):
                        self.outline.append(data[kept : at - 1])
                        cell, kept, outer, deepest = [], at - 1, deepest, depth
                depth += 1
                deepest = max(deepest, depth) if skipped < 0 else deepest
                continue
            depth -= 1
            if depth < 0:
                break
            if skipped >= 0:
                if depth == skipped:
                    (self.outline if cell is None else cell).append(b"[]")
                    kept, skipped = at, -1
            elif cell is not None and depth == array:
                cell.append(data[kept:at])
                fits = deepest - depth <= DEEPEST and sum(map(len, cell)) <= LARGEST_CELL
                yield b"".join(cell) if fits else None
                self.outline.append(b"0")
                cell, kept, deepest, found = None, at, outer, found + 1
            elif depth < array:
                array = -1
        if self.whole:
            self.outline.append(data[kept:])


def _parsed(piece: bytes) -> Any:
    """The value of a piece of JSON whose depth is known to be small, or None. Numbers are floats, however long."""
    try:
        return json.loads(piece.decode("utf-8", "replace").removeprefix("\ufeff"), strict=False, parse_int=float)
    except (ValueError, RecursionError):
        return None


def _cell(found: Any) -> Cell | None:
    if not isinstance(found, dict):
        return None
    kind = KINDS.get(found["cell_type"], "raw") if isinstance(found.get("cell_type"), str) else "raw"
    text = found.get("source", found.get("input"))  # format 3 says input
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        by_lines = "input" in found and not any(line.endswith("\n") for line in text)
        text = ("\n" if by_lines else "").join(text)
    if not isinstance(text, str) or len(text) > LONGEST:
        return None
    if found.get("cell_type") == "heading":
        level = found.get("level")
        text = f"{'#' * int(level) if level in range(1, 7) else '#'} {text}"
    metadata = found.get("metadata")
    grading = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    id = found.get("id")
    return Cell(
        kind,
        _sound(text),
        id if isinstance(id, str) else "",
        grading if isinstance(grading, dict) else {},
        _attachments(found.get("attachments")) if kind == "markdown" else {},
    )


def _sound(text: str) -> str:
    """Text that can be written as UTF-8: JSON may name halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _attachments(found: Any) -> dict[str, dict[str, Any]]:
    """Attached files in the notebook format's shape: {name: {MIME type: text, or a list of lines}}."""
    kept: dict[str, dict[str, Any]] = {}
    for name, bundle in found.items() if isinstance(found, dict) else ():
        if isinstance(bundle, dict) and not any(type.endswith("json") for type in bundle):
            texts = {_sound(type): _sound(data) for type, data in bundle.items() if isinstance(data, str)}
            kept |= {_sound(name): texts} if texts else {}
    return kept


def _language(outline: Any) -> str | None:
    """The kernel's language, if the notebook names one."""
    metadata = outline.get("metadata") if isinstance(outline, dict) else None
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    for place, name in ((spec, "language"), (info, "name")):
        if isinstance(place, dict) and isinstance(place.get(name), str):
            return place[name].lower()
    return None
