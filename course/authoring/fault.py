"""What every authoring verb reports: one fault, one line."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, order=True)
class Fault:
    """Something that does not hold. `str(fault)` is its line; `detail` is a longer excerpt for who wants to read on.

    `path` is relative to the course's root where it lies below it; `cell` is a cell id, or "-" for the whole file.
    """

    path: str
    cell: str
    rule: str
    message: str
    detail: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.cell}: {self.rule}: {self.message}"


def relative(path: Path, root: Path) -> str:
    """`path` as a fault names it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
