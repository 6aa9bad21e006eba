"""Predictions beside labels: from a csv with a column of each, or from records that the merge job has labelled."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.cloud.monitoring.capture import CapturedData, EventData, csv_rows, text_of
from course.cloud.monitoring.dataset import Dataset
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.statistics import MISSING

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]$]+)")


@dataclass(frozen=True)
class Attributes:
    """Where label, prediction and probability are: a column's name, its index, or a JSONPath; None where it is not."""

    inference: str | None = None
    probability: str | None = None
    ground_truth: str | None = None


@dataclass
class Outcomes:
    """Rows with a label, as text. A column that is not asked for stays empty. incomplete: rows left out."""

    labels: list[str] = field(default_factory=list)
    predictions: list[str] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    incomplete: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    def add(self, label: str, prediction: str | None, probability: str | None) -> None:
        """A row; one in which something is missing is counted and left out. None: not asked for."""
        if label in MISSING or prediction in MISSING or probability in MISSING:
            self.incomplete += 1
            return
        if probability is not None:
            self.probabilities.append(_number(probability))
        if prediction is not None:
            self.predictions.append(plain(prediction))
        self.labels.append(plain(label))


def read(dataset: Dataset, attributes: Attributes) -> Outcomes:
    """All rows that have a label. Raises MonitoringError when there is none, or an attribute is not in the data."""
    if attributes.inference is None and attributes.probability is None:
        raise MonitoringError("Model quality needs inference_attribute or probability_attribute.")
    outcomes = Outcomes()
    for row in (_merged if dataset.format.is_records else _table)(dataset, attributes):
        outcomes.add(*row)
    if not len(outcomes):
        raise MonitoringError("No prediction has a ground truth label: there is nothing to measure.")
    return outcomes


def plain(text: str) -> str:
    """A label without the accidents of its writing: 1, 1.0 and true are the same one."""
    text = text.strip()
    text = {"true": "1", "false": "0"}.get(text.lower(), text)
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else str(number)


Row = tuple[str, str | None, str | None]  # label, prediction, probability


def _table(dataset: Dataset, attributes: Attributes) -> Iterator[Row]:
    if attributes.ground_truth is None:
        raise MonitoringError("ground_truth_attribute must name the column of the labels.")
    wanted = (attributes.ground_truth, attributes.inference, attributes.probability)
    for chunk in dataset.chunks():
        places = [None if name is None else _place(chunk.names, name, len(chunk.rows[0])) for name in wanted]
        for row in chunk.rows:
            label, prediction, probability = (None if place is None else row[place] for place in places)
            yield label or "", prediction, probability


def _merged(dataset: Dataset, attributes: Attributes) -> Iterator[Row]:
    for record in dataset.records():
        yield from of_record(record, attributes)


def of_record(record: CapturedData, attributes: Attributes) -> Iterator[Row]:
    """The rows of one merged record. Raises MonitoringError when it has no ground truth, or not what is asked for."""
    if record.ground_truth is None:
        raise MonitoringError("A record has no groundTruthData; this monitor reads what the merge job writes.")
    labels = _labels(record)
    output = record.answer()
    predictions = _column(output, attributes.inference, len(labels))
    probabilities = _column(output, attributes.probability, len(labels))
    yield from zip(labels, predictions, probabilities, strict=True)


def _labels(record: CapturedData) -> list[str]:
    truth = record.ground_truth
    if truth is None or truth.encoding != "CSV":
        raise MonitoringError(f"groundTruthData of {record.event_metadata.event_id} is not CSV; only CSV is supported.")
    return [row[0] for row in csv_rows(truth.data or "")] or [""]


def _column(output: EventData, attribute: str | None, rows: int) -> Sequence[str | None]:
    """One value a row of the answer, from the place that the attribute names."""
    if attribute is None:
        return [None] * rows
    content, kind = output.content()
    values = _from_json(json.loads(content), attribute) if kind == "JSON" else _from_csv(content, attribute, rows)
    if len(values) != rows:
        raise MonitoringError(f"An answer holds {len(values)} predictions, its ground truth {rows} labels.")
    return values


def _from_csv(content: str, attribute: str, rows: int) -> list[str]:
    table = csv_rows(content)
    if len(table) == 1 and len(table[0]) == rows > 1:
        table = [[value] for value in table[0]]  # many predictions on one line
    return [row[_place(None, attribute, len(row))] for row in table]


def _from_json(content: Any, attribute: str) -> list[str]:
    if isinstance(content, list) and not attribute.startswith(("[", "$")) and not attribute.isdecimal():
        return [text_of(follow(row, attribute)) for row in content]  # a name: of every row
    found = follow(content, attribute)
    return [text_of(value) for value in found] if isinstance(found, list) else [text_of(found)]


def follow(content: Any, path: str) -> Any:
    """What lies at an index, a name or a path of both. Raises MonitoringError where there is nothing."""
    if isinstance(content, dict) and path in content:
        return content[path]
    if isinstance(content, list) and path.isdecimal():
        path = f"[{path}]"
    for index, name in _STEP.findall(path):
        try:
            content = content[int(index)] if index else content[name]
        except (KeyError, IndexError, TypeError):
            raise MonitoringError(f"The answers hold nothing at {path}: {json.dumps(content)[:80]}") from None
    return content


def _place(names: Sequence[str] | None, attribute: str, width: int) -> int:
    if names is not None and attribute in names:
        return list(names).index(attribute)
    if attribute.isdecimal() and int(attribute) < width:
        return int(attribute)
    raise MonitoringError(f"There is no column {attribute}; there is {', '.join(names or map(str, range(width)))}.")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MonitoringError(f"A probability or prediction is not a number: {text}")
    return number
