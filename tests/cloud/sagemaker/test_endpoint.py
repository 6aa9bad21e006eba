"""Endpoints through real boto3: served by real processes, by weight, healed when they die, gone when deleted."""

import concurrent.futures
import json
import os
import select
import signal
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

from .conftest import archive

CUSTOM = """
import os, joblib
from sklearn.base import BaseEstimator
def model_fn(model_dir): return os.getpid()
def input_fn(body, content_type): return body
def predict_fn(data, model):
    if data == b"raise" or data == "raise": raise ValueError("no such card")
    if data == "die" or data == b"die": os._exit(3)
    return data
def output_fn(prediction, accept): return str(prediction), "text/plain"
"""


def answer(response) -> str:
    return response["Body"].read().decode()


@pytest.fixture(scope="module")
def artefact(lab):
    lab.train("for-endpoints")
    return "s3://lab/models/for-endpoints/output/model.tar.gz"


@pytest.fixture(scope="module")
def served(lab, artefact):
    description = lab.deploy("served", artefact)
    assert description["EndpointStatus"] == "InService", description
    yield "served"
    lab.gone("served")


def test_an_endpoint_predicts_what_the_model_predicts(lab, served):
    response = lab.runtime.invoke_endpoint(
        EndpointName=served, ContentType="text/csv", Accept="text/csv", Body=b"0.0,0.0\n1.1,-1.0\n"
    )
    assert response["InvokedProductionVariant"] == "AllTraffic"
    assert [float(v) for v in answer(response).split()] == [0.0, 1.0]
    response = lab.runtime.invoke_endpoint(
        EndpointName=served, ContentType="application/json", Accept="application/json", Body=json.dumps([[1.1, -1.0]])
    )
    assert json.loads(answer(response)) == [1.0]


def test_requests_at_once_are_each_answered_with_their_own(lab, served):
    def ask(i):
        body = f"{i % 2}.0,{-(i % 2)}.0\n" * (1 + i % 5)
        return [
            float(v)
            for v in answer(
                lab.runtime.invoke_endpoint(EndpointName=served, ContentType="text/csv", Accept="text/csv", Body=body)
            ).split()
        ] == [float(i % 2)] * (1 + i % 5)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
    counted = lab.cloud.control("invocations")["served"]["AllTraffic"]["ok"]
    assert counted >= 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [(b"1,x", "text/csv", 500), (b"1,2,3", "text/csv", 500), (b"", "text/csv", 500), (b"1,2", "image/png", 415)],
)
def test_a_body_that_the_model_cannot_read_is_a_model_error(lab, served, body, content_type, status):
    with pytest.raises(ClientError) as failure:
        lab.runtime.invoke_endpoint(EndpointName=served, ContentType=content_type, Body=body)
    assert failure.value.response["Error"]["Code"] == "ModelError"
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert failure.value.response["OriginalStatusCode"] // 100 == status // 100
    assert "from primary with message" in str(failure.value)


def test_describe_and_list(lab, served):
    found = lab.sm.describe_endpoint(EndpointName=served)
    variant = found["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (1, 1.0)
    assert "served" in [e["EndpointName"] for e in lab.sm.list_endpoints(StatusEquals="InService")["Endpoints"]]
    assert (
        lab.sm.describe_endpoint_config(EndpointConfigName="served")["ProductionVariants"][0]["ModelName"] == "served"
    )


def test_weights_are_relative_and_a_target_overrides_them(lab, artefact):
    code = lab.put_code(
        "code/which.tar.gz",
        serve__py=(
            "import os\ndef model_fn(d): return os.environ['WHO']\ndef predict_fn(data, model): return model\n"
            "def output_fn(p, accept): return p, 'text/plain'"
        ),
    )
    for who in ("blue", "green"):
        lab.sm.create_model(
            ModelName=who,
            ExecutionRoleArn=lab.role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": artefact,
                "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, "WHO": who},
            },
        )
    lab.sm.create_endpoint_config(
        EndpointConfigName="split",
        ProductionVariants=[
            {
                "VariantName": who,
                "ModelName": who,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weight,
            }
            for who, weight in (("blue", 9), ("green", 1))
        ],
    )
    lab.sm.create_endpoint(EndpointName="split", EndpointConfigName="split")
    assert lab.settle("split")["EndpointStatus"] == "InService"

    def ask(**more):
        response = lab.runtime.invoke_endpoint(EndpointName="split", ContentType="text/csv", Body=b"1,2", **more)
        assert answer(response) == response["InvokedProductionVariant"]
        return response["InvokedProductionVariant"]

    share = sum(ask() == "green" for _ in range(400))
    assert 20 <= share <= 63  # binomial(400, .1): outside with probability below 1 in 1,000
    assert {ask(TargetVariant="green") for _ in range(10)} == {"green"}
    with pytest.raises(ClientError, match="Variant red not found"):
        ask(TargetVariant="red")
    lab.gone("split")


