"""Hand the released notebooks out: copy `release/` to `work/`, never over a learner's file.

`work/.course/state.json` records what was handed out, per file: the digest of the whole, and for notebooks one of each
exercise. With it an update can be told apart from a learner's own work: a copy that nobody has touched is exchanged, a
touched one is kept and what is new in the release is said.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course.errors import CourseError

STATE = Path(".course") / "state.json"


def hand_out(release: Path, work: Path) -> list[str]:
    """Bring `work` up to date with `release`; returns what is new, a sentence each. CourseError if it cannot write."""
    state = read_state(work / STATE)
    news: list[str] = []
    try:
        for path in sorted(p for p in release.glob("*/**/*") if p.is_file()):
            name = path.relative_to(release).as_posix()
            if "/." in name:  # JupyterLab's checkpoints
                continue
            now = digests(path)
            news += _one(path, work / name, name, state.get(name), now)
            if state.get(name) is None or _same(work / name, now):
                state[name] = now
        write_state(work / STATE, state)
    except OSError as error:
        where = error.filename or work
        raise CourseError(
            f"{where} cannot be written ({error.strerror}): make {work} a folder that you may write to."
        ) from None
    return news


def _one(
    released: Path, mine: Path, name: str, before: Mapping[str, Any] | None, now: Mapping[str, Any]
) -> Iterator[str]:
    """Hand one file out, if nothing of the learner's is lost by it."""
    if not os.path.lexists(mine):
        write(mine, released.read_bytes())
        yield f"New in work/: {name}"
    elif before is None or before["digest"] == now["digest"]:
        return  # there before the course was, or as it was handed out last
    elif _same(mine, before):
        write(mine, released.read_bytes())
        yield f"Updated in work/: {name}{_changes(before, now)}"
    elif not _same(mine, now):
        yield f"{name} has changed{_changes(before, now)}. Your copy is kept; the new one is release/{name}"


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = before["exercises"], now["exercises"]
    added = [id for id in new if id not in old]
    changed = [id for id in new if id in old and new[id] != old[id]]
    said = [f"{what} {', '.join(ids)}" for what, ids in (("new:", added), ("changed:", changed)) if ids]
    return f" ({'; '.join(said)})" if said else ""


def _same(path: Path, digests: Mapping[str, Any]) -> bool:
    return path.is_file() and _digest(path.read_bytes()) == digests["digest"]


def digests(path: Path) -> dict[str, Any]:
    """{"digest": of the file, "exercises": {id: of its cells}, "cells": {id: of its source}}."""
    data = path.read_bytes()
    exercises: dict[str, list[Any]] = {}
    cells: dict[str, str] = {}
    if path.suffix == ".ipynb":
        for cell in json.loads(data)["cells"]:
            cells[cell.get("id", "")] = cell_digest(cell)
            if id := cell["metadata"].get("course", {}).get("exercise"):
                exercises.setdefault(id, []).append([cell["cell_type"], cell["source"]])
    return {
        "digest": _digest(data),
        "exercises": {id: _digest(json.dumps(sources).encode()) for id, sources in exercises.items()},
        "cells": cells,
    }


def cell_digest(cell: Mapping[str, Any]) -> str:
    """The digest of a cell's source, which a notebook file keeps as a text or as its lines."""
    return _digest("".join(cell["source"]).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_state(path: Path) -> dict[str, Any]:
    """The state, or an empty one where there is none that can be read: then no file of work/ is ever exchanged."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        return {name: entry for name, entry in state.items() if {"digest", "exercises"} <= set(entry)}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    write(path, json.dumps(state, indent=1, sort_keys=True).encode() + b"\n")


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        shutil.copymode(path, fresh) if path.exists() else os.chmod(fresh, 0o644)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
