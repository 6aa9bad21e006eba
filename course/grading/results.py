"""The list of results that `--json` writes: grown one by one, and there as a whole or not at all."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from course.errors import CourseError


class Results:
    """A JSON list in the file `path`, or on standard output if it is "-". A context manager.

    A file takes the place of what was there when the list is complete; if the run ends otherwise, that stays.
    """

    def __init__(self, path: str) -> None:
        self._path = None if path == "-" else Path(path)
        self._growing: Path | None = None
        self._file: IO[str] = sys.stdout
        self._empty = True

    def __enter__(self) -> Self:
        if self._path:
            self._growing = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            try:
                self._file = self._growing.open("w", encoding="utf-8")
            except OSError as error:
                raise CourseError(f"{self._path} cannot be written ({error.strerror}).") from None
        return self

    def add(self, result: Mapping[str, Any]) -> None:
        self._file.write(("[\n" if self._empty else ",\n") + json.dumps(result, allow_nan=False))
        self._file.flush()
        self._empty = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.write("[]\n" if self._empty else "\n]\n")
            self._file.flush()
        if self._growing and self._path:
            if kind is None:
                os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                self._growing.replace(self._path)
            else:
                self._growing.unlink(missing_ok=True)
