"""The queue behind an asynchronous endpoint: order, places, age, scale to zero and its metrics."""

import asyncio
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from course.cloud.sagemaker.async_queue import MOST_BYTES, Queue
from course.cloud.storage import StorageError

from .async_lab import AsyncLab

NAMESPACE = "AWS/SageMaker"


@pytest.fixture(scope="module")
def queued(lab):
    return AsyncLab(lab)


def resize(queued, name, count):
    queued.sm.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    )
    described = queued.lab.settle(name)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == count


def metric(queued, name, what, statistic="Maximum", variant=False):
    """The values of a metric minute by minute, the oldest first, and their unit."""
    now = queued.now()
    dimensions = {"EndpointName": name} | ({"VariantName": "AllTraffic"} if variant else {})
    points = queued.cloud.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=what,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=20),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    points.sort(key=lambda point: point["Timestamp"])
    return [point[statistic] for point in points], {point["Unit"] for point in points}


def test_a_queue_outlives_scaling_to_zero_and_is_worked_off_in_order(queued, lab):
    queued.deploy("sleeper", client={"MaxConcurrentInvocationsPerInstance": 1})
    resize(queued, "sleeper", 0)
    asked = [queued.ask("sleeper", f"number {i}", InferenceId=f"n-{i}") for i in range(8)]
    queued.advance(minutes=5)
    assert not any(queued.read(answer.OutputLocation) for answer in asked)
    assert set(metric(queued, "sleeper", "ApproximateBacklogSize")[0][-3:]) == {8}
    assert set(metric(queued, "sleeper", "ApproximateBacklogSizePerInstance")[0][-3:]) == {8}
    assert set(metric(queued, "sleeper", "HasBacklogWithoutCapacity")[0][-3:]) == {1}
    ages, unit = metric(queued, "sleeper", "ApproximateAgeOfOldestRequest")
    assert unit == {"Seconds"}
    assert ages[-1] - ages[-2] == pytest.approx(60, abs=0.1)
    resize(queued, "sleeper", 1)
    queued.advance(minutes=2)
    told = [queued.told("success")["inferenceId"] for _ in asked]
    assert told == [f"n-{i}" for i in range(8)]
    assert [queued.read(answer.OutputLocation) for answer in asked] == [f"answer to number {i}" for i in range(8)]
    assert metric(queued, "sleeper", "ApproximateBacklogSize")[0][-1] == 0
    assert metric(queued, "sleeper", "HasBacklogWithoutCapacity")[0][-1] == 0
    processed, _ = metric(queued, "sleeper", "InvocationsProcessed", "Sum", variant=True)
    assert sum(processed) == 8
    waited, unit = metric(queued, "sleeper", "TimeInBacklog", "Minimum", variant=True)
    assert unit == {"Microseconds"}
    assert min(waited) > 5 * 60 * 1e6
    took, unit = metric(queued, "sleeper", "TotalProcessingTime", "Minimum", variant=True)
    assert unit == {"Milliseconds"}
    assert min(took) > 5 * 60 * 1e3
    lab.gone("sleeper")


def test_a_request_that_waits_longer_than_it_may_expires_on_the_clouds_clock(queued, lab):
    queued.deploy("expiring")
    resize(queued, "expiring", 0)
    short, long = queued.ask("expiring", "short", RequestTTLSeconds=600), queued.ask("expiring", "long")
    queued.advance(minutes=9)
    assert queued.read(short.FailureLocation) is None
    queued.advance(minutes=2)
    assert "RequestTTLSeconds, 600" in queued.read(short.FailureLocation)
    told = queued.told("error")
    assert (told["inferenceId"], told["invocationStatus"]) == (short.InferenceId, "Failed")
    queued.advance(hours=5)
    assert queued.read(long.FailureLocation) is None
    queued.advance(hours=1)
    assert "RequestTTLSeconds, 21600" in queued.read(long.FailureLocation)
    assert sum(metric(queued, "expiring", "ExpiredRequests", "Sum", variant=True)[0]) == 2
    assert sum(metric(queued, "expiring", "InvocationFailures", "Sum", variant=True)[0]) == 2
    lab.gone("expiring")


