"""Rules about what code a notebook may hold: short calls that a learner reads, nothing that should be imported."""

import ast
import re
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager

from course.authoring import notebook
from course.authoring.notebook import Notebook
from course.syllabus import Syllabus

from . import Finding

ADDRESS = re.compile(r"localhost|\b127\.\d+\.\d+\.\d+|\b0\.0\.0\.0\b(?!/)|\[::1\]", re.IGNORECASE)
PORT = re.compile(r"https?://[^\s/\"']+:\d+|\bendpoint_url\b|\b[a-z_]*port\s*=\s*\d+")
SECRET = re.compile(
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|aws_(access_key_id|secret_access_key|session_token)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(password|secret|api_?key|token)\s*=\s*[\"'][^\"']+[\"']",
    re.IGNORECASE,
)


def tree(source: str) -> ast.Module:
    """The syntax tree of a cell, IPython's magics read as the calls they are; SyntaxError as Python says it."""
    return ast.parse(TransformerManager().transform_cell(source))


def trees(book: Notebook) -> Iterator[tuple[notebook.NotebookNode, ast.Module]]:
    """The code cells that parse, with their trees; those that do not are `parses`' business."""
    for cell in book.code_cells:
        try:
            yield cell, tree(cell.source)
        except SyntaxError:
            continue


def parses(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """A code cell is valid Python."""
    for cell in book.code_cells:
        try:
            tree(cell.source)
        except SyntaxError as error:
            yield cell.id, f"line {error.lineno} is not valid Python: {error.msg}"


def no_class(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No cell defines a class: import it."""
    for cell, module in trees(book):
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                yield cell.id, f"defines class {node.name}: import it instead"


def no_helper(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """Only a solution cell defines functions, because the task asks for them."""
    for cell, module in trees(book):
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not notebook.is_solution(cell):
                yield cell.id, f"defines function {node.name}: import it instead"


def no_shadow(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No cell binds a name that the notebook imports: cells above it would fail when they are run again."""
    found = list(trees(book))
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for cell, module in found
        if not notebook.is_solution(cell)
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for cell, module in found:
        names = [node for node in ast.walk(module) if isinstance(node, ast.Name)]
        stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
        for name in sorted(stored & imported):
            yield cell.id, f"binds {name}, which the notebook imports: choose another name"


def no_sleep(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No cell sleeps: it waits by a waiter, or moves the cloud's clock by `advance`."""
    for cell, module in trees(book):
        for node in ast.walk(module):
            called = node.func if isinstance(node, ast.Call) else None
            if getattr(called, "attr", getattr(called, "id", None)) == "sleep":
                yield cell.id, "sleeps: use a waiter, or advance the cloud's clock"


def no_address(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No cell carries a port or an address of this machine: the client settings point at the cloud."""
    for cell in book.cells:
        patterns = (ADDRESS, PORT) if cell.cell_type == "code" else (ADDRESS,)
        for pattern in patterns:
            if found := pattern.search(cell.source):
                yield cell.id, f"carries {found.group()!r}: the settings around the notebook know the address"


def no_secret(book: Notebook, course: Syllabus) -> Iterator[Finding]:
    """No cell and no stored output carries a key, a password or a token."""
    for cell in book.cells:
        # Only what kind of thing was found is said: the message itself must not spread it.
        if SECRET.search(cell.source):
            yield cell.id, "carries what looks like a key, a password or a token: credentials come from the settings"
        elif any(SECRET.search(str(output)) for output in cell.get("outputs", [])):
            yield cell.id, "has what looks like a key, a password or a token in its stored output"
