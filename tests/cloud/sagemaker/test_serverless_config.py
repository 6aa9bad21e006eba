"""What a serverless configuration may ask for: sizes, exclusions, quotas, and the one way between the two kinds."""

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN
from course.cloud.sagemaker.serverless_config import MOST_CONCURRENCY, check_quotas

SETTINGS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
ON_INSTANCES = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


@pytest.fixture(scope="module")
def configure(lab, serverless):
    """Ask for a configuration; what is given replaces or joins a valid one's members."""
    serverless.model("m")

    def ask(name: str = "tried", model: str = "m", variant=None, **more):
        variant = {"VariantName": "v", "ModelName": model, "ServerlessConfig": SETTINGS, **(variant or {})}
        variant = {key: value for key, value in variant.items() if value is not None}
        asked = {"EndpointConfigName": name, "ProductionVariants": [variant], **more}
        return lab.sm.create_endpoint_config(**asked)

    return ask


def refusal(failure) -> tuple[str, str]:
    return failure.value.response["Error"]["Code"], failure.value.response["Error"]["Message"]


@pytest.mark.parametrize("memory", [1024, 2048, 3072, 4096, 5120, 6144])
def test_memory_comes_in_steps_of_a_gigabyte(configure, memory):
    assert configure(f"of-{memory}", variant={"ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": 200}})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"MemorySizeInMB": 1536, "MaxConcurrency": 1}, "MemorySizeInMB 1536 is not valid"),
        ({"MemorySizeInMB": 7168, "MaxConcurrency": 1}, "less than or equal to 6144"),
        ({"MemorySizeInMB": 512, "MaxConcurrency": 1}, "greater than or equal to 1024"),
        ({"MemorySizeInMB": 1024, "MaxConcurrency": 0}, "greater than or equal to 1"),
        ({"MemorySizeInMB": 1024, "MaxConcurrency": 201}, "less than or equal to 200"),
        ({"MemorySizeInMB": 1024, "MaxConcurrency": 5, "ProvisionedConcurrency": 6}, "not be greater than MaxConc"),
    ],
)
def test_sizes_that_there_are_not(lab, configure, settings, words):
    with pytest.raises(Exception, match=r"(?i)valid") as failure:
        configure(variant={"ServerlessConfig": settings})
    if isinstance(failure.value, ClientError):
        assert refusal(failure)[0] == "ValidationException"
        assert words in refusal(failure)[1]


@pytest.mark.parametrize(
    "member",
    [
        {"InstanceType": "ml.m5.large"},
        {"InitialInstanceCount": 1},
        {"VolumeSizeInGB": 10},
        {"ContainerStartupHealthCheckTimeoutInSeconds": 60},
        {"ModelDataDownloadTimeoutInSeconds": 60},
    ],
)
def test_what_belongs_to_instances_does_not_go_with_it(configure, member):
    with pytest.raises(ClientError) as failure:
        configure(variant=member)
    (name,) = member
    assert refusal(failure) == (
        "ValidationException",
        f"{name} cannot be specified together with ServerlessConfig.",
    )


def test_neither_several_variants_nor_a_shadow(lab, configure):
    two = [{"VariantName": name, "ModelName": "m", "ServerlessConfig": SETTINGS} for name in "ab"]
    with pytest.raises(ClientError, match="do not support multiple production variants"):
        lab.sm.create_endpoint_config(EndpointConfigName="two", ProductionVariants=two)
    mixed = [two[0], {"VariantName": "c", "ModelName": "m", **ON_INSTANCES}]
    with pytest.raises(ClientError, match="do not support multiple production variants"):
        lab.sm.create_endpoint_config(EndpointConfigName="mixed", ProductionVariants=mixed)
    shadow = {"VariantName": "s", "ModelName": "m", **ON_INSTANCES}
    with pytest.raises(ClientError) as failure:
        configure(ShadowProductionVariants=[shadow])
    assert "ShadowProductionVariants" in refusal(failure)[1]


def test_no_data_capture(configure):
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://lab/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    with pytest.raises(ClientError, match="DataCaptureConfig"):
        configure(DataCaptureConfig=capture)


def test_no_network_of_ones_own(lab, serverless, configure):
    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    isolated = {"EnableNetworkIsolation": True}
    serverless.model("isolated", **isolated)
    with pytest.raises(ClientError, match="do not support network isolation, which model isolated has"):
        configure(model="isolated")
    with pytest.raises(ClientError, match="EnableNetworkIsolation"):
        configure(**isolated)
    with pytest.raises(ClientError, match="VpcConfig"):
        configure(VpcConfig=network)


def test_a_key_is_taken(configure):
    """AWS's example of a serverless configuration names one ("Create an endpoint configuration")."""
    assert configure("keyed", KmsKeyId="alias/aws/sagemaker")


