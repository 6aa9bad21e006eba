"""Merge a new release of a notebook into a learner's copy, cell by cell: `course lab --update NAME`.

The new release says which cells there are and in which order. What a learner wrote stays: solution cells always, other
cells if they were changed since they were handed out, and every cell that the learner added. The copy as it was is kept
beside the merged one.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.handout import STATE, cell_digest, digests, read_state, write, write_state

Cell = dict[str, Any]


def update(root: Path, assignment: str) -> list[str]:
    """Merge release/<assignment> into work/<assignment>; returns what was done, a sentence each. Raises CourseError."""
    name = f"{assignment}/{assignment}.ipynb"
    released, mine = root / "release" / name, root / "work" / name
    if not released.is_file():
        there = ", ".join(sorted(path.name for path in (root / "release").glob("d*"))) or "none"
        raise CourseError(f"There is no release of {assignment}. Released are: {there}.")
    if not mine.is_file():
        raise CourseError(f"There is no work/{name} to update: `course lab` copies the release there.")
    state = read_state(root / "work" / STATE)
    now = digests(released)
    if state.get(name, {}).get("digest") == now["digest"]:
        return [f"{name} is up to date."]
    try:
        old, new = json.loads(mine.read_bytes()), json.loads(released.read_bytes())
        cells = list(old["cells"])
    except (ValueError, KeyError, TypeError):
        raise CourseError(f"work/{name} is not a notebook that can be read: move it away, and start the lab.") from None
    merged, kept = merge(cells, new["cells"], state.get(name, {}).get("cells", {}))
    backup = _backup(mine)
    try:
        write(backup, mine.read_bytes())
        write(mine, (json.dumps({**new, "cells": merged}, indent=1, ensure_ascii=False) + "\n").encode())
        write_state(root / "work" / STATE, {**state, name: now})
    except OSError as error:
        raise CourseError(f"work/{assignment} cannot be written ({error.strerror}): make it writable.") from None
    return [
        f"{name} is the new release{_versions(old, new)} with {kept} cells of yours.",
        f"The copy as it was: work/{assignment}/{backup.name}",
    ]


def merge(mine: list[Cell], new: list[Cell], handed_out: dict[str, str]) -> tuple[list[Cell], int]:
    """(cells of the merged notebook, how many of them are the learner's own words).

    `handed_out`: cell id → digest of its source as it was handed out; a cell that is not in it counts as changed.
    """
    own = {cell.get("id", ""): cell for cell in mine}
    ids = {cell["id"] for cell in new}
    added = dict(_added(mine, ids, handed_out))
    merged, kept = [], 0
    for cell in [None, *new]:
        if cell is not None:
            theirs = own.get(cell["id"])
            if theirs is not None and _is_the_learners(theirs, cell, handed_out):
                cell = {**cell, "source": theirs["source"], **_outputs(theirs)}
                kept += 1
            elif theirs is not None and cell_digest(theirs) == cell_digest(cell):
                cell = {**cell, **_outputs(theirs)}
            merged.append(cell)
        more = added.get(cell["id"] if cell else None, [])
        merged += more
        kept += len(more)
    return merged, kept


def _is_the_learners(theirs: Cell, released: Cell, handed_out: dict[str, str]) -> bool:
    grading = released["metadata"].get("nbgrader", {})
    if grading.get("locked") or cell_digest(theirs) == cell_digest(released):
        return False
    return cell_digest(theirs) != handed_out.get(theirs["id"])


def _added(mine: list[Cell], ids: set[str], handed_out: dict[str, str]) -> Iterator[tuple[str | None, list[Cell]]]:
    """(id of the released cell before them or None, cells that the new release does not have and that must stay)."""
    last: str | None = None
    run: list[Cell] = []
    for cell in mine:
        if cell.get("id") in ids:
            if run:
                yield last, run
            last, run = cell["id"], []
        elif cell_digest(cell) != handed_out.get(cell.get("id", "")):
            metadata = {key: value for key, value in cell["metadata"].items() if key not in ("nbgrader", "course")}
            run.append({**cell, "metadata": metadata})
    if run:
        yield last, run


def _versions(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What the stamps of two notebooks say: ", version 0.2.0 after 0.1.0,"; nothing where there is none."""
    before, now = (book.get("metadata", {}).get("course", {}).get("version") for book in (old, new))
    if not now:
        return ""
    return f", version {now}{f' after {before}' if before and before != now else ''},"


def _outputs(cell: Cell) -> Cell:
    return {key: cell[key] for key in ("outputs", "execution_count") if key in cell}


def _backup(path: Path) -> Path:
    """A name beside `path` that is free."""
    number = 1
    while (free := path.with_name(f"{path.stem}.before-update-{number}.ipynb")).exists():
        number += 1
    return free
