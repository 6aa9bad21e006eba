"""One line of data capture: the request and the answer of one invocation, and the rows they hold.

The attributes of CapturedData are those a record preprocessor script is given (developer guide,
model-monitor-pre-and-post-processing); the record's form is in model-monitor-data-capture-endpoint.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from course.cloud.monitoring.errors import MonitoringError

INPUT, OUTPUT = "endpointInput", "endpointOutput"
BATCH_OUTPUT = "batchTransformOutput"  # of a record that the merge job made of a transform job's line

Rows = tuple[tuple[str, ...] | None, list[Sequence[str]]]
"""Column names, or None where columns go by position; and rows of values as text, "" where one is missing."""


class EventMetadata:
    """When an invocation happened and what it is called."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self.event_id = metadata.get("eventId")
        self.event_time = metadata.get("inferenceTime")
        self.inference_id = metadata.get("inferenceId")
        self.custom_attribute = metadata.get("customAttributes")


class EventData:
    """One payload of an invocation, as it was captured."""

    def __init__(self, part: Mapping[str, Any]) -> None:
        self.encoding = part.get("encoding")
        self.data = part.get("data")
        self.observedContentType = part.get("observedContentType")
        self.mode = part.get("mode")

    def as_dict(self) -> dict[str, Any]:
        return {"encoding": self.encoding, "data": self.data, "observedContentType": self.observedContentType}

    def content(self) -> tuple[str, str]:
        """The payload as text and its kind, CSV or JSON. Raises MonitoringError for any other."""
        kind, data = self.encoding, self.data or ""
        if kind == "BASE64":
            media_type = (self.observedContentType or "").partition(";")[0].strip().lower()
            kind = media_type.rpartition("/")[2].rpartition("+")[2].upper()
            try:
                data = base64.b64decode(data, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as broken:
                raise MonitoringError(f"A captured payload is not text in BASE64: {broken}") from None
        if kind not in ("CSV", "JSON"):
            raise MonitoringError(
                f"Encoding {self.encoding} of content type {self.observedContentType} is not supported. "
                "Model Monitor reads CSV and JSON."
            )
        return data, kind

    def rows(self) -> Rows:
        """The payload as a table."""
        data, kind = self.content()
        return json_rows(json.loads(data)) if kind == "JSON" else (None, csv_rows(data))


class CapturedData:
    """One captured invocation; after the merge job, with its ground truth."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.event_dict = dict(event)
        self.event_metadata = EventMetadata(event.get("eventMetadata", {}))
        self.event_version = event.get("eventVersion")
        captured = event.get("captureData", {})
        self.endpoint_input = EventData(captured[INPUT]) if INPUT in captured else None
        self.endpoint_output = EventData(captured[OUTPUT]) if OUTPUT in captured else None
        self.batch_transform_output = EventData(captured[BATCH_OUTPUT]) if BATCH_OUTPUT in captured else None
        self.ground_truth = EventData(event["groundTruthData"]) if "groundTruthData" in event else None

    def as_dict(self) -> dict[str, Any]:
        return self.event_dict

    def time(self) -> datetime:
        """When the inference was made. Raises MonitoringError when the record does not say."""
        try:
            return moment(self.event_metadata.event_time or "")
        except ValueError:
            raise MonitoringError(f"A captured record has no inferenceTime: {self.event_metadata.event_id}") from None

    def part(self, name: str) -> EventData:
        """endpointInput or endpointOutput. Raises MonitoringError when it was not captured."""
        part = {INPUT: self.endpoint_input, OUTPUT: self.endpoint_output}.get(name)
        if part is None:
            raise MonitoringError(
                f"{name} is not in the captured data, and the analysis reads it. "
                f"DataCaptureConfig.CaptureOptions must hold {'Input' if name == INPUT else 'Output'}."
            )
        return part

    def answer(self) -> EventData:
        """What the model said. Raises MonitoringError when it was not captured."""
        return self.batch_transform_output or self.part(OUTPUT)

    def rows(self, names: Sequence[str]) -> Rows:
        """The rows of the named parts side by side, the output's columns first.

        Raises MonitoringError where AWS's analyser does: for two encodings in one record, for nested JSON.
        """
        parts = [self.part(name) for name in (OUTPUT, INPUT) if name in names]
        if len(parts) == 2 and parts[0].encoding != parts[1].encoding:
            raise MonitoringError(
                f"Encoding mismatch: Encoding is {parts[1].encoding} for endpointInput, but Encoding is "
                f"{parts[0].encoding} for endpointOutput. We currently only support the same type of input and "
                "output encoding at the moment."
            )
        tables = [part.rows() for part in parts]
        return tables[0] if len(tables) == 1 else _beside(*tables)


def moment(text: str) -> datetime:
    """An ISO 8601 time. Raises ValueError."""
    return datetime.fromisoformat(text.replace(" ", ""))


def csv_rows(text: str) -> list[Sequence[str]]:
    """The rows of a csv without a header."""
    if '"' not in text:
        return [line.split(",") for line in text.splitlines() if line]
    return [row for row in csv.reader(text.splitlines()) if row]


def json_rows(content: Any) -> Rows:
    """The rows of a JSON payload: an object or array of plain values is a row, an array of those is a table."""
    if not isinstance(content, (dict, list)):
        return None, [[text_of(content)]]
    is_row = isinstance(content, dict) or not any(isinstance(value, (dict, list)) for value in content)
    records = [content] if is_row else content
    if all(isinstance(record, dict) for record in records):
        return named_rows(records)
    if all(isinstance(record, list) for record in records):
        return None, [[text_of(value) for value in record] for record in records]
    raise MonitoringError(f"A payload mixes objects with arrays or plain values. {FLAT}")


def named_rows(records: Sequence[Mapping[str, Any]]) -> Rows:
    """Flat objects as rows; the columns in the order in which they are first met."""
    names = tuple(dict.fromkeys(name for record in records for name in record))
    return names, [[text_of(record.get(name)) for name in names] for record in records]


FLAT = "Model Monitor works only with tabular or flattened JSON; a record preprocessor script can flatten it."


def text_of(value: Any) -> str:
    """A plain JSON value as text, "" for null. Raises MonitoringError for an object or an array."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        raise MonitoringError(f"A payload has a nested value: {json.dumps(value)[:60]}. {FLAT}")
    return str(value)


def _beside(output: Rows, given: Rows) -> Rows:
    (names, outputs), (given_names, inputs) = output, given
    if len(outputs) == 1 and len(outputs[0]) == len(inputs) > 1:
        outputs = [[value] for value in outputs[0]]  # many predictions on one line, as built-in algorithms answer
        names = None
    if len(outputs) != len(inputs):
        raise MonitoringError(
            f"A request of {len(inputs)} rows was answered by {len(outputs)}. "
            "The analysis needs one prediction a row; a record preprocessor script can arrange them."
        )
    both = None if names is None or given_names is None else (*names, *given_names)
    return both, [[*out, *row] for out, row in zip(outputs, inputs, strict=True)]
