"""Plain `nbgrader autograde` without its files and its gradebook, to compare scores with: nbgrader's own Execute in an
ordinary kernel, and nbgrader's own determine_grade.

The kernel is started once and not for each submission; what one leaves in its namespace is taken away before the next.
What nbgrader does around that, with real files and a real gradebook, is in test_gradebook.py.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade, is_grade, is_locked, is_solution

from course.grading.directory import quiet

FRESH = """import os as _os, matplotlib.pyplot as _plt
_plt.close("all")
_os.chdir({folder!r})
_first = globals().get("_first") or {{*globals()}}
for _name in {{*globals()}} - _first:
    if not _name.startswith("_"):  # those are IPython's
        del globals()[_name]
"""

Autograde = Callable[[NotebookNode, NotebookNode, Mapping[str, str], Path], dict[str, float | None]]


@contextlib.contextmanager
def autograder() -> Iterator[Autograde]:
    """autograde(submitted, source, checksums as released, folder) → {grade id: score, None if a person gives it}."""
    manager = AsyncKernelManager(kernel_name="python3")
    # Long tracebacks take longer than all the rest, and score nothing.
    quick = ["--HistoryManager.hist_file=:memory:", "--InteractiveShell.xmode=Minimal"]
    run_sync(manager.start_kernel)(extra_arguments=quick)

    def autograde(
        submitted: NotebookNode, source: NotebookNode, checksums: Mapping[str, str], folder: Path
    ) -> dict[str, float | None]:
        graded = _overwritten(submitted, source, checksums)
        graded.cells.insert(0, nbformat.v4.new_code_cell(FRESH.format(folder=str(folder))))
        execute = Execute()
        try:
            with quiet():
                execute.preprocess(graded, {"metadata": {"path": str(folder)}}, km=manager)
        finally:
            execute.kc.stop_channels()
        assert not graded.cells[0].outputs, graded.cells[0].outputs
        return {cell.metadata.nbgrader.grade_id: determine_grade(cell)[0] for cell in graded.cells if is_grade(cell)}

    try:
        yield autograde
    finally:
        run_sync(manager.shutdown_kernel)(now=True)


def _overwritten(submitted: NotebookNode, source: NotebookNode, checksums: Mapping[str, str]) -> NotebookNode:
    """As nbgrader overwrites cells: the text of locked ones from source/, and what a solution's cell was at first."""
    texts = {id: cell.source for cell in source.cells if (id := _id(cell)) and is_locked(cell)}
    node = nbformat.from_dict(submitted)
    for cell in node.cells:
        if (id := _id(cell)) in texts:
            cell.source = texts[id]
        if is_solution(cell):
            cell.metadata.nbgrader.checksum = checksums[id]
    return node


def _id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")
