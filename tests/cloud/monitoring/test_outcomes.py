"""course/cloud/monitoring/outcomes.py"""

import json

import pytest

from course.cloud.monitoring.dataset import Dataset, Format
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.outcomes import Attributes, Outcomes, plain, read
from tests.cloud.monitoring.records import captured, label, write

MERGED = Format.read('{"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}')


def merged(answer, truth, encoding="CSV"):
    return captured(None, answer, encoding) | {"groundTruthData": label("e", truth)["groundTruthData"]}


def of(tmp_path, *records, **attributes):
    return read(Dataset(write(tmp_path / "a.jsonl", records), MERGED), Attributes(**attributes))


def test_a_csv_names_its_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("probability,prediction,label\n0.9,1,1\n0.2,0.0,1.0\n")
    dataset = Dataset(path, Format.read('{"csv": {"header": true}}'))
    got = read(dataset, Attributes("prediction", "probability", "label"))
    assert got == Outcomes(["1", "1"], ["1", "0"], [0.9, 0.2])
    assert read(dataset, Attributes(None, "0", "2")) == Outcomes(["1", "1"], [], [0.9, 0.2])


def test_a_captured_csv_is_told_by_index(tmp_path):
    got = of(tmp_path, merged("1,0.9", "1"), merged("0,0.2", "true"), inference="0", probability="1")
    assert got == Outcomes(["1", "1"], ["1", "0"], [0.9, 0.2])


@pytest.mark.parametrize("answer", ["0.9\n0.2\n0.4", "0.9,0.2,0.4"])
def test_a_request_of_many_rows_has_as_many_labels(tmp_path, answer):
    assert of(tmp_path, merged(answer, "1\n0\n0"), probability="0") == Outcomes(["1", "0", "0"], [], [0.9, 0.2, 0.4])


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"p": 0.9}, "p"),
        ([{"p": 0.9}], "p"),
        ({"predictions": [{"p": 0.9}]}, "predictions[0].p"),
        ({"predictions": [{"p": 0.9}]}, "$.predictions[0].p"),
        ({"a b": {"p": [0.9]}}, "a b.p"),
        ([0.1, 0.9], "1"),
    ],
)
def test_a_captured_json_is_told_by_a_path(tmp_path, answer, path):
    assert of(tmp_path, merged(json.dumps(answer), "1", "JSON"), probability=path).probabilities == [0.9]


def test_rows_in_which_something_is_missing_are_counted(tmp_path):
    got = of(tmp_path, merged("0.9", "1"), merged("nan", "1"), merged("0.5", ""), probability="0")
    assert (len(got), got.incomplete) == (1, 2)


@pytest.mark.parametrize(
    ("records", "attributes", "words"),
    [
        ([merged("0.9", "1")], {}, "inference_attribute or probability_attribute"),
        ([merged("0.9", "1")], {"probability": "3"}, "no column 3"),
        ([merged("0.9", "1")], {"probability": "score"}, "no column score"),
        ([merged("high", "1")], {"probability": "0"}, "not a number"),
        ([merged('{"q": 1}', "1", "JSON")], {"probability": "p"}, "nothing at p"),
        ([merged("0.9\n0.8", "1")], {"probability": "0"}, "2 predictions, its ground truth 1 labels"),
        ([captured(None, "0.9")], {"probability": "0"}, "no groundTruthData"),
        ([merged("0.9", "")], {"probability": "0"}, "No prediction has a ground truth label"),
    ],
)
def test_what_cannot_be_measured_is_said(tmp_path, records, attributes, words):
    with pytest.raises(MonitoringError, match=words):
        of(tmp_path, *records, **attributes)


def test_ground_truth_is_csv(tmp_path):
    record = merged("0.9", "1")
    record["groundTruthData"]["encoding"] = "JSON"
    with pytest.raises(MonitoringError, match="only CSV"):
        of(tmp_path, record, probability="0")


@pytest.mark.parametrize(
    ("text", "same"), [("1", "1"), ("1.0", "1"), (" 0 ", "0"), ("TRUE", "1"), ("2.5", "2.5"), ("fraud", "fraud")]
)
def test_a_label_is_the_same_however_it_is_written(text, same):
    assert plain(text) == same
