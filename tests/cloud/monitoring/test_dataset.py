"""course/cloud/monitoring/dataset.py and capture.py"""

import json
import tracemalloc
from pathlib import Path

import pytest

from course.cloud.monitoring.dataset import CHUNK, Dataset, Format, Window
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.statistics import profile
from tests.cloud.monitoring.records import FOLDER, captured, part, write

CSV = '{"csv": {"header": true, "output_columns_position": "START"}}'
CAPTURE = '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}'


def table(path: Path, fmt: str, **more):
    """Names and rows of a whole dataset that fits in one chunk."""
    chunks = list(Dataset(path, Format.read(fmt), **more).chunks())
    assert len(chunks) == 1
    return chunks[0].names, [list(row) for row in chunks[0].rows]


def rows_of(tmp_path, *records, fmt=CAPTURE):
    return table(write(tmp_path / "capture" / FOLDER / "a.jsonl", records), fmt)


def test_a_csv_with_a_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('amount,shop\n1.5,"a, b"\n,c\n\n')
    assert table(path, CSV) == (("amount", "shop"), [["1.5", "a, b"], ["", "c"]])


def test_a_csv_without_a_header_goes_by_position(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2\n3,4\n")
    assert table(path, '{"csv": {"header": false}}') == (None, [["1", "2"], ["3", "4"]])
    assert table(path, '{"csv": {}}')[0] is None
    assert list(profile(Dataset(path, Format.read('{"csv": {}}')).chunks()).columns) == ["_c0", "_c1"]


def test_output_columns_at_the_end_come_to_the_front(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,score\n1,2,0.5\n")
    fmt = '{"csv": {"header": true, "output_columns_position": "END"}}'
    assert table(path, fmt) == (("score", "a", "b"), [["0.5", "1", "2"]])


def test_every_file_of_a_tree_is_read_in_order(tmp_path):
    for hour in ("10", "09"):
        (tmp_path / hour).mkdir()
        (tmp_path / hour / "part.csv").write_text(f"a\n{hour}\n")
    assert table(tmp_path, CSV)[1] == [["09"], ["10"]]


def test_json_lines_go_by_name_and_need_not_all_have_the_same_keys(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1, "b": null}\n{"b": true, "c": 2.5}\n{"a": 3}\n')
    assert table(path, '{"json": {"lines": true}}')[0] == ("a", "b", "c")
    columns = profile(Dataset(path, Format.read('{"json": {}}')).chunks()).columns
    assert {name: (c.present, c.missing) for name, c in columns.items()} == {"a": (2, 1), "b": (1, 2), "c": (1, 2)}


def test_a_json_document_of_rows(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1},\n {"a": 2}]')
    assert table(path, '{"json": {"lines": false}}') == (("a",), [["1"], ["2"]])


def test_a_captured_csv_has_its_output_first(tmp_path):
    assert rows_of(tmp_path, captured("12.5,grocery,,3", "0.0131\n")) == (
        None,
        [["0.0131", "12.5", "grocery", "", "3"]],
    )


@pytest.mark.parametrize(("name", "row"), [("endpointInput", ["1", "2"]), ("endpointOutput", ["0.5"])])
def test_one_half_of_a_record_may_be_asked_for(tmp_path, name, row):
    fmt = json.dumps({"sagemakerCaptureJson": {"captureIndexNames": [name]}})
    assert rows_of(tmp_path, captured("1,2", "0.5"), fmt=fmt) == (None, [row])


@pytest.mark.parametrize("answer", ["0.1\n0.2\n0.3\n", "0.1,0.2,0.3"], ids=["a line each", "one line"])
def test_a_request_of_many_rows(tmp_path, answer):
    rows = [["0.1", "1", "a"], ["0.2", "2", "b"], ["0.3", "3", "c"]]
    assert rows_of(tmp_path, captured("1,a\n2,b\n3,c\n", answer)) == (None, rows)


def test_base64_is_read_as_its_content_type_says(tmp_path):
    given = part("INPUT", '1,"x, y"', "BASE64")
    answer = part("OUTPUT", "0.5", "BASE64")
    assert rows_of(tmp_path, captured(given, answer)) == (None, [["0.5", "1", "x, y"]])
    given = part("INPUT", '{"a": 1}', "BASE64", "application/json")
    answer = part("OUTPUT", '{"score": 0.5}', "BASE64", "application/json; charset=utf-8")
    assert rows_of(tmp_path, captured(given, answer)) == (("score", "a"), [["0.5", "1"]])


@pytest.mark.parametrize(
    ("given", "answer", "expected"),
    [
        ('{"a": 1, "b": null}', '{"p": 0.5}', (("p", "a", "b"), [["0.5", "1", ""]])),
        ('[{"a": 1}, {"a": 2}]', '[{"p": 0.5}, {"p": 0.6}]', (("p", "a"), [["0.5", "1"], ["0.6", "2"]])),
        ("[1, false]", "0.5", (None, [["0.5", "1", "false"]])),
        ("[[1, 2], [3, 4]]", "[0.5, 0.6]", (None, [["0.5", "1", "2"], ["0.6", "3", "4"]])),
    ],
)
def test_captured_json(tmp_path, given, answer, expected):
    assert rows_of(tmp_path, captured(given, answer, "JSON")) == expected


def test_only_records_inside_the_window_count(tmp_path):
    records = [captured(str(n), "0", time=f"2026-11-20T{n:02}:00:00Z") for n in range(8, 12)]
    window = Window.read("2026-11-20T09:00:00Z", "2026-11-20T11:00:00+00:00")
    path = write(tmp_path / "a.jsonl", records)
    assert table(path, CAPTURE, window=window)[1] == [["0", "9"], ["0", "10"]]


def test_a_time_may_be_written_as_the_guide_prints_it(tmp_path):
    assert Window.read("2019-12-01T15: 20: 00Z", "") == Window.read("2019-12-01T15:20:00Z", "")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            captured(part("INPUT", "{}", "JSON"), part("OUTPUT", "0.5")),
            "Encoding mismatch: Encoding is JSON for endpointInput, but Encoding is CSV for endpointOutput",
        ),
        (
            captured(part("INPUT", "1"), part("OUTPUT", "1", "BASE64")),
            "Encoding is CSV for endpointInput, but .* BASE64",
        ),
        (captured("1", None), "CaptureOptions must hold Output"),
        (captured(None, "1"), "CaptureOptions must hold Input"),
        (captured('{"a": {"b": 1}}', '{"p": 1}', "JSON"), "flattened JSON"),
        (captured('[{"a": 1}, 2]', '{"p": 1}', "JSON"), "flattened JSON"),
        (captured("1\n2\n3", "1\n2"), "3 rows was answered by 2"),
        (captured(part("INPUT", "1", "BASE64", "image/png"), part("OUTPUT", "1", "BASE64")), "image/png"),
        (captured({**part("INPUT", "1", "BASE64"), "data": "*"}, part("OUTPUT", "1", "BASE64")), "BASE64"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value[:20],
)
def test_a_record_that_cannot_be_read_is_refused(tmp_path, record, words):
    with pytest.raises(MonitoringError, match=words):
        rows_of(tmp_path, record)


