"""Golden values of the simulated prices, and what spans, counted uses and stored bytes add up to."""

import asyncio

import pytest

from course.cloud.clock import Clock
from course.cloud.meter import GB, PRICES, Meter, price_per_hour, provisioned_price_per_hour, vcpus

HOUR = 3600
NEAR = {"rel": 1e-3}  # a scene takes real milliseconds too


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


def test_a_rate_that_changes_makes_a_new_line():
    async def scene():
        clock = Clock()
        meter = Meter(clock)
        line = meter.start("e/A", "Endpoint", "arn", price_per_hour("ml.m5.large", 1))
        await clock.advance(2 * HOUR)
        line = meter.change(line, price_per_hour("ml.m5.large", 3))
        assert meter.change(line, line.rate) is line
        await clock.advance(HOUR)
        return meter.report()

    report = asyncio.run(scene())
    assert [line["cost"] for line in report["lines"]] == [pytest.approx(0.24, **NEAR), pytest.approx(0.36, **NEAR)]
    assert report["per_hour_now"] == pytest.approx(0.36)


def test_an_idle_endpoint_costs_what_a_busy_one_does():
    """Ten hours: asked for the first two, every half hour; then never, then once at the end."""

    async def scene():
        clock = Clock()
        meter = Meter(clock)
        line = meter.start("e/A", "Endpoint", "arn", price_per_hour("ml.m5.large"))
        for _ in range(4):
            await clock.advance(HOUR / 2)
            line.asked(clock.time())
        await clock.advance(5 * HOUR)
        line.asked(clock.time())
        await clock.advance(3 * HOUR)
        return meter.report()["lines"][0]

    line = asyncio.run(scene())
    assert line["cost"] == pytest.approx(1.2, **NEAR)
    assert line["idle_hours"] == pytest.approx(8, **NEAR)  # five and three
    assert line["idle_cost"] == pytest.approx(0.96, **NEAR)


def test_an_endpoint_that_nobody_asks_is_idle_from_its_start():
    async def scene():
        clock = Clock()
        meter = Meter(clock)
        line = meter.start("e/A", "Endpoint", "arn", 1.0)
        await clock.advance(0.9 * HOUR)
        before = meter.report()["lines"][0]["idle_hours"]
        await clock.advance(3.1 * HOUR)
        meter.stop(line)
        await clock.advance(HOUR)
        return before, meter.report()["lines"][0]["idle_cost"]

    before, after = asyncio.run(scene())
    assert before == 0
    assert after == pytest.approx(4.0, **NEAR)


def test_serverless_work_is_counted_by_memory_and_time():
    """1,000 requests of 0.25 s at 2 GB are 500 GB-seconds: one cent."""

    async def scene():
        meter = Meter(Clock())
        for _ in range(1000):
            meter.use("e/A", "Endpoint", "arn", "serverless", 2 * 0.25)
        meter.use("e/A", "Endpoint", "arn", "data", 1000 * 4096 / GB, count=1000)
        return meter.report()

    work, data = asyncio.run(scene())["uses"]
    assert (work["count"], work["quantity"], work["unit"]) == (1000, pytest.approx(500), "GB-second")
    assert work["cost"] == pytest.approx(0.01)
    assert (data["count"], data["cost"]) == (1000, pytest.approx(0.016 * 1000 * 4096 / GB))


def test_provisioned_concurrency_is_paid_by_the_hour_used_or_not():
    assert provisioned_price_per_hour(2048, 5) == pytest.approx(2 * 5 * 3600 * 0.00001)
    assert provisioned_price_per_hour(1024, 0) == 0


def test_storage_is_bytes_over_time():
    """2 GB for ten days, then nothing: 480 of a month's 730 hours."""

    async def scene():
        clock, held = Clock(), {"b": 0}
        meter = Meter(clock, stored=lambda: held)
        await clock.advance(HOUR)
        meter.settle()
        held["b"] = 2 * GB
        await clock.advance(10 * 24 * HOUR)
        running = meter.report()
        meter.settle()
        held["b"] = 0
        await clock.advance(24 * HOUR)
        return running, meter.report()

    running, after = asyncio.run(scene())
    assert running["storage"][0]["quantity"] == pytest.approx(2 * 240 / 730, **NEAR)
    assert running["per_hour_now"] == pytest.approx(2 * 0.023 / 730)
    assert after["storage"][0]["cost"] == pytest.approx(running["storage"][0]["cost"], **NEAR)
    assert after["total"] == pytest.approx(0.023 * 480 / 730, **NEAR)
    assert after["per_hour_now"] == 0


def test_costs_by_a_tag_know_the_last_tags_of_what_is_gone():
    async def scene():
        clock, tags = Clock(), {"one": {"team": "fraud"}, "two": {"team": "cards"}, "three": {}}
        meter = Meter(clock, tags.get)
        lines = [meter.start(name, "Endpoint", name, 1.0) for name in tags]
        meter.use("one", "Endpoint", "one", "serverless", 50_000)
        await clock.advance(HOUR)
        tags["two"] = {"team": "risk"}
        meter.stop(lines[1])
        meter.stop(lines[0])
        del tags["one"], tags["two"]
        await clock.advance(HOUR)
        return meter.report("team")

    by_tag = asyncio.run(scene())["by_tag"]
    assert by_tag == {
        "fraud": pytest.approx(2.0, **NEAR),
        "risk": pytest.approx(1.0, **NEAR),
        "": pytest.approx(2.0, **NEAR),
    }


def test_every_price_says_what_it_is_for():
    assert all(price.dollars > 0 and price.unit and price.what for price in PRICES.values())


def test_what_s3_holds_is_metered_in_every_version(open_cloud):
    cloud = open_cloud()
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_tagging(Bucket="kept", Tagging={"TagSet": [{"Key": "team", "Value": "fraud"}]})
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):  # the second hides the first, which is still stored
        s3.put_object(Bucket="kept", Key="data.bin", Body=bytes(1 << 20))
    cloud.control("advance", seconds=730 * HOUR)
    found = cloud.control("meter", tag="team")
    bucket = next(entry for entry in found["storage"] if entry["resource"] == "kept")
    assert bucket["quantity"] == pytest.approx(2 / 1024, rel=1e-3)
    assert found["by_tag"]["fraud"] == pytest.approx(0.023 * 2 / 1024, rel=1e-3)
    s3.delete_object(Bucket="kept", Key="data.bin")  # a marker: both versions stay
    cloud.control("advance", seconds=730 * HOUR)
    again = next(e for e in cloud.control("meter")["storage"] if e["resource"] == "kept")
    assert again["quantity"] == pytest.approx(4 / 1024, rel=1e-3)
    cloud.handle.close()


def test_deleting_stops_storage_from_costing(open_cloud):
    cloud = open_cloud()
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="brief")
    s3.put_object(Bucket="brief", Key="data.bin", Body=bytes(1 << 20))
    cloud.control("advance", seconds=73 * HOUR)
    s3.delete_object(Bucket="brief", Key="data.bin")
    cloud.control("advance", seconds=730 * HOUR)
    found = next(e for e in cloud.control("meter")["storage"] if e["resource"] == "brief")
    assert found["quantity"] == pytest.approx(0.1 / 1024, rel=1e-2)
    cloud.handle.close()
