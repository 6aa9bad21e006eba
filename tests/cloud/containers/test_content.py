"""course/cloud/containers/content.py"""

import io
import json
import pickle

import numpy as np
import pytest

from course.cloud.containers.content import (
    BULK_BYTES,
    CSV,
    JSON,
    NPY,
    Undecodable,
    UnsupportedFormatError,
    decode,
    decode_many,
    encode,
)


def npy(array, **how) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


def refusal(body: bytes, content_type: str) -> str:
    with pytest.raises(Undecodable) as refused:
        decode(body, content_type)
    return str(refused.value)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"1,2,3", [[1, 2, 3]]),
        (b"1,2,3\n", [[1, 2, 3]]),
        (b"1,2\n3,4", [[1, 2], [3, 4]]),
        (b"1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
        (b"1\n2\n3\n", [[1], [2], [3]]),
        (b"7", [[7]]),
        (b" 1 ,\t-2", [[1, -2]]),
        (b"1e-3,+.5,-1.,1E2", [[0.001, 0.5, -1, 100]]),
        (b'"1.5","2"\n3,"4"', [[1.5, 2], [3, 4]]),
        (b"nan,inf\n-inf,NaN", [[np.nan, np.inf], [-np.inf, np.nan]]),
        (b"0.1234567890123456789", [[0.12345679]]),
    ],
)
def test_csv_is_a_matrix_of_float32(body, rows):
    array = decode(body, CSV)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.array(rows, np.float32))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"1,2\n3", "Line 2 of the CSV body has 1 fields, the first line has 2."),
        (b"1,2,3\n4,5\n6,7,8,9", "Line 2 of the CSV body has 2 fields, the first line has 3."),
        (b"1,2\n\n3,4", "Line 2 of the CSV body is empty."),
        (b"1,2\n\n", "Line 2 of the CSV body is empty."),
        (b"\n", "Line 1 of the CSV body is empty."),
        (b"age,income\n1,2", "Line 1 of the CSV body has 'age' where a number should be."),
        (b"1,,3", "Line 1 of the CSV body has '' where a number should be."),
        (b"1,2,", "Line 1 of the CSV body has '' where a number should be."),
        (b"1;2", "Line 1 of the CSV body has '1;2' where a number should be."),
        (b"1 2", "Line 1 of the CSV body has '1 2' where a number should be."),
        (b"1_000,2", "Line 1 of the CSV body has '1_000' where a number should be."),
        (b"0x10", "Line 1 of the CSV body has '0x10' where a number should be."),
        ("\u0661,2".encode(), "Line 1 of the CSV body has '\u0661' where a number should be."),
        ("1,größe".encode(), "Line 1 of the CSV body has 'größe' where a number should be."),
        ("\ufeff1,2".encode(), "Line 1 of the CSV body has '\\ufeff1' where a number should be."),
        (b"1,\xff", "The body is not CSV: 'utf-8' codec can't decode byte 0xff in position 2: invalid start byte."),
        (b"1,\x00", "Line 1 of the CSV body has '\\x00' where a number should be."),
        (b'"1,2', "The body is not CSV: unexpected end of data."),
        (b'"1"2,3', "The body is not CSV: ',' expected after '\"'."),
        (b'"1","b"\n', "Line 1 of the CSV body has 'b' where a number should be."),
        (b'"1","2"\n"3"', "Line 2 of the CSV body has 1 fields, the first line has 2."),
        (b"x" * 100, f"Line 1 of the CSV body has '{'x' * 40}' where a number should be."),
        (b"", "The request has no body; send at least one row."),
    ],
)
def test_what_is_wrong_with_csv_is_said(body, sentence):
    assert refusal(body, CSV) == sentence


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[1, 2, 3]", [[1, 2, 3]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("[[[1], [2]]]", [[[1], [2]]]),
        ('["1", "2.5"]', [[1, 2.5]]),
        ("[[1, null]]", [[1, np.nan]]),
        ("[[NaN, 1]]", [[np.nan, 1]]),
        ("[true, false]", [[1, 0]]),
        ("42", 42),
    ],
)
def test_json_is_an_array_of_float32(body, expected):
    array = decode(body.encode(), JSON)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("body", "start"),
    [
        (b"", "The request has no body"),
        (b"1,2", "The body is not JSON: Extra data: line 1 column 2"),
        (b"[1, 2", "The body is not JSON: Expecting"),
        (b"\xff\xfe\xfd", "The body is not JSON: "),
        (b"[" * 100_000, "The body is not JSON: "),
        (b"[[1, 2], [3]]", "The JSON body is no array of numbers: "),
        (b'{"instances": [[1, 2]]}', "The JSON body is no array of numbers: "),
        (b'["a", "b"]', "The JSON body is no array of numbers: "),
        (b'"text"', "The JSON body is no array of numbers: "),
        (b"[" + b"9" * 400 + b"]", "The JSON body is no array of numbers: "),
    ],
)
def test_what_is_wrong_with_json_is_said(body, start):
    assert refusal(body, JSON).startswith(start)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([[1, 2]], dtype=np.int64),
        np.array([["a", "ü"]]),
        np.empty((0, 3), dtype=np.float32),
        np.array([[np.nan, np.inf]], dtype=">f4"),
        np.zeros((2, 2, 2)),
    ],
)
def test_npy_keeps_its_dtype_and_may_be_written_to(array):
    decoded = decode(npy(array), NPY)
    assert decoded.dtype == array.dtype
    np.testing.assert_array_equal(decoded, array)
    assert decoded.flags.writeable


