"""A course that replays: the attacked question is run once more in a world that says 43, not 42."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from nbformat import NotebookNode

from course.grading.beside import Nothing, Replay

OWN, HIDDEN = 42, 7


class Worlds(Nothing):
    """Performs `textwrap.number` for the work: which is another in the hidden world."""

    modules: ClassVar = {"textwrap": ("number",)}

    def __init__(self, student: str, folder: Path) -> None:
        self._number = OWN
        self._noted: list[dict[str, Any]] = []

    def perform(self, module: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self._number

    def replays(self, source: NotebookNode) -> list[Replay]:
        return [Replay("ex", "hidden", "attacked", "hidden")]

    @contextlib.contextmanager
    def world(self, name: str | None) -> Iterator[None]:
        self._number = HIDDEN
        yield
        self._number = OWN

    def note(self, replay: Replay, cells: list[NotebookNode], problem: str) -> None:
        tests = [cell for cell in cells if cell.metadata.nbgrader.grade]
        failed = [cell for cell in tests if any(output.output_type == "error" for output in cell.outputs)]
        self._noted.append({"problem": problem, "tests": len(tests), "failed": len(failed)})

    def record(self) -> dict[str, Any]:
        return {"seeds": {}, "replays": self._noted}
