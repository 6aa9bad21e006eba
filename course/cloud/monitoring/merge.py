"""Ground truth joined to captured predictions (developer guide, model-monitor-model-quality-merge).

A label's eventId is the captured record's inferenceId where the caller sent one, else its eventId. Labels may come
later, in another file and another hour; the last one for an id counts. What has no label yet is left out, and
counted. Of a transform job it is the lines of its output that are joined, by the inference id of each (transformed.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from course.cloud.monitoring.capture import CapturedData
from course.cloud.monitoring.dataset import Dataset, Format, objects
from course.cloud.monitoring.errors import MonitoringError


@dataclass(frozen=True)
class Merged:
    """What a merge found. captured: records of the window; labels: distinct ids with ground truth."""

    captured: int
    labels: int
    merged: int

    @property
    def share(self) -> float:
        """The part of the captured records that has a label, 0 to 1."""
        return self.merged / self.captured if self.captured else 0.0


def merge(capture: Dataset, ground_truth: Path, output: Path) -> Merged:
    """Write every captured record that has a label, with it, below `output` in the capture's own folders.

    Raises MonitoringError when nothing can be joined, or a label is not written as the guide says.
    """
    labels = _labels(ground_truth)
    captured = merged = 0
    for path in capture.files():
        lines = []
        for record in Dataset(path, capture.format, capture.window).records():
            captured += 1
            metadata = record.event_metadata
            truth = labels.get(metadata.inference_id or metadata.event_id)
            if truth is not None:
                lines.append(json.dumps(_joined(record, truth)) + "\n")
        if lines:
            inside = path.relative_to(capture.source) if path != capture.source else Path(path.name)
            target = output / (inside if inside.suffix == ".jsonl" else inside.with_name(f"{inside.name}.jsonl"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("".join(lines), encoding="utf-8")
            merged += len(lines)
    if not merged:
        raise MonitoringError(
            f"No captured record could be merged with ground truth: {captured} records, {len(labels)} labels. "
            "Labels that arrive late need a window that looks back to where they exist."
        )
    return Merged(captured, len(labels), merged)


def _joined(record: CapturedData, truth: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventVersion": record.event_version or "0",
        "groundTruthData": truth,
        "captureData": record.event_dict["captureData"],
        "eventMetadata": record.event_dict["eventMetadata"],
    }


def _labels(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for record in chain.from_iterable(map(objects, Dataset(folder, Format("json")).files())):
        name, truth = record.get("eventMetadata", {}).get("eventId"), record.get("groundTruthData")
        if not name or not isinstance(truth, dict) or "data" not in truth or truth.get("encoding") != "CSV":
            raise MonitoringError(
                'A ground truth record is not of the form {"groundTruthData": {"data": "1", "encoding": "CSV"}, '
                '"eventMetadata": {"eventId": "…"}, "eventVersion": "0"}.'
            )
        found[name] = truth
    return found
