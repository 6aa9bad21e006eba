"""course/cloud/cloudwatch/metrics.py"""

from datetime import timedelta

from course.cloud.clock import Clock
from course.cloud.cloudwatch.metrics import Metrics

ENDPOINT = {"EndpointName": "txguard", "VariantName": "champion"}


def totals(metric, clock, period=60, **more):
    now = clock.time()
    start = now // 3600 * 3600 - 3600
    return [point.total for _, point in metric.periods(start, now + 60, period, now, **more)]


def test_several_metrics_are_put_at_once_and_found_by_exact_dimensions():
    clock = Clock()
    metrics = Metrics(clock)
    metrics.put("AWS/SageMaker", ENDPOINT, {"Invocations": 3, "Invocation5XXErrors": 1})
    metrics.put("AWS/SageMaker", ENDPOINT, {"Invocations": 4}, at=clock.now() - timedelta(minutes=5))
    found = metrics.find("AWS/SageMaker", "Invocations", dict(reversed(ENDPOINT.items())))
    assert totals(found, clock) == [4, 3]
    assert metrics.find("AWS/SageMaker", "Invocations", {"EndpointName": "txguard"}) is None
    assert metrics.find("AWS/SageMaker", "Latency", ENDPOINT) is None


def test_units_are_kept_apart_and_read_together():
    clock = Clock()
    metrics = Metrics(clock)
    metrics.put("N", {}, {"m": 1}, unit="Seconds")
    metrics.put("N", {}, {"m": 2}, unit="Count")
    found = metrics.find("N", "m", {})
    assert totals(found, clock, 3600, unit="Seconds") == [1]
    assert sum(totals(found, clock, 3600)) == 3
    assert totals(found, clock, 3600, unit="Bytes") == []


def test_a_set_carries_its_values():
    clock = Clock()
    metrics = Metrics(clock)
    metrics.put_set("N", {}, "latency", count=0, total=0, minimum=0, maximum=0, values={10.0: 99, 500.0: 1})
    metrics.put_set("N", {}, "plain", count=4, total=10, minimum=1, maximum=4, at=clock.time())
    now = clock.time()
    [(_, point)] = metrics.find("N", "latency", {}).periods(now - 60, now + 60, 120, now, detail=True)
    assert (point.count, point.share_below(99), point.share_below(99.9)) == (100, 10, 500)
    [(_, point)] = metrics.find("N", "plain", {}).periods(now - 60, now + 60, 120, now, detail=True)
    assert (point.count, point.total, point.share_below(50)) == (4, 10, None)


async def _two_weeks_and_a_day(metrics, clock):
    metrics.put("N", {}, {"old": 1})
    await clock.advance(15 * 86_400)
    metrics.put("N", {}, {"new": 1})


def test_only_metrics_of_the_last_two_weeks_are_listed():
    import asyncio

    clock = Clock()
    metrics = Metrics(clock)
    asyncio.run(_two_weeks_and_a_day(metrics, clock))
    assert [metric.name for metric in metrics.recent()] == ["new"]
    assert metrics.find("N", "old", {}) is not None