def test_a_model_that_raises_and_one_that_dies(lab, artefact):
    assert lab.deploy("custom", artefact, CUSTOM)["EndpointStatus"] == "InService"
    ask = {"EndpointName": "custom", "ContentType": "text/plain"}
    with pytest.raises(ClientError, match="ModelError"):
        lab.runtime.invoke_endpoint(Body=b"raise", **ask)
    assert "no such card" in lab.logs("/aws/sagemaker/Endpoints/custom")
    with pytest.raises(ClientError, match="ModelError"):
        lab.runtime.invoke_endpoint(Body=b"die", **ask)
    for _ in range(200):  # until another process has taken its place
        try:
            assert "fine" in answer(lab.runtime.invoke_endpoint(Body=b"fine", **ask))
            break
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("ServiceUnavailable", "ModelError")
    else:
        pytest.fail("the endpoint did not heal")
    lab.gone("custom")


def test_a_model_that_does_not_load_fails_the_endpoint(lab, artefact):
    found = lab.deploy("broken", artefact, "def model_fn(d): raise RuntimeError('no such file')")
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "no such file" in lab.logs("/aws/sagemaker/Endpoints/broken")
    with pytest.raises(ClientError, match="not found"):
        lab.runtime.invoke_endpoint(EndpointName="broken", Body=b"1")
    lab.gone("broken")


def test_a_container_writes_its_log_as_its_role(lab, served):
    """A role that may not leaves none, and the endpoint serves all the same."""
    role = lab.cloud.role("NoLogs", "AmazonS3FullAccess")
    model = lab.sm.describe_model(ModelName=served)
    for name, arn in (("logged", lab.role), ("silent", role)):
        lab.sm.create_model(ModelName=name, ExecutionRoleArn=arn, PrimaryContainer=model["PrimaryContainer"])
        variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        lab.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        lab.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert lab.settle(name)["EndpointStatus"] == "InService"
        lab.runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1,2")
    groups = [g["logGroupName"] for g in lab.cloud.client("logs").describe_log_groups()["logGroups"]]
    assert "/aws/sagemaker/Endpoints/logged" in groups
    assert "/aws/sagemaker/Endpoints/silent" not in groups
    for name in ("logged", "silent"):
        lab.gone(name)


