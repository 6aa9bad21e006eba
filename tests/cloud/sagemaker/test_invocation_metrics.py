"""What CloudWatch learns of invocations: sums by the cloud's minute, values that percentiles can be read from."""

import asyncio
import contextlib
import random
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from course.cloud.clock import Clock
from course.cloud.cloudwatch.metrics import Metrics
from course.cloud.sagemaker.invocation_metrics import NAMESPACE, Tally

from .echo import endpoint, model, variant

HERE = {"EndpointName": "e", "VariantName": "v"}


@pytest.fixture
def world():
    clock = Clock()
    return SimpleNamespace(clock=clock, metrics=Metrics(clock))


def minutes(world, name: str, back: int = 10):
    """[(minute, statistic set)] of a metric, the oldest first."""
    metric, now = world.metrics.find(NAMESPACE, name, HERE), world.clock.time()
    start = (now // 60 - back) * 60
    return metric.periods(start, now + 60, 60, now, detail=True) if metric else []


def test_each_request_is_one_sample_of_each_metric(world):
    async def run():
        await world.clock.advance(60 - world.clock.time() % 60)
        tally = Tally(world, "e", "v")
        for outcome, times in (("ok", 6), ("4xx", 3), ("5xx", 1)):
            for _ in range(times):
                tally.add(outcome, 4, 0.002, 0.0001)
        await world.clock.advance(60)

    asyncio.run(run())
    expected = {
        "Invocations": (10, 10),
        "InvocationsPerInstance": (10, 2.5),
        "Invocation4XXErrors": (10, 3),
        "Invocation5XXErrors": (10, 1),
        "InvocationModelErrors": (10, 4),
        "ModelLatency": (10, 20_000),
        "OverheadLatency": (10, 1_000),
    }
    for name, (count, total) in expected.items():
        ((_, point),) = minutes(world, name)
        assert (point.count, point.total) == pytest.approx((count, total)), name


def test_minutes_are_the_clouds_and_one_without_requests_has_no_point(world):
    async def run():
        await world.clock.advance(60 - world.clock.time() % 60)
        start, tally = world.clock.time() // 60 * 60, Tally(world, "e", "v")
        for _ in range(3):
            tally.add("ok", 1, 0.001, 0.0)
        await world.clock.advance(59.5)
        tally.add("ok", 1, 0.001, 0.0)  # of the same minute
        await world.clock.advance(120)
        tally.add("ok", 1, 0.001, 0.0)
        await world.clock.advance(1)
        return start

    start = asyncio.run(run())
    assert [(at - start, point.total) for at, point in minutes(world, "Invocations")] == [(0, 4), (120, 1)]


def test_a_minute_is_complete_when_alarms_look_at_it(world):
    """They look at its end, after all else that is due then."""
    seen = []

    async def look():
        seen.extend(minutes(world, "Invocations"))

    async def run():
        await world.clock.advance(60 - world.clock.time() % 60)
        world.clock.at(world.clock.time() // 60 * 60 + 60, look, last=True)
        await world.clock.advance(59.9)
        Tally(world, "e", "v").add("ok", 1, 0.001, 0.0)
        await world.clock.advance(1)

    asyncio.run(run())
    assert [point.total for _, point in seen] == [1]


def test_percentiles_of_a_latency_are_within_two_hundredths_of_the_true_ones(world):
    draw = random.Random(1)
    seconds = [draw.lognormvariate(-6, 1) for _ in range(5000)]

    async def run():
        tally = Tally(world, "e", "v")
        for value in seconds:
            tally.add("ok", 1, value, 0.0)
        tally.flush()

    asyncio.run(run())
    (point,) = [point for _, point in minutes(world, "ModelLatency")]
    values = sorted(value * 1e6 for value in seconds)
    assert point.total == pytest.approx(sum(values), rel=1e-3)
    total = 0
    for share in (0.5, 0.9, 0.99):
        total, found = 0, None
        for value, times in point.values:
            total += times
            if total >= share * len(values):
                found = value
                break
        assert found == pytest.approx(values[int(share * len(values)) - 1], rel=0.02)


def test_what_was_not_asked_has_no_latency(world):
    async def run():
        tally = Tally(world, "e", "v")
        tally.add("5xx", 0, overhead=0.0002)
        tally.flush()

    asyncio.run(run())
    assert minutes(world, "ModelLatency") == []
    assert [point.total for _, point in minutes(world, "OverheadLatency")] == [200]
    assert [point.total for _, point in minutes(world, "InvocationsPerInstance")] == [1]


def test_requests_and_their_errors_are_read_through_cloudwatch(lab):
    model(lab, "echo")
    endpoint(lab, "measured", variant("echo", InitialInstanceCount=2))
    lab.cloud.control("advance", seconds=60)  # a full minute lies ahead, whatever the machine is busy with
    for body in (b"1", b"2", b"3", b"refuse"):
        with contextlib.suppress(ClientError):
            lab.runtime.invoke_endpoint(EndpointName="measured", ContentType="text/csv", Body=body)
    lab.cloud.control("advance", seconds=60)
    end = datetime.fromisoformat(lab.cloud.control("now")["now"])

    def read(name: str, statistic: str) -> float:
        found = lab.cloud.client("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": "measured"}, {"Name": "VariantName", "Value": "AllTraffic"}],
            StartTime=end - timedelta(minutes=10),
            EndTime=end,
            Period=600,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(point[statistic] for point in found)

    assert read("Invocations", "Sum") == 4
    assert read("InvocationsPerInstance", "Sum") == 2
    assert (read("Invocation5XXErrors", "Sum"), read("Invocation4XXErrors", "Sum")) == (1, 0)
    assert (read("InvocationModelErrors", "Average"), read("ModelLatency", "SampleCount")) == (0.25, 4)
    assert 0 < read("ModelLatency", "Minimum") < 60e6  # microseconds, below the limit of a request
    lab.gone("measured")
