"""Monitoring of transform jobs: what they read and wrote, found by the manifests that they captured."""

import json

import numpy as np
import pytest

from course.cloud.images import CLARIFY, MONITOR_ANALYZER
from tests.cloud.conftest import TRUST
from tests.cloud.monitoring.records import label

from .batches import SUM
from .watch import CLUSTER, HOUR, INPUT, OUTPUT, Watch

NAMES = ("amount", "clock")
STAMPED = {"DataCaptureConfig": {"GenerateInferenceId": True}, "DataProcessing": {"JoinSource": "Input"}}
ECHO = """
import json
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    text = data if isinstance(data, str) else data.decode()
    rows = [json.loads(line)["features"] for line in text.splitlines()]
    return "\\n".join(json.dumps({"score": row[0]}) for row in rows), accept
"""
"""JSON lines: the first feature is the score."""
FIRST = """
def model_fn(model_dir):
    class First:
        def predict(self, rows):
            return rows[:, 0]
    return First()
"""
"""text/csv: the first feature is the score."""


def features(count=300, seed=0, scale=1.0):
    """Rows of amount and clock, as csv."""
    rng = np.random.default_rng(seed)
    columns = zip(scale * rng.lognormal(3, 1, count), rng.integers(0, 24, count), strict=True)
    return [[f"{amount:.2f}", str(clock)] for amount, clock in columns]


def csv(rows):
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def nightly(lab):
    """Short ways to monitor what is captured below s3://lab/nightly; there is no endpoint."""
    return Watch(lab, "nightly")


@pytest.fixture(scope="module")
def models(batches):
    return {"sum": batches.model("sum", SUM), "first": batches.model("first", FIRST), "json": batches.model("j", ECHO)}


@pytest.fixture(scope="module")
def transform(batches, models):
    """Run a transform job with capture; it must complete. `below`: where it captures."""

    def run(name, rows, model="sum", below="nightly", **more):
        body = rows if isinstance(rows, str) else csv(rows)
        capture = {"DestinationS3Uri": f"s3://lab/{below}", **more.pop("DataCaptureConfig", {})}
        done = batches.run(name, models[model], {"rows.csv": body}, DataCaptureConfig=capture, **more)
        assert done["TransformJobStatus"] == "Completed", done
        return done

    return run


@pytest.fixture(scope="module")
def baseline(nightly):
    folder = nightly.process("nightly-baseline", features(2000, seed=1), NAMES)
    return {
        "StatisticsResource": {"S3Uri": f"{folder}/statistics.json"},
        "ConstraintsResource": {"S3Uri": f"{folder}/constraints.json"},
    }


def violations(watch, execution):
    found = watch.report(execution, "constraint_violations.json")["violations"]
    return {(one["feature_name"], one["constraint_check_type"]) for one in found}


@pytest.fixture(scope="module")
def quality(nightly, baseline):
    """An hourly schedule of data quality."""
    nightly.define("data", baseline=baseline, batch={})
    nightly.schedule("data")


def test_clean_rows_complete_and_the_report_lies_where_aws_puts_it(nightly, transform, quality):
    start = nightly.hour()
    transform("clean", features(seed=2))
    nightly.next_hour()
    execution = nightly.executions("data")[0]
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert "EndpointName" not in execution
    assert nightly.report(execution, "statistics.json")["dataset"]["item_count"] == 300
    folder = f"reports/data/{start + HOUR:%Y/%m/%d/%H}"
    assert nightly.keys(folder) == [
        f"{folder}/{n}.json" for n in ("constraint_violations", "constraints", "statistics")
    ]
    shown = nightly.sm.describe_monitoring_schedule(MonitoringScheduleName="data")
    assert "EndpointName" not in shown and shown["MonitoringType"] == "DataQuality"


