"""UpdateEndpointWeightsAndCapacities: shares and instances of an endpoint at work, without a new configuration."""

import threading

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

WHO = """
import os
def model_fn(d): return f"{os.environ['WHO']} {os.urandom(8).hex()}"
def predict_fn(data, model): return model
def output_fn(p, accept): return p, 'text/plain'
"""


def answer(response) -> str:
    return response["Body"].read().decode()


@pytest.fixture(scope="module")
def who(lab, archived):
    """A function that makes an endpoint whose variants answer with their own name. Arguments: variant=(weight, n)."""
    code = lab.put_code("code/who.tar.gz", serve__py=WHO)

    def make(name: str, **variants) -> str:
        for variant in variants:
            lab.sm.create_model(
                ModelName=f"{name}-{variant}",
                ExecutionRoleArn=lab.role,
                PrimaryContainer={
                    "Image": SCIKIT_LEARN,
                    "ModelDataUrl": archived,
                    "Environment": {
                        "SAGEMAKER_PROGRAM": "serve.py",
                        "SAGEMAKER_SUBMIT_DIRECTORY": code,
                        "WHO": variant,
                    },
                },
            )
        lab.sm.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": f"{name}-{variant}",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": count,
                    "InitialVariantWeight": weight,
                }
                for variant, (weight, count) in variants.items()
            ],
        )
        lab.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert lab.settle(name)["EndpointStatus"] == "InService"
        return name

    return make


@pytest.fixture
def ask(lab):
    def ask(endpoint: str, **more) -> str:
        return answer(lab.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"1", **more))

    return ask


def rescale(lab, endpoint: str, **variants):
    """Arguments: variant={"weight": …, "count": …}."""
    lab.sm.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[
            {
                "VariantName": variant,
                **({"DesiredWeight": change["weight"]} if "weight" in change else {}),
                **({"DesiredInstanceCount": change["count"]} if "count" in change else {}),
            }
            for variant, change in variants.items()
        ],
    )


def statuses(lab, endpoint: str) -> list[str]:
    lines = lab.cloud.control("timeline")
    return [c["status"] for c in lines if c["name"] == endpoint and c["kind"] == "Endpoint"]


def shown(lab, endpoint: str) -> dict[str, tuple]:
    members = ("CurrentWeight", "DesiredWeight", "CurrentInstanceCount", "DesiredInstanceCount")
    variants = lab.sm.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    return {v["VariantName"]: tuple(v[m] for m in members) for v in variants}


@pytest.fixture(scope="module")
def pair(lab, who):
    yield who("pair", blue=(9, 1), green=(1, 1))
    lab.gone("pair")


def test_weights_and_counts_of_several_variants_change_at_once(lab, pair, ask):
    assert shown(lab, pair) == {"blue": (9, 9, 1, 1), "green": (1, 1, 1, 1)}
    rescale(lab, pair, blue={"weight": 0.0, "count": 2}, green={"weight": 3.5})
    assert lab.settle(pair)["EndpointStatus"] == "InService"
    assert statuses(lab, pair)[-2:] == ["Updating", "InService"]
    assert shown(lab, pair) == {"blue": (0, 0, 2, 2), "green": (3.5, 3.5, 1, 1)}
    assert {ask(pair).split()[0] for _ in range(60)} == {"green"}  # a weight of zero gets no traffic
    processes = {ask(pair, TargetVariant="blue") for _ in range(20)}
    assert len(processes) == 2  # … but can still be named, and each instance is a process
    assert lab.sm.describe_endpoint(EndpointName=pair)["EndpointConfigName"] == pair
    rescale(lab, pair, blue={"weight": 9, "count": 1}, green={"weight": 1})
    lab.settle(pair)
    assert shown(lab, pair) == {"blue": (9, 9, 1, 1), "green": (1, 1, 1, 1)}
    assert len({ask(pair, TargetVariant="blue") for _ in range(20)}) == 1


