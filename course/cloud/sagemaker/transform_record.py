"""DataProcessing: what of a record goes to the model, and what is written beside the model's answer.

    record → InputFilter → model → joined with the record as it was → OutputFilter → output

A row of CSV is an array, and the answer's row is appended to it. A JSON object gets the attribute SageMakerOutput;
other JSON becomes the object {"SageMakerInput": …, "SageMakerOutput": …}. With GenerateInferenceId, every record of the
output gets an id and the time at which the job started: two more columns, or two attributes.

Sources: developer guide, "Associate Prediction Results with Input Records" and "Capture data from batch transform job".
"""

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .transform_path import ROOT, InvalidPath, Path
from .transform_payload import BadObject

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"
OUTPUT, INPUT = "SageMakerOutput", "SageMakerInput"
INFERENCE_ID, INFERENCE_TIME = "SageMakerInferenceId", "SageMakerInferenceTime"

Stamp = Callable[[], tuple[str, str]]
"""A new inference id, and the time of the job's start."""


def media_type(content_type: str | None) -> str:
    """A content type without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Processing:
    """What happens to the records of a job. split: whether a payload of JSON is one document for each line."""

    content_type: str
    accept: str
    split: bool
    input: Path
    output: Path
    join: bool
    stamped: bool

    @classmethod
    def of(cls, job: dict[str, Any]) -> "Processing":
        """Raises InvalidPath."""
        given, source, target = job.get("DataProcessing", {}), job["TransformInput"], job["TransformOutput"]
        return cls(
            media_type(source.get("ContentType")),
            media_type(target.get("Accept")),
            source.get("SplitType") == "Line",
            Path.read(given.get("InputFilter") or ROOT),
            Path.read(given.get("OutputFilter") or ROOT),
            given.get("JoinSource") == "Input",
            job.get("DataCaptureConfig", {}).get("GenerateInferenceId", False),
        )

    @property
    def changes_output(self) -> bool:
        return self.join or self.stamped or not self.output.is_root

    def request(self, payload: bytes) -> bytes:
        """The body of the request to the model. Raises BadObject."""
        if self.input.is_root:
            return payload
        try:
            if self.content_type == CSV:
                rows, quoted = _rows(_text(payload), "line")
                return _csv((self.input.columns(row) for row in rows), quoted)
            return _json(map(self.input.find, self._documents(payload)), self.split or self.content_type == LINES)
        except InvalidPath as error:
            raise BadObject(str(error)) from None

    def result(self, payload: bytes, answer: bytes, stamp: Stamp) -> bytes:
        """What is written for a payload and the model's answer to it. Raises BadObject."""
        if not self.changes_output:
            return answer
        try:
            return (
                self._csv_result(payload, answer, stamp)
                if self.accept == CSV
                else self._json_result(payload, answer, stamp)
            )
        except InvalidPath as error:
            raise BadObject(str(error)) from None

    def _csv_result(self, payload: bytes, answer: bytes, stamp: Stamp) -> bytes:
        rows, quoted = _rows(_text(answer), "output from the algorithm")
        if self.join:
            own, own_quoted = _rows(_text(payload), "line")
            rows, quoted = (row + more for row, more in _paired(own, rows)), quoted or own_quoted
        if not self.output.is_root:
            rows = map(self.output.columns, rows)
        if self.stamped:
            rows = ([*row, *stamp()] for row in rows)
        return _csv(rows, quoted)

    def _json_result(self, payload: bytes, answer: bytes, stamp: Stamp) -> bytes:
        documents: Iterable[Any] = _parsed(answer, self.accept == LINES, "output from the algorithm")
        if self.join:
            pairs = _paired(self._documents(payload), documents)
            documents = (
                {**own, OUTPUT: more} if isinstance(own, dict) else {INPUT: own, OUTPUT: more} for own, more in pairs
            )
        documents = map(self.output.find, documents)
        if self.stamped:
            documents = (_stamped(document, *stamp()) for document in documents)
        return _json(documents, self.accept == LINES)

    def _documents(self, payload: bytes) -> Iterator[Any]:
        return _parsed(payload, self.split or self.content_type == LINES, "line")


def stamp_of(random: Any, time: str) -> Stamp:
    """Inference ids out of a seeded generator."""
    return lambda: (str(uuid.UUID(int=random.getrandbits(128), version=4)), time)


def _stamped(document: Any, identity: str, time: str) -> dict[str, Any]:
    own = document if isinstance(document, dict) else {OUTPUT: document}
    return {**own, INFERENCE_ID: identity, INFERENCE_TIME: time}


def _paired(own: Iterable[Any], answers: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    end = object()
    others = iter(answers)
    for record in own:
        answer = next(others, end)
        if answer is end:
            raise _mismatch()
        yield record, answer
    if next(others, end) is not end:
        raise _mismatch()


def _mismatch() -> BadObject:
    return BadObject("Fail to join data: mismatched line count between the input and the output")


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadObject(f"Failed to parse the data as UTF-8: {error}") from None


def _rows(text: str, what: str) -> tuple[Iterator[list[str]], bool]:
    """The rows of CSV, and whether there are quotes in it, which the fast way does not know."""
    lines = text.removesuffix("\n").split("\n")
    if '"' not in text:
        if "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
        return (line.split(",") for line in lines), False
    return _quoted_rows(lines, what), True


def _quoted_rows(lines: list[str], what: str) -> Iterator[list[str]]:
    for line in lines:  # a record has no line ends inside
        try:
            yield next(csv.reader([line], strict=True), [""])
        except csv.Error as error:
            raise BadObject(f"Failed to parse {what}: '{line[:200]}' as CSV: {error}") from None


def _csv(rows: Iterable[list[str]], quoted: bool) -> bytes:
    if not quoted:
        return "".join([",".join(row) + "\n" for row in rows]).encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _parsed(body: bytes, by_line: bool, what: str) -> Iterator[Any]:
    for line in body.removesuffix(b"\n").split(b"\n") if by_line else [body]:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadObject(
                f"Failed to parse {what}: '{line[:200].decode(errors='replace')}' as JSON: {error}"
            ) from None


def _json(documents: Iterable[Any], by_line: bool) -> bytes:
    return ("\n" if by_line else "").join(
        [json.dumps(document, ensure_ascii=False, separators=(",", ":")) for document in documents]
    ).encode() + (b"\n" if by_line else b"")
