"""`course lint`: every rule that a source notebook must keep, in one table.

A cell may be excused from a rule by `{"course": {"allow": {"<rule>": "<reason>"}}}` in its metadata. An excuse without
a reason, for a rule that there is not, or that excuses nothing is itself a fault.
"""

from pathlib import Path

from course import syllabus

from . import notebook
from .fault import Fault, relative
from .notebook import Notebook
from .rules import Rule, code, exercise, outputs, prose, shape

RULES: dict[str, Rule] = {
    # the file and its cells
    "name": shape.name,
    "cell-id": shape.cell_id,
    "grade-id": shape.grade_id,
    "part": shape.part,
    "cell-size": shape.cell_size,
    "notebook-metadata": shape.notebook_metadata,
    "version": shape.version,
    "grading-metadata": shape.grading_metadata,
    # what the code may be
    "parses": code.parses,
    "no-class": code.no_class,
    "no-helper": code.no_helper,
    "no-shadow": code.no_shadow,
    "no-sleep": code.no_sleep,
    "no-address": code.no_address,
    "no-secret": code.no_secret,
    # an exercise's contract
    "order": exercise.order,
    "region": exercise.region,
    "begin": exercise.begin,
    "check": exercise.check,
    "names": exercise.names,
    "marks": exercise.marks,
    "stub": exercise.stub,
    # the words
    "heading": prose.heading,
    "points": prose.points,
    "points-by-hand": prose.points_by_hand,
    "jump-list": prose.jump_list,
    "principle": prose.principle,
    "no-emoji": prose.no_emoji,
    # stored outputs
    "ran": outputs.ran,
    "stable": outputs.stable,
    "canonical": outputs.canonical,
    "exempt": outputs.exempt,
    "picture": outputs.picture,
}


def run(root: Path) -> list[Fault]:
    """Every fault of every source notebook of the course at `root`, in the notebooks' and cells' order."""
    faults = []
    try:
        course = load_syllabus(root)
    except syllabus.SyllabusError as error:
        return [Fault("course/syllabus.toml", "-", "syllabus", str(error))]
    paths = notebook.sources(root)
    for missing in sorted({a.name for a in course.assignments} - {p.stem for p in paths}):
        faults.append(Fault(f"source/{missing}/{missing}.ipynb", "-", "name", "the syllabus has it and it is missing"))
    for path in paths:
        faults += lint(path, course, root=root)
    return faults


def lint(path: Path, course: syllabus.Syllabus, *, root: Path) -> list[Fault]:
    """Every fault of one notebook."""
    name = relative(path, root)
    try:
        book = notebook.read(path)
    except notebook.NotebookError as error:
        return [Fault(name, "-", "notebook", str(error))]
    faults = [Fault(name, cell, rule, message) for rule, keep in RULES.items() for cell, message in keep(book, course)]
    place = {cell.id: index for index, cell in enumerate(book.cells)}
    return sorted(_excused(faults, book, name), key=lambda fault: place.get(fault.cell, -1))


def descriptions() -> dict[str, str]:
    """Each rule's name and its sentence; the documentation's table is made from it."""
    return {name: " ".join((rule.__doc__ or "").split()) for name, rule in RULES.items()}


def load_syllabus(root: Path) -> syllabus.Syllabus:
    """The syllabus of the course at `root`, or this package's own where it has none."""
    path = root / "course" / "syllabus.toml"
    return syllabus.load(path) if path.is_file() else syllabus.load()


def _excused(faults: list[Fault], book: Notebook, name: str) -> list[Fault]:
    """The faults without the excused ones, and with the excuses that do not hold."""
    excuses = {
        (cell.id, rule): str(reason).strip()
        for cell in book.cells
        for rule, reason in cell.metadata.get("course", {}).get("allow", {}).items()
    }
    used = {(fault.cell, fault.rule) for fault in faults}
    left = [fault for fault in faults if not excuses.get((fault.cell, fault.rule))]
    for (cell, rule), reason in excuses.items():
        if rule not in RULES:
            left.append(Fault(name, cell, "allow", f"there is no rule {rule!r} to be excused from"))
        elif not reason:
            left.append(Fault(name, cell, "allow", f"the excuse from {rule} gives no reason"))
        elif (cell, rule) not in used:
            left.append(Fault(name, cell, "allow", f"the excuse from {rule} is not needed: remove it"))
    return left
