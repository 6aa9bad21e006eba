"""Attacks with the file that is handed in: what a notebook may be that somebody has worked on outside Jupyter."""

# what a cell holds is easier to read in one line

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from tests.attacks.attack import ATTACKED, HONEST, RIGHT
from tests.grading.cells import cell

WRONG = "answer = 0\ndef f(x): return 0"
TESTS = ("equal", "close", "library", "share", "table", "hidden")


@dataclass(frozen=True)
class Edited:
    """make: the bytes that are handed in, of an honest notebook or of one with a wrong answer."""

    make: Callable[[NotebookNode], bytes]
    answer: str = WRONG
    score: float = 0.0
    honest: float = HONEST


def _changed(change: Callable[[NotebookNode], Any]) -> Callable[[NotebookNode], bytes]:
    def make(node: NotebookNode) -> bytes:
        node = copy.deepcopy(node)
        change(node)
        return json.dumps(node).encode()

    return make


def _of(node: NotebookNode, id: str) -> NotebookNode:
    return next(found for found in node.cells if found.metadata.get("nbgrader", {}).get("grade_id") == id)


def _each(do: Callable[[NotebookNode], Any]) -> Callable[[NotebookNode], bytes]:
    return _changed(lambda node: [do(_of(node, id)) for id in TESTS])


def _remove(node: NotebookNode, *ids: str) -> None:
    node.cells = [found for found in node.cells if found.metadata.get("nbgrader", {}).get("grade_id") not in ids]


def _marks(**marks: Any) -> Callable[[NotebookNode], Any]:
    return lambda found: found.metadata["nbgrader"].update(marks)


def _swap(node: NotebookNode) -> None:
    for id, other in zip(TESTS, reversed(TESTS), strict=True):
        _of(node, id).metadata["nbgrader"]["grade_id"] = f"new-{other}"
    for found in node.cells:
        marks = found.metadata["nbgrader"]
        marks["grade_id"] = marks["grade_id"].removeprefix("new-")


def _nested(node: NotebookNode) -> bytes:
    text = json.dumps(node)
    return text.replace('"metadata": {"kernelspec"', f'"metadata": {{"deep": {"[" * 200_000}, "kernelspec"', 1).encode()


ATTACKS = {
    "tests edited": Edited(_each(lambda found: found.update(source="1.0"))),
    "tests deleted": Edited(_changed(lambda node: _remove(node, *TESTS))),
    "tests deleted beside right work": Edited(_changed(lambda node: _remove(node, *TESTS)), RIGHT, ATTACKED),
    "tests made markdown": Edited(_each(lambda found: found.update(cell_type="markdown"))),
    "tests made solutions": Edited(_each(_marks(solution=True, locked=False))),
    "tests without grades": Edited(_each(_marks(grade=False))),
    "tests worth more": Edited(_each(_marks(points=1000))),
    "tests worth no number": Edited(_each(_marks(points=float("nan"))), RIGHT, ATTACKED),
    "tests by other names": Edited(
        _each(lambda found: _marks(grade_id="x" + found.metadata["nbgrader"]["grade_id"])(found))
    ),
    "tests by each other's names": Edited(_changed(_swap), RIGHT, ATTACKED),
    "tests stripped of their marks": Edited(_each(lambda found: found.metadata.pop("nbgrader"))),
    "all stripped of their marks": Edited(
        _changed(lambda node: [found.metadata.clear() for found in node.cells]), RIGHT, ATTACKED
    ),
    "tests twice, the first one's own": Edited(
        _changed(lambda node: node.cells.insert(0, cell("1.0", "hidden", grade=True, points=1)))
    ),
    "answers twice, the first wrong": Edited(
        _changed(lambda node: node.cells.insert(3, cell(WRONG, "attacked", solution=True))), RIGHT
    ),
    "answers deleted": Edited(_changed(lambda node: _remove(node, "attacked")), RIGHT),
    "points of one's own": Edited(
        _changed(lambda node: node.cells.append(cell("100", "mine", grade=True, points=100)))
    ),
    "outputs as if it had run": Edited(
        _each(
            lambda found: found.update(
                outputs=[
                    {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}, "execution_count": 1}
                ]
            )
        )
    ),
    "another kernel": Edited(
        _changed(
            lambda node: node.metadata.update(kernelspec={"name": "bash", "display_name": "Bash", "language": "bash"})
        ),
        RIGHT,
        ATTACKED,
    ),
    "a kernel that is a path": Edited(
        _changed(
            lambda node: node.metadata.update(kernelspec={"name": "../../bin/sh", "display_name": "x"}, language_info=7)
        ),
        RIGHT,
        ATTACKED,
    ),
    "a notebook deeply nested": Edited(_nested, RIGHT, ATTACKED),
    "a notebook cut off": Edited(lambda node: json.dumps(node).encode()[:-900], RIGHT, ATTACKED, 1.0),
    "no notebook at all": Edited(lambda _: b"\x00\xff" * 1000, RIGHT, 0.0, 0.0),
    "numbers that JSON has not": Edited(
        _changed(lambda node: node.metadata.update(x=[float("nan"), float("inf"), 10**400])), RIGHT, ATTACKED
    ),
    "markers of hidden tests in an answer": Edited(
        _changed(
            lambda node: _of(node, "attacked").update(source=f"### BEGIN HIDDEN TESTS\n{WRONG}\n### END HIDDEN TESTS")
        )
    ),
    "a name with markup": Edited(
        _changed(lambda node: node.cells.append(cell("'<script>alert(1)</script>'", "<img src=x onerror=alert(1)>")))
    ),
}
