"""course/cloud/cloudwatch/series.py"""

import tracemalloc

from course.cloud.cloudwatch.distribution import Distribution
from course.cloud.cloudwatch.series import DAY, Series

T = 20_000 * DAY


def one(value):
    return Distribution.of({float(value): 1.0})


def everything(series, period=3600, detail=True):
    return [(at - T, point.total) for at, point in series.points(0, 1e12, period, detail)]


def test_points_of_one_minute_are_one_set():
    series = Series()
    for second, value in ((0, 1), (59.9, 2), (60, 4)):
        series.add(T + second, one(value), T + 120)
    assert everything(series) == [(0, 3), (60, 4)]


def test_a_point_that_comes_late_is_put_in_its_place():
    series = Series()
    for minute in (0, 3, 1, 3, 2):
        series.add(T + minute * 60, one(minute), T + 600)
    assert everything(series) == [(0, 0), (60, 1), (120, 2), (180, 6)]


def test_values_survive_beside_their_sums():
    series = Series()
    series.add(T, Distribution.of({1.0: 9, 100.0: 1}), T)
    series.add(T + 60, Distribution.of_set(3, 9, 1, 5), T)
    first, second = (point for _, point in series.points(T, T + 120, 60, True))
    assert (first.share_below(90), first.share_below(99)) == (1, 100)
    assert second.share_below(50) is None
    assert all(point.values is None for _, point in series.points(T, T + 120, 60, False))


def test_points_grow_old_as_cloudwatch_says():
    series = Series()
    for minute in range(10):
        series.add(T + minute * 60, Distribution.of({1.0: 1, 2.0: 1}), T)
    ages = (
        (14, 60, [3] * 10),
        (17, 300, [15, 15]),
        (62, 300, [15, 15]),
        (65, 3600, [30]),
        (455, 3600, [30]),
        (457, 60, []),
    )
    for day, finest, totals in ages:
        series.roll_up(T + day * DAY)
        if finest > 60:
            assert everything(series, finest - 60) == []
        assert [total for _, total in everything(series, finest)] == totals
    assert everything(series) == []


def test_a_point_that_comes_when_it_is_old_goes_where_its_age_belongs():
    series = Series()
    series.add(T - 20 * DAY, one(1), T)
    series.add(T - 100 * DAY, one(2), T)
    series.add(T - 500 * DAY, one(3), T)
    assert [total for _, total in everything(series, 300)] == [1]
    assert [total for _, total in everything(series, 3600)] == [2, 1]


def test_a_summary_is_what_the_sets_say():
    series = Series()
    for minute in range(5):
        series.add(T + minute * 60, one(minute), T)
    assert series.summary(T + 60, T + 240) == (3, 6, 1, 3)
    assert series.summary(T + 300, T + 600) is None


def test_a_week_of_one_metric_takes_half_a_megabyte():
    tracemalloc.start()
    series = Series()
    for minute in range(10_080):
        series.add(T + minute * 60, Distribution.of_set(100, 5000, 50, 50), T + minute * 60)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 500_000