def test_what_is_wrong_with_the_rows_is_found(nightly, transform, quality):
    start = nightly.hour()
    transform("drifted", features(seed=3, scale=4.0))
    transform("typed", [[amount, f"{clock}.5"] for amount, clock in features(seed=4)])  # a second job of the hour
    nightly.next_hour()
    execution = nightly.executions("data")[0]
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert {("amount", "baseline_drift_check"), ("clock", "data_type_check")} <= violations(nightly, execution)
    assert nightly.report(execution, "statistics.json")["dataset"]["item_count"] == 600
    job = nightly.sm.describe_processing_job(ProcessingJobName=execution["ProcessingJobArn"].rpartition("/")[2])
    assert json.loads(job["Environment"]["dataset_format"]) == {"csv": {"header": False}}
    assert "sagemaker_endpoint_name" not in job["Environment"]
    inputs = [one["S3Input"] for one in job["ProcessingInputs"] if one["InputName"].startswith("batch_")]
    manifests = [f"s3://lab/{key}" for key in nightly.keys(f"nightly/input/{start:%Y/%m/%d/%H}/")]
    assert [(one["S3Uri"], one["S3DataType"]) for one in inputs] == [(uri, "ManifestFile") for uri in manifests]
    metrics = nightly.lab.cloud.client("cloudwatch").list_metrics(
        Namespace="aws/sagemaker/ModelMonitoring/data-metrics"
    )
    dimensions = {one["MetricName"]: one["Dimensions"] for one in metrics["Metrics"]}
    assert dimensions["feature_baseline_drift_amount"] == [{"Name": "MonitoringSchedule", "Value": "data"}]


def test_an_hour_without_transform_jobs_fails_for_want_of_data(nightly, quality):
    nightly.next_hour()
    execution = nightly.executions("data")[0]
    assert (execution["MonitoringExecutionStatus"], execution["FailureReason"]) == ("Failed", "Job inputs had no data")


def test_excluded_features_are_not_judged(nightly, transform, baseline):
    for name, excluded in (("by-name", "amount"), ("by-index", "0"), ("by-nothing", "shop")):
        nightly.define(name, baseline=baseline, batch={"ExcludeFeaturesAttribute": excluded})
        nightly.schedule(name)
    transform("half-bad", features(seed=5, scale=4.0))
    nightly.next_hour()
    for name in ("by-name", "by-index"):
        execution = nightly.executions(name)[0]
        assert execution["MonitoringExecutionStatus"] == "Completed", execution
        assert [one["name"] for one in nightly.report(execution, "statistics.json")["features"]] == ["clock"]
    assert "there is no column shop" in nightly.executions("by-nothing")[0]["FailureReason"]
    for name in ("by-name", "by-index", "by-nothing"):
        nightly.sm.delete_monitoring_schedule(MonitoringScheduleName=name)


def test_offsets_look_back_to_the_hour_in_which_the_jobs_ran(nightly, transform, baseline):
    start = nightly.hour()
    transform("at-night", features(seed=6), below="offset")
    later = (start + 4 * HOUR).hour
    offsets = {"StartTimeOffset": "-PT4H", "EndTimeOffset": "-PT3H"}
    nightly.define("later", baseline=baseline, batch={"DataCapturedDestinationS3Uri": "s3://lab/offset/", **offsets})
    nightly.schedule("later", cron=f"cron(0 {later} ? * * *)")
    nightly.advance(hours=4.5)
    [execution] = nightly.executions("later")
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName="later")


def test_a_single_object_and_a_header_and_a_definition_within_a_schedule(nightly, batches, models, baseline):
    """The model passes over the header; the input is one object, whose manifest has the prefix alone."""
    uri = nightly.put("single/rows.csv", ",".join(NAMES) + "\n" + csv(features(seed=7)))
    told = batches.model("tell-less", "def model_fn(d): pass\ndef transform_fn(m, data, t, a): return '0', a\n")
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
    capture = {"DestinationS3Uri": "s3://lab/headed"}
    batches.run("headed", told, {}, TransformInput=source, DataCaptureConfig=capture)
    [key] = nightly.keys("headed/input/")
    assert nightly.get(f"s3://lab/{key}") == [{"prefix": uri}, ""]
    given = {"DataCapturedDestinationS3Uri": "s3://lab/headed", "LocalPath": INPUT}
    inline = {
        "BaselineConfig": baseline,
        "MonitoringInputs": [{"BatchTransformInput": {**given, "DatasetFormat": {"Csv": {"Header": True}}}}],
        "MonitoringOutputConfig": {
            "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://lab/reports", "LocalPath": OUTPUT}}]
        },
        "MonitoringResources": {"ClusterConfig": CLUSTER},
        "MonitoringAppSpecification": {"ImageUri": MONITOR_ANALYZER},
        "RoleArn": nightly.lab.role,
    }
    config = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinition": inline,
    }
    nightly.sm.create_monitoring_schedule(MonitoringScheduleName="inline", MonitoringScheduleConfig=config)
    nightly.next_hour()
    execution = nightly.executions("inline")[0]
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert nightly.report(execution, "statistics.json")["dataset"]["item_count"] == 300
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName="inline")


