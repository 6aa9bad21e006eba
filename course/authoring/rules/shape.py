"""Rules about the file and its cells: names, ids, parts, sizes, metadata."""

from collections.abc import Iterator

from course import __version__
from course.authoring import notebook
from course.authoring.notebook import Notebook
from course.syllabus import ASSIGNMENT_NAME, Syllabus

from . import Finding

LONGEST_CELL = 15  # lines; 2 to 6 are wanted
LONGEST_ID = 64  # nbformat's own limit
SCHEMA = 3  # nbgrader's metadata


def name(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Folder and notebook bear the name of an assignment in the syllabus: number plus topic, as `d0_orientation`."""
    folder, stem = book.path.parent.name, book.path.stem
    if folder != stem:
        yield "-", f"the folder is {folder!r} and the notebook {stem!r}: give both one name"
    elif not ASSIGNMENT_NAME.fullmatch(stem):
        yield "-", f"{stem!r} is not a number plus a topic such as d0_orientation"
    elif stem not in {assignment.name for assignment in course.assignments}:
        yield "-", f"the syllabus has no assignment {stem!r}"


def cell_id(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A cell's id is a readable slug of its own that begins with its exercise: `o-8-check`, `d3-07-blank`."""
    seen = set()
    for cell in book.cells:
        exercise = notebook.exercise(cell)
        if not notebook.is_slug(cell.id) or len(cell.id) > LONGEST_ID:
            yield cell.id, "the id is no readable slug such as o-8-begin"
        elif cell.id in seen:
            yield cell.id, "another cell has this id"
        elif exercise and not cell.id.startswith(exercise.lower() + "-"):
            yield cell.id, f"the cell belongs to {exercise}, so its id begins with {exercise.lower()}-"
        seen.add(cell.id)


def grade_id(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A cell that nbgrader knows has its cell id as grade id."""
    for cell in book.cells:
        if (grading := notebook.grading(cell)) and grading.get("grade_id") != cell.id:
            yield cell.id, f"the grade id is {grading.get('grade_id')!r}: make it the cell id"


def part(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A cell says in its `course` metadata which part of which exercise it is, in the agreed words."""
    exercises = {exercise.id for exercise in course.exercises}
    for cell in book.cells:
        belongs, name = notebook.exercise(cell), notebook.part(cell)
        if belongs is not None and belongs not in exercises:
            yield cell.id, f"the syllabus has no exercise {belongs!r}"
        if belongs is not None and name is None:
            yield cell.id, f"the cell belongs to {belongs} and has no part"
        if name is not None and name not in notebook.PARTS:
            yield cell.id, f"unknown part {name!r}: parts are {', '.join(notebook.PARTS)}"


def cell_size(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A code cell has at most 15 lines (2 to 6 are wanted), blank lines, markers and hidden tests not counted."""
    for cell in book.code_cells:
        lines = [line for line in notebook.public_of(cell).split("\n") if line.strip()]
        count = sum(line.strip() not in (notebook.BEGIN_SOLUTION, notebook.END_SOLUTION) for line in lines)
        if count > LONGEST_CELL:
            yield cell.id, f"the cell has {count} lines: split it, at most {LONGEST_CELL}"
        elif not lines:
            yield cell.id, "the cell is empty"


def notebook_metadata(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """The notebook has one kernelspec, python3, no language version and no widget state."""
    metadata = book.node.metadata
    if metadata.get("kernelspec") != notebook.KERNELSPEC:
        yield "-", f"the kernelspec is not {notebook.KERNELSPEC}: run `course refresh`"
    if "version" in metadata.get("language_info", {}):
        yield "-", "language_info carries a version: run `course refresh`"
    if "widgets" in metadata:
        yield "-", "the notebook stores widget state: run `course refresh`"


def version(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """The notebook says the course's version: in its metadata, and where it is read, in a line of its first cell."""
    if book.node.metadata.get("course", {}).get("version") != __version__:
        yield "-", f"the metadata do not say version {__version__}: run `course refresh`"
    line = f"*Version {__version__}*"
    if not book.cells or line not in book.cells[0].source.split("\n"):
        yield book.cells[0].id if book.cells else "-", f"the first cell lacks the line {line!r}"


def grading_metadata(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Begins are locked, blanks and holes are solutions, checks locked and graded, reflections graded by hand."""
    for cell in book.cells:
        agreed = AGREED.get(notebook.part(cell) or "")
        grading = notebook.grading(cell)
        if agreed is None:
            if grading.get("grade") and notebook.part(cell) != "quiz":
                yield cell.id, "the cell is graded: only checks, quizzes and reflections are"
            continue
        wrong = {key: grading.get(key, False) for key, value in agreed.items() if grading.get(key, False) != value}
        if not grading:
            yield cell.id, "the cell lacks its nbgrader metadata"
        elif wrong:
            yield cell.id, f"nbgrader metadata should be {_spell({key: agreed[key] for key in wrong})}"
        elif grading.get("schema_version") != SCHEMA:
            yield cell.id, f"nbgrader metadata is not of schema version {SCHEMA}"
        elif ("points" in grading) != agreed["grade"]:
            yield cell.id, "a graded cell has points, and only a graded cell"


def _spell(values: dict[str, bool]) -> str:
    return ", ".join(f"{key}: {str(value).lower()}" for key, value in values.items())


AGREED = {
    "begin": {"grade": False, "locked": True, "solution": False},
    "holes": {"grade": False, "locked": False, "solution": True},
    "blank": {"grade": False, "locked": False, "solution": True},
    "check": {"grade": True, "locked": True, "solution": False},
    "reflection": {"grade": True, "locked": False, "solution": True},
}
