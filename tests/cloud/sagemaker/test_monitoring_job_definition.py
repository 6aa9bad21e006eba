"""Job definitions of the four monitors: made, described, listed, deleted, and refused."""

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import CLARIFY, MONITOR_ANALYZER, SCIKIT_LEARN

from .watch import CLUSTER, INPUT, OUTPUT

KINDS = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
TRUTH = {"GroundTruthS3Input": {"S3Uri": "s3://lab/truth"}}


def arguments(kind):
    """What a definition of this kind needs beside what all have."""
    return {
        "DataQuality": {},
        "ModelQuality": {"application": {"ProblemType": "BinaryClassification"}, "given": TRUTH},
        "ModelBias": {"image": CLARIFY, "application": {"ConfigUri": "s3://lab/config.json"}, "given": TRUTH},
        "ModelExplainability": {"image": CLARIFY, "application": {"ConfigUri": "s3://lab/config.json"}},
    }[kind]


def snake(kind):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)[1:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_is_described_as_it_was_made_and_goes(watch, kind):
    name = f"made-{kind}"
    arn = watch.define(name, kind, **arguments(kind), StoppingCondition={"MaxRuntimeInSeconds": 600})
    assert arn.endswith(f":{snake(kind).replace('_', '-')}-job-definition/{name}")
    shown = getattr(watch.sm, f"describe_{snake(kind)}_job_definition")(JobDefinitionName=name)
    assert (shown["JobDefinitionName"], shown["JobDefinitionArn"], shown["RoleArn"]) == (name, arn, watch.lab.role)
    assert shown[f"{kind}JobInput"]["EndpointInput"]["S3InputMode"] == "File"
    assert shown[f"{kind}JobOutputConfig"]["MonitoringOutputs"][0]["S3Output"]["S3UploadMode"] == "Continuous"
    assert shown["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    with pytest.raises(ClientError, match="already exists") as refused:
        watch.define(name, kind, **arguments(kind))
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    lister = getattr(watch.sm, f"list_{snake(kind)}_job_definitions")
    [found] = lister(NameContains=name, EndpointName=watch.name)["JobDefinitionSummaries"]
    assert (found["MonitoringJobDefinitionName"], found["MonitoringJobDefinitionArn"]) == (name, arn)
    assert found["EndpointName"] == watch.name
    assert lister(EndpointName="another")["JobDefinitionSummaries"] == []
    getattr(watch.sm, f"delete_{snake(kind)}_job_definition")(JobDefinitionName=name)
    with pytest.raises(ClientError, match="Could not find") as gone:
        getattr(watch.sm, f"describe_{snake(kind)}_job_definition")(JobDefinitionName=name)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_may_be_about_transform_jobs(watch, kind):
    name = f"batch-{kind}"
    watch.define(name, kind, batch={}, **arguments(kind))
    shown = getattr(watch.sm, f"describe_{snake(kind)}_job_definition")(JobDefinitionName=name)
    assert shown[f"{kind}JobInput"].get("EndpointInput") is None
    assert shown[f"{kind}JobInput"]["BatchTransformInput"] == {
        "DataCapturedDestinationS3Uri": f"s3://lab/{watch.name}",
        "DatasetFormat": {"Csv": {"Header": False}},
        "LocalPath": INPUT,
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    lister = getattr(watch.sm, f"list_{snake(kind)}_job_definitions")
    [found] = lister(NameContains=name)["JobDefinitionSummaries"]
    assert (found["MonitoringJobDefinitionName"], "EndpointName" in found) == (name, False)
    assert lister(NameContains=name, EndpointName=watch.name)["JobDefinitionSummaries"] == []


def test_a_definition_has_tags(watch):
    arn = watch.define("tagged", Tags=[{"Key": "team", "Value": "risk"}])
    assert watch.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]


BATCH = {
    "DataCapturedDestinationS3Uri": "s3://b/capture",
    "DatasetFormat": {"Csv": {"Header": False}},
    "LocalPath": INPUT,
}


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("DataQuality", {"DataQualityJobInput": {}}, "must specify either an EndpointInput or a BatchTransformInput"),
        ("DataQuality", {"given": {"BatchTransformInput": BATCH}}, "or a BatchTransformInput .* and not both"),
        ("DataQuality", {"batch": {"S3InputMode": "Pipe"}}, "BatchTransformInput.S3InputMode=Pipe"),
        ("DataQuality", {"batch": {"DatasetFormat": {"Parquet": {}}}}, "BatchTransformInput.DatasetFormat.Parquet"),
        ("DataQuality", {"batch": {"DatasetFormat": {}}}, "exactly one of Csv and Json"),
        ("DataQuality", {"batch": {"DatasetFormat": {"Csv": {}, "Json": {}}}}, "exactly one of Csv and Json"),
        ("DataQuality", {"batch": {"DataCapturedDestinationS3Uri": "https://b/capture"}}, "is not an S3 URI"),
        ("DataQuality", {"batch": {"LocalPath": "/tmp/x"}}, "must be an absolute path that begins with"),
        ("DataQuality", {"batch": {"StartTimeOffset": "-PT1H", "EndTimeOffset": "-PT2H"}}, "must lie before"),
        (
            "DataQuality",
            {"batch": {}, "application": {"RecordPreprocessorSourceUri": "s3://lab/script.py"}},
            "does not support RecordPreprocessorSourceUri with a BatchTransformInput",
        ),
        ("ModelBias", {"batch": {"ExcludeFeaturesAttribute": "0"}}, "BatchTransformInput.ExcludeFeaturesAttribute"),
        (
            "ModelExplainability",
            {"batch": {"ExcludeFeaturesAttribute": "0"}},
            "BatchTransformInput.ExcludeFeaturesAttribute",
        ),
        ("DataQuality", {"endpoint": {"S3InputMode": "Pipe"}}, "S3InputMode=Pipe"),
        ("DataQuality", {"endpoint": {"ExcludeFeaturesAttribute": "0"}}, "ExcludeFeaturesAttribute"),
        ("DataQuality", {"endpoint": {"LocalPath": "/tmp/x"}}, "must be an absolute path that begins with"),
        ("DataQuality", {"endpoint": {"StartTimeOffset": "P1D"}}, "must not lie after the scheduled time"),
        (
            "DataQuality",
            {"endpoint": {"StartTimeOffset": "-PT1H", "EndTimeOffset": "-PT2H"}},
            "StartTimeOffset must lie before EndTimeOffset",
        ),
        ("DataQuality", {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"}, "not found"),
        ("DataQuality", {"image": SCIKIT_LEARN}, "must specify a ContainerEntrypoint"),
        ("DataQuality", {"baseline": {"BaseliningJobName": "never-ran"}}, "Could not find baselining job"),
        (
            "DataQuality",
            {"baseline": {"ConstraintsResource": {"S3Uri": "https://lab/constraints.json"}}},
            "is not an S3 URI",
        ),
        ("DataQuality", {"RoleArn": "arn:aws:iam::123456789012:role/Nobody"}, "role"),
        ("ModelQuality", {"application": {}}, "must specify a ProblemType"),
        ("ModelQuality", {"given": {"GroundTruthS3Input": {}}}, "must specify an S3Uri in GroundTruthS3Input"),
    ],
)
def test_what_no_execution_could_follow_is_refused(watch, kind, change, message):
    with pytest.raises(ClientError, match=message) as refused:
        watch.define("refused", kind, **{**arguments(kind), **change})
    assert refused.value.response["Error"]["Code"] in ("ValidationException", "AccessDeniedException")


def test_a_definition_in_a_schedule_is_checked_too(watch):
    inline = {
        "MonitoringInputs": [{"EndpointInput": {"EndpointName": watch.name, "LocalPath": INPUT}}],
        "MonitoringOutputConfig": {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://lab/r", "LocalPath": OUTPUT}}]},
        "MonitoringResources": {"ClusterConfig": CLUSTER},
        "MonitoringAppSpecification": {"ImageUri": MONITOR_ANALYZER},
        "RoleArn": watch.lab.role,
    }

    def refused(message, **change):
        config = {"MonitoringJobDefinition": {**inline, **change}}
        with pytest.raises(ClientError, match=message):
            watch.sm.create_monitoring_schedule(MonitoringScheduleName="refused", MonitoringScheduleConfig=config)

    refused("must specify either an EndpointInput or a BatchTransformInput", MonitoringInputs=[{}])
    refused("and not both", MonitoringInputs=[{**inline["MonitoringInputs"][0], "BatchTransformInput": BATCH}])
    parquet = {**BATCH, "DatasetFormat": {"Parquet": {}}}
    refused("BatchTransformInput.DatasetFormat.Parquet", MonitoringInputs=[{"BatchTransformInput": parquet}])
    refused("must specify a ContainerEntrypoint", MonitoringAppSpecification={"ImageUri": SCIKIT_LEARN})
