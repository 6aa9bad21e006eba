"""The picture of an asynchronous endpoint: its queue, its instances, and the text that says the same."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from course.learn import pictures_backlog, screen
from course.learn.pictures_backlog import Trace, show_backlog, told

START = datetime(2027, 3, 1, 12, tzinfo=UTC)
SIZES = [0, 297, 240, 60, 0, 0]
COUNTS = [(2, 4), (5, 0)]  # minutes, instances


class Cloud:
    """An endpoint made at START with one instance, and a second one that somebody else scales."""

    exceptions = SimpleNamespace(ClientError=KeyError)

    def client(self, service):
        return self

    def describe_endpoint(self, EndpointName):
        return {"EndpointConfigName": {"tide": "c"}[EndpointName], "CreationTime": START}

    def describe_endpoint_config(self, EndpointConfigName):
        return {"ProductionVariants": [{"InitialInstanceCount": 1}]}

    def get_metric_data(self, StartTime, EndTime, **asked):
        minutes = [(START + timedelta(minutes=minute), size) for minute, size in enumerate(SIZES)]
        kept = [point for point in minutes if StartTime <= point[0] < EndTime]
        times, values = zip(*kept, strict=True)
        return {"MetricDataResults": [{"Timestamps": list(times), "Values": list(values)}]}

    def get_paginator(self, operation):
        return self

    def paginate(self, ServiceNamespace):
        counts = [("tide", *count, "Successful") for count in COUNTS]
        return [
            {"ScalingActivities": [activity(*it)]}
            for it in [*counts, ("other", 1, 9, "Successful"), ("tide", 3, 7, "Failed")]
        ]


def activity(endpoint, minute, count, status):
    return {
        "ResourceId": f"endpoint/{endpoint}/variant/all",
        "Description": f"Setting desired instance count to {count}.",
        "StatusCode": status,
        "StartTime": START + timedelta(minutes=minute),
    }


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_backlog, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(pictures_backlog.clock, "now", lambda: START + timedelta(minutes=6))
    monkeypatch.setattr(pictures_backlog.world, "current", Cloud)
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def test_the_queue_and_the_instances_are_told_and_drawn(shown):
    show_backlog("tide", guess=3)
    assert shown[0][1].splitlines() == [
        "tide in the time shown",
        "  requests in the queue: 300 at most, 0 at the end",
        "  instances: 1 at first, 4 at most, 0 at the end",
        "  your guess: answered after 3 minutes",
    ]
    above, below = shown[0][0].axes
    assert [text.get_text() for text in above.texts] == ["your guess"]
    assert list(below.lines[0].get_ydata()) == [1, 4, 0, 0]


def test_somebody_who_looks_is_told_every_change(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    show_backlog("tide")
    assert shown[0][1].splitlines()[3:] == [
        "  minute    0: 0 in the queue, instances: 1",
        "  minute    1: 297 in the queue, instances: 4",
        "  minute    2: 240 in the queue, instances: 4",
        "  minute    3: 60 in the queue, instances: 4",
        "  minute    4: 0 in the queue, instances: 0",
    ]


def test_the_last_minutes_begin_with_the_instances_that_were_there(shown):
    show_backlog("tide", minutes=3)
    assert "instances: 4 at first, 4 at most, 0 at the end" in shown[0][1]
    assert "60 at most" in shown[0][1]


def test_a_request_that_nobody_sees_to_is_told():
    stuck = Trace([(float(minute), 1.0) for minute in range(119)], [(0.0, 0), (119.0, 0)])
    assert "has waited for about 120 minutes, and nobody is there" in told("tide", stuck, None)


def test_a_picture_that_is_to_be_predicted_waits_for_the_prediction(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    show_backlog("tide", guess=None)
    assert not shown


@pytest.mark.parametrize("name", [None, "gone"])
def test_no_endpoint_is_told_so(shown, capsys, name):
    show_backlog(name)
    assert not shown and "no asynchronous endpoint" in capsys.readouterr().out
