"""The rows of a dataset, chunk by chunk: csv, JSON lines, data capture and merged records.

Formats are those of the environment variable dataset_format, a JSON text with one of the keys csv, json,
sagemakerCaptureJson and sagemakerMergeJson (developer guide, model-monitor-byoc-contract-inputs, and the SageMaker
Python SDK's model_monitor/dataset_format.py). All values are text; statistics.py says what they are.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from course.cloud.monitoring import transformed
from course.cloud.monitoring.capture import (
    BATCH_OUTPUT,
    INPUT,
    OUTPUT,
    CapturedData,
    EventData,
    Rows,
    json_rows,
    moment,
)
from course.cloud.monitoring.errors import MonitoringError

CHUNK = 10_000  # rows held at a time
RECORDS = ("sagemakerCaptureJson", "sagemakerMergeJson")
START, END = "START", "END"


@dataclass(frozen=True)
class Chunk:
    """Some rows. names: the columns', or None where they go by position. A row may be shorter than others."""

    names: tuple[str, ...] | None
    rows: list[Sequence[str]]


@dataclass(frozen=True)
class Format:
    """How a dataset is written."""

    kind: str
    header: bool = True
    output_columns_position: str = START
    lines: bool = True
    index_names: tuple[str, ...] = (INPUT, OUTPUT)

    @classmethod
    def read(cls, text: str) -> Format:
        """From dataset_format. Raises MonitoringError for what is not read here."""
        try:
            content = json.loads(text)
            (kind, options), *others = content.items()
        except (ValueError, AttributeError):
            raise MonitoringError(f"dataset_format must be a JSON object with one format; got {text!r}.") from None
        options = {name: value for name, value in (options or {}).items() if value is not None}
        known: dict[str, set[str]] = {
            "csv": {"header", "output_columns_position"},
            "json": {"lines", "line"},
            **{kind: {"captureIndexNames"} for kind in RECORDS},
        }
        if others or kind not in known:
            raise MonitoringError(f"dataset_format {text} is not supported. Choose one of {', '.join(known)}.")
        if unknown := sorted(set(options) - known[kind]):
            raise MonitoringError(f"dataset_format {kind} has an option that is not supported: {unknown[0]}.")
        position = options.get("output_columns_position", START)
        indexes = tuple(options.get("captureIndexNames", (INPUT, OUTPUT)))
        if position not in (START, END):
            raise MonitoringError(f"Invalid value for output_columns_position: {position}. Choose START or END.")
        if not indexes or not (set(indexes) <= {INPUT, OUTPUT} or indexes == (BATCH_OUTPUT,)):
            raise MonitoringError(
                f"captureIndexNames takes {INPUT} and {OUTPUT}, or {BATCH_OUTPUT} alone; got {list(indexes)}."
            )
        lines = bool(options.get("lines", options.get("line", True)))
        return cls(kind, bool(options.get("header", False)), position, lines, indexes)

    @property
    def is_records(self) -> bool:
        return self.kind in RECORDS

    @property
    def is_of_transform(self) -> bool:
        """Whether its records were merged from what transform jobs wrote."""
        return self.index_names == (BATCH_OUTPUT,)


