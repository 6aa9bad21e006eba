"""Lines of what transform jobs read and wrote."""

import json

import pytest

from course.cloud.monitoring.dataset import Dataset, Format, Window
from course.cloud.monitoring.errors import MonitoringError

TIME = "2026-11-20T09:14:28Z"
CSV = Format("csv", header=False)
LINES = Format("json", lines=True)


def records(tmp_path, text, form=CSV, window=None):
    path = tmp_path / "rows.out"
    path.write_text(text, encoding="utf-8")
    return list(Dataset(path, form, window or Window()).records())


def said(record):
    return (record.event_metadata.event_id, record.answer().data, record.answer().encoding)


def test_the_last_two_columns_of_csv_are_id_and_time(tmp_path):
    found = records(tmp_path, f'1,2,0.5,id-1,{TIME}\r\n"a,b","c ""d""",id-2,{TIME}\n\n')
    assert [said(one) for one in found] == [("id-1", "1,2,0.5", "CSV"), ("id-2", '"a,b","c ""d"""', "CSV")]
    assert {one.event_metadata.event_time for one in found} == {TIME}


def test_a_header_is_no_record(tmp_path):
    [found] = records(tmp_path, f"amount,score,x,y\n1,0.5,id-1,{TIME}\n", Format("csv", header=True))
    assert said(found) == ("id-1", "1,0.5", "CSV")


def test_two_attributes_of_json_are_id_and_time(tmp_path):
    content = {"SageMakerInferenceId": "id-1", "SageMakerInferenceTime": TIME, "features": [1, 2], "SageMakerOutput": 3}
    [found] = records(tmp_path, json.dumps(content) + "\n", LINES)
    assert said(found) == ("id-1", '{"features":[1,2],"SageMakerOutput":3}', "JSON")
    [found] = records(tmp_path, json.dumps(content, indent=2), Format("json", lines=False))
    assert said(found)[0] == "id-1"


def test_lines_outside_the_window_are_left_out(tmp_path):
    text = f"1,id-1,{TIME}\n2,id-2,2026-11-20T10:00:00Z\n"
    found = records(tmp_path, text, window=Window.read("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z"))
    assert [said(one)[0] for one in found] == ["id-1"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0.5\n", CSV),
        ("1,2,3\n", CSV),
        ('{"score": 1}\n', LINES),
        ('{"SageMakerInferenceId": "a", "SageMakerInferenceTime": "noon"}\n', LINES),
        ("[1]\n", LINES),
        ("nothing\n", LINES),
    ],
)
def test_a_line_without_an_inference_id_is_refused(tmp_path, text, form):
    with pytest.raises(MonitoringError, match="must have GenerateInferenceId"):
        records(tmp_path, text, form)


def test_payloads_need_no_inference_id(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    found = Dataset(path, Format("csv", header=True)).payloads()
    assert [(one.data, one.encoding) for one in found] == [("1,2", "CSV"), ("3,4", "CSV")]
