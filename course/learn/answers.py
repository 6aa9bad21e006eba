"""`answers.json` beside the notebook: what a learner chose, and at which attempt each exercise stands.

It is part of a submission and holds no scores. A folder without it is at every exercise's first attempt.
"""

import json
import os
from pathlib import Path
from typing import Any

from course.learn.told import Told

NAME = "answers.json"
VERSION = 1


def attempt(exercise: str, folder: Path | None = None) -> int:
    """The attempt that an exercise stands at; 1 as long as nothing is recorded."""
    return int(_read(folder).get("attempts", {}).get(exercise, 1))


def next_attempt(exercise: str, folder: Path | None = None) -> int:
    """Record one attempt more and return it. Raises Told if the folder cannot be written."""
    answers = _read(folder)
    number = int(answers.get("attempts", {}).get(exercise, 1)) + 1
    answers.setdefault("attempts", {})[exercise] = number
    _write(answers, folder)
    return number


def _path(folder: Path | None) -> Path:
    return (folder or Path.cwd()) / NAME  # a notebook's kernel starts in the notebook's folder


def _read(folder: Path | None) -> dict[str, Any]:
    path = _path(folder)
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))
        return answers if isinstance(answers, dict) else {"version": VERSION}
    except FileNotFoundError:
        return {"version": VERSION}
    except (OSError, ValueError):
        raise Told(f"{path} cannot be read: rename it, and this exercise starts at its first attempt.") from None


def _write(answers: dict[str, Any], folder: Path | None) -> None:
    path = _path(folder)
    draft = path.with_name(f".{NAME}.new")
    try:
        draft.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(draft, path)  # a kernel killed here leaves the old answers whole
    except OSError as error:
        raise Told(f"{path} cannot be written ({error.strerror}): make its folder writable and try again.") from None