@dataclass(frozen=True)
class Window:
    """The time that is analysed: start ≤ inferenceTime < end, either side open when None."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def read(cls, start: str, end: str) -> Window:
        """From the environment variables start_time and end_time, "" where there is none."""
        try:
            return cls(moment(start) if start else None, moment(end) if end else None)
        except ValueError:
            raise MonitoringError(f"start_time and end_time are ISO 8601; got {start!r} and {end!r}.") from None

    def holds(self, record: CapturedData) -> bool:
        if self.start is None and self.end is None:
            return True
        time = record.time()
        return (self.start is None or self.start <= time) and (self.end is None or time < self.end)


@dataclass(frozen=True)
class Dataset:
    """A file or a tree of files.

    preprocess: what makes rows of a captured record, None for `CapturedData.rows`.
    """

    source: Path
    format: Format
    window: Window = field(default_factory=Window)
    preprocess: Callable[[CapturedData], Rows] | None = None

    def files(self) -> list[Path]:
        """The files, in order of their paths. Raises MonitoringError when there is none."""
        found = [self.source] if self.source.is_file() else sorted(f for f in self.source.rglob("*") if f.is_file())
        if not found:
            raise MonitoringError(f"There is no data at {self.source}.")
        return found

    def records(self) -> Iterator[CapturedData]:
        """The captured invocations inside the window; of csv and JSON, the lines that a transform job wrote."""
        form = self.format
        for file in self.files():
            made = map(CapturedData, objects(file)) if form.is_records else transformed.records(file, *self._written())
            for record in made:
                if self.window.holds(record):
                    yield record

    def payloads(self) -> Iterator[EventData]:
        """The lines of csv or JSON, each by itself."""
        for file in self.files():
            yield from transformed.payloads(file, *self._written())

    def _written(self) -> tuple[bool, bool, bool]:
        return self.format.kind == "csv", self.format.header, self.format.lines

    def chunks(self) -> Iterator[Chunk]:
        """The rows, at most CHUNK at a time and one payload more. Raises MonitoringError for data it cannot read."""
        if self.preprocess and not self.format.is_records:
            raise MonitoringError("A record preprocessor script works on captured records; this dataset has none.")
        read = {"csv": self._csv, "json": self._json}.get(self.format.kind, self._captured)
        return _in_chunks(read())

    def _csv(self) -> Iterator[Rows]:
        for path in self.files():
            with path.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.reader(file)
                names = tuple(next(reader, ())) if self.format.header else None
                if names is not None and len(set(names)) < len(names):
                    raise MonitoringError(f"Two columns of {path.name} have the same name.")
                while lines := list(islice(reader, CHUNK)):
                    rows = [row for row in lines if row]
                    for row in rows if names is not None else ():
                        if len(row) != len(names):
                            raise MonitoringError(
                                f"Line {reader.line_num} or before in {path.name} has {len(row)} values, "
                                f"its header {len(names)}."
                            )
                    yield (names, rows) if self.format.output_columns_position == START else _last_first(names, rows)

    def _json(self) -> Iterator[Rows]:
        for path in self.files():
            if self.format.lines:
                yield from map(json_rows, objects(path))
            else:
                yield json_rows(json.loads(path.read_text(encoding="utf-8")))

    def _captured(self) -> Iterator[Rows]:
        rows = self.preprocess or (lambda record: record.rows(self.format.index_names))
        return map(rows, self.records())


def _last_first(names: tuple[str, ...] | None, rows: list[list[str]]) -> Rows:
    """The output column in front, where captured rows have it."""
    return names and (names[-1], *names[:-1]), [[row[-1], *row[:-1]] for row in rows]


def _in_chunks(tables: Iterable[Rows]) -> Iterator[Chunk]:
    names: tuple[str, ...] | None = None
    held: list[Sequence[str]] = []
    for table_names, rows in tables:
        if held and (len(held) >= CHUNK or (table_names is None) != (names is None)):
            yield Chunk(names, held)
            held = []
        if not held or names is None or table_names is None:
            names = table_names
        elif table_names != names:  # objects need not all have the same keys
            names = (*names, *(name for name in table_names if name not in names))
            place = {name: n for n, name in enumerate(table_names)}
            order = [place.get(name) for name in names]
            rows = [["" if n is None else row[n] for n in order] for row in rows]
        held.extend(rows)
    if held:
        yield Chunk(names, held)


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, one a line. Raises MonitoringError for a line that is none."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    record = json.loads(line)
                except ValueError as broken:
                    raise MonitoringError(f"Line {number} of {path.name} is not JSON: {broken}") from None
                if not isinstance(record, dict):
                    raise MonitoringError(f"Line {number} of {path.name} is not a JSON object.")
                yield record