def test_an_npy_vector_is_one_row():
    assert decode(npy(np.arange(3)), NPY).shape == (1, 3)


class Trap:
    """Pickles to a call that would be seen."""

    def __reduce__(self):
        return pytest.fail, ("a pickle of the caller was run",)


@pytest.mark.parametrize(
    "body",
    [
        npy(np.array([Trap()], dtype=object)),
        npy(np.array([(1, Trap())], dtype=[("a", "i4"), ("b", "O")])),
        pickle.dumps(Trap()),
        b"PK\x03\x04 a zip file, as .npz",
        b"\x93NUMPY",
        b"\x93NUMPY\x03\x00\x00\x00\x00\x00",
        b"not numpy at all",
        npy(np.arange(100.0))[:-8],
        npy(np.arange(100.0)).replace(b"(100,)", b"(999,)"),
        npy(np.arange(100.0)).replace(b"(100,)", b"(-10,)"),
        npy(np.arange(100.0)).replace(b"(100,)", b"(1e2,)"),
        npy(np.arange(100.0)).replace(b"'<f8'", b"'<zz'"),
    ],
)
def test_npy_that_is_none_or_would_run_code_is_refused(body):
    assert refusal(body, NPY).startswith("The body is no NPY array: ")


@pytest.mark.parametrize("content_type", ["text/plain", "text/csv; charset=utf-8", "TEXT/CSV", "", "application/x-npz"])
def test_other_content_types_are_refused_both_ways(content_type):
    for refused in (lambda: decode(b"1", content_type), lambda: encode(np.ones(1), content_type)):
        with pytest.raises(UnsupportedFormatError, match=r"^Content type .* is not supported by this framework"):
            refused()


@pytest.mark.parametrize(
    ("prediction", "as_csv", "as_json"),
    [
        (np.array([0, 1]), "0\n1\n", "[0, 1]"),
        (np.array([0.1, 1e-07]), "0.1\n1e-07\n", "[0.1, 1e-07]"),
        (np.array([0.1], dtype=np.float32), "0.1\n", "[0.10000000149011612]"),
        (np.array([True]), "True\n", "[true]"),
        (np.array([np.nan]), "nan\n", "[NaN]"),
        (np.array([[0.25, 0.75], [1, 0]]), "0.25,0.75\n1.0,0.0\n", "[[0.25, 0.75], [1.0, 0.0]]"),
        (np.array(["a", 'b,"c"']), 'a\n"b,""c"""\n', '["a", "b,\\"c\\""]'),
        (np.array(["größe"], dtype=object), "größe\n", '["gr\\u00f6\\u00dfe"]'),
        ([1, 2], "1\n2\n", "[1, 2]"),
        (np.array([]), "\n", "[]"),
    ],
)
def test_predictions_as_csv_and_json(prediction, as_csv, as_json):
    if len(prediction):
        assert encode(prediction, CSV).decode() == as_csv
    assert encode(prediction, JSON).decode() == as_json


def test_json_of_what_holds_arrays():
    assert json.loads(encode({"scores": np.array([1.5]), "n": np.int64(2)}, JSON)) == {"scores": [1.5], "n": 2}
    with pytest.raises(TypeError, match="type object is not JSON"):
        encode({"x": object()}, JSON)


def test_npy_of_a_prediction():
    prediction = np.array([[0.25, 0.75]])
    np.testing.assert_array_equal(np.load(io.BytesIO(encode(prediction, NPY))), prediction)
    with pytest.raises(ValueError, match="allow_pickle"):
        encode(np.array([None]), NPY)


ROW = ",".join(f"{number:.17g}" for number in np.random.default_rng(3).normal(size=20) * 10.0 ** np.arange(-10, 10))
LONG = "\n".join([ROW] * (BULK_BYTES // len(ROW) + 1)).encode()


def test_bulk_and_single_rows_read_the_same_numbers():
    alone = decode(ROW.encode(), CSV)
    first, second, third = decode_many([ROW.encode(), LONG + b"\n", ROW.encode()])
    np.testing.assert_array_equal(first, alone)
    np.testing.assert_array_equal(third, alone)
    assert second.dtype == np.float32
    np.testing.assert_array_equal(second, np.repeat(alone, len(LONG.split()), axis=0))
    np.testing.assert_array_equal(decode(LONG, CSV), second)


@pytest.mark.parametrize(
    "spoiler",
    [
        b"1,2",
        b"",
        b"\n",
        b"\n" + ROW.encode(),
        ROW.encode() + b"\n\n",
        ROW.replace(",", ",,", 1).encode(),
        ROW.replace(",", ";", 1).encode(),
        ROW.encode() + b",",
        ROW.encode() + b"1e",
        ROW.encode() + b"-",
        b"nan" + ROW[ROW.index(",") :].encode(),
        "\u0663".encode() + ROW[ROW.index(",") :].encode(),
        b'"1"' + ROW[ROW.index(",") :].encode(),
        b"1\r" + ROW[ROW.index(",") :].encode(),
    ],
)
def test_bulk_leaves_what_is_not_plain_to_the_careful_way(spoiler):
    assert decode_many([LONG, spoiler]) is None


@pytest.mark.parametrize("tail", [",1", "\n1,2", "\n\n", "x"])
def test_a_long_body_is_as_strict_as_a_short_one(tail):
    assert refusal(LONG + tail.encode(), CSV)


def test_little_is_not_worth_the_bulk():
    assert decode_many([b"1,2", b"3,4"]) is None
