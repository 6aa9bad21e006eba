"""AsyncInferenceConfig through boto3: what it may hold, and what cannot go with it."""

import pytest
from botocore.exceptions import ClientError

from .async_lab import VARIANT, AsyncLab


@pytest.fixture(scope="module")
def queued(lab):
    made = AsyncLab(lab)
    made.model("m")
    return made


def create(queued, name, config, variants=None, **more):
    queued.sm.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=variants or [VARIANT | {"ModelName": "m"}],
        AsyncInferenceConfig=config,
        **more,
    )
    return queued.sm.describe_endpoint_config(EndpointConfigName=name)


def test_a_configuration_is_described_as_it_was_given(queued):
    config = queued.config(
        client={"MaxConcurrentInvocationsPerInstance": 3},
        KmsKeyId="alias/results",
        NotificationConfig={
            "SuccessTopic": queued.topics["success"],
            "ErrorTopic": queued.topics["error"],
            "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"],
        },
    )
    assert create(queued, "whole", config)["AsyncInferenceConfig"] == config


@pytest.mark.parametrize(
    ("output", "client", "words"),
    [
        ({"S3OutputPath": "ftp://lab/out"}, {}, "regular expression pattern"),
        ({}, {"MaxConcurrentInvocationsPerInstance": 0}, "greater than or equal to 1"),
        ({}, {"MaxConcurrentInvocationsPerInstance": 1001}, "less than or equal to 1000"),
        ({"NotificationConfig": {"SuccessTopic": "success"}}, {}, "regular expression pattern"),
        ({"NotificationConfig": {"IncludeInferenceResponseIn": ["EVERYONE"]}}, {}, "enum value set"),
        (
            {"NotificationConfig": {"IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"]}},
            {},
            "ErrorTopic must be specified",
        ),
        ({"S3FailurePath": "https://lab.s3.amazonaws.com/failed"}, {}, "does not support a S3FailurePath"),
    ],
)
def test_what_the_model_does_not_allow_is_refused(queued, output, client, words):
    with pytest.raises(ClientError, match=words) as failure:
        create(queued, "wrong", queued.config(client=client, **output))
    assert failure.value.response["Error"]["Code"] == "ValidationException"


def test_an_output_configuration_is_asked_for(queued):
    with pytest.raises(ClientError, match=r"'asyncInferenceConfig\.outputConfig' failed to satisfy constraint"):
        create(queued, "wrong", {"ClientConfig": {}})


def test_an_asynchronous_endpoint_has_one_variant(queued):
    variants = [VARIANT | {"ModelName": "m", "VariantName": name} for name in ("blue", "green")]
    with pytest.raises(ClientError, match="Multiple production variants are not supported when specifying an Async"):
        create(queued, "two", queued.config(), variants)


def test_an_asynchronous_endpoint_has_no_shadow(queued):
    shadow = [VARIANT | {"ModelName": "m", "VariantName": "shadow"}]
    with pytest.raises(ClientError) as failure:
        create(queued, "shadowed", queued.config(), ShadowProductionVariants=shadow)
    assert "Shadow variants are not supported for endpoints that use Asynchronous Inference" in str(failure.value)


def test_an_asynchronous_endpoint_is_not_serverless(queued):
    serverless = {
        "VariantName": "v",
        "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    with pytest.raises(ClientError, match="AsyncInferenceConfig is not supported for serverless endpoints"):
        create(queued, "serverless", queued.config(), [serverless])


def test_each_kind_of_endpoint_is_invoked_in_its_own_way(queued, lab):
    described = queued.deploy("waits")
    config = queued.sm.describe_endpoint_config(EndpointConfigName="waits")["AsyncInferenceConfig"]
    assert described["AsyncInferenceConfig"] == config
    queued.sm.create_endpoint_config(
        EndpointConfigName="at-once", ProductionVariants=[VARIANT | {"ModelName": "waits"}]
    )
    queued.sm.create_endpoint(EndpointName="at-once", EndpointConfigName="at-once")
    assert "AsyncInferenceConfig" not in lab.settle("at-once")
    for name, invoke in (
        ("waits", lambda: lab.runtime.invoke_endpoint(EndpointName="waits", Body=b"x")),
        ("at-once", lambda: queued.ask("at-once")),
    ):
        with pytest.raises(ClientError, match=f"Endpoint {name} of account .* does not support this inference"):
            invoke()
        lab.gone(name)
