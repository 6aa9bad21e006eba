"""What serverless endpoints tell CloudWatch, and what they would have cost."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from course.cloud.sagemaker.serverless import IDLE_SECONDS


@pytest.fixture(scope="module")
def metric(lab):
    """One metric of an endpoint: its statistics over all that is there, None if nothing is."""

    def read(endpoint: str, name: str) -> dict[str, float] | None:
        lab.cloud.control("advance", seconds=120)  # the minute is over
        now = datetime.fromisoformat(lab.cloud.control("now")["now"])
        found = lab.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "v"}],
            StartTime=datetime(2020, 1, 1, tzinfo=UTC),
            EndTime=now + timedelta(days=1),
            Period=86_400 * 30,
            Statistics=["Sum", "SampleCount", "Maximum", "Minimum", "Average"],
        )["Datapoints"]
        if not found:
            return None
        return {
            "Sum": sum(point["Sum"] for point in found),
            "SampleCount": sum(point["SampleCount"] for point in found),
            "Maximum": max(point["Maximum"] for point in found),
            "Minimum": min(point["Minimum"] for point in found),
        }

    return read


def uses(lab, endpoint: str) -> dict[str, dict]:
    found = lab.cloud.control("meter")["uses"]
    return {use["unit"]: use for use in found if use["resource"] == f"{endpoint}/v"}


def lines(lab, endpoint: str) -> list[dict]:
    return [line for line in lab.cloud.control("meter")["lines"] if line["resource"] == f"{endpoint}/v"]


def test_a_cold_start_is_measured(lab, serverless, metric):
    serverless.deploy("cold")
    before = metric("cold", "ModelSetupTime")["SampleCount"]  # the one that showed that it can start
    serverless.ask("cold")
    serverless.ask("cold")
    found = metric("cold", "ModelSetupTime")
    assert found["SampleCount"] == before + 1
    assert 1_000 < found["Minimum"] <= found["Maximum"] < 180e6  # microseconds
    assert metric("cold", "Invocations")["Sum"] == 2
    overhead, model = metric("cold", "OverheadLatency"), metric("cold", "ModelLatency")
    # The start is SageMaker's time. Latencies are kept with three digits.
    assert overhead["Maximum"] >= 0.99 * found["Minimum"] > model["Minimum"]
    lab.gone("cold")


def test_concurrency_is_measured_against_the_maximum(lab, serverless, metric):
    serverless.deploy("shared", most=4)
    serverless.together("shared", ["sleep 0.8"] * 2)
    found = metric("shared", "ServerlessConcurrentExecutionsUtilization")
    assert (found["Minimum"], found["Maximum"], found["SampleCount"]) == (0.25, 0.5, 2)
    assert metric("shared", "ServerlessProvisionedConcurrencyUtilization") is None
    lab.gone("shared")


def test_what_passes_the_provisioned_concurrency_is_counted(lab, serverless, metric):
    serverless.deploy("spilt", most=3, provisioned=1)
    serverless.together("spilt", ["sleep 0.8"] * 3)
    serverless.ask("spilt")
    assert metric("spilt", "ServerlessProvisionedConcurrencyInvocations")["Sum"] == 2
    assert metric("spilt", "ServerlessProvisionedConcurrencySpilloverInvocations")["Sum"] == 2
    assert metric("spilt", "ServerlessProvisionedConcurrencyExecutions")["Maximum"] == 1
    assert metric("spilt", "ServerlessProvisionedConcurrencyUtilization")["Maximum"] == 3
    lab.gone("spilt")


def test_work_is_billed_by_memory_and_milliseconds_and_idle_time_is_not(lab, serverless):
    serverless.deploy("billed", memory=4096)
    assert not uses(lab, "billed")
    for _ in range(2):
        serverless.ask("billed", "sleep 0.3")
    work = uses(lab, "billed")["GB-second"]
    assert work["count"] == 2
    assert 2 * 0.3 * 4 <= work["quantity"] < 2 * 3 * 4  # the real time, however busy the machine is
    assert round(work["quantity"] / 4 * 1000, 6) == round(work["quantity"] / 4 * 1000)  # whole milliseconds
    lab.cloud.control("advance", seconds=100 * IDLE_SECONDS)
    assert uses(lab, "billed")["GB-second"] == work
    assert not lines(lab, "billed")
    lab.gone("billed")


def test_bytes_are_billed_both_ways_and_a_refused_request_is_not(lab, serverless):
    serverless.deploy("bytes", most=1)
    serverless.ask("bytes", "long 100000")
    data = uses(lab, "bytes")["GB"]
    assert (data["count"], data["quantity"]) == (1, pytest.approx((11 + 100_000) / 2**30))
    answers = serverless.together("bytes", ["sleep 1"] * 3)
    assert answers.count("ThrottlingException") == 2
    assert uses(lab, "bytes")["GB-second"]["count"] == 2
    with pytest.raises(ClientError):
        serverless.ask("bytes", b"x" * (5 << 20))
    assert uses(lab, "bytes")["GB-second"]["count"] == 2
    lab.gone("bytes")


def test_provisioned_concurrency_is_billed_by_the_hour_until_it_is_gone(lab, serverless):
    serverless.deploy("kept", tags=[{"Key": "team", "Value": "fraud"}], memory=2048, provisioned=2)
    lab.cloud.control("advance", seconds=10 * 3600)
    (line,) = lines(lab, "kept")
    assert line["price_per_hour"] == pytest.approx(2 * 2 * 3600 * 0.00001)
    assert line["cost"] == pytest.approx(1.44, rel=0.01)
    assert line["idle_cost"] == pytest.approx(1.44, rel=0.01)
    lab.gone("kept")
    before = lab.cloud.control("meter", tag="team")["by_tag"]["fraud"]
    assert before == pytest.approx(1.44, rel=0.01)
    lab.cloud.control("advance", seconds=3600)
    assert lab.cloud.control("meter", tag="team")["by_tag"]["fraud"] == before


def test_an_endpoint_on_instances_costs_as_much_idle_as_asked(lab, serverless):
    """What a serverless one saves: five hours, asked in the first only."""
    serverless.model("always-on")
    variant = {"VariantName": "v", "ModelName": "always-on", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    lab.sm.create_endpoint_config(EndpointConfigName="always-on", ProductionVariants=[variant])
    lab.sm.create_endpoint(EndpointName="always-on", EndpointConfigName="always-on")
    lab.settle("always-on")
    lab.cloud.control("advance", seconds=1800)
    serverless.ask("always-on")
    lab.cloud.control("advance", seconds=4.5 * 3600)
    (line,) = lines(lab, "always-on")
    assert line["cost"] == pytest.approx(5 * 0.12, rel=0.01)
    assert line["idle_cost"] == pytest.approx(4.5 * 0.12, rel=0.01)
    lab.gone("always-on")