def test_what_does_not_exist_is_named(lab):
    with pytest.raises(ClientError, match='Could not find endpoint configuration "arn:aws:sagemaker'):
        lab.sm.create_endpoint(EndpointName="x", EndpointConfigName="none")
    with pytest.raises(ClientError, match='Could not find model "arn:aws:sagemaker'):
        lab.sm.create_endpoint_config(
            EndpointConfigName="x",
            ProductionVariants=[
                {"VariantName": "A", "ModelName": "none", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ],
        )
    with pytest.raises(ClientError, match="Could not find model data"):
        lab.sm.create_model(
            ModelName="x",
            ExecutionRoleArn=lab.role,
            PrimaryContainer={"Image": SCIKIT_LEARN, "ModelDataUrl": "s3://lab/none.tar.gz"},
        )
    with pytest.raises(ClientError) as failure:
        lab.runtime.invoke_endpoint(EndpointName="none", Body=b"1")
    assert failure.value.response["Error"]["Code"] == "ValidationError"


def test_the_meter_runs_while_the_endpoint_does(lab, artefact):
    lab.deploy("metered", artefact, instances=2)
    lab.cloud.control("advance", seconds=3600)
    line = next(e for e in lab.cloud.control("meter")["lines"] if e["resource"].startswith("metered/"))
    assert line["to"] is None
    assert line["cost"] == pytest.approx(0.24, rel=0.01)
    lab.gone("metered")
    line = next(e for e in lab.cloud.control("meter")["lines"] if e["resource"].startswith("metered/"))
    assert line["to"] is not None


def test_deleting_stops_the_processes(lab, artefact):
    lab.deploy("short", artefact, CUSTOM)
    before = {c["status"] for c in lab.cloud.control("timeline") if c["name"] == "short"}
    assert {"Creating", "InService"} <= before
    lab.gone("short")
    assert [c["status"] for c in lab.cloud.control("timeline") if c["name"] == "short" and c["kind"] == "Endpoint"] == [
        "Creating",
        "InService",
        "Deleting",
        "Deleted",
    ]
    with pytest.raises(ClientError, match="Could not find endpoint"):
        lab.sm.describe_endpoint(EndpointName="short")


def test_killing_the_world_ends_its_endpoints(open_cloud, parents):
    children = Path(f"/proc/{parents.pid('job')}/task/{parents.pid('job')}/children")
    if not children.exists():
        pytest.skip("this system does not list a process's children")
    before = set(children.read_text().split())
    other = open_cloud()
    other.client("s3").create_bucket(Bucket="bucket")
    role = other.role()
    other.client("s3").put_object(Bucket="bucket", Key="m.tar.gz", Body=archive(code__py="x"))
    code = "s3://bucket/c.tar.gz"
    other.client("s3").put_object(Bucket="bucket", Key="c.tar.gz", Body=archive(serve__py="def model_fn(d): return 1"))
    sm = other.client("sagemaker")
    sm.create_model(
        ModelName="m",
        ExecutionRoleArn=role,
        PrimaryContainer={
            "Image": SCIKIT_LEARN,
            "ModelDataUrl": "s3://bucket/m.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
        },
    )
    sm.create_endpoint_config(
        EndpointConfigName="m",
        ProductionVariants=[
            {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    sm.create_endpoint(EndpointName="m", EndpointConfigName="m")
    waiter = sm.get_waiter("endpoint_in_service")
    waiter.config.delay = 0.05
    waiter.wait(EndpointName="m")
    started = set(children.read_text().split()) - before
    assert started
    pidfds = [os.pidfd_open(int(pid)) for pid in started]
    os.kill(other.handle.pid, signal.SIGKILL)
    for fd in pidfds:
        assert select.select([fd], [], [], 10)[0], "a process outlived its world"
        os.close(fd)


def test_an_endpoint_shows_what_is_on_its_way_and_is_not_touched_meanwhile(lab, fleets):
    fleets.make("coming", wait=False, first=(1, 1), second=(2, 2))
    found = lab.sm.describe_endpoint(EndpointName="coming")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("Creating", "coming")
    assert "ProductionVariants" not in found  # nothing is there yet
    pending = found["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "coming"
    assert [v["DesiredInstanceCount"] for v in pending["ProductionVariants"]] == [1, 2]
    assert [v["VariantStatus"][0]["Status"] for v in pending["ProductionVariants"]] == ["Creating"] * 2
    for refused in (
        lambda: lab.sm.delete_endpoint(EndpointName="coming"),
        lambda: lab.sm.update_endpoint(EndpointName="coming", EndpointConfigName="coming"),
        lambda: fleets.rescale("coming", first={"count": 2}),
    ):
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            refused()
    with pytest.raises(ClientError, match=r"Endpoint coming of account .* not found"):
        fleets.ask("coming")
    found = lab.settle("coming")
    assert "PendingDeploymentSummary" not in found
    assert fleets.shown("coming") == {"first": (1, 1, 1, 1), "second": (2, 2, 2, 2)}
    image = found["ProductionVariants"][0]["DeployedImages"][0]
    assert image["SpecifiedImage"] == image["ResolvedImage"] == SCIKIT_LEARN
    lab.gone("coming")


def test_listings_are_filtered_sorted_and_paged(lab, fleets):
    for name in ("list-b", "list-a", "list-c"):
        fleets.make(name, v=(1, 1))
    fleets.rescale("list-a", v={"weight": 2})
    lab.settle("list-a")

    def names(**filters) -> list[str]:
        found = lab.sm.list_endpoints(NameContains="LIST-", **filters)
        return [e["EndpointName"] for e in found["Endpoints"]]

    assert names() == ["list-c", "list-a", "list-b"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["list-a", "list-b", "list-c"]
    assert names(StatusEquals="Updating") == []
    changed = lab.sm.describe_endpoint(EndpointName="list-c")["LastModifiedTime"]
    assert names(LastModifiedTimeAfter=changed) == ["list-a"]
    pages = lab.sm.get_paginator("list_endpoint_configs").paginate(
        NameContains="list-", SortBy="Name", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    assert [[c["EndpointConfigName"] for c in page["EndpointConfigs"]] for page in pages] == [
        ["list-c", "list-b"],
        ["list-a"],
    ]
    for name in ("list-a", "list-b", "list-c"):
        lab.gone(name)


def test_ten_variants_share_the_traffic_and_eleven_are_refused(lab, fleets):
    model = fleets.model("many")
    variants = {f"v{i}": {"ModelName": model, "InitialVariantWeight": float(i)} for i in range(11)}
    with pytest.raises(ClientError, match="length less than or equal to 10"):
        fleets.config("eleven", **variants)
    fleets.config("ten", **dict(list(variants.items())[:10]))
    lab.sm.create_endpoint(EndpointName="ten", EndpointConfigName="ten")
    assert lab.settle("ten")["EndpointStatus"] == "InService"
    for _ in range(300):
        fleets.ask("ten")
    counted = {name: c["ok"] for name, c in lab.cloud.control("invocations")["ten"].items()}
    assert counted["v0"] == 0  # a weight of zero gets nothing
    assert 35 <= counted["v9"] <= 89  # binomial(300, 9/45): outside with probability below 1 in 1,000
    lab.gone("ten")


@pytest.mark.parametrize("member", ["InstancePools", "EnableSSMAccess", "RoutingConfig"])
def test_what_a_variant_cannot_have_here_is_refused_by_name(lab, fleets, served, member):
    given = {
        "InstancePools": [{"InstanceType": "ml.m5.large", "Priority": 1}],
        "EnableSSMAccess": True,
        "RoutingConfig": {"RoutingStrategy": "RANDOM"},
    }
    with pytest.raises(ClientError, match=f"does not support ProductionVariants.{member}"):
        fleets.config("refused", v={"ModelName": served, member: given[member]})


def test_more_instances_than_the_quota_are_refused(lab, fleets, served):
    variants = {name: {"ModelName": served, "InitialInstanceCount": 11} for name in ("a", "b")}
    fleets.config("crowd", **variants)
    with pytest.raises(ClientError, match="endpoint usage' is 20") as failure:
        lab.sm.create_endpoint(EndpointName="crowd", EndpointConfigName="crowd")
    assert failure.value.response["Error"]["Code"] == "ResourceLimitExceeded"


def test_a_container_has_so_long_to_become_healthy(lab, fleets):
    """The variant's own limit holds before the usual one, which the test makes short."""
    slow = fleets.model("slow", "import time\ndef model_fn(d): time.sleep(3)\ndef predict_fn(data, model): return data")
    for config, more in (("usual", {}), ("patient", {"ContainerStartupHealthCheckTimeoutInSeconds": 60})):
        limits = {"VolumeSizeInGB": 20, "ModelDataDownloadTimeoutInSeconds": 60, **more}
        fleets.config(config, v={"ModelName": slow, **limits})
    lab.cloud.control("patience", startup=0.5)
    try:
        for name in ("usual", "patient"):
            lab.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert "did not pass the ping health check" in lab.settle("usual")["FailureReason"]
        assert lab.settle("patient")["EndpointStatus"] == "InService"
    finally:
        lab.cloud.control("patience", startup=240)
    for name in ("usual", "patient"):
        lab.gone(name)
