"""A record is taken apart in words as in the picture; the hours' folders are counted as they are."""

import json
from types import SimpleNamespace

import pytest

from course.learn import pictures_capture, screen

RECORD = {
    "captureData": {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2" * 40, "encoding": "CSV"}
    },
    "eventMetadata": {"eventId": "e", "inferenceId": "tx-1", "inferenceTime": "2026-11-20T09:14:28Z"},
    "eventVersion": "0",
}


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_capture, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def serve(monkeypatch, objects):
    pages = [{"Contents": [{"Key": key} for key in objects]}] if objects else [{}]
    client = SimpleNamespace(
        get_paginator=lambda name: SimpleNamespace(paginate=lambda **_: pages),
        get_object=lambda Bucket, Key: {"Body": SimpleNamespace(read=lambda: objects[Key])},
    )
    monkeypatch.setattr(pictures_capture.world, "current", lambda: SimpleNamespace(client=lambda service: client))


def test_a_record_is_told_without_what_differs_each_time(shown):
    pictures_capture.show_record(json.dumps(RECORD))
    figure, text = shown[0]
    lines = [line.strip() for line in text.splitlines()]
    assert lines[1].startswith("captureData.endpointInput") and "text/csv (what was asked" in lines[1]
    assert lines[3].endswith("…") and len(lines[3]) < 100
    assert "captureData.endpointOutput       not captured (what was answered)" in lines
    assert "2026" not in text and "tx-1" in text
    drawn = [t.get_text() for t in figure.axes[0].texts]
    assert len(drawn) == 3 * (len(lines) - 1) and "tx-1" in drawn


def test_no_record_is_said_to_be_none(shown, capsys):
    pictures_capture.show_record("")
    assert not shown and "no line yet" in capsys.readouterr().out


def test_records_are_counted_by_the_hour_beside_what_was_sent(shown, monkeypatch):
    serve(
        monkeypatch,
        {
            "live/e/v/2026/11/20/10/b.jsonl": b"1\n",
            "live/e/v/2026/11/20/09/a.jsonl": b"1\n2\n",
            "live/e/v/2026/11/20/09/c.jsonl": b"3\n",
        },
    )
    pictures_capture.show_capture("s3://bucket/live", sent=[10, 10], guess=5)
    figure, text = shown[0]
    assert text.splitlines() == [
        "Records in the folder of each hour:",
        "  hour 1: 3 of 10 requests",
        "  hour 2: 1 of 10 requests",
        "  in all: 4 of 20 requests, 20.0%",
        "  your guess was 5",
    ]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["hour 1", "hour 2"]
    pictures_capture.show_capture("s3://bucket/live/", sent=[10])  # another number of hours: only the records are told
    assert "  in all: 4" in shown[1][1].splitlines()


def test_nothing_captured_and_no_guess_yet(shown, monkeypatch, capsys):
    serve(monkeypatch, {})
    pictures_capture.show_capture("s3://bucket/live")
    assert "Nothing has been captured below live/ yet." in capsys.readouterr().out
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    pictures_capture.show_capture("s3://bucket/live", guess=None)
    assert not shown
