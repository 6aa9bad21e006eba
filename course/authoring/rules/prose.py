"""Rules about the words: headings, the jump list, points, lengths."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from course.authoring import notebook
from course.authoring.notebook import Notebook
from course.syllabus import Exercise, Syllabus

from . import Finding

LONGEST_PRINCIPLE = 150  # words
POINTS_BY_HAND = re.compile(r"\b\d+(\.\d+)?\s*(points?|marks?)\b", re.IGNORECASE)
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2705\u270a-\u270d\u2728\u274c\u274e\u2753-\u2757\u2795-\u2797\u2b50\u2b55\ufe0f]"
)
LINK = re.compile(r"\]\(#([^)\s]+)\)|href=\"#([^\"]+)\"")


def heading_of(exercise: Exercise) -> str:
    """The first line of an exercise's heading cell."""
    return f"## {exercise.id} {exercise.title}"


def marker_of(exercise: Exercise) -> str:
    """The line of the heading cell that tells points and minutes; no other prose names points."""
    return f"*{exercise.points} {'point' if exercise.points == 1 else 'points'} · {exercise.minutes} minutes*"


def anchor_of(exercise: Exercise) -> str:
    """Where a jump list links to: the heading's text with hyphens for spaces, as JupyterLab makes it."""
    return heading_of(exercise).removeprefix("## ").replace(" ", "-")


def heading(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Each exercise opens with one heading cell: `## O-8 Title`, as the syllabus has them."""
    for exercise in _here(book, course):
        cells = book.of(exercise.id)
        first, rest = cells[0], [cell for cell in cells[1:] if notebook.part(cell) == "heading"]
        if notebook.part(first) != "heading" or first.cell_type != "markdown":
            yield first.id, f"{exercise.id} does not open with a heading cell"
        elif first.source.split("\n")[0] != heading_of(exercise):
            yield first.id, f"the first line should be {heading_of(exercise)!r}"
        for cell in rest:
            yield cell.id, f"{exercise.id} has a second heading cell"


def points(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """The heading's line `*4 points · 20 minutes*`, the graded cells and the syllabus agree."""
    for exercise in _here(book, course):
        cells = book.of(exercise.id)
        marker = marker_of(exercise)
        if marker not in cells[0].source.split("\n"):
            yield cells[0].id, f"the heading cell lacks the syllabus's line {marker!r}"
        graded = sum(notebook.grading(cell).get("points", 0) for cell in cells if notebook.grading(cell).get("grade"))
        if graded != exercise.points:
            yield (
                cells[-1].id,
                f"{exercise.id} has graded cells of {graded:g} points; the syllabus says {exercise.points}",
            )


def points_by_hand(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No other prose names a number of points: it would drift from the metadata."""
    for cell in book.cells:
        if cell.cell_type != "markdown":
            continue
        markers = {marker_of(exercise) for exercise in course.exercises if exercise.id == notebook.exercise(cell)}
        for line in cell.source.split("\n"):
            if line not in markers and (found := POINTS_BY_HAND.search(line)):
                yield cell.id, f"names {found.group()!r} by hand: only the heading's line tells points"


def jump_list(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Above the first exercise a jump list links to every exercise of the assignment, in order."""
    links = []
    for cell in book.cells:
        if notebook.exercise(cell):
            break
        text = "\n".join([cell.source, *notebook.texts(cell)]) if cell.cell_type == "code" else cell.source
        links += [unquote(first or second) for first, second in LINK.findall(text)]
    exercises = course.of(book.path.stem)
    for exercise in exercises:
        if anchor_of(exercise) not in links:
            yield "-", f"the jump list lacks a link to #{anchor_of(exercise)}"
    wanted = [anchor_of(exercise) for exercise in exercises if anchor_of(exercise) in links]
    if [link for link in dict.fromkeys(links) if link in wanted] != wanted:
        yield "-", "the jump list is not in the syllabus's order"


def principle(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A principle has at most 150 words."""
    for cell in book.cells:
        if notebook.part(cell) == "principle":
            count = len(re.findall(r"\w[\w'\u2019.-]*", cell.source))
            if count > LONGEST_PRINCIPLE:
                yield cell.id, f"the principle has {count} words: at most {LONGEST_PRINCIPLE}"


def no_emoji(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No prose, code or stored output has an emoji."""
    for cell in book.cells:
        text = "\n".join([cell.source, *notebook.texts(cell)]) if cell.cell_type == "code" else cell.source
        if found := EMOJI.search(text):
            yield cell.id, f"has the emoji U+{ord(found.group()):04X}: say it in words"


def _here(book: Notebook, course: Syllabus) -> list[Exercise]:
    """The syllabus's exercises that have a cell in this notebook."""
    present = set(book.exercises())
    return [exercise for exercise in course.exercises if exercise.id in present]
