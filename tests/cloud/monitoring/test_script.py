"""course/cloud/monitoring/script.py"""

import pytest

from course.cloud.monitoring.capture import CapturedData
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.script import Preprocessor, load
from tests.cloud.monitoring.records import captured


def rows(tmp_path, source, record=None, names=()):
    path = tmp_path / "preprocess.py"
    path.write_text(source)
    return Preprocessor(path, names).rows(CapturedData(record or captured("1,2", "0.5")))


def test_a_script_sees_the_guides_attributes(tmp_path):
    source = """
def preprocess_handler(inference_record):
    given, answer = inference_record.endpoint_input, inference_record.endpoint_output
    return [answer.data, given.data, given.encoding, given.mode, given.observedContentType,
            inference_record.event_metadata.event_id, inference_record.event_metadata.event_time,
            inference_record.event_version, inference_record.as_dict()["eventMetadata"]["eventId"]]
"""
    names, (row,) = rows(tmp_path, source)
    content_type = "text/csv; charset=utf-8"
    assert names is None
    assert row == ["0.5", "1,2", "CSV", "INPUT", content_type, "e-1", "2026-11-20T09:14:28Z", "0", "e-1"]


def test_keys_of_the_baseline_go_by_name_others_by_their_order(tmp_path):
    source = "def preprocess_handler(record):\n    return {'b': 1, 'a': 2.5}\n"
    assert rows(tmp_path, source, names=("a", "b")) == (("b", "a"), [["1", "2.5"]])
    assert rows(tmp_path, source, names=("amount",)) == (None, [["2.5", "1"]])


def test_a_record_may_become_many_rows_or_none(tmp_path):
    many = "def preprocess_handler(record):\n    return [{'a': v} for v in record.endpoint_input.data.split(',')]\n"
    assert rows(tmp_path, many, names=("a",)) == (("a",), [["1"], ["2"]])
    assert rows(tmp_path, "def preprocess_handler(record):\n    return []\n") == (None, [])
    assert rows(tmp_path, "def preprocess_handler(record):\n    return None\n") == (None, [])


def test_a_handler_may_ask_for_a_logger(tmp_path):
    source = "def preprocess_handler(record, logger):\n    logger.info('one')\n    return [1]\n"
    assert rows(tmp_path, source) == (None, [["1"]])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1", "does not define preprocess_handler"),
        ("def preprocess_handler(record):\n    return 5", "returned int"),
        ("def preprocess_handler(record):\n    return {'a': [1]}", "nested value"),
    ],
)
def test_a_script_that_does_something_else_is_refused(tmp_path, source, words):
    with pytest.raises(MonitoringError, match=words):
        rows(tmp_path, source)


def test_a_script_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MonitoringError, match=r"nowhere\.py"):
        load(tmp_path / "nowhere.py", "postprocess_handler")
