"""`course refresh`: run a source notebook top to bottom and store what it gave, in the canonical form.

With `check` nothing is written: the stored file must already be what running it gives.

1. refuse what a run would not cure: an unreadable file, cell ids that are no slugs
2. run a copy of the assignment's folder in a fresh kernel, so that nothing a cell writes lands in `source/`
3. bring the result into the canonical form (`notebook.canonical`)
4. compare with the stored text, or write it
"""

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from . import notebook
from .fault import Fault, relative

CURE = "run `course refresh`"
CELL_TIMEOUT = 300  # seconds of real time for one cell: five times what a whole notebook should take


def run(root: Path, check: bool = False) -> list[Fault]:
    """Refresh every source notebook of the course at `root`, or with `check` prove that each is fresh."""
    paths = notebook.sources(root)
    if not paths:
        return [Fault("source", "-", "refresh", "no notebook found: source/<assignment>/<assignment>.ipynb is missing")]
    return [fault for path in paths for fault in refresh(path, check, root=root)]


def refresh(path: Path, check: bool = False, *, root: Path) -> list[Fault]:
    """Refresh one notebook. A notebook that fails to run is left as it is."""
    name = relative(path, root)
    try:
        stored = notebook.read(path)
    except notebook.NotebookError as error:
        return [Fault(name, "-", "refresh", str(error))]
    if faults := list(_bad_ids(stored, name)):
        return faults
    answers = root / "tests" / "answers" / f"{path.parent.name}.json"
    try:
        fresh = notebook.canonical(execute(stored, answers=answers if answers.is_file() else None))
    except RunFault as fault:
        return [Fault(name, fault.cell, "refresh", f"does not run: {fault}", fault.detail)]
    if check:
        return list(_differences(path.read_text(encoding="utf-8"), stored, fresh, name))
    notebook.write(path, fresh)
    return []


class RunFault(Exception):
    """A cell that failed: its id, one sentence, and the traceback as `detail`."""

    def __init__(self, cell: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.cell, self.detail = cell, detail


def execute(book: notebook.Notebook, answers: Path | None = None, timeout: int = CELL_TIMEOUT) -> NotebookNode:
    """A copy of the notebook with the outputs of a run in a fresh kernel.

    The kernel starts in a temporary copy of the notebook's folder, with `answers` (what the author answers in quizzes)
    beside it. A cell may raise only if it is tagged `raises-exception`; any other failure is a RunFault.
    """
    node = notebook.canonical(book.node)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    current = {"cell": "-"}
    with tempfile.TemporaryDirectory(prefix="course-refresh-") as scratch:
        folder = Path(scratch) / book.path.parent.name
        shutil.copytree(book.path.parent, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
        if answers:
            shutil.copy(answers, folder / "answers.json")
        client = NotebookClient(
            node,
            timeout=timeout,
            kernel_name=notebook.KERNELSPEC["name"],
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            store_widget_state=False,
            on_cell_start=lambda cell, cell_index: current.update(cell=cell.id),
        )
        log = Path(scratch) / "kernel.log"  # the kernel's own words, not its cells'; shown only when it dies
        try:
            with log.open("wb") as stderr:
                client.execute(env=environment(), stderr=stderr)
        except CellExecutionError as error:
            raise RunFault(current["cell"], f"{error.ename}: {_first_line(error.evalue)}", str(error)) from None
        except CellTimeoutError:
            raise RunFault(current["cell"], f"took longer than {timeout} s") from None
        except DeadKernelError:
            raise RunFault(current["cell"], "its kernel died", log.read_text(errors="replace")) from None
    return node


def environment() -> dict[str, str]:
    """The kernel's environment: this one, with a fixed hash seed and without a running lab or a notebook's name."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COURSE_", "JPY_", "AWS_"))}
    # COURSE_JOB_MODE says how jobs are held on this machine, not what they give.
    kept |= {k: v for k, v in os.environ.items() if k == "COURSE_JOB_MODE"}
    return kept | {"PYTHONHASHSEED": "0"}


def _bad_ids(book: notebook.Notebook, name: str) -> Iterator[Fault]:
    for cell in book.cells:
        if not notebook.is_slug(cell.id):
            yield Fault(name, cell.id, "refresh", "cell id is no readable slug such as o-8-begin: name the cell")


def _differences(text: str, stored: notebook.Notebook, fresh: NotebookNode, name: str) -> Iterator[Fault]:
    """One fault per cell that refreshing changes, with the diff as its detail; else one for the file's own form."""
    expected = notebook.dumps(fresh)
    if text == expected:
        return
    found = False
    for before, after in zip(stored.cells, fresh.cells, strict=True):
        diff = _diff(_cell_text(before), _cell_text(after))
        if diff:
            found = True
            change = _first_change(notebook.texts(before), notebook.texts(after))
            message = change or "the cell is not in the canonical form"
            yield Fault(name, before.id, "refresh", f"{message}: {CURE}", diff)
    if not found:
        message = f"the notebook is not in the canonical form: {CURE}"
        yield Fault(name, "-", "refresh", message, _diff(text, expected))


def _cell_text(cell: NotebookNode) -> str:
    """A cell as the file spells it: the canonical JSON of a notebook that has only this cell."""
    return notebook.dumps(NotebookNode(cells=[cell], metadata=NotebookNode(), nbformat=4, nbformat_minor=5))


def _diff(old: str, new: str, lines: int = 40) -> str:
    """The first lines of a unified diff; empty if nothing differs."""
    diff = difflib.unified_diff(old.splitlines(), new.splitlines(), "stored", "refreshed", n=1, lineterm="")
    return "\n".join(islice(diff, lines))


def _first_change(old: list[str], new: list[str]) -> str | None:
    """What the stored outputs say and what they say now, at the first line in which they differ."""
    for was, now in zip_longest("\n".join(old).splitlines(), "\n".join(new).splitlines(), fillvalue=""):
        if was != now:
            return f"its output is stored as {_short(was)}, and now is {_short(now)}"
    return None


def _short(line: str, width: int = 60) -> str:
    line = line.strip()
    return (line if len(line) <= width else line[: width - 1] + "…") or "nothing"


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "(no message)"
