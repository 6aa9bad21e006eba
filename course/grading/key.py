"""Hashes that say whether a grading would come out the same: of a submission, an assignment, an environment.

All are SHA-256 in hex. Nothing here follows a link or reads more than it must: what is hashed may be hostile.
"""

import contextlib
import hashlib
import json
import os
import platform
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import course

LARGEST = 100_000_000  # bytes that are read of one file; of a larger one its size and time count too
MOST_FILES = 20_000


def of(**parts: Any) -> str:
    """The hash of named JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def folder(path: Path, ignore: Sequence[str] = ()) -> str:
    """The hash of what a folder holds: names, contents, links as links. Names that match `ignore` do not count."""
    whole = hashlib.sha256()
    for number, (name, found) in enumerate(_entries(path, ignore)):
        if number == MOST_FILES:
            break
        whole.update(f"{name}\0{_entry(path / name, found)}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def _entries(root: Path, ignore: Sequence[str]) -> Iterator[tuple[str, os.stat_result]]:
    """(name, what it is) of everything below `root`, in an order that the names alone decide."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(root / inside) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:  # a folder that nobody may read is as good as an empty one
            continue
        for entry in entries:
            if any(fnmatch(entry.name, pattern) for pattern in ignore):
                continue
            name = os.path.join(inside, entry.name)
            with contextlib.suppress(FileNotFoundError):
                yield name, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)


def _entry(path: Path, found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return f"link {os.readlink(path)}"
    if not stat.S_ISREG(found.st_mode):
        return f"kind {stat.S_IFMT(found.st_mode)}"
    if found.st_size > LARGEST:
        return f"large {found.st_size} {found.st_mtime_ns}"
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"error {error.errno}"


@cache
def environment() -> str:
    """The hash of what runs a submission: Python, every installed package, and this engine with its checks."""
    installed = sorted({f"{found.name}=={found.version}" for found in distributions()})
    return of(
        python=sys.version,
        machine=platform.machine(),
        installed=installed,
        course=folder(Path(course.__file__).parent, ["__pycache__"]),
    )


def submission(path: Path, ignore: Sequence[str]) -> str:
    """The hash of a submission's folder."""
    return folder(path, [pattern for pattern in ignore if pattern != "timestamp.txt"])


def grading(
    submission: str, assignment: str, environment: str, limits: Mapping[str, Any], variant: int | None = None
) -> str:
    """The key of a grading: equal keys, equal grades. variant: the learner's own seed, if there is one."""
    own = {} if variant is None else {"variant": variant}
    return of(submission=submission, assignment=assignment, environment=environment, limits=dict(limits), **own)