def test_json_lines_are_judged_too(nightly, batches, baseline):
    told = batches.model("tell-json", "def model_fn(d): pass\ndef transform_fn(m, data, t, a): return '{}', a\n")
    lines = "".join(json.dumps({"amount": float(a), "clock": "noon"}) + "\n" for a, _ in features(seed=8))
    batches.run(
        "named",
        told,
        {"rows.jsonl": lines},
        TransformInput={"ContentType": "application/jsonlines"},
        TransformOutput={"Accept": "application/jsonlines"},
        DataCaptureConfig={"DestinationS3Uri": "s3://lab/named"},
    )
    source = {"DataCapturedDestinationS3Uri": "s3://lab/named", "DatasetFormat": {"Json": {"Line": True}}}
    nightly.define("named", baseline=baseline, batch=source)
    nightly.schedule("named")
    nightly.next_hour()
    execution = nightly.executions("named")[0]
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert violations(nightly, execution) == {("clock", "data_type_check")}
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName="named")


# -- with ground truth -------------------------------------------------------------------------------------------------


def labelled(watch, batches, job, truths, at):
    """Ground truth of a job's rows, in their order, by the inference ids of its output."""
    [text] = batches.output(job).values()
    lines = text.splitlines()
    jsons = lines[0].startswith("{")
    ids = [json.loads(line)["SageMakerInferenceId"] if jsons else line.split(",")[-2] for line in lines]
    body = "".join(json.dumps(label(one, str(truth))) + "\n" for one, truth in zip(ids, truths, strict=True))
    watch.put(f"truth-{job}/{at:%Y/%m/%d/%H}/labels.jsonl", body)
    return ids


TRUTH = [1] * 50 + [0] * 450
SCORES = [0.9] * 40 + [0.1] * 10 + [0.8] * 10 + [0.2] * 440  # 40 of 50 frauds are found, 10 of 450 others flagged


@pytest.fixture(scope="module")
def limits(nightly):
    columns = {"probability_attribute": "score", "ground_truth_attribute": "label"}
    rows = list(zip(TRUTH, SCORES, strict=True))
    variables = {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification", **columns}
    folder = nightly.process("truth-baseline", rows, ("label", "score"), **variables)
    return {"ConstraintsResource": {"S3Uri": f"{folder}/constraints.json"}}


def judged(watch, name, limits, job, **source):
    """Schedule model quality for a job that ran in the hour that it is, and the execution of the next hour."""
    watch.define(
        name,
        "ModelQuality",
        baseline=limits,
        application={"ProblemType": "BinaryClassification"},
        batch={"DataCapturedDestinationS3Uri": f"s3://lab/{job}", **source},
        given={"GroundTruthS3Input": {"S3Uri": f"s3://lab/truth-{job}"}},
    )
    watch.schedule(name, kind="ModelQuality")
    watch.next_hour()
    execution = watch.executions(name)[0]
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName=name)
    return execution


def test_model_quality_joins_ground_truth_by_inference_id(nightly, batches, transform, limits):
    """The last column before id and time is the prediction: features 0 and 1, then 2."""
    start = nightly.hour()
    transform("scored", [[score, n] for n, score in enumerate(SCORES)], "first", below="scored", **STAMPED)
    ids = labelled(nightly, batches, "scored", TRUTH, start)
    execution = judged(nightly, "scored", limits, "scored", ProbabilityAttribute="2", ProbabilityThresholdAttribute=0.5)
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    metrics = nightly.report(execution, "statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"] == {"0": {"0": 440, "1": 10}, "1": {"0": 10, "1": 40}}
    [key] = nightly.keys("reports/merge/scored/")
    assert key.startswith(f"reports/merge/scored/{start:%Y/%m/%d/%H}/") and key.endswith(".jsonl")
    body = nightly.s3.get_object(Bucket="lab", Key=key)["Body"].read().decode()
    record = json.loads(body.splitlines()[0])
    assert record["captureData"] == {"batchTransformOutput": {"data": "0.9,0,0.9", "encoding": "CSV"}}
    assert (record["eventMetadata"]["eventId"], record["groundTruthData"]["data"]) == (ids[0], "1")
    metrics = nightly.lab.cloud.client("cloudwatch").list_metrics(
        Namespace="aws/sagemaker/ModelMonitoring/model-metrics", MetricName="recall"
    )["Metrics"]
    assert [{"Name": "MonitoringSchedule", "Value": "scored"}] in [one["Dimensions"] for one in metrics]


