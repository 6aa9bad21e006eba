"""Customers' requests: each drawn, served and counted for itself, and the same ones again on the same seed."""

from collections import Counter

import pytest
from scipy.stats import binom

from course.cloud.images import SCIKIT_LEARN

WHO = """
import os
def model_fn(folder): return os.environ["WHO"]
def input_fn(body, content_type): return body if isinstance(body, str) else body.decode()
def predict_fn(data, model):
    if data == "wrong": raise ValueError(data)
    return f"{model} says {data}"
def output_fn(said, accept): return said, "text/plain"
"""


@pytest.fixture(scope="module")
def split(lab):
    """An endpoint of two variants, 9 to 1."""
    code = lab.put_code("code/who.tar.gz", serve__py=WHO)
    for who in ("old", "new"):
        lab.sm.create_model(
            ModelName=who,
            ExecutionRoleArn=lab.role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, "WHO": who},
            },
        )
    variants = [
        {"VariantName": who, "ModelName": who, "InstanceType": "ml.m5.large", "InitialVariantWeight": weight}
        | {"InitialInstanceCount": 1}
        for who, weight in (("old", 9), ("new", 1))
    ]
    lab.sm.create_endpoint_config(EndpointConfigName="split", ProductionVariants=variants)
    lab.sm.create_endpoint(EndpointName="split", EndpointConfigName="split")
    assert lab.settle("split")["EndpointStatus"] == "InService"
    yield "split"
    lab.gone("split")


def test_each_request_is_drawn_by_weight_and_answered_for_itself(lab, split):
    before = lab.cloud.control("invocations")[split]
    sent = [str(number) for number in range(2_000)]
    found = lab.cloud.control("send", endpoint=split, bodies=sent, content_type="text/plain")
    assert [answer for _, answer in found] == [f"{who} says {body}" for (who, _), body in zip(found, sent, strict=True)]
    share = Counter(who for who, _ in found)
    low, high = binom.interval(1 - 1e-4, len(sent), 0.1)
    assert low <= share["new"] <= high
    after = lab.cloud.control("invocations")[split]
    assert {who: after[who]["ok"] - before[who]["ok"] for who in share} == share


def test_a_request_that_fails_is_told_and_the_others_go_on(lab, split):
    found = lab.cloud.control("send", endpoint=split, bodies=["1", "wrong", "2"], content_type="text/plain")
    assert [answer and answer.split()[-1] for _, answer in found] == ["1", None, "2"]


def test_what_was_answered_is_known_for_every_time_between_two_changes_of_weights(lab, split):
    def answers(counts) -> dict[str, int]:
        return {who: sum(outcomes.values()) for who, outcomes in counts.items()}

    before = answers(lab.cloud.control("invocations")[split])
    lab.sm.update_endpoint_weights_and_capacities(
        EndpointName=split,
        DesiredWeightsAndCapacities=[
            {"VariantName": "old", "DesiredWeight": 0},
            {"VariantName": "new", "DesiredWeight": 1},
        ],
    )
    lab.settle(split)
    lab.cloud.control("send", endpoint=split, bodies=["1"] * 50, content_type="text/plain")
    first, second = lab.cloud.control("weighings", endpoint=split)
    assert (first["weights"], second["weights"]) == ({"old": 9, "new": 1}, {"old": 0, "new": 1})
    assert answers(second["counts"]) == before
    after = answers(lab.cloud.control("invocations")[split])
    assert {who: after[who] - before[who] for who in before} == {"old": 0, "new": 50}


def test_an_endpoint_that_is_not_there_has_no_customers(lab):
    with pytest.raises(Exception, match="400"):
        lab.cloud.control("send", endpoint="none", bodies=["1"])
    assert lab.cloud.control("weighings", endpoint="none") == []
