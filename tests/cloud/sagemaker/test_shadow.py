"""Shadow variants through real boto3: what they are given, and that no caller ever notices them."""

import concurrent.futures
import json
import time

import pytest
from botocore.exceptions import ClientError

from .echo import endpoint, model, variant
from .test_data_capture import ask, capture, keys

REQUESTS = 60
SERVERLESS = {
    "VariantName": "live",
    "ModelName": "old",
    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1},
}


@pytest.fixture(scope="module")
def models(lab):
    """One model that answers, and shadows of every kind of trouble."""
    for name, says in (("old", "old"), ("new", "new"), ("hang", "hang"), ("die", "die"), ("refuse", "refuse")):
        model(lab, name, SAYS=says)
    yield
    for found in lab.sm.list_endpoints(MaxResults=100)["Endpoints"]:
        lab.gone(found["EndpointName"])


def shadowed(lab, name: str, shadow: str, weight: float = 1.0, **config):
    return endpoint(
        lab,
        name,
        variant("old", "live"),
        ShadowProductionVariants=[variant(shadow, "shadow", InitialVariantWeight=weight)],
        **config,
    )


def counted(lab, name: str, variant: str, total: int) -> dict[str, int]:
    """The counts of a variant, once `total` of its requests have come to an end."""
    deadline = time.monotonic() + 30
    while True:
        found = lab.cloud.control("invocations")[name][variant]
        if sum(found.values()) >= total:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_shadow_gets_every_request_and_the_caller_hears_the_live_variant(lab, models):
    found = shadowed(lab, "both", "new")
    assert [v["VariantName"] for v in found["ProductionVariants"]] == ["live"]
    (shadow,) = found["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["CurrentInstanceCount"], shadow["CurrentWeight"]) == ("shadow", 1, 1.0)
    for _ in range(20):
        response = lab.runtime.invoke_endpoint(EndpointName="both", ContentType="text/csv", Body=b"1,2")
        assert (response["Body"].read(), response["InvokedProductionVariant"]) == (b"old", "live")
    assert counted(lab, "both", "shadow", 20) == {"ok": 20, "4xx": 0, "5xx": 0}
    assert counted(lab, "both", "live", 20) == {"ok": 20, "4xx": 0, "5xx": 0}
    with pytest.raises(ClientError, match="Variant shadow not found"):
        ask(lab, "both", TargetVariant="shadow")


def test_a_shadow_gets_its_share(lab, models):
    """Binomial(400, .25) is outside 72..130 once in 1,500 (exact); the shares .1 and .5 are caught for sure."""
    shadowed(lab, "share", "new", 0.25)
    for _ in range(400):
        ask(lab, "share")
    counted(lab, "share", "live", 400)
    assert 72 <= sum(counted(lab, "share", "shadow", 72).values()) <= 130


def test_what_a_shadow_says_can_be_captured_beside_what_the_caller_heard(lab, models):
    shadowed(lab, "taped", "new", DataCaptureConfig=capture("capture/taped"))
    ask(lab, "taped", InferenceId="tx-1")
    counted(lab, "taped", "shadow", 1)
    lab.cloud.control("advance", seconds=2)
    said = {}
    for key in keys(lab, "taped"):
        record = json.loads(lab.s3.get_object(Bucket="lab", Key=key)["Body"].read())
        assert record["eventMetadata"]["inferenceId"] == "tx-1"
        said[key.split("/")[3]] = record["captureData"]["endpointOutput"]["data"]
    assert said == {"live": "old", "shadow": "new"}


def answers(lab, name: str) -> list[float]:
    """Seconds that each of the requests took, eight at a time; all of them are answered by the live variant."""

    def one(_):
        start = time.monotonic()
        assert ask(lab, name) == b"old"
        return time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(REQUESTS)))


@pytest.mark.parametrize("trouble", ["hang", "die", "refuse"])
def test_a_shadow_in_trouble_fails_no_caller(lab, models, trouble):
    shadowed(lab, f"with-{trouble}", trouble)
    answers(lab, f"with-{trouble}")
    counts = counted(lab, f"with-{trouble}", "live", REQUESTS)
    assert counts == {"ok": REQUESTS, "4xx": 0, "5xx": 0}
    if trouble == "refuse":
        assert counted(lab, f"with-{trouble}", "shadow", REQUESTS)["5xx"] == REQUESTS
    if trouble == "die":
        assert counted(lab, f"with-{trouble}", "shadow", 1)["ok"] == 0


def test_a_shadow_that_hangs_slows_no_caller(lab, models):
    """The shadow may take 60 s for each answer. A caller that waited for it, or for a place in its queue, would take as
    long; the slowest of 60 takes less than 10 s even on a machine with much else to do.
    """
    shadowed(lab, "slow-shadow", "hang")
    assert max(answers(lab, "slow-shadow")) < 10
    assert sum(lab.cloud.control("invocations")["slow-shadow"]["shadow"].values()) == 0  # it still owes them all


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ProductionVariants": [variant("old", "a"), variant("old", "b")]}, "only specify one variant"),
        ({"ShadowProductionVariants": [variant("new", "a"), variant("new", "b")]}, "only specify one variant"),
        ({"ShadowProductionVariants": [variant("new", "live")]}, "names must be unique"),
        ({"ShadowProductionVariants": [variant("new", "s", InstanceType="ml.inf1.xlarge")]}, "Inf1 instances"),
        ({"ShadowProductionVariants": [variant("none", "s")]}, "Could not find model"),
        ({"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://lab/async"}}}, "Asynchronous Inference"),
        ({"ProductionVariants": [SERVERLESS]}, "[Ss]erverless"),
    ],
)
def test_what_a_shadow_cannot_stand_beside_is_refused(lab, models, more, message):
    with pytest.raises(ClientError, match=message) as failure:
        lab.sm.create_endpoint_config(
            EndpointConfigName="wrong",
            **{
                "ProductionVariants": [variant("old", "live")],
                "ShadowProductionVariants": [variant("new", "shadow")],
                **more,
            },
        )
    assert failure.value.response["Error"]["Code"] == "ValidationException"