def test_a_worse_model_is_a_violation_and_a_row_without_a_label_is_left_out(nightly, batches, transform, limits):
    start = nightly.hour()
    transform("worse", [[0.1, n] for n in range(500)], "first", below="worse", **STAMPED)
    labelled(nightly, batches, "worse", TRUTH, start)
    extra = [[0.9, n] for n in range(20)]
    transform("unlabelled", extra, "first", below="worse", **STAMPED)
    execution = judged(nightly, "worse", limits, "worse", ProbabilityAttribute="2")
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    found = nightly.report(execution, "constraint_violations.json")["violations"]
    assert {"recall", "false_negative_rate"} <= {one["metric_name"] for one in found}
    assert nightly.report(execution, "statistics.json")["dataset"]["item_count"] == 500
    jobs = nightly.sm.list_processing_jobs(NameContains="groundtruth-merge-")["ProcessingJobSummaries"]
    merge = nightly.sm.describe_processing_job(ProcessingJobName=jobs[0]["ProcessingJobName"])
    assert "Merged 500 of 520" in merge["ExitMessage"]


def lines_of(transform, job, rows, **more):
    """A job over JSON lines {"features": [...]}."""
    return transform(
        job,
        "".join(json.dumps({"features": row}) + "\n" for row in rows),
        "json",
        below=job,
        TransformInput={"ContentType": "application/jsonlines"},
        TransformOutput={"Accept": "application/jsonlines"},
        **more,
    )


def test_model_quality_of_json_lines(nightly, batches, transform, limits):
    start = nightly.hour()
    lines_of(transform, "lines", [[score, 1] for score in SCORES], **STAMPED)
    labelled(nightly, batches, "lines", TRUTH, start)
    source = {"DatasetFormat": {"Json": {"Line": True}}, "ProbabilityAttribute": "SageMakerOutput.score"}
    execution = judged(nightly, "lines", limits, "lines", **source)
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    metrics = nightly.report(execution, "statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"]["1"] == {"0": 10, "1": 40}


def test_output_without_inference_ids_cannot_be_joined(nightly, transform, limits):
    start = nightly.hour()
    transform("nameless", [[0.1, 1]] * 5, "first", below="nameless")
    nightly.put(f"truth-nameless/{start:%Y/%m/%d/%H}/labels.jsonl", json.dumps(label("x", "1")) + "\n")
    execution = judged(nightly, "nameless", limits, "nameless", ProbabilityAttribute="2")
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert "must have GenerateInferenceId" in execution["FailureReason"]


# -- Clarify -----------------------------------------------------------------------------------------------------------

BIAS = {
    "headers": ["score", "young", "label"],
    "label": "label",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "young", "value_or_threshold": [1]}],
    "methods": {"post_training_bias": {"methods": ["DPPL"]}, "report": {"name": "report"}},
}


@pytest.mark.parametrize(
    ("job", "attributes"),
    [
        ("bias-csv", {"ProbabilityAttribute": "0"}),
        (
            "bias-json",
            {
                "DatasetFormat": {"Json": {"Line": True}},
                "FeaturesAttribute": "features",
                "ProbabilityAttribute": "score",
            },
        ),
    ],
)
def test_bias_is_found_in_the_joined_output(nightly, batches, transform, job, attributes):
    """Attributes of the prediction lead into the model's own answer, which follows the features."""
    start = nightly.hour()
    rows = [[0.9 if n < 240 else 0.1, 0] for n in range(400)] + [[0.9 if n < 80 else 0.1, 1] for n in range(400)]
    if job == "bias-csv":
        transform(job, rows, "first", below=job, **STAMPED)
    else:
        lines_of(transform, job, rows, **STAMPED)
    labelled(nightly, batches, job, [n % 2 for n in range(800)], start)
    facets = {"young": [{"value_or_threshold": "1", "metrics": [{"name": "DPPL", "value": 0.05}]}]}
    section = {"label": "label", "facets": facets, "label_value_or_threshold": "1"}
    limits = nightly.put(f"{job}/analysis.json", {"version": "1.0", "post_training_bias_metrics": section})
    nightly.define(
        job,
        "ModelBias",
        CLARIFY,
        baseline={"ConstraintsResource": {"S3Uri": limits}},
        application={"ConfigUri": nightly.put(f"{job}/analysis_config.json", BIAS)},
        batch={"DataCapturedDestinationS3Uri": f"s3://lab/{job}", **attributes},
        given={"GroundTruthS3Input": {"S3Uri": f"s3://lab/truth-{job}"}},
    )
    nightly.schedule(job, kind="ModelBias")
    nightly.next_hour()
    execution = nightly.executions(job)[0]
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName=job)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    [entry] = nightly.report(execution, "analysis.json")["post_training_bias_metrics"]["facets"]["young"]
    assert entry["metrics"][0]["value"] == pytest.approx(0.6 - 0.2)
    metrics = nightly.lab.cloud.client("cloudwatch").list_metrics(
        Namespace="aws/sagemaker/ModelMonitoring/bias-metrics", MetricName="bias_metric_DPPL"
    )["Metrics"]
    assert job in [one["Value"] for found in metrics for one in found["Dimensions"]]