def test_the_meter_follows_the_count(lab, pair):
    def hourly() -> float:
        lines = [line for line in lab.cloud.control("meter")["lines"] if line["resource"] == "pair/blue"]
        assert sum(line["to"] is None for line in lines) == 1
        return next(line["price_per_hour"] for line in lines if line["to"] is None)

    assert hourly() == pytest.approx(0.12)
    rescale(lab, pair, blue={"count": 3})
    lab.settle(pair)
    assert hourly() == pytest.approx(0.36)
    rescale(lab, pair, blue={"count": 1})
    lab.settle(pair)
    assert hourly() == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"red": {"weight": 1}},
            r'The variant name\(s\) "red" is/are not present within endpoint configuration "pair"',
        ),
        ({"blue": {"weight": 0}, "green": {"weight": 0}}, "At least one production variant needs a weight above 0"),
        ({"blue": {"count": 0}}, "must be at least 1"),
        ({"blue": {"count": 21}}, "'ml.m5.large for endpoint usage' is 20 Instances"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_changes_nothing(lab, pair, change, message):
    before = shown(lab, pair), statuses(lab, pair)
    with pytest.raises(ClientError, match=message):
        rescale(lab, pair, **change)
    assert (shown(lab, pair), statuses(lab, pair)) == before


def test_a_variant_is_named_once(lab, pair):
    twice = [{"VariantName": "blue", "DesiredWeight": weight} for weight in (1, 2)]
    with pytest.raises(ClientError, match='The variant name "blue" was non-unique within the request'):
        lab.sm.update_endpoint_weights_and_capacities(EndpointName=pair, DesiredWeightsAndCapacities=twice)


def test_serverless_settings_are_refused_by_name(lab, pair):
    change = [{"VariantName": "blue", "ServerlessUpdateConfig": {"MaxConcurrency": 2}}]
    with pytest.raises(ClientError, match="ServerlessUpdateConfig"):
        lab.sm.update_endpoint_weights_and_capacities(EndpointName=pair, DesiredWeightsAndCapacities=change)


def test_an_endpoint_that_changes_is_not_changed_again(lab, pair):
    rescale(lab, pair, green={"count": 2})
    for refused in (
        lambda: rescale(lab, pair, green={"count": 3}),
        lambda: lab.sm.delete_endpoint(EndpointName=pair),
    ):
        with pytest.raises(ClientError, match='Cannot update in-progress endpoint "arn:aws:sagemaker:') as failure:
            refused()
        assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert shown(lab, pair)["green"][3] == 2  # what is asked for shows at once
    lab.settle(pair)
    rescale(lab, pair, green={"count": 1})
    lab.settle(pair)
    assert shown(lab, pair)["green"] == (1, 1, 1, 1)


def test_no_request_is_lost_while_instances_come_and_go(lab, pair, ask):
    done, lost = threading.Event(), []

    def knock():
        while not done.is_set():
            try:
                ask(pair)
            except ClientError as error:
                lost.append(str(error))

    callers = [threading.Thread(target=knock) for _ in range(4)]
    for caller in callers:
        caller.start()
    for count in (3, 1, 2, 1):
        rescale(lab, pair, blue={"count": count})
        lab.settle(pair)
    done.set()
    for caller in callers:
        caller.join()
    assert not lost


def test_a_model_that_is_gone_cannot_be_scaled_and_the_endpoint_rolls_back(lab, who, ask):
    who("orphan", only=(1, 1))
    lab.sm.delete_model(ModelName="orphan-only")
    assert ask("orphan").startswith("only")  # deleting what is in use is not blocked
    rescale(lab, "orphan", only={"count": 3})
    found = lab.settle("orphan")
    assert statuses(lab, "orphan")[-3:] == ["Updating", "RollingBack", "InService"]
    assert 'Could not find model "arn:aws:sagemaker:' in found["FailureReason"]
    assert shown(lab, "orphan") == {"only": (1, 1, 1, 1)}
    assert ask("orphan").startswith("only")
    lab.sm.delete_endpoint_config(EndpointConfigName="orphan")
    with pytest.raises(ClientError, match='Could not find endpoint configuration "arn:aws:sagemaker:'):
        rescale(lab, "orphan", only={"weight": 1})
    lab.gone("orphan")
