"""The default content types of the scikit-learn container: text/csv, application/json and application/x-npy.

Facts: github.com/aws/sagemaker-scikit-learn-container (serving.py, handler_service.py) on
github.com/aws/sagemaker-containers (_encoders.py). As there: content types match exactly, CSV and JSON become float32,
NPY keeps its dtype, a one-dimensional array is one row, JSON's null is NaN, encoded CSV ends with a line end.

Stricter than there: NPY with Python objects is refused, for unpickling them would run the caller's code; CSV has
numbers only, and rows of one length. More lenient: a body of one CSV row is a matrix of one row, which AWS's
single-model server squeezes to a vector that scikit-learn then refuses.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

CSV = "text/csv"
JSON = "application/json"
NPY = "application/x-npy"
TEXT = (CSV, JSON)  # handed to input_fn as str

# pandas reads a number about four times as fast as float(), but takes a while to begin; below this it does not pay.
BULK_BYTES = 12 << 10
_BULK_ALPHABET = b"0123456789+-.eE,\n"


class UnsupportedFormatError(Exception):
    """A content type without a default; the text is the container's."""

    def __init__(self, content_type: str) -> None:
        super().__init__(
            f"Content type {content_type} is not supported by this framework.\n\n"
            "Please implement input_fn to to deserialize the request data or an output_fn to\n"
            "serialize the response. For more information, see the SageMaker Python SDK README."
        )


class Undecodable(ValueError):
    """A body that is not what its content type says."""


def decode(body: bytes, content_type: str) -> np.ndarray:
    """A request body as array; at least one row of a matrix, unless JSON holds a single number.

    Raises UnsupportedFormatError, or Undecodable with a sentence for the caller.
    """
    decoder = _DECODERS.get(content_type)
    if decoder is None:
        raise UnsupportedFormatError(content_type)
    if not body:
        raise Undecodable("The request has no body; send at least one row.")
    array = decoder(body)
    return array.reshape(1, -1) if array.ndim == 1 else array


def decode_many(bodies: Sequence[bytes]) -> list[np.ndarray] | None:
    """CSV bodies that hold plain numbers in rows of one common length, all at once; None if they do not, or if they
    are too short for this to be worth it: then decode them one by one."""
    lengths = [body.count(b"\n") + (not body.endswith(b"\n")) for body in bodies]
    text = b"\n".join([body.removesuffix(b"\n") for body in bodies])
    if len(text) < BULK_BYTES or text.translate(None, _BULK_ALPHABET):
        return None
    commas = set(map(bytes.count, text.split(b"\n"), repeat(b",")))
    if len(commas) != 1:
        return None
    import pandas

    rows, columns = sum(lengths), commas.pop() + 1
    column = text.replace(b",", b"\n")  # one number a line, for pandas spends its time on columns
    try:
        numbers = pandas.read_csv(
            io.BytesIO(column), header=None, dtype=np.float32, na_filter=False, engine="c", low_memory=False
        ).to_numpy()
    except ValueError:
        return None
    if numbers.size != rows * columns:  # it skips empty lines
        return None
    table = numbers.reshape(rows, columns)
    stops = np.cumsum(lengths).tolist()
    return [table[stop - length : stop] for stop, length in zip(stops, lengths, strict=True)]


def encode(prediction: Any, accept: str) -> bytes:
    """A prediction in the content type that the caller accepts. Raises UnsupportedFormatError."""
    encoder = _ENCODERS.get(accept)
    if encoder is None:
        raise UnsupportedFormatError(accept)
    return encoder(prediction)


def _decode_csv(body: bytes) -> np.ndarray:
    if not body.isascii() or b"_" in body:  # float() takes digits of all scripts, and 1_000
        raise Undecodable(_first_bad_field(body))
    if len(body) >= BULK_BYTES and (bulk := decode_many([body])):
        return bulk[0]
    lines = body.decode("ascii").removesuffix("\n").split("\n")
    try:
        if len(lines) == 1:
            return np.array([[*map(float, lines[0].split(","))]], dtype=np.float32)
        rows = [line.split(",") for line in lines]
        if len(set(map(len, rows))) == 1:
            return np.array([[*map(float, row)] for row in rows], dtype=np.float32)
    except ValueError:
        pass
    return _decode_quoted_csv(body)


