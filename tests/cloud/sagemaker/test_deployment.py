"""UpdateEndpoint: another configuration takes an endpoint over, fleet against fleet."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def shop(lab, fleets):
    """An endpoint, and the models of what may follow it."""
    fleets.make("shop", only=(1, 1))
    for name in ("second", "third"):
        fleets.config(name, only={"ModelName": fleets.model(name)})
    yield "shop"
    lab.gone("shop")


def test_the_new_fleet_takes_over_and_no_request_is_lost(lab, fleets, shop):
    with fleets.knocking(shop) as seen:
        lab.sm.update_endpoint(EndpointName=shop, EndpointConfigName="second")
        on_its_way = lab.sm.describe_endpoint(EndpointName=shop)
        found = lab.settle(shop)
    assert not seen.errors
    assert {answer.split()[0] for answer in seen.answers} == {"shop-only", "second"}
    assert fleets.ask(shop).startswith("second")
    assert on_its_way["EndpointStatus"] == "Updating"
    assert on_its_way["EndpointConfigName"] == shop
    pending = on_its_way["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "second"
    assert pending["ProductionVariants"][0]["DesiredInstanceCount"] == 1
    assert pending["ProductionVariants"][0]["InstanceType"] == "ml.m5.large"
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "second")
    assert "PendingDeploymentSummary" not in found
    assert "LastDeploymentConfig" not in found
    assert fleets.statuses(shop)[-2:] == ["Updating", "InService"]
    lines = [line for line in lab.cloud.control("meter")["lines"] if line["resource"] == "shop/only"]
    assert [line["to"] is None for line in lines] == [False, True]  # the old fleet costs nothing any more
    counted = lab.cloud.control("invocations")[shop]["only"]
    assert counted["ok"] > len(seen.answers)  # the counts of both fleets


def test_what_an_endpoint_was_given_stays_if_it_is_to_stay(lab, fleets):
    fleets.make("kept", a=(1, 1), b=(1, 1))
    models = {name: {"ModelName": f"kept-{name}"} for name in ("a", "b")}
    fleets.config("kept-2", **models, c={"ModelName": "kept-a", "InitialVariantWeight": 5})
    fleets.rescale("kept", a={"weight": 3, "count": 2})
    lab.settle("kept")
    fleets.update("kept", "kept-2", RetainAllVariantProperties=True)
    assert fleets.shown("kept") == {"a": (3, 3, 2, 2), "b": (1, 1, 1, 1), "c": (5, 5, 1, 1)}
    weight = [{"VariantPropertyType": "DesiredWeight"}]
    fleets.update("kept", "kept", RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=weight)
    assert fleets.shown("kept") == {"a": (1, 1, 2, 2), "b": (1, 1, 1, 1)}
    fleets.update("kept", "kept-2")
    assert fleets.shown("kept")["a"] == (1, 1, 1, 1)
    with pytest.raises(ClientError, match="needs RetainAllVariantProperties"):
        fleets.update("kept", "kept", ExcludeRetainedVariantProperties=weight)
    lab.gone("kept")


def test_a_configuration_that_does_not_start_leaves_the_old_one_at_work(lab, fleets, shop):
    before = fleets.update(shop, "second")
    fleets.config("broken", only={"ModelName": fleets.model("broken", "def model_fn(d): raise RuntimeError('no')")})
    with fleets.knocking(shop) as seen:
        found = fleets.update(shop, "broken")
    assert not seen.errors
    assert {answer.split()[0] for answer in seen.answers} == {"second"}
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == "second"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert found["ProductionVariants"] == before["ProductionVariants"]
    assert "PendingDeploymentSummary" not in found
    assert "FailureReason" not in fleets.update(shop, "third")


def test_a_plain_deployment_configuration_is_remembered_and_may_be_retained(lab, fleets, shop):
    plain = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "MaximumExecutionTimeoutInSeconds": 600,
        }
    }
    assert fleets.update(shop, "second", DeploymentConfig=plain)["LastDeploymentConfig"] == plain
    found = fleets.update(shop, "third", RetainDeploymentConfig=True)
    assert (found["LastDeploymentConfig"], found["EndpointConfigName"]) == (plain, "third")
    with pytest.raises(ClientError, match="cannot be specified together with RetainDeploymentConfig"):
        fleets.update(shop, "second", DeploymentConfig=plain, RetainDeploymentConfig=True)


def _routing(**more):
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"WaitIntervalInSeconds": 0, **more}}}


_STEP = {"Type": "CAPACITY_PERCENT", "Value": 50}


@pytest.mark.parametrize(
    ("deployment", "named"),
    [
        (_routing(Type="CANARY", CanarySize=_STEP), "Type=CANARY"),
        (_routing(Type="LINEAR", LinearStepSize=_STEP), "Type=LINEAR"),
        (_routing(Type="ALL_AT_ONCE", WaitIntervalInSeconds=60), "WaitIntervalInSeconds"),
        (
            {
                "BlueGreenUpdatePolicy": {
                    **_routing(Type="ALL_AT_ONCE")["BlueGreenUpdatePolicy"],
                    "TerminationWaitInSeconds": 60,
                }
            },
            "TerminationWaitInSeconds",
        ),
        ({"RollingUpdatePolicy": {"MaximumBatchSize": _STEP, "WaitIntervalInSeconds": 0}}, "RollingUpdatePolicy"),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}}, "AutoRollbackConfiguration"),
    ],
)
def test_what_guards_a_deployment_is_refused_by_name(lab, shop, deployment, named):
    with pytest.raises(ClientError, match=f"does not support .*{named}"):
        lab.sm.update_endpoint(EndpointName=shop, EndpointConfigName="second", DeploymentConfig=deployment)
    assert lab.sm.describe_endpoint(EndpointName=shop)["EndpointStatus"] == "InService"


def test_what_is_not_there_is_named(lab, fleets, shop):
    with pytest.raises(ClientError, match='Could not find endpoint "arn:aws:sagemaker:'):
        lab.sm.update_endpoint(EndpointName="none", EndpointConfigName="second")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:aws:sagemaker:.*/none"'):
        lab.sm.update_endpoint(EndpointName=shop, EndpointConfigName="none")
    fleets.config("modelless", only={"ModelName": fleets.model("passing")})
    lab.sm.delete_model(ModelName="passing")
    with pytest.raises(ClientError, match=r'Could not find model "arn:aws:sagemaker:.*/passing"'):
        lab.sm.update_endpoint(EndpointName=shop, EndpointConfigName="modelless")


def test_a_failed_endpoint_can_only_be_deleted(lab, fleets):
    fleets.make("lame", "def model_fn(d): raise RuntimeError('no')", wait=False, only=(1, 1))
    found = lab.settle("lame")
    assert found["EndpointStatus"] == "Failed"
    assert "ProductionVariants" not in found
    assert "PendingDeploymentSummary" not in found
    for refused in (
        lambda: lab.sm.update_endpoint(EndpointName="lame", EndpointConfigName="lame"),
        lambda: fleets.rescale("lame", only={"count": 2}),
    ):
        with pytest.raises(ClientError, match="can only be deleted"):
            refused()
    lab.gone("lame")


def test_the_configuration_at_work_is_kept_for_the_next_update(lab, fleets):
    """Who deletes it cannot update the endpoint any more: AWS reads it first."""
    fleets.make("careless", only=(1, 1))
    fleets.config("careless-2", only={"ModelName": "careless-only"})
    lab.sm.delete_endpoint_config(EndpointConfigName="careless")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:aws:sagemaker:.*/careless"'):
        lab.sm.update_endpoint(EndpointName="careless", EndpointConfigName="careless-2")
    lab.gone("careless")
