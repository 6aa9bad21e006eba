"""Serverless endpoints through real boto3: processes come with requests, at most so many, and go when none comes."""

import concurrent.futures
import time

import pytest
from botocore.exceptions import ClientError

from course.cloud.sagemaker.serverless import IDLE_SECONDS, PAYLOAD_BYTES


@pytest.fixture(scope="module")
def small(lab, serverless):
    """Two at a time, nothing provisioned."""
    description = serverless.deploy("small", most=2)
    assert description["EndpointStatus"] == "InService", description
    yield "small"
    lab.gone("small")


def test_an_endpoint_shows_what_it_may_use_and_no_instances(lab, small):
    variant = lab.sm.describe_endpoint(EndpointName=small)["ProductionVariants"][0]
    expected = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    assert variant["CurrentServerlessConfig"] == variant["DesiredServerlessConfig"] == expected
    assert "CurrentInstanceCount" not in variant
    found = lab.sm.describe_endpoint_config(EndpointConfigName=small)["ProductionVariants"][0]
    assert found["ServerlessConfig"] == expected
    assert "InitialInstanceCount" not in found


def test_a_process_starts_with_the_first_request_and_serves_the_next(lab, serverless, small):
    lab.cloud.control("advance", seconds=2 * IDLE_SECONDS)
    before = serverless.starts(small)
    first = serverless.ask(small)
    assert serverless.starts(small) == before + 1
    assert {serverless.ask(small) for _ in range(5)} == {first}
    assert serverless.starts(small) == before + 1


def test_it_goes_when_nobody_asks_and_another_comes_cold(lab, serverless, small):
    first = serverless.ask(small)
    lab.cloud.control("advance", seconds=IDLE_SECONDS - 60)
    assert serverless.ask(small) == first  # still warm, and from now on warm for as long again
    lab.cloud.control("advance", seconds=IDLE_SECONDS - 60)
    assert serverless.ask(small) == first
    lab.cloud.control("advance", seconds=IDLE_SECONDS + 1)
    assert serverless.ask(small) != first


def test_each_process_takes_one_request_at_a_time_and_no_more_than_the_maximum_run(lab, serverless, small):
    answers = serverless.together(small, ["sleep 1.5"] * 5)
    assert answers.count("ThrottlingException") == 3
    served = [answer for answer in answers if answer != "ThrottlingException"]
    assert len(set(served)) == 2  # two processes
    assert serverless.ask(small) in served


def test_a_throttled_request_is_told_so_as_aws_does(serverless, small):
    def ask(_: int) -> dict:
        try:
            return {"answer": serverless.ask(small, "sleep 1.5")}
        except ClientError as error:
            return error.response

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        refused = [answer for answer in pool.map(ask, range(4)) if "answer" not in answer]
    assert len(refused) == 2
    for one in refused:
        assert one["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
        assert one["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_four_megabytes_pass_in_and_out_and_no_more(lab, serverless, small):
    assert serverless.ask(small, b"who".ljust(PAYLOAD_BYTES))
    with pytest.raises(ClientError, match="exceeds the maximum of 4194304 bytes") as failure:
        serverless.ask(small, b"who".ljust(PAYLOAD_BYTES + 1))
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert len(serverless.ask(small, f"long {PAYLOAD_BYTES}")) == PAYLOAD_BYTES
    with pytest.raises(ClientError, match="Response payload of 4194305 bytes") as failure:
        serverless.ask(small, f"long {PAYLOAD_BYTES + 1}")
    assert failure.value.response["Error"]["Code"] == "ModelError"


def test_a_process_that_dies_costs_its_request_only(serverless, small):
    first = serverless.ask(small)
    with pytest.raises(ClientError, match="ModelError"):
        serverless.ask(small, "die")
    assert serverless.ask(small) != first


def test_memory_is_held_to_what_was_asked_for(lab, serverless):
    serverless.deploy("tight", memory=1024)
    serverless.deploy("wide", memory=4096)
    assert serverless.ask("wide", "take 1500")
    with pytest.raises(ClientError, match="ModelError"):
        serverless.ask("tight", "take 1500")
    assert serverless.ask("tight", "take 300")
    for name in ("tight", "wide"):
        lab.gone(name)


def test_the_model_is_fetched_once(lab, serverless):
    serverless.deploy("fetched")
    lab.s3.delete_object(Bucket="lab", Key="serverless/fetched.tar.gz")
    assert serverless.ask("fetched")
    lab.cloud.control("advance", seconds=IDLE_SECONDS + 1)
    assert serverless.ask("fetched")
    lab.gone("fetched")


def test_a_container_that_does_not_start_fails_the_endpoint(lab, serverless):
    code = lab.put_code(
        "code/serverless-broken.tar.gz", serve__py="def model_fn(d): raise RuntimeError('no such file')"
    )
    serverless.config("no-start", serverless.model("no-start", code))
    lab.sm.create_endpoint(EndpointName="no-start", EndpointConfigName="no-start")
    found = lab.settle("no-start")
    assert found["EndpointStatus"] == "Failed"
    assert "ping health check" in found["FailureReason"]
    assert "no such file" in lab.logs("/aws/sagemaker/Endpoints/no-start")
    lab.gone("no-start")


def test_provisioned_concurrency_is_warm_from_the_start_and_stays_so(lab, serverless):
    variant = serverless.deploy("warm", most=3, provisioned=2)["ProductionVariants"][0]
    assert variant["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 2
    before = serverless.starts("warm")
    assert before == 2
    warm = set(serverless.together("warm", ["sleep 1"] * 2))
    assert len(warm) == 2
    assert serverless.starts("warm") == before
    lab.cloud.control("advance", seconds=10 * IDLE_SECONDS)
    assert set(serverless.together("warm", ["sleep 1"] * 2)) == warm
    spilt = set(serverless.together("warm", ["sleep 1"] * 3))
    assert warm < spilt  # the third came cold
    lab.cloud.control("advance", seconds=2 * IDLE_SECONDS)  # and has gone again
    assert len(set(serverless.together("warm", ["sleep 1"] * 2))) == 2
    assert serverless.starts("warm") == before + 1
    lab.gone("warm")


def test_a_provisioned_process_that_dies_is_replaced(lab, serverless):
    serverless.deploy("healed", provisioned=1)
    first = serverless.ask("healed")
    with pytest.raises(ClientError, match="ModelError"):
        serverless.ask("healed", "die")
    deadline = time.monotonic() + 20
    while serverless.starts("healed") < 2:  # without being asked
        assert time.monotonic() < deadline
    assert serverless.ask("healed") != first
    lab.gone("healed")
