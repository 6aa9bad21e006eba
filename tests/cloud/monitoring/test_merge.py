"""course/cloud/monitoring/merge.py"""

import pytest

from course.cloud.monitoring.dataset import Dataset, Format, Window
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.merge import Merged, merge
from tests.cloud.monitoring.records import FOLDER, captured, label, read, write


def merged(tmp_path, records, labels, window=None):
    """What a merge says and what it wrote, by the output's path."""
    write(tmp_path / "capture" / FOLDER / "a.jsonl", records)
    for number, batch in enumerate(labels):
        write(tmp_path / "truth" / f"2026/11/2{number}/08" / "labels.jsonl", batch)
    (tmp_path / "truth").mkdir(exist_ok=True)
    capture = Dataset(tmp_path / "capture", Format("sagemakerCaptureJson"), window or Window())
    said = merge(capture, tmp_path / "truth", tmp_path / "out")
    files = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    return said, {str(path.relative_to(tmp_path / "out")): read(path) for path in files}


def test_a_label_joins_its_event_in_the_captures_own_folder(tmp_path):
    record = captured("1,2", "0.9", event="e-1")
    said, files = merged(tmp_path, [record], [[label("e-1", "1")]])
    assert said == Merged(captured=1, labels=1, merged=1) and said.share == 1.0
    assert files == {
        f"{FOLDER}/a.jsonl": [record | {"groundTruthData": {"data": "1", "encoding": "CSV"}}],
    }


def test_the_callers_inference_id_comes_before_the_event_id(tmp_path):
    record = captured("1", "0.9", event="e-1", inferenceId="t-7")
    _, files = merged(tmp_path, [record], [[label("e-1", "0"), label("t-7", "1")]])
    assert files[f"{FOLDER}/a.jsonl"][0]["groundTruthData"]["data"] == "1"
    with pytest.raises(MonitoringError, match="1 records, 1 labels"):
        merged(tmp_path / "again", [record], [[label("e-1", "0")]])


def test_late_labels_come_in_another_folder_and_the_last_one_counts(tmp_path):
    records = [captured("1", "0.9", event=f"e-{n}") for n in range(4)]
    labels = [[label("e-0", "0"), label("e-1", "0")], [label("e-2", "1"), label("e-0", "1"), label("x", "1")]]
    said, files = merged(tmp_path, records, labels)
    assert said == Merged(captured=4, labels=4, merged=3) and said.share == 0.75
    joined = files[f"{FOLDER}/a.jsonl"]
    assert [(r["eventMetadata"]["eventId"], r["groundTruthData"]["data"]) for r in joined] == [
        ("e-0", "1"),
        ("e-1", "0"),
        ("e-2", "1"),
    ]


def test_only_the_window_is_merged(tmp_path):
    records = [captured("1", "0.9", event=f"e-{n}", time=f"2026-11-20T{n:02}:30:00Z") for n in (8, 9)]
    labels = [[label("e-8", "0"), label("e-9", "0")]]
    said, _ = merged(tmp_path, records, labels, Window.read("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z"))
    assert said == Merged(captured=1, labels=2, merged=1)


def test_nothing_to_merge_says_how_much_there_was(tmp_path):
    with pytest.raises(MonitoringError, match="2 records, 1 labels"):
        merged(tmp_path, [captured("1", "0", event=e) for e in "ab"], [[label("c", "1")]])


def test_no_ground_truth_at_all(tmp_path):
    with pytest.raises(MonitoringError, match="There is no data"):
        merged(tmp_path, [captured("1", "0")], [])


@pytest.mark.parametrize(
    "record",
    [
        {"inferenceId": "t", "groundTruthLabel": 1},
        label("", "1"),
        {**label("t", "1"), "groundTruthData": {"data": "1", "encoding": "JSON"}},
        {**label("t", "1"), "groundTruthData": "1"},
    ],
)
def test_a_label_of_another_form_is_refused(tmp_path, record):
    with pytest.raises(MonitoringError, match="groundTruthData"):
        merged(tmp_path, [captured("1", "0")], [[record]])
