"""The ClarifyCheck step: an analysis each time, held against the one before, of data and of a step's model."""

import json

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import CLARIFY, SCIKIT_LEARN

from ..clarify.conftest import BIAS, people
from .flows import get, parameter, s3_input, step

SERVE = """
import numpy as np

def model_fn(model_dir):
    return np.array([0.8, -0.05, 0.3])

def predict_fn(rows, weights):
    return 1 / (1 + np.exp(-(1 + np.atleast_2d(rows) @ weights)))
"""
PREDICTOR = {"instance_type": "ml.m5.large", "initial_instance_count": 1}
CONFIGS = {
    "DATA_BIAS": BIAS | {"methods": {"pre_training_bias": {"methods": ["CI", "DPL", "KS"]}}},
    "MODEL_BIAS": BIAS | {"methods": {"post_training_bias": {"methods": ["DPPL", "DI", "RD"]}}, "predictor": PREDICTOR},
    "MODEL_EXPLAINABILITY": {
        "dataset_type": "text/csv",
        "label": "fraud",
        "methods": {"shap": {"baseline": [[0, 50.0, 1]], "use_logit": True, "seed": 1}},
        "predictor": PREDICTOR,
    },
}
DATA = [parameter("Data", "String", "s3://lab/clarify/as-ever/")]
MODEL = get("Steps.Make.ModelName")


@pytest.fixture(scope="module")
def check(flows):
    """A step as the SDK writes it; what it finds out goes below s3://lab/clarify/<its name>."""
    old = people(400)
    worse = old.assign(fraud=old.fraud | old.age)  # every old customer is a fraud
    for name, table in (
        ("as-ever", old),
        ("worse", worse),
        ("spread", people(20).assign(income=lambda t: t.income * 5)),  # income decides
        ("flat", people(20).assign(income=50.0)),  # income says nothing
    ):
        flows.lab.s3.put_object(Bucket="lab", Key=f"clarify/{name}/d.csv", Body=table.to_csv(index=False).encode())
    for kind, config in CONFIGS.items():
        flows.lab.s3.put_object(
            Bucket="lab", Key=f"clarify/config/{kind}/analysis_config.json", Body=json.dumps(config).encode()
        )

    def write(name, kind="DATA_BIAS", data=None, **more):
        output = {
            "OutputName": "analysis_result",
            "AppManaged": False,
            "S3Output": {
                "S3Uri": f"s3://lab/clarify/{name}",
                "LocalPath": "/opt/ml/processing/output",
                "S3UploadMode": "EndOfJob",
            },
        }
        config = s3_input("analysis_config", f"s3://lab/clarify/config/{kind}/analysis_config.json")
        arguments = {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
            },
            "AppSpecification": {"ImageUri": CLARIFY},
            "RoleArn": flows.role,
            "ProcessingInputs": [config, s3_input("dataset", data or get("Parameters.Data"))],
            "ProcessingOutputConfig": {"Outputs": [output]},
        }
        flags = {
            "CheckType": kind,
            "ModelPackageGroupName": None,
            "SkipCheck": False,
            "FailOnViolation": True,
            "RegisterNewBaseline": False,
            "SuppliedBaselineConstraints": None,
        }
        return step(name, "ClarifyCheck", arguments, **{**flags, **more})

    return write


@pytest.fixture(scope="module")
def make(flows, archived):
    """A step that makes the model, and whose name for it a check refers to."""
    code = flows.lab.put_code("code/clarify-check.tar.gz", serve__py=SERVE)
    environment = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code}
    container = {"Image": SCIKIT_LEARN, "ModelDataUrl": archived, "Environment": environment}
    return step("Make", "Model", {"ExecutionRoleArn": flows.lab.role, "PrimaryContainer": container})