def test_a_record_without_a_time_cannot_be_in_a_window(tmp_path):
    path = write(tmp_path / "a.jsonl", [captured("1", "2", time=None)])
    with pytest.raises(MonitoringError, match="inferenceTime"):
        table(path, CAPTURE, window=Window.read("2026-11-20T09:00:00Z", ""))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON object"),
        ("[]", "JSON object"),
        ('{"parquet": {}}', "not supported"),
        ('{"csv": {}, "json": {}}', "not supported"),
        ('{"csv": {"delimiter": ";"}}', "delimiter"),
        ('{"csv": {"output_columns_position": "MIDDLE"}}', "MIDDLE"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": ["input"]}}', "captureIndexNames"),
    ],
)
def test_a_format_that_is_not_read_is_refused(text, words):
    with pytest.raises(MonitoringError, match=words):
        Format.read(text)


def test_the_sdks_formats_are_known():
    """sagemaker.model_monitor.DatasetFormat: csv(), json() and sagemaker_capture_json()."""
    assert Format.read(CSV) == Format("csv", header=True)
    assert Format.read('{"json": {"lines": true}}').lines
    assert Format.read('{"sagemakerCaptureJson": {}}').index_names == ("endpointInput", "endpointOutput")
    assert Format.read('{"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}').is_records


@pytest.mark.parametrize(
    ("text", "fmt", "words"),
    [
        ("a,b\n1\n", CSV, "1 values, its header 2"),
        ("a,a\n1,2\n", CSV, "same name"),
        ("{\n", CAPTURE, "Line 1 of a is not JSON"),
        ("3\n", CAPTURE, "not a JSON object"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, fmt, words):
    path = tmp_path / "a"
    path.write_text(text)
    with pytest.raises(MonitoringError, match=words):
        table(path, fmt)


def test_a_folder_without_files_is_named(tmp_path):
    with pytest.raises(MonitoringError, match="There is no data"):
        list(Dataset(tmp_path, Format.read(CSV)).chunks())


def test_a_dataset_is_held_one_chunk_at_a_time(tmp_path):
    """Ten times the rows, no more memory: what a profile keeps of a column does not grow with the rows' number."""

    def peak(rows):
        path = tmp_path / f"{rows}.csv"
        path.write_text("a,b\n" + "".join(f"{n % 50},{'x' * 40}{n % 7}\n" for n in range(rows)))
        tracemalloc.start()
        whole = profile(Dataset(path, Format.read(CSV)).chunks())
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert whole.rows == rows
        return size

    assert peak(CHUNK * 10) < 1.5 * peak(CHUNK * 2)