def test_a_region_has_fifty_and_a_thousand_at_a_time():
    """The rule itself: nobody starts fifty endpoints to see it."""

    class Some:
        name = "v"

    def world(count: int, most: int):
        variant = Some()
        variant.settings, variant.config = {"ServerlessConfig": {}}, {"MaxConcurrency": most}
        endpoint = Some()
        endpoint.runtime = Some()
        endpoint.runtime.variants = {"v": variant}
        found = Some()
        found.store = Some()
        found.store.all = lambda kind: [endpoint] * count
        return found, endpoint

    asked = [{"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 200}}]
    check_quotas(world(49, 1)[0], asked)
    with pytest.raises(Exception, match=r"is 50 Endpoints, with current utilization of 50 Endpoints") as failure:
        check_quotas(world(50, 1)[0], asked)
    assert failure.value.code == "ResourceLimitExceeded"
    check_quotas(world(4, 200)[0], asked)
    full = r"is 1000 Invocations, with current utilization of 1000 Invocations and a request delta of 200 Invocations"
    with pytest.raises(Exception, match=full):
        check_quotas(world(5, 200)[0], asked)
    check_quotas(*(lambda w, e: (w, asked, e))(*world(5, 200)))  # all five are the one that it takes the place of
    assert MOST_CONCURRENCY == 1000


def test_quotas_hold_where_endpoints_are_made(lab, serverless):
    serverless.deploy("greedy", most=200)
    serverless.config("greedier", "greedy", most=200)
    names = [f"greedy-{number}" for number in range(4)]
    for name in names:
        lab.sm.create_endpoint(EndpointName=name, EndpointConfigName="greedier")
    with pytest.raises(ClientError) as failure:
        lab.sm.create_endpoint(EndpointName="too-much", EndpointConfigName="greedier")
    assert refusal(failure)[0] == "ResourceLimitExceeded"
    for name in names:
        lab.settle(name)
        lab.gone(name)
    lab.gone("greedy")


def test_an_update_goes_one_way_only(lab, serverless, configure):
    serverless.deploy("one-way", most=2)
    configure("more", model="one-way", variant={"ServerlessConfig": SETTINGS | {"MaxConcurrency": 4}})
    lab.sm.update_endpoint(EndpointName="one-way", EndpointConfigName="more")
    found = lab.settle("one-way")["ProductionVariants"][0]
    assert found["CurrentServerlessConfig"]["MaxConcurrency"] == 4
    assert serverless.ask("one-way")
    instances = {"ServerlessConfig": None, **ON_INSTANCES}
    configure("on-instances", model="one-way", variant=instances)
    lab.sm.update_endpoint(EndpointName="one-way", EndpointConfigName="on-instances")
    found = lab.settle("one-way")["ProductionVariants"][0]
    assert found["CurrentInstanceCount"] == 1
    assert serverless.ask("one-way")
    with pytest.raises(ClientError) as failure:
        lab.sm.update_endpoint(EndpointName="one-way", EndpointConfigName="more")
    assert refusal(failure)[0] == "ValidationException"
    assert "from instance-based to serverless is not supported" in refusal(failure)[1]
    lab.gone("one-way")


def test_concurrency_is_changed_in_place(lab, serverless):
    serverless.deploy("grows", most=2)

    def change(**update):
        asked = {"VariantName": "v", "ServerlessUpdateConfig": update}
        lab.sm.update_endpoint_weights_and_capacities(EndpointName="grows", DesiredWeightsAndCapacities=[asked])
        return lab.settle("grows")["ProductionVariants"][0]["CurrentServerlessConfig"]

    assert change(MaxConcurrency=4, ProvisionedConcurrency=3)["ProvisionedConcurrency"] == 3
    before = serverless.starts("grows")
    answers = serverless.together("grows", ["sleep 1"] * 4)
    assert len(set(answers)) == 4
    assert serverless.starts("grows") == before + 1
    assert change(ProvisionedConcurrency=1) == {
        "MemorySizeInMB": 2048,
        "MaxConcurrency": 4,
        "ProvisionedConcurrency": 1,
    }
    with pytest.raises(ClientError, match="ProvisionedConcurrency 5 must not be greater than MaxConcurrency 4"):
        change(ProvisionedConcurrency=5)
    lab.gone("grows")


def test_instances_are_no_capacity_of_a_serverless_variant(lab, serverless):
    serverless.deploy("countless")
    asked = {"VariantName": "v", "DesiredInstanceCount": 2}
    with pytest.raises(ClientError, match="DesiredInstanceCount"):
        lab.sm.update_endpoint_weights_and_capacities(EndpointName="countless", DesiredWeightsAndCapacities=[asked])
    lab.gone("countless")


def test_a_variant_on_instances_has_no_serverless_capacity(lab, serverless):
    serverless.model("steady")
    variant = {"VariantName": "v", "ModelName": "steady", **ON_INSTANCES}
    lab.sm.create_endpoint_config(EndpointConfigName="steady", ProductionVariants=[variant])
    lab.sm.create_endpoint(EndpointName="steady", EndpointConfigName="steady")
    lab.settle("steady")
    asked = {"VariantName": "v", "ServerlessUpdateConfig": {"MaxConcurrency": 2}}
    with pytest.raises(ClientError, match="ServerlessUpdateConfig"):
        lab.sm.update_endpoint_weights_and_capacities(EndpointName="steady", DesiredWeightsAndCapacities=[asked])
    lab.gone("steady")


def test_a_pipeline_of_containers_cannot_be_served_so(lab, configure):
    """Refused where the model is made as long as this cloud knows no inference pipelines, else by the configuration."""
    code = lab.put_code("code/pair.tar.gz", serve__py="def model_fn(d): return 1")
    container = {
        "Image": SCIKIT_LEARN,
        "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
    }
    with pytest.raises(ClientError, match=r"(?i)inference pipeline"):
        lab.sm.create_model(ModelName="pair", ExecutionRoleArn=lab.role, Containers=[container, container])
        configure(model="pair")