def read(flows, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return json.loads(flows.lab.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.fixture(scope="module")
def baseline(flows, check):
    """The first analysis of the data, made without a check."""
    flows.create("first-analysis", check("First", SkipCheck=True, RegisterNewBaseline=True), parameters=DATA)
    execution, steps = flows.run("first-analysis")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    metadata = steps["First"]["Metadata"]["ClarifyCheck"]
    assert metadata["BaselineUsedForDriftCheckConstraints"] == metadata["CalculatedBaselineConstraints"]
    assert (metadata["SkipCheck"], metadata["RegisterNewBaseline"]) == (True, True)
    assert "processing-job/pipelines-" in metadata["CheckJobArn"]
    uri = metadata["CalculatedBaselineConstraints"]
    assert uri == "s3://lab/clarify/First/analysis.json"
    assert "pre_training_bias_metrics" in read(flows, uri)
    return uri


def test_the_same_bias_passes_and_more_of_it_fails_the_step(flows, check, baseline):
    flows.create("data-bias", check("Bias", SuppliedBaselineConstraints=baseline), parameters=DATA)
    execution, steps = flows.run("data-bias")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    metadata = steps["Bias"]["Metadata"]["ClarifyCheck"]
    assert metadata["CheckType"] == "DATA_BIAS"
    assert metadata["BaselineUsedForDriftCheckConstraints"] == baseline
    assert metadata["CalculatedBaselineConstraints"] == "s3://lab/clarify/Bias/analysis.json"
    assert "ViolationReport" not in metadata
    execution, steps = flows.run("data-bias", {"Data": "s3://lab/clarify/worse/"})
    assert execution["PipelineExecutionStatus"] == "Failed"
    report = "s3://lab/clarify/Bias/constraint_violations.json"
    assert steps["Bias"]["FailureReason"] == f"ClientError: Clarify check failed. See violation report {report}"
    assert steps["Bias"]["Metadata"]["ClarifyCheck"]["ViolationReport"] == report
    found = read(flows, report)
    assert found["version"] == "1.0"
    assert {v["metric_name"] for v in found["violations"]} == {"DPL", "KS"}  # the classes are as large as they were
    assert {(v["facet"], v["facet_value"], v["constraint_check_type"]) for v in found["violations"]} == {
        ("age", "1", "bias_drift_check")
    }


def test_a_violation_may_be_reported_only_and_the_new_baseline_taken(flows, check, baseline):
    more = {"FailOnViolation": False, "RegisterNewBaseline": True, "SuppliedBaselineConstraints": baseline}
    flows.create("lenient-bias", check("Lenient", data="s3://lab/clarify/worse/", **more))
    execution, steps = flows.run("lenient-bias")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    metadata = steps["Lenient"]["Metadata"]["ClarifyCheck"]
    assert metadata["ViolationReport"].endswith("constraint_violations.json")
    assert metadata["BaselineUsedForDriftCheckConstraints"] == "s3://lab/clarify/Lenient/analysis.json"


def test_the_baseline_comes_from_the_newest_approved_version(flows, check, baseline, registered):
    flows.create("grouped-bias", check("Grouped", ModelPackageGroupName="fair"), parameters=DATA)
    flows.sm.create_model_package_group(ModelPackageGroupName="fair")
    reason = flows.run("grouped-bias")[1]["Grouped"]["FailureReason"]
    assert "needs a previous baseline, constraints, unless" in reason
    source = {"ContentType": "application/json", "S3Uri": baseline}
    baselines = {"Bias": {"PreTrainingConstraints": source}}
    registered("fair", ModelApprovalStatus="Approved", DriftCheckBaselines=baselines)
    execution, steps = flows.run("grouped-bias")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    used = steps["Grouped"]["Metadata"]["ClarifyCheck"]["BaselineUsedForDriftCheckConstraints"]
    assert used == baseline


def test_the_bias_of_a_model_that_an_earlier_step_makes(flows, check, make):
    first = check("Model", "MODEL_BIAS", ModelName=MODEL, SkipCheck=True, RegisterNewBaseline=True)
    again = check(
        "Again",
        "MODEL_BIAS",
        ModelName=MODEL,
        SuppliedBaselineConstraints=get("Steps.Model.CalculatedBaselineConstraints"),
    )
    flows.create("model-bias", first, again, make, parameters=DATA)
    execution, steps = flows.run("model-bias")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    found = read(flows, "s3://lab/clarify/Again/analysis.json")["post_training_bias_metrics"]["facets"]["age"]
    assert [metric["name"] for metric in found[0]["metrics"]] == ["DI", "DPPL", "RD"]
    assert not read(flows, "s3://lab/clarify/Again/constraint_violations.json")["violations"]
    assert not flows.sm.list_endpoint_configs()["EndpointConfigs"]  # the shadow endpoint is gone


def test_what_a_models_predictions_rest_on_may_not_change(flows, check, make):
    kind = "MODEL_EXPLAINABILITY"
    more = {"SkipCheck": True, "RegisterNewBaseline": True}
    first = check("Explain", kind, "s3://lab/clarify/spread/", ModelName=MODEL, **more)
    constraints = get("Steps.Explain.BaselineUsedForDriftCheckConstraints")
    then = check("Then", kind, ModelName=MODEL, SuppliedBaselineConstraints=constraints)
    flows.create("explained", make, first, then, parameters=DATA)
    assert flows.run("explained", {"Data": "s3://lab/clarify/spread/"})[0]["PipelineExecutionStatus"] == "Succeeded"
    _, steps = flows.run("explained", {"Data": "s3://lab/clarify/flat/"})
    assert steps["Then"]["FailureReason"].startswith("ClientError: Clarify check failed.")
    [violation] = read(flows, "s3://lab/clarify/Then/constraint_violations.json")["violations"]
    assert (violation["label"], violation["metric_name"]) == ("label0", "shap")
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"


def test_a_baseline_of_another_analysis_fails_the_job(flows, check, baseline):
    flows.lab.s3.put_object(Bucket="lab", Key="clarify/other.json", Body=b'{"version": "1.0"}')
    flows.create(
        "mistaken", check("Mistaken", SuppliedBaselineConstraints="s3://lab/clarify/other.json"), parameters=DATA
    )
    _, steps = flows.run("mistaken")
    assert "The baseline constraints are not those of this analysis" in steps["Mistaken"]["FailureReason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "DATA_QUALITY"}, "CheckType of step 'Bias' takes DATA_BIAS, MODEL_BIAS, MODEL_EXPLAINABILITY"),
        ({"kind": "MODEL_BIAS"}, "Step 'Bias' needs a ModelName: its CheckType is MODEL_BIAS"),
        ({"ModelName": "m"}, "Step 'Bias' has a ModelName, which a check of type DATA_BIAS does not take"),
        ({"RegisterNewBaseline": "no"}, "RegisterNewBaseline of step 'Bias' must be true or false"),
        ({"SuppliedBaselineStatistics": "s3://b/k"}, "unknown property 'SuppliedBaselineStatistics' of step 'Bias'"),
    ],
)
def test_a_check_that_can_not_be_is_refused(flows, check, change, message):
    with pytest.raises(ClientError, match=message):
        flows.create("refused-bias", check("Bias", **change), parameters=DATA)
