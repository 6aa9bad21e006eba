"""Rules about an exercise's contract: begin, prompt, blank and check agree with each other and with the syllabus."""

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from nbformat import NotebookNode

from course.authoring import notebook
from course.authoring.notebook import Notebook
from course.syllabus import Syllabus

from . import Finding
from .code import tree

TASKS = ("holes", "blank")  # where a learner writes
SOLUTION_MARKS = (notebook.BEGIN_SOLUTION, notebook.END_SOLUTION)
HIDDEN_MARKS = (notebook.BEGIN_HIDDEN, notebook.END_HIDDEN)
ANY_MARK = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)")


def order(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """The notebook has every exercise of its assignment, in the syllabus's order, each exercise's cells together."""
    wanted = [exercise.id for exercise in course.of(book.path.stem)]
    found = book.exercises()
    for id in wanted:
        if id not in found:
            yield "-", f"{id} is in the syllabus and not in the notebook"
    for id in found:
        if id not in wanted:
            yield book.of(id)[0].id, f"{id} does not belong to {book.path.stem}"
    if [id for id in found if id in wanted] != [id for id in wanted if id in found]:
        yield "-", f"the exercises stand as {', '.join(found)}, the syllabus has {', '.join(wanted)}"
    for before, cell, after in zip(book.cells, book.cells[1:], book.cells[2:], strict=False):
        around = notebook.exercise(before)
        if around and around == notebook.exercise(after) and notebook.exercise(cell) != around:
            yield cell.id, f"stands among the cells of {around} and does not belong to it"


def region(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """An exercise that runs has one begin, then at least one prompt, each task below a prompt, and last one check."""
    for exercise in course.of(book.path.stem):
        if "exec" not in exercise.mode.split("+") or not (cells := book.of(exercise.id)):
            continue
        parts = [notebook.part(cell) for cell in cells]
        for single in ("begin", "check"):
            if parts.count(single) != 1:
                yield cells[0].id, f"{exercise.id} has {parts.count(single)} {single} cells: it needs one"
        if not set(parts) & set(TASKS):
            yield cells[0].id, f"{exercise.id} has no blank and no holes: nothing is left to the learner"
        opened = prompted = checked = False
        for cell, name in zip(cells, parts, strict=True):
            opened, prompted, checked = (
                opened or name == "begin",
                prompted or name == "prompt",
                checked or name == "check",
            )
            if name in (*TASKS, "check") and not opened:
                yield cell.id, "stands above its exercise's begin"
            if name == "blank" and not prompted:
                yield cell.id, "stands above its prompt"
            if name in TASKS and checked:
                yield cell.id, "stands below its exercise's check"


def begin(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A begin cell is one line, `x = begin("O-8")`, with its own exercise's id."""
    for cell in book.cells:
        if notebook.part(cell) != "begin":
            continue
        id = notebook.exercise(cell)
        code = _statements(cell.source)
        call = code[0].value if len(code) == 1 and isinstance(code[0], ast.Assign) else None
        if not _is_call(call, "begin") or [ast.unparse(a) for a in call.args] != [repr(id)] or call.keywords:
            yield cell.id, f'should be one line, x = begin("{id}")'


def check(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A check cell is a comment of one sentence that says what it checks, the public check, and the same one hidden."""
    for cell in book.cells:
        if notebook.part(cell) != "check":
            continue
        if message := _check_fault(cell):
            yield cell.id, message


def _check_fault(cell: NotebookNode) -> str | None:
    id, lines = notebook.exercise(cell), cell.source.split("\n")
    comment = []
    while lines and lines[0].startswith("# "):
        comment.append(lines.pop(0)[2:])
    sentence = " ".join(comment)
    if not re.fullmatch(r"[A-Z].*[^.]\.", sentence) or re.search(r"[.!?] [A-Z]", sentence):
        return "should open with a comment of one sentence that says what it checks"
    statements = _statements(cell.source)
    calls = [s.value for s in statements if isinstance(s, ast.Expr) and _is_call(s.value, "check")]
    if len(calls) != 2 or len(statements) != 2:
        return f'should hold check("{id}", …) and, between hidden-test markers, the same call with hidden=True'
    public, hidden = calls
    if any([ast.unparse(a) for a in call.args] != [repr(id)] for call in calls):
        return f'should check "{id}"'
    if any(k.arg is None for call in calls for k in call.keywords):
        return "should name every value that it checks"
    flag = [k for k in hidden.keywords if k.arg == "hidden" and ast.unparse(k.value) == "True"]
    rest = [ast.unparse(k) for k in hidden.keywords if k.arg != "hidden"]
    if not flag or rest != [ast.unparse(k) for k in public.keywords]:
        return "the hidden check should be the public one with hidden=True"
    visible = [s.value for s in _statements(notebook.public_of(cell)) if isinstance(s, ast.Expr)]
    if [ast.unparse(v) for v in visible] != [ast.unparse(public)]:
        return "the hidden check, and only it, should stand between hidden-test markers"
    return None


def names(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Prompt, blank and check name the same things: `n` in the prompt, `n = None` in the blank, `n=n` in the check."""
    for id in book.exercises():
        cells = book.of(id)
        given: dict[str, str] = {}  # name → the check cell that takes it
        for cell in (c for c in cells if notebook.part(c) == "check"):
            for keyword in _checked(cell):
                if ast.unparse(keyword.value) != keyword.arg:
                    yield cell.id, f"{keyword.arg} is given {ast.unparse(keyword.value)}: pass the name itself"
                else:
                    given.setdefault(keyword.arg, cell.id)
        blank = {name: c.id for c in cells if notebook.part(c) == "blank" for name in none_names(c)}
        set_none = {*blank, *(name for c in cells if notebook.part(c) == "holes" for name in none_names(c))}
        prose = "\n".join(c.source for c in cells if notebook.part(c) == "prompt")
        for name, where in given.items():
            if name not in set_none:
                yield where, f"checks {name}, which no blank sets to None above its solution"
            if not re.search(rf"`{name}\b[^`]*`", prose):
                yield where, f"checks {name}, which the prompt does not name in backticks"
        for name, where in blank.items():
            if name not in given:
                yield where, f"sets {name} to None, and no check takes it"


def marks(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Solution marks pair up and stand in solution cells only, hidden-test marks in check cells only."""
    for cell in book.cells:
        found = [line.strip() for line in cell.source.split("\n") if ANY_MARK.search(line)]
        solution = [mark for mark in found if "SOLUTION" in mark]
        hidden = [mark for mark in found if "HIDDEN" in mark]
        for mark_lines, pair in ((solution, SOLUTION_MARKS), (hidden, HIDDEN_MARKS)):
            if mark_lines != list(pair) * (len(mark_lines) // 2):
                yield cell.id, f"the marks do not pair up as {pair[0]!r} and {pair[1]!r}"
        is_code_solution = notebook.is_solution(cell) and cell.cell_type == "code"
        if solution and not notebook.is_solution(cell):
            yield cell.id, "has a solution in a cell that nbgrader does not know as one"
        if is_code_solution and not solution:
            yield cell.id, "is a solution cell without solution marks: learners would get an empty cell"
        if hidden and notebook.part(cell) != "check":
            yield cell.id, "has hidden tests outside a check cell"


def stub(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """What is left of a solution cell is valid Python, sets its names to None first, and cannot raise on them."""
    for cell in book.code_cells:
        if not notebook.is_solution(cell):
            continue
        try:
            left = tree(notebook.stub_of(cell)).body
        except SyntaxError:
            yield cell.id, "without its solution the cell is not valid Python"
            continue
        empty = none_names(cell)
        if notebook.part(cell) == "blank" and not empty:
            yield cell.id, "sets no name to None above its solution"
        for statement in left:
            if risk := _uses(statement, empty):
                yield cell.id, f"without its solution, line {statement.lineno} uses {risk}, which is still None"


def none_names(cell: NotebookNode) -> list[str]:
    """The names that a cell sets to None above its first solution region."""
    lines = cell.source.split("\n")
    above = next((i for i, line in enumerate(lines) if notebook.BEGIN_SOLUTION in line), len(lines))
    return [
        target.id
        for statement in _statements(notebook.stub_of(cell, "pass"))
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) == "None" and statement.lineno <= above
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]


def _uses(statement: ast.stmt, empty: list[str]) -> str | None:
    """The first name of `empty` that a statement computes with. Showing it, handing it on and `if n:` are safe."""
    if isinstance(statement, ast.FunctionDef | ast.If):
        return None
    for node in ast.walk(statement):
        used: list[ast.AST]
        if isinstance(node, ast.Call):
            used = [] if isinstance(node.func, ast.Name) else [*node.args, *(k.value for k in node.keywords)]
        elif isinstance(node, ast.Attribute | ast.Subscript):
            used = [node.value]
        elif isinstance(node, ast.BinOp | ast.UnaryOp):
            used = [] if isinstance(getattr(node, "op", None), ast.Not) else list(ast.iter_child_nodes(node))
        elif isinstance(node, ast.For):
            used = [node.iter]
        else:
            continue
        for name in used:
            if isinstance(name, ast.Name) and name.id in empty:
                return name.id
    return None


def _checked(cell: NotebookNode) -> list[ast.keyword]:
    """The keywords of a check cell's public calls."""
    values = [s.value for s in _statements(notebook.public_of(cell)) if isinstance(s, ast.Expr)]
    return [
        keyword
        for call in values
        if _is_call(call, "check")
        for keyword in call.keywords
        if keyword.arg not in (None, "hidden")
    ]


def _statements(source: str) -> list[ast.stmt]:
    try:
        return tree(source).body
    except SyntaxError:  # the rule `parses` reports it
        return []


def _is_call(node: ast.AST | None, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
