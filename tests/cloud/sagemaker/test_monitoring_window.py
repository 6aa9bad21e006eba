"""When schedules are due and what their executions analyse."""

from datetime import UTC, datetime, timedelta

import pytest

from course.cloud.errors import ValidationFailed
from course.cloud.sagemaker.monitoring_window import Rhythm, check, offset, window

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def due(expression, start, count):
    rhythm, found = Rhythm.read(expression), []
    for _ in range(count):
        start = rhythm.after(start)
        found.append(start.hour)
    return found


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", [13, 14, 15]),
        ("cron(0 12 ? * * *)", [12, 12, 12]),
        ("cron(0 00 ? * * *)", [0, 0, 0]),
        ("cron(0 17/12 ? * * *)", [17, 5, 17]),
        ("cron(0 0/6 ? * * *)", [18, 0, 6]),
        ("cron(0 5/24 ? * * *)", [5, 5, 5]),
    ],
)
def test_a_schedule_is_due_on_full_hours(expression, hours):
    assert due(expression, NOON, 3) == hours


@pytest.mark.parametrize(
    "expression",
    ["cron(5 * ? * * *)", "cron(0/30 * ? * * *)", "cron(0 24 ? * * *)", "cron(0 1/25 ? * * *)", "rate(1 hour)", "now"],
)
def test_nothing_finer_than_hourly_and_nothing_else_is_a_schedule(expression):
    with pytest.raises(ValidationFailed, match="Invalid schedule expression"):
        Rhythm.read(expression)


def test_the_window_is_the_period_before_unless_offsets_say_otherwise():
    hourly = Rhythm.read("cron(0 * ? * * *)")
    found = window(NOON, hourly, {}, {})
    assert (found.start, found.end) == (NOON - timedelta(hours=1), NOON)
    assert window(NOON, Rhythm.read("cron(0 12 ? * * *)"), {}, {}).start == NOON - timedelta(days=1)
    # the developer guide's own example
    at = datetime(2020, 1, 9, 13, tzinfo=UTC)
    found = window(at, hourly, {}, {"StartTimeOffset": "-P8D", "EndTimeOffset": "-P1D"})
    assert (found.start, found.end) == (datetime(2020, 1, 1, 13, tzinfo=UTC), datetime(2020, 1, 8, 13, tzinfo=UTC))
    given = {"DataAnalysisStartTime": "-PT5H", "DataAnalysisEndTime": "-PT1H"}
    found = window(NOON, hourly, given, {"StartTimeOffset": "-P8D"})
    assert [hour.hour for hour in found.hours()] == [7, 8, 9, 10]


def test_a_window_touches_every_hour_that_it_begins_or_ends_in():
    found = window(NOON + timedelta(minutes=20), Rhythm(1), {}, {})
    assert [hour.hour for hour in found.hours()] == [11, 12]


@pytest.mark.parametrize(
    ("text", "hours"), [("-PT1H", -1), ("-P1D", -24), ("-P7H", -7), ("-P1DT2H", -26), ("PT0H", 0), ("-PT30M", -0.5)]
)
def test_offsets_are_durations_that_lead_back(text, hours):
    assert offset("StartTimeOffset", text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["PT1H", "-1H", "-P", "-PT", "P1D", "-P1Y"])
def test_other_offsets_are_refused(text):
    with pytest.raises(ValidationFailed, match="StartTimeOffset"):
        offset("StartTimeOffset", text)


@pytest.mark.parametrize(
    ("schedule", "hours", "message"),
    [
        ({}, 0, "required when ScheduleExpression is NOW"),
        ({"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT2H"}, 1, "must lie before its end"),
        ({"DataAnalysisStartTime": "-PT30H", "DataAnalysisEndTime": "-PT1H"}, 1, "more than 24 hours"),
    ],
)
def test_offsets_that_make_no_window_are_refused(schedule, hours, message):
    with pytest.raises(ValidationFailed, match=message):
        check(schedule, Rhythm(hours), {})