def test_a_model_that_hangs_costs_its_time_in_real_seconds(queued, lab):
    queued.deploy("hanging", client={"MaxConcurrentInvocationsPerInstance": 1})
    began = time.monotonic()
    answer = queued.ask("hanging", "hang", InvocationTimeoutSeconds=1)
    assert "timed out" in queued.wait(answer.FailureLocation)
    assert time.monotonic() - began > 1
    after = queued.ask("hanging", "after it")
    assert queued.wait(after.OutputLocation, 60) == "answer to after it"
    lab.gone("hanging")


def test_an_instance_works_on_so_many_requests_at_once_as_the_configuration_says(queued, lab):
    queued.deploy("places", client={"MaxConcurrentInvocationsPerInstance": 3}, instances=2)
    queued.cloud.control("work", seconds=90)
    try:
        asked = [queued.ask("places", f"{i}") for i in range(14)]
        queued.advance(seconds=60)
        assert sum(queued.read(answer.OutputLocation) is not None for answer in asked) == 0
        done = []
        for _ in range(3):
            queued.advance(seconds=90)
            done.append(sum(queued.read(answer.OutputLocation) is not None for answer in asked))
        assert done == [6, 12, 14]  # two instances, three places each
    finally:
        queued.cloud.control("work", seconds=0)
    lab.gone("places")


def test_an_endpoint_that_is_deleted_takes_its_queue_with_it(queued, lab):
    queued.deploy("deleted")
    resize(queued, "deleted", 0)
    answer = queued.ask("deleted")
    queued.advance(minutes=1)
    lab.gone("deleted")
    before = len(metric(queued, "deleted", "ApproximateBacklogSize")[0])
    queued.advance(hours=7)
    assert queued.read(answer.OutputLocation) is None
    assert queued.read(answer.FailureLocation) is None
    assert len(metric(queued, "deleted", "ApproximateBacklogSize")[0]) == before
    with pytest.raises(ClientError, match="not found"):
        queued.ask("deleted")


def test_data_capture_sees_asynchronous_requests(queued, lab):
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://lab/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    queued.deploy("captured", capture=capture)
    queued.wait(queued.ask("captured", "see me", InferenceId="seen").OutputLocation)
    queued.advance(minutes=10)
    found = queued.s3.list_objects_v2(Bucket="lab", Prefix="captured/captured/")["Contents"]
    text = queued.read(f"s3://lab/{found[0]['Key']}")
    assert '"inferenceId":"seen"' in text.replace(" ", "")
    assert "answer to see me" in text or "YW5zd2VyIHRvIHNlZSBtZQ==" in text
    lab.gone("captured")


def test_failures_of_s3_and_of_topics_are_counted(queued, lab):
    queued.deploy("counted", NotificationConfig={"ErrorTopic": "arn:aws:sns:us-east-1:123456789012:gone"})
    asked = queued.ask("counted", InputLocation="s3://lab/none", InferenceId="none-7")
    queued.wait(asked.FailureLocation)
    queued.advance(minutes=1)
    for what in ("RequestDownloadFailures", "NotificationFailures", "InvocationFailures"):
        assert sum(metric(queued, "counted", what, "Sum", variant=True)[0]) == 1, what
    queued.wait(queued.ask("counted", "raise").FailureLocation)
    queued.advance(minutes=1)
    log = lab.logs("/aws/sagemaker/Endpoints/counted")
    for words in ("Failed to download the request payload", "Failed to publish the notification"):
        assert f"[sagemaker logs] [none-7] {'ClientError: ' if 'download' in words else ''}{words}" in log
    assert sum(metric(queued, "counted", "Invocation5XXErrors", "Sum", variant=True)[0]) == 1
    assert metric(queued, "counted", "Invocations", "Sum", variant=True)[0] == []
    lab.gone("counted")


def test_an_input_of_more_than_a_gigabyte_is_not_taken():
    class Big(bytes):
        def __len__(self):
            return MOST_BYTES + 1

    class Store:
        async def read(self, uri):
            return Big()

    asked = SimpleNamespace(body=None, input_location="s3://lab/big")
    with pytest.raises(StorageError, match="takes up to 1073741824"):
        asyncio.run(Queue._read(SimpleNamespace(_storage=Store), asked))
