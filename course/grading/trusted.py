"""What a test cell may take from whom: names that the course's own cells bind, and names that the work has.

Everything here is read from the notebook in source/, which no submission has touched.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode


class Source:
    """A notebook of source/: which of its cells are tests, and whose the names are that tests use.

    `definitions` are statements with the names that they bind: imports and functions of locked cells and imports of all
    but solutions, which tests get from here and not from the work, unless a solution binds the same name. `ours` are
    these names, and those that nothing but tests binds: one test's are there for the next. `modules` are the modules
    that solutions import, by the names that they give them.
    """

    def __init__(self, notebook: NotebookNode) -> None:
        self.tests = {key(cell) for cell in notebook.cells if is_test(cell)}
        solutions = [cell for cell in notebook.cells if cell.cell_type == "code" and _grading(cell).get("solution")]
        self.modules = {name: module for cell in solutions for name, module in _modules(cell.source)}
        self._theirs = {name for cell in solutions for name in bound(cell.source)}
        self._needs: dict[str, set[str]] = {}
        self.definitions: list[tuple[set[str], str]] = []
        of_tests, given = set(), set()
        for cell in notebook.cells:
            if cell.cell_type != "code" or _grading(cell).get("solution"):
                continue
            tests = is_test(cell)
            (of_tests if tests else given).update(bound(cell.source))
            for node in _parsed(cell.source).body:
                function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                if function and (tests or _grading(cell).get("locked")):
                    self._needs[node.name] = _loaded(node)
                kept = _imports(node) or ([node] if function and not tests and _grading(cell).get("locked") else [])
                self.definitions += [(_binds(one), ast.unparse(one)) for one in kept]
        self.definitions = [one for one in self.definitions if not one[0] & self._theirs]
        self.ours = {name for names, _ in self.definitions for name in names} | (of_tests - given - self._theirs)

    def wanted(self, code: str) -> list[str]:
        """Names that a test needs from the work: what it reads, and what functions read that it calls.

        A built-in name counts as Python's own unless the exercise was to bind it. A text that is one of the exercise's
        names counts as that name: a test may ask whether it is in globals().
        """
        tree = _parsed(code)
        constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        texts = {value for value in constants if isinstance(value, str)}
        wanted, ahead = set(), [*_loaded(tree), *(texts & self._theirs)]
        while ahead:
            name = ahead.pop()
            if name in wanted:
                continue
            wanted.add(name)
            if name in self.ours:
                ahead += self._needs.get(name, ())
        return sorted(
            name
            for name in wanted - self.ours
            if name in self._theirs or not (hasattr(builtins, name) or name == "get_ipython")
        )


def key(cell: NotebookNode) -> str:
    """How a cell is recognised: nbgrader's grade id, else the cell's own id."""
    return _grading(cell).get("grade_id") or cell.get("id", "")


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is graded by running it."""
    return cell.cell_type == "code" and bool(_grading(cell).get("grade")) and not _grading(cell).get("solution")


def visible(code: str) -> str:
    """A test without its hidden part."""
    lines, hidden = [], False
    for line in code.split("\n"):
        hidden = (hidden or "BEGIN HIDDEN TESTS" in line) and "END HIDDEN TESTS" not in line
        if not hidden and "HIDDEN TESTS" not in line:
            lines.append(line)
    return "\n".join(lines)


def bound(code: str) -> set[str]:
    """Names that a cell binds at its top level."""
    return {name for node in _statements(_parsed(code).body) for name in _binds(node)}


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run in the cell's own scope, those in if, for, with and try included."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, name, ()))
            for handler in getattr(node, "handlers", ()):
                yield from _statements(handler.body)


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    own = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.ExceptHandler)]
    return {
        name.id for child in own for name in ast.walk(child) if isinstance(name, ast.Name) and _stores(name)
    }  # fmt: skip


def _modules(code: str) -> Iterator[tuple[str, str]]:
    """Names that a cell gives to modules; a name that it imports from one may be a module too."""
    for node in _statements(_parsed(code).body):
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if isinstance(node, ast.Import):
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
            elif node.module:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _imports(node: ast.stmt) -> list[ast.stmt]:
    """An import as one statement for each name, so that each can be left out; [] for another statement."""
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return []


def _stores(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _loaded(tree: ast.AST) -> set[str]:
    """Names that are read, also in the code that a cell magic such as %%time is given."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not _stores(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "run_cell_magic":
            codes = [argument.value for argument in node.args[2:] if isinstance(argument, ast.Constant)]
            names |= {name for code in codes for name in _loaded(_parsed(str(code)))}
    return names


def _parsed(code: str) -> ast.Module:
    """The cell's tree; empty for what is no Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(code))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _grading(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})
