"""AWS's schedule expressions."""

from datetime import UTC, datetime

import pytest

from course.cloud.cron import next_after

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def due(expression: str, moment: datetime = MONDAY, timezone: str = "UTC", times: int = 1) -> list[str]:
    found = []
    for _ in range(times):
        moment = next_after(expression, moment, timezone)
        if moment is None:
            break
        found.append(moment.strftime("%Y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(45 8 ? * MON-FRI *)", ["2026-11-23 08:45", "2026-11-24 08:45", "2026-11-25 08:45"]),
        ("cron(0 8 * * ? *)", ["2026-11-24 08:00", "2026-11-25 08:00", "2026-11-26 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-11-23 08:15", "2026-11-23 08:30", "2026-11-23 08:45"]),
        ("cron(0 [00-23] ? * * *)", ["2026-11-23 09:00", "2026-11-23 10:00", "2026-11-23 11:00"]),
        ("cron(10,5 22-1 * * ? *)", ["2026-11-23 22:05", "2026-11-23 22:10", "2026-11-23 23:05"]),
        ("cron(0 0 1 JAN,7 ? *)", ["2027-01-01 00:00", "2027-07-01 00:00", "2028-01-01 00:00"]),
        ("cron(0 0 L * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-11-27 00:00", "2026-12-25 00:00", "2027-01-29 00:00"]),
        ("cron(0 0 ? * 2#1 *)", ["2026-12-07 00:00", "2027-01-04 00:00", "2027-02-01 00:00"]),
        ("cron(0 0 ? * L *)", ["2026-11-28 00:00", "2026-12-05 00:00", "2026-12-12 00:00"]),
        ("cron(0 9 1W * ? *)", ["2026-12-01 09:00", "2027-01-01 09:00", "2027-02-01 09:00"]),
        ("cron(0 9 LW * ? *)", ["2026-11-30 09:00", "2026-12-31 09:00", "2027-01-29 09:00"]),
        ("cron(0 12 25 12 ? 2026)", ["2026-12-25 12:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("cron(0 0 31 2 ? *)", []),
        ("rate(5 minutes)", ["2026-11-23 08:05", "2026-11-23 08:10", "2026-11-23 08:15"]),
        ("rate(1 day)", ["2026-11-24 08:00", "2026-11-25 08:00", "2026-11-26 08:00"]),
        ("at(2026-11-23T08:45:00)", ["2026-11-23 08:45"]),
        ("at(2026-11-23T07:45:00)", []),
    ],
)
def test_an_expression_means_what_aws_says(expression, expected):
    assert due(expression, times=3) == expected


def test_weekdays_nearest_to_a_weekend_stay_in_their_month():
    august = datetime(2026, 7, 31, 12, tzinfo=UTC)  # 1 August 2026 is a Saturday
    assert due("cron(0 9 1W 8 ? *)", august) == ["2026-08-03 09:00"]
    assert due("cron(0 9 15W 8 ? *)", august) == ["2026-08-14 09:00"]
    assert due("cron(0 9 16W 8 ? *)", august) == ["2026-08-17 09:00"]


def test_a_time_zone_moves_the_hour_and_keeps_it_through_the_change():
    friday = datetime(2027, 3, 26, 12, tzinfo=UTC)  # clocks in Paris go forward on the 28th
    assert due("cron(0 9 * * ? *)", friday, "Europe/Paris", 3) == [
        "2027-03-27 08:00",
        "2027-03-28 07:00",
        "2027-03-29 07:00",
    ]
    assert due("at(2027-03-29T09:00:00)", friday, "Europe/Paris") == ["2027-03-29 07:00"]


def test_an_hour_that_a_day_lacks_is_left_out_and_one_that_comes_twice_counts_once():
    spring, autumn = datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert due("cron(30 2 * * ? *)", spring, "Europe/Paris", 2) == ["2027-03-29 00:30", "2027-03-30 00:30"]
    assert due("cron(30 2 * * ? *)", autumn, "Europe/Paris", 2) == ["2026-10-25 00:30", "2026-10-26 01:30"]


@pytest.mark.parametrize(
    "expression",
    [
        "0 9 * * *",
        "cron(0 9 * * ?)",
        "cron(0 9 * * * *)",
        "cron(0 9 ? * ? *)",
        "cron(60 9 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 9 0 * ? *)",
        "cron(0 9 ? * 8 *)",
        "cron(0 9 ? * MON#6 *)",
        "cron(0 9 * FOO ? *)",
        "cron(0 9 * * ? 1969)",
        "cron(0/0 9 * * ? *)",
        "cron(, 9 * * ? *)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(2 weeks)",
        "at(2026-11-23 08:45)",
        "at(2026-02-30T08:45:00)",
        "",
    ],
)
def test_what_is_no_schedule_is_refused(expression):
    with pytest.raises(ValueError):
        next_after(expression, MONDAY)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_what_is_no_time_zone_is_refused(zone):
    with pytest.raises(ValueError, match="no time zone"):
        next_after("rate(1 day)", MONDAY, zone)