def test_output_that_is_not_joined_has_no_features_for_bias(nightly, batches, transform):
    start = nightly.hour()
    transform("apart", [[0.9, 1]] * 5, "first", below="apart", DataCaptureConfig={"GenerateInferenceId": True})
    labelled(nightly, batches, "apart", [1] * 5, start)
    nightly.define(
        "apart",
        "ModelBias",
        CLARIFY,
        application={"ConfigUri": nightly.put("apart/analysis_config.json", BIAS)},
        batch={"DataCapturedDestinationS3Uri": "s3://lab/apart", "ProbabilityAttribute": "0"},
        given={"GroundTruthS3Input": {"S3Uri": "s3://lab/truth-apart"}},
    )
    nightly.schedule("apart", kind="ModelBias")
    nightly.next_hour()
    execution = nightly.executions("apart")[0]
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName="apart")
    assert "must have JoinSource Input" in execution["FailureReason"]


@pytest.mark.parametrize("job", ["shap-csv", "shap-json"])
def test_attributions_are_those_of_what_the_jobs_read(nightly, models, transform, job):
    """The model adds its features up: an attribution is the distance to the baseline, 0. Live 0.1 and 0.7 against 0.7
    and 0.1 in training."""
    iam = nightly.lab.cloud.client("iam")
    role = iam.create_role(RoleName=job, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "sagemaker:*", "iam:PassRole"], "Resource": "*"}
    iam.put_role_policy(RoleName=job, PolicyName="p", PolicyDocument=json.dumps({"Statement": [allowed]}))
    source = {"DataCapturedDestinationS3Uri": f"s3://lab/{job}"}
    if job == "shap-csv":
        transform(job, [[0.1, 0.7]] * 20, "sum", below=job)
    else:
        lines_of(transform, job, [[0.1, 0.7]] * 20)
        source |= {"DatasetFormat": {"Json": {"Line": True}}, "FeaturesAttribute": "features"}
    shap = {"baseline": [[0.0, 0.0]], "num_samples": 20, "seed": 1}
    config = {
        "headers": list(NAMES),
        "methods": {"shap": shap, "report": {"name": "report"}},
        "predictor": {"model_name": models["sum"], "instance_type": "ml.m5.large", "initial_instance_count": 1},
    }
    values = {"label0": {"global_shap_values": {"amount": 0.7, "clock": 0.1}, "expected_value": 0.0}}
    limits = nightly.put(f"{job}/analysis.json", {"version": "1.0", "explanations": {"kernel_shap": values}})
    nightly.define(
        job,
        "ModelExplainability",
        CLARIFY,
        baseline={"ConstraintsResource": {"S3Uri": limits}},
        application={"ConfigUri": nightly.put(f"{job}/analysis_config.json", config)},
        batch=source,
        RoleArn=role,
    )
    nightly.schedule(job, kind="ModelExplainability")
    nightly.next_hour()
    execution = nightly.executions(job)[0]
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName=job)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    found = nightly.report(execution, "analysis.json")["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert found == {"amount": pytest.approx(0.1), "clock": pytest.approx(0.7)}
    [violation] = nightly.report(execution, "constraint_violations.json")["violations"]
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"


def test_a_schedule_may_turn_from_an_endpoint_to_transform_jobs(nightly, watch):
    """Also: what a schedule is about can be changed, and is not shown any more when it has."""
    watch.define("about-requests")
    nightly.define("about-rows", batch={})
    watch.schedule("turned", "about-requests", cron="cron(0 3 ? * * *)")
    config = {
        "MonitoringJobDefinitionName": "about-rows",
        "MonitoringType": "DataQuality",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 3 ? * * *)"},
    }
    nightly.sm.update_monitoring_schedule(MonitoringScheduleName="turned", MonitoringScheduleConfig=config)
    assert "EndpointName" not in nightly.sm.describe_monitoring_schedule(MonitoringScheduleName="turned")
    listed = nightly.sm.list_monitoring_schedules(EndpointName="watched")["MonitoringScheduleSummaries"]
    assert listed == []
    nightly.sm.delete_monitoring_schedule(MonitoringScheduleName="turned")
