"""Golden values of the simulated prices, and what a span of use adds up to."""

import asyncio

import pytest

from course.cloud.clock import Clock
from course.cloud.meter import Meter, price_per_hour, vcpus


@pytest.mark.parametrize(
    ("instance", "expected"),
    [("ml.t2.medium", 2), ("ml.m5.large", 2), ("ml.m5.xlarge", 4), ("ml.m5.2xlarge", 8), ("ml.m5.24xlarge", 96)],
)
def test_vcpus_by_size(instance, expected):
    assert vcpus(instance) == expected


def test_an_endpoint_of_two_instances_for_a_day():
    async def scene():
        clock = Clock()
        meter = Meter(clock)
        line = meter.start("e/A", "Endpoint", "arn", price_per_hour("ml.m5.large", 2))
        await clock.advance(86_400)
        running = meter.report()
        meter.stop(line)
        await clock.advance(86_400)
        return running, meter.report()

    running, stopped = asyncio.run(scene())
    assert running["per_hour_now"] == pytest.approx(0.24)
    assert running["total"] == pytest.approx(5.76, rel=1e-3)
    assert stopped["total"] == pytest.approx(5.76, rel=1e-3)
    assert stopped["per_hour_now"] == 0
