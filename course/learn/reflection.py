"""`model_answer("O-7")`: own words first, then the rubric, then the model answer beside them.

The words stand in the markdown cell above, which is graded by hand. A kernel cannot see markdown cells, so this reads
the saved notebook. How a learner scores the own text, before and after the model answer, goes to answers.json.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course.exam import reflections
from course.exam.reflections import Reflection
from course.learn import answers, screen
from course.learn.answers import Answer
from course.learn.told import Told

STUB = "*Write your answer here.*"  # what a release has in place of an answer (nbgrader_config.py)
WORD = re.compile(r"\w[\w'\u2019-]*")
BEFORE, AFTER = "before", "after"


def model_answer(exercise: str) -> None:
    """Show the rubric and the model answer of an exercise's reflection, once enough own words are saved above."""
    reflection = reflections.load(exercise)
    if reflection is None:
        raise Told(f"{exercise!r} has no reflection; there is one in {screen.listed(reflections.exercises())}.")
    words = WORD.findall(saved(reflection))
    if len(words) < reflection.words:
        print(screen.wrapped(
            f"Your saved text above has {len(words)} words. From {reflection.words} on the model answer opens here: "
            "write, save the notebook (Ctrl+S), and run this cell again."
        ))  # fmt: skip
        return
    if screen.has_reader():
        from course.learn import reflection_widget

        reflection_widget.show(reflection, len(words), strayed(reflection, words))
    else:
        print(as_text(reflection, len(words), strayed(reflection, words)))


def saved(reflection: Reflection, folder: Path | None = None) -> str:
    """The learner's text as the notebook beside this kernel has it saved; empty if nothing is written yet."""
    for path in notebooks(folder or Path.cwd()):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for cell in cells:
            if cell.get("cell_type") == "markdown" and _is_it(cell, reflection):
                source = cell.get("source", "")
                text = source if isinstance(source, str) else "".join(source)
                return "" if text.strip() == STUB else text
    raise Told(
        f"No saved notebook here has the cell {reflection.id}: save the notebook, or take the cell from a fresh copy."
    )


def strayed(reflection: Reflection, words: list[str]) -> str:
    """The first word that leads away from the question, or nothing."""
    return next((word for word in words if word.lower().startswith(reflection.aside)), "")


def scores(reflection: Reflection, when: str) -> dict[str, int] | None:
    """How the own text was scored `before` or `after` the model answer opened: 0 to 2 per row; None if it was not."""
    given = answers.given(reflection.id)
    choice = given.choice if given is not None else None
    kept = choice.get(when) if isinstance(choice, dict) else None
    if not isinstance(kept, dict) or set(kept) != {row.id for row in reflection.rows}:
        return None
    return kept if all(type(score) is int and 0 <= score <= 2 for score in kept.values()) else None


def score(reflection: Reflection, when: str, rows: Mapping[str, int]) -> None:
    """Keep a score of the own text."""
    kept: dict[str, Any] = {time: known for time in (BEFORE, AFTER) if (known := scores(reflection, time))}
    answers.give(reflection.id, Answer({**kept, when: dict(rows)}))


def as_text(reflection: Reflection, words: int, aside: str) -> str:
    """The rubric and the model answer as text."""
    lines = [f"Your saved text has {words} words."]
    lines += [screen.wrapped(f"“{aside}” {reflection.back}")] if aside else []
    lines.append(f"Score it, 0 to 2 in each row; {reflection.full} in all is a full answer")
    for row in reflection.rows:
        levels = "; ".join(f"{number} {level}" for number, level in enumerate(row.levels))
        lines.append(screen.wrapped(f"{row.text}: {levels}", "  ", "    "))
    for when in (BEFORE, AFTER):
        if kept := scores(reflection, when):
            lines.append(f"  yours, {when} the model answer: {total(kept)}")
    lines += ["A model answer", *(screen.wrapped(paragraph, "  ", "  ") for paragraph in reflection.model)]
    return "\n".join(lines)


def as_page(reflection: Reflection) -> str:
    """The model answer as HTML."""
    paragraphs = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in reflection.model)
    return f"<p><strong>A model answer</strong></p>{paragraphs}"


def total(rows: Mapping[str, int]) -> str:
    """ "7 of 10"."""
    return f"{sum(rows.values())} of {2 * len(rows)}"


def notebooks(folder: Path) -> list[Path]:
    """The notebooks of a folder; first the one that this kernel was started for, then the newest."""
    own = Path(os.environ.get("JPY_SESSION_NAME", "")).name
    return sorted(folder.glob("*.ipynb"), key=lambda path: (path.name != own, -path.stat().st_mtime))


def _is_it(cell: Mapping[str, Any], reflection: Reflection) -> bool:
    """Its own metadata say so; nbgrader's do where those are lost."""
    metadata = cell.get("metadata", {})
    course, grading = metadata.get("course", {}), metadata.get("nbgrader", {})
    named = (course.get("exercise"), course.get("part")) == (reflection.exercise, "reflection")
    return named or grading.get("grade_id") == reflection.id
