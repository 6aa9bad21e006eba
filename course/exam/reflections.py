"""Reflections: a question answered in one's own words, a rubric to score them by, and a model answer.

One TOML file per exercise under `reflections/`:

    question = "…"                     # as the notebook asks it
    words = 80                         # so many saved words open the model answer
    full = 6                           # the sum of the rows that is a full answer
    model = ["a paragraph", "…"]
    aside = ["retrain", "…"]           # beginnings of words that lead away from the question …
    back = "…"                         # … and what is said then
    [[row]]                            # of the rubric: 0 to 2 each
    id = "rollback"
    text = "A way back"
    levels = ["not there", "named", "said how"]

How a person grades the text stands in the mark scheme, which learners do not get.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from course.errors import CourseError

FOLDER = Path(__file__).resolve().parent / "reflections"
LEVELS = 3


class ReflectionError(CourseError):
    """A reflection's file is not as it must be."""


@dataclass(frozen=True)
class Row:
    """One row of the rubric: what is looked for, and what 0, 1 and 2 mean."""

    id: str
    text: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Reflection:
    """A question with its rubric and its model answer, paragraph by paragraph."""

    exercise: str
    question: str
    words: int
    full: int
    rows: tuple[Row, ...]
    model: tuple[str, ...]
    aside: tuple[str, ...]
    back: str

    @property
    def id(self) -> str:
        """How its scores are kept, and its cell is called: "o-7-reflection"."""
        return f"{self.exercise.lower()}-reflection"


def exercises(folder: Path = FOLDER) -> list[str]:
    """The ids of the exercises that end with a reflection."""
    return [path.stem.upper().replace("_", "-") for path in sorted(folder.glob("*.toml"))]


@cache
def load(exercise: str, folder: Path = FOLDER) -> Reflection | None:
    """The reflection of an exercise, or None. ReflectionError says what its file lacks."""
    path = folder / f"{exercise.lower().replace('-', '_')}.toml"
    if not path.is_file():
        return None
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = tuple(Row(row["id"], row["text"], tuple(row["levels"])) for row in table.pop("row"))
        listed: dict[str, Any] = {
            key: tuple(" ".join(text.split()) for text in table.pop(key)) for key in ("model", "aside")
        }
        made = Reflection(exercise, rows=rows, **listed, **table)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ReflectionError(f"{path.name} is not as a reflection must be: {error}") from None
    for row in rows:
        if len(row.levels) != LEVELS:
            raise ReflectionError(f"{path.name}: the row {row.id} has {len(row.levels)} levels and needs {LEVELS}")
    if not rows or not made.model or made.words < 1:
        raise ReflectionError(f"{path.name} needs rows, a model answer and a number of words")
    return made
