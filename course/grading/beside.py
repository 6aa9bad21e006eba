"""What a course may keep beside a submission: functions that the examiner performs for the work, and a service."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nbformat import NotebookNode


@dataclass(frozen=True)
class Replay:
    """Cells that are to be run once more in a world of their own: from `begin` to `end`, by their keys."""

    exercise: str
    world: str
    begin: str
    end: str


class Beside(Protocol):
    """What a course keeps beside a student's process: functions that the examiner performs for it, and a service.

    modules: names of functions by module; in the student's process each asks the examiner. prepare: a function
    "module:name" that the student's process calls first, with `given`. port: where the service is, there.
    """

    modules: Mapping[str, Sequence[str]]
    prepare: str
    given: Mapping[str, Any]
    port: int | None
    folder: Path | None  # files in it that a function names in its answer are copied to the student's process

    def listen(self, listener: socket.socket | None) -> None:
        """Be told of the listener in the student's network."""

    def perform(self, module: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Do what the work asked for. What it raises, the work sees."""

    def replays(self, source: NotebookNode) -> list[Replay]:
        """What is to be replayed."""

    def world(self, name: str | None) -> contextlib.AbstractContextManager[None]:
        """While it lasts, perform in that hidden world."""

    def note(self, replay: Replay, cells: list[NotebookNode], problem: str) -> None:
        """Take down what came of a replay, before its last cell runs in the learner's own world."""

    def record(self) -> dict[str, Any]:
        """What the audit is to say: seeds, moves of the clock; and `flags`, what an instructor should look at."""

    def close(self) -> None:
        """End it."""


class Nothing:
    """Beside the work of a course that needs nothing there."""

    modules: Mapping[str, Sequence[str]] = {}
    prepare = ""
    given: Mapping[str, Any] = {}
    port = None
    folder = None

    def __init__(self, student: str, folder: Path) -> None: ...
    def listen(self, listener: socket.socket | None) -> None: ...
    def perform(self, module: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        raise NameError(name)

    def replays(self, source: NotebookNode) -> list[Replay]:
        return []

    def world(self, name: str | None) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def note(self, replay: Replay, cells: list[NotebookNode], problem: str) -> None: ...
    def record(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...
