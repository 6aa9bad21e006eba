"""The files of a transform job, line by line: what it read, and what it wrote as records with an inference id.

With GenerateInferenceId every line of output ends in its id and the time at which the job started, two columns of csv,
two attributes of JSON (developer guide, "Capture data from batch transform job"). In a record they are metadata, and
batchTransformOutput is the line without them: so it stands in the merged record that AWS's example notebook of bias
monitoring for batch transform prints. That record has no time; here inferenceTime stays, for a window is cut by it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from course.cloud.monitoring.capture import BATCH_OUTPUT, CapturedData, EventData, csv_rows, moment
from course.cloud.monitoring.errors import MonitoringError

INFERENCE_ID, INFERENCE_TIME = "SageMakerInferenceId", "SageMakerInferenceTime"


def payloads(path: Path, is_csv: bool, header: bool, lines: bool) -> Iterator[EventData]:
    """The lines of a file. header: the first names the columns. lines: False for one JSON document a file."""
    encoding = "CSV" if is_csv else "JSON"
    with path.open(encoding="utf-8-sig", newline="") as file:
        if not is_csv and not lines:
            yield EventData({"data": file.read(), "encoding": encoding})
            return
        for number, line in enumerate(file):
            text = line.rstrip("\r\n")
            if text and not (is_csv and header and number == 0):
                yield EventData({"data": text, "encoding": encoding})


def records(path: Path, is_csv: bool, header: bool, lines: bool) -> Iterator[CapturedData]:
    """The lines of a file of output. Raises MonitoringError for one that has no inference id."""
    for payload in payloads(path, is_csv, header, lines):
        data, identity, time = (_of_csv if is_csv else _of_json)(payload.data)
        try:
            moment(time)
        except ValueError:
            raise _unstamped(payload.data) from None
        yield CapturedData(
            {
                "captureData": {BATCH_OUTPUT: {"data": data, "encoding": payload.encoding}},
                "eventMetadata": {"eventId": identity, "inferenceTime": time},
                "eventVersion": "0",
            }
        )


def _of_csv(line: str) -> tuple[str, str, str]:
    [row] = csv_rows(line)
    if len(row) < 3:
        raise _unstamped(line)
    *rest, identity, time = row
    return csv_line(rest), identity, time


def _of_json(line: str) -> tuple[str, str, str]:
    try:
        content = json.loads(line)
        identity, time = content.pop(INFERENCE_ID), content.pop(INFERENCE_TIME)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unstamped(line) from None
    return json.dumps(content, separators=(",", ":")), str(identity), str(time)


def csv_line(row: list[str]) -> str:
    """A row as csv, quoted where it must be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def _unstamped(line: str) -> MonitoringError:
    return MonitoringError(
        f"A line of the transform job's output has no inference id and time: {line[:80]}. "
        "DataCaptureConfig of the transform job must have GenerateInferenceId."
    )
