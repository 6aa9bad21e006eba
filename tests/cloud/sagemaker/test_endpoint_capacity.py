"""UpdateEndpointWeightsAndCapacities: shares and instances of an endpoint at work, without a new configuration."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def pair(lab, fleets):
    yield fleets.make("pair", blue=(9, 1), green=(1, 1))
    lab.gone("pair")


def test_weights_and_counts_of_several_variants_change_at_once(lab, fleets, pair):
    assert fleets.shown(pair) == {"blue": (9, 9, 1, 1), "green": (1, 1, 1, 1)}
    fleets.rescale(pair, blue={"weight": 0.0, "count": 2}, green={"weight": 3.5})
    assert lab.settle(pair)["EndpointStatus"] == "InService"
    assert fleets.statuses(pair)[-2:] == ["Updating", "InService"]
    assert fleets.shown(pair) == {"blue": (0, 0, 2, 2), "green": (3.5, 3.5, 1, 1)}
    assert {fleets.ask(pair).split()[0] for _ in range(60)} == {"pair-green"}  # a weight of zero gets no traffic
    # … but can still be named, and each instance is a process
    assert len({fleets.ask(pair, TargetVariant="blue") for _ in range(20)}) == 2
    assert lab.sm.describe_endpoint(EndpointName=pair)["EndpointConfigName"] == pair
    fleets.rescale(pair, blue={"weight": 9, "count": 1}, green={"weight": 1})
    lab.settle(pair)
    assert fleets.shown(pair) == {"blue": (9, 9, 1, 1), "green": (1, 1, 1, 1)}
    assert len({fleets.ask(pair, TargetVariant="blue") for _ in range(20)}) == 1


def test_the_meter_follows_the_count(lab, fleets, pair):
    def hourly() -> float:
        lines = [line for line in lab.cloud.control("meter")["lines"] if line["resource"] == "pair/blue"]
        assert sum(line["to"] is None for line in lines) == 1
        return next(line["price_per_hour"] for line in lines if line["to"] is None)

    assert hourly() == pytest.approx(0.12)
    for count in (3, 1):
        fleets.rescale(pair, blue={"count": count})
        lab.settle(pair)
        assert hourly() == pytest.approx(count * 0.12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"red": {"weight": 1}}, r'variant name\(s\) "red" is/are not present within endpoint configuration "pair"'),
        ({"blue": {"weight": 0}, "green": {"weight": 0}}, "At least one production variant needs a weight above 0"),
        ({"blue": {"count": 0}}, "must be at least 1"),
        ({"blue": {"count": 21}}, "'ml.m5.large for endpoint usage' is 20 Instances"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_changes_nothing(fleets, pair, change, message):
    before = fleets.shown(pair), fleets.statuses(pair)
    with pytest.raises(ClientError, match=message):
        fleets.rescale(pair, **change)
    assert (fleets.shown(pair), fleets.statuses(pair)) == before


def test_a_variant_is_named_once(lab, pair):
    twice = [{"VariantName": "blue", "DesiredWeight": weight} for weight in (1, 2)]
    with pytest.raises(ClientError, match='The variant name "blue" was non-unique within the request'):
        lab.sm.update_endpoint_weights_and_capacities(EndpointName=pair, DesiredWeightsAndCapacities=twice)


def test_serverless_settings_are_refused_by_name(lab, pair):
    change = [{"VariantName": "blue", "ServerlessUpdateConfig": {"MaxConcurrency": 2}}]
    with pytest.raises(ClientError, match="ServerlessUpdateConfig"):
        lab.sm.update_endpoint_weights_and_capacities(EndpointName=pair, DesiredWeightsAndCapacities=change)


def test_an_endpoint_that_changes_is_not_changed_again(lab, fleets, pair):
    fleets.rescale(pair, green={"count": 2})
    for refused in (
        lambda: fleets.rescale(pair, green={"count": 3}),
        lambda: lab.sm.update_endpoint(EndpointName=pair, EndpointConfigName=pair),
        lambda: lab.sm.delete_endpoint(EndpointName=pair),
    ):
        with pytest.raises(ClientError, match='Cannot update in-progress endpoint "arn:aws:sagemaker:') as failure:
            refused()
        assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert fleets.shown(pair)["green"][3] == 2  # what is asked for shows at once
    lab.settle(pair)
    fleets.rescale(pair, green={"count": 1})
    lab.settle(pair)
    assert fleets.shown(pair)["green"] == (1, 1, 1, 1)


def test_no_request_is_lost_while_instances_come_and_go(lab, fleets, pair):
    with fleets.knocking(pair) as seen:
        for count in (3, 1, 2, 1):
            fleets.rescale(pair, blue={"count": count})
            lab.settle(pair)
    assert not seen.errors
    assert len(set(seen.answers)) > 2  # several processes answered


def test_a_model_that_is_gone_cannot_be_scaled_and_the_endpoint_rolls_back(lab, fleets):
    fleets.make("orphan", only=(1, 1))
    lab.sm.delete_model(ModelName="orphan-only")
    assert fleets.ask("orphan").startswith("orphan-only")  # deleting what is in use is not blocked
    fleets.rescale("orphan", only={"count": 3})
    found = lab.settle("orphan")
    assert fleets.statuses("orphan")[-3:] == ["Updating", "RollingBack", "InService"]
    assert 'Could not find model "arn:aws:sagemaker:' in found["FailureReason"]
    assert fleets.shown("orphan") == {"only": (1, 1, 1, 1)}
    assert fleets.ask("orphan").startswith("orphan-only")
    lab.sm.delete_endpoint_config(EndpointConfigName="orphan")
    with pytest.raises(ClientError, match='Could not find endpoint configuration "arn:aws:sagemaker:'):
        fleets.rescale("orphan", only={"weight": 1})
    lab.gone("orphan")