def _decode_quoted_csv(body: bytes) -> np.ndarray:
    """What the fast way does not take: quoted numbers, and all mistakes, which are named by line."""
    if b'"' not in body:
        raise Undecodable(_first_bad_field(body))
    try:
        return np.array([[*map(float, row)] for row in _rows(body.decode("ascii"))], dtype=np.float32)
    except (ValueError, csv.Error):
        raise Undecodable(_first_bad_field(body)) from None


def _rows(text: str) -> list[list[str]]:
    """The fields of each line; an empty line has none. Raises csv.Error."""
    if '"' in text:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    return [line.split(",") if line else [] for line in lines]


def _first_bad_field(body: bytes) -> str:
    """A sentence on the first line of a CSV body that is wrong."""
    try:
        rows = _rows(body.decode("utf-8"))
    except (UnicodeDecodeError, csv.Error) as error:
        return f"The body is not CSV: {error}."
    for number, row in enumerate(rows, 1):
        if not row:
            return f"Line {number} of the CSV body is empty."
        if len(row) != len(rows[0]):
            return f"Line {number} of the CSV body has {len(row)} fields, the first line has {len(rows[0])}."
        for field in row:
            if not _is_number(field):
                return f"Line {number} of the CSV body has {field[:40]!r} where a number should be."
    return "The body is not CSV."


def _is_number(field: str) -> bool:
    if not field.isascii() or "_" in field:
        return False
    try:
        float(field)
    except ValueError:
        return False
    return True


def _decode_json(body: bytes) -> np.ndarray:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"The body is not JSON: {error}.") from None
    try:
        return np.array(data).astype(np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise Undecodable(f"The JSON body is no array of numbers: {error}") from None


def _decode_npy(body: bytes) -> np.ndarray:
    try:
        length_bytes = 2 if body[6:7] == b"\x01" else 4
        start = 8 + length_bytes + int.from_bytes(body[8 : 8 + length_bytes], "little")
        dtype, shape, order = _npy_header(body[:start])
        count = math.prod(shape)
        flat = np.frombuffer(body, dtype, count, start) if count else np.empty(0, dtype)
        return flat.copy().reshape(shape, order=order)
    except (ValueError, TypeError, OverflowError) as error:
        raise Undecodable(f"The body is no NPY array: {error}") from None


@lru_cache(64)
def _npy_header(head: bytes) -> tuple[np.dtype, tuple[int, ...], str]:
    """dtype, shape and order of an NPY file, from what stands before its numbers."""
    file = io.BytesIO(head)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"format version {version} is not supported")
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded, for that would run code of the caller")
    if any(length < 0 for length in shape):
        raise ValueError(f"shape {shape} is not valid")
    return dtype, shape, "F" if fortran else "C"


def _encode_csv(prediction: Any) -> bytes:
    array = np.asarray(prediction)
    if array.ndim == 1 and array.dtype.kind in "iufb":
        return ("\n".join(map(str, array)) + "\n").encode()
    stream = io.StringIO()
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def _encode_json(prediction: Any) -> bytes:
    if isinstance(prediction, np.ndarray):
        prediction = prediction.tolist()
    return _dump(prediction).encode()


def _as_list(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _encode_npy(prediction: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, prediction, allow_pickle=False)
    return stream.getvalue()


_dump = json.JSONEncoder(default=_as_list).encode  # made once: json.dumps with a default makes one per call
_DECODERS = {CSV: _decode_csv, JSON: _decode_json, NPY: _decode_npy}
_ENCODERS = {CSV: _encode_csv, JSON: _encode_json, NPY: _encode_npy}
