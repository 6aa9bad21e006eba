"""The QualityCheck step: a new baseline each time, held against the one before."""

import json

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import MONITOR_ANALYZER, SCIKIT_LEARN

from .flows import fail, get, parameter, s3_input, step

LIKE = "amount,hour\n" + "".join(f"{10 + i % 7},{i % 24}\n" for i in range(200))
UNLIKE = "amount,hour\n" + "".join(f"{10 + i % 7},{'' if i % 2 else 3}\n" for i in range(200))


@pytest.fixture(scope="module")
def check(flows):
    """A step as the SDK writes it; what it finds out goes below s3://lab/quality/<its name>."""
    for name, text in (("like", LIKE), ("unlike", UNLIKE)):
        flows.lab.s3.put_object(Bucket="lab", Key=f"quality/{name}/data.csv", Body=text.encode())

    def write(name="Check", data=None, kind="DATA_QUALITY", **more):
        output = {
            "OutputName": "quality_check_output",
            "S3Output": {
                "S3Uri": f"s3://lab/quality/{name}",
                "LocalPath": "/opt/ml/processing/output",
                "S3UploadMode": "EndOfJob",
            },
        }
        arguments = {
            "ProcessingInputs": [s3_input("baseline_dataset_input", data or get("Parameters.Data"))],
            "ProcessingOutputConfig": {"Outputs": [output]},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
            },
            "AppSpecification": {"ImageUri": MONITOR_ANALYZER},
            "RoleArn": flows.role,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Environment": {
                "dataset_format": json.dumps({"csv": {"header": True, "output_columns_position": "START"}}),
                "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
                "output_path": "/opt/ml/processing/output",
                "publish_cloudwatch_metrics": "Disabled",
            },
        }
        flags = {
            "CheckType": kind,
            "ModelPackageGroupName": None,
            "SkipCheck": False,
            "FailOnViolation": True,
            "RegisterNewBaseline": False,
            "SuppliedBaselineStatistics": None,
            "SuppliedBaselineConstraints": None,
        }
        return step(name, "QualityCheck", arguments, **{**flags, **more})

    return write


DATA = [parameter("Data", "String", "s3://lab/quality/like/")]


@pytest.fixture(scope="module")
def baseline(flows, check):
    """The first baseline, made without a check: its two files by the members that supply them."""
    first = check("First", SkipCheck=True, RegisterNewBaseline=True)
    told = fail("Told", get("Steps.First.BaselineUsedForDriftCheckConstraints"))
    flows.create("first-baseline", first, told, parameters=DATA)
    _, steps = flows.run("first-baseline")
    metadata = steps["First"]["Metadata"]["QualityCheck"]
    assert steps["Told"]["FailureReason"] == "s3://lab/quality/First/constraints.json"
    assert metadata["BaselineUsedForDriftCheckStatistics"] == metadata["CalculatedBaselineStatistics"]
    assert (metadata["SkipCheck"], metadata["RegisterNewBaseline"], metadata["CheckType"]) == (
        True,
        True,
        "DATA_QUALITY",
    )
    assert "processing-job/pipelines-" in metadata["CheckJobArn"]
    body = flows.lab.s3.get_object(Bucket="lab", Key="quality/First/constraints.json")["Body"].read()
    assert {feature["name"] for feature in json.loads(body)["features"]} == {"amount", "hour"}
    return {
        "SuppliedBaselineStatistics": metadata["CalculatedBaselineStatistics"],
        "SuppliedBaselineConstraints": metadata["CalculatedBaselineConstraints"],
    }


def test_data_like_the_baseline_pass_and_data_unlike_it_fail_the_step(flows, check, baseline):
    flows.create("quality", check(**baseline), parameters=DATA)
    execution, steps = flows.run("quality")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    metadata = steps["Check"]["Metadata"]["QualityCheck"]
    assert metadata["BaselineUsedForDriftCheckConstraints"] == baseline["SuppliedBaselineConstraints"]
    assert metadata["CalculatedBaselineConstraints"] == "s3://lab/quality/Check/constraints.json"
    assert "ViolationReport" not in metadata
    execution, steps = flows.run("quality", {"Data": "s3://lab/quality/unlike/"})
    assert execution["PipelineExecutionStatus"] == "Failed"
    report = "s3://lab/quality/Check/constraint_violations.json"
    assert steps["Check"]["FailureReason"] == f"ClientError: Quality check failed. See violation report {report}"
    assert steps["Check"]["Metadata"]["QualityCheck"]["ViolationReport"] == report
    body = flows.lab.s3.get_object(Bucket="lab", Key="quality/Check/constraint_violations.json")["Body"].read()
    assert {violation["feature_name"] for violation in json.loads(body)["violations"]} == {"hour"}


def test_a_violation_may_be_reported_only_and_the_new_baseline_taken(flows, check, baseline):
    step = check("Lenient", "s3://lab/quality/unlike/", FailOnViolation=False, RegisterNewBaseline=True, **baseline)
    flows.create("lenient", step)
    execution, steps = flows.run("lenient")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    metadata = steps["Lenient"]["Metadata"]["QualityCheck"]
    assert metadata["ViolationReport"].endswith("constraint_violations.json")
    assert metadata["BaselineUsedForDriftCheckConstraints"] == "s3://lab/quality/Lenient/constraints.json"


def test_the_baseline_comes_from_the_newest_approved_version(flows, check, baseline, archived):
    flows.create("grouped", check("Grouped", ModelPackageGroupName="checked"), parameters=DATA)
    flows.sm.create_model_package_group(ModelPackageGroupName="checked")
    assert "needs a previous baseline" in flows.run("grouped")[1]["Grouped"]["FailureReason"]
    files = {name.removeprefix("SuppliedBaseline"): uri for name, uri in baseline.items()}
    sources = {name: {"ContentType": "application/json", "S3Uri": uri} for name, uri in files.items()}
    flows.sm.create_model_package(
        ModelPackageGroupName="checked",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": archived}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
            "SupportedTransformInstanceTypes": ["ml.m5.large"],
        },
        DriftCheckBaselines={"ModelDataQuality": sources},
    )
    execution, steps = flows.run("grouped")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    used = steps["Grouped"]["Metadata"]["QualityCheck"]["BaselineUsedForDriftCheckConstraints"]
    assert used == baseline["SuppliedBaselineConstraints"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "DATA_BIAS"}, "CheckType of step 'Check' takes DATA_QUALITY, MODEL_QUALITY"),
        ({"SkipCheck": "no"}, "SkipCheck of step 'Check' must be true or false"),
        ({"Strict": True}, "unknown property 'Strict' of step 'Check'"),
    ],
)
def test_a_check_that_can_not_be_is_refused(flows, check, change, message):
    with pytest.raises(ClientError, match=message):
        flows.create("refused", check(**change), parameters=DATA)
