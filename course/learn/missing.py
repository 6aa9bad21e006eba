"""A name that is not there yet: the cell that makes it has not run in this kernel. The reader is told which one.

    `x` is not there yet. Run the cells of O-3 from x = begin("O-3") on, in order.

`course lab` tends every kernel (`lab_settings/startup.py`), others are tended when they import `course.learn`. The
notebook as it was saved last says which cell makes a name; any other NameError keeps its traceback.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course.learn import screen

Cell = Mapping[str, Any]


def tend() -> None:
    """From now on a NameError in this kernel says which cell to run, if one makes the name."""
    from IPython.core.getipython import get_ipython

    if (shell := get_ipython()) is not None:
        shell.set_custom_exc((NameError,), _tell)


def _tell(shell: Any, kind: type[NameError], error: NameError, trace: Any, tb_offset: int | None = None) -> list[str]:
    """What IPython calls in place of its traceback; returns the lines that it printed."""
    unbound = isinstance(error, UnboundLocalError)  # a slip within one function
    said = None if unbound or not error.name else sentence(error.name, _saved(), _running(shell))
    lines = (
        [screen.wrapped(f"NameError: {said}")]
        if said
        else shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset)
    )
    shell._showtraceback(kind, error, lines)
    return lines


def sentence(name: str, cells: list[Cell], running: str | None) -> str | None:
    """Which cell to run for a name that is not there, or None if none of the notebook makes it before `running`."""
    ids = [cell.get("id") for cell in cells]
    place = ids.index(running) if running in ids else len(cells)
    here = _exercise(cells[place]) if place < len(cells) else None
    makers = [cell for cell in cells[:place] if name in set(_made(cell)) and _exercise(cell) in (None, here)]
    if not makers:
        return None
    if here is None or _exercise(makers[-1]) is None:
        where = "by the cell with the imports" if _imports(makers[-1]) else "by a cell above"
        first = f"`{name}` is not there yet: it is made {where}. Run that first."
    else:
        first = f'`{name}` is not there yet. Run the cells of {here} from x = begin("{here}") on, in order.'
    return f"{first} The link “Run {here}” under its heading does both." if here else first


def _made(cell: Cell) -> Iterator[str]:
    """The names that a code cell makes."""
    try:
        tree = ast.parse("".join(cell["source"])) if cell["cell_type"] == "code" else ast.Module([], [])
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.FunctionDef):
            yield node.name


def _imports(cell: Cell) -> bool:
    return "import " in "".join(cell["source"])


def _exercise(cell: Cell) -> str | None:
    return cell["metadata"].get("course", {}).get("exercise")


def _running(shell: Any) -> str | None:
    """The id of the cell that runs, as JupyterLab tells the kernel."""
    return shell.get_parent().get("metadata", {}).get("cellId") if hasattr(shell, "get_parent") else None


def _saved() -> list[Cell]:
    """The cells of this kernel's notebook, as they were saved last; none if there is none."""
    from course.learn.reflection import notebooks

    for path in notebooks(Path.cwd()):
        try:
            return [{"metadata": {}, **cell} for cell in json.loads(path.read_bytes())["cells"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return []
