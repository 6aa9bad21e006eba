"""SageMaker SDK 2, in its own environment: Estimator.fit, deploy, predict, transform, monitor; then a Pipeline.

python sdk_v2.py PORT FOLDER     FOLDER holds train.csv, rows.csv and train.py
"""

import csv
import json
import sys
import time
from pathlib import Path
from uuid import uuid4

ROOT, PORT, FOLDER = Path(__file__).resolve().parents[2], int(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(ROOT))

from course.cloud import client  # noqa: E402

client.install(PORT)

import boto3  # noqa: E402
from botocore.exceptions import WaiterError  # noqa: E402
from sagemaker.deserializers import JSONDeserializer  # noqa: E402
from sagemaker.inputs import BatchDataCaptureConfig, TrainingInput  # noqa: E402
from sagemaker.model_metrics import MetricsSource, ModelMetrics  # noqa: E402
from sagemaker.model_monitor import (  # noqa: E402
    BatchTransformInput,
    CronExpressionGenerator,
    DataCaptureConfig,
    DefaultModelMonitor,
    MonitoringDatasetFormat,
)
from sagemaker.model_monitor.dataset_format import DatasetFormat  # noqa: E402
from sagemaker.processing import ProcessingInput, ProcessingOutput  # noqa: E402
from sagemaker.s3 import S3Downloader  # noqa: E402
from sagemaker.serializers import CSVSerializer  # noqa: E402
from sagemaker.serverless import ServerlessInferenceConfig  # noqa: E402
from sagemaker.session import Session  # noqa: E402
from sagemaker.sklearn.estimator import SKLearn  # noqa: E402
from sagemaker.sklearn.model import SKLearnModel  # noqa: E402
from sagemaker.sklearn.processing import SKLearnProcessor  # noqa: E402
from sagemaker.workflow.condition_step import ConditionStep  # noqa: E402
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo  # noqa: E402
from sagemaker.workflow.fail_step import FailStep  # noqa: E402
from sagemaker.workflow.functions import Join, JsonGet  # noqa: E402
from sagemaker.workflow.model_step import ModelStep  # noqa: E402
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString  # noqa: E402
from sagemaker.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.workflow.pipeline_context import PipelineSession  # noqa: E402
from sagemaker.workflow.properties import PropertyFile  # noqa: E402
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep  # noqa: E402

ROLE = f"sdk-{uuid4().hex[:8]}"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
JOBS = ROOT / "tests" / "acceptance" / "jobs"
INSTANCE = "ml.m5.large"
STEPS = {"Prepare", "Train", "Evaluate", "Good", "Register-RegisterModel"}


def policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def cross(session: Session, role: str, table: str) -> None:
    """Train, deploy with data capture, predict, delete; what was captured stays."""
    estimator = SKLearn(
        entry_point="train.py",
        source_dir=str(FOLDER),
        framework_version="1.2-1",
        role=role,
        instance_type=INSTANCE,
        instance_count=1,
        hyperparameters={"max-iter": 20},
        metric_definitions=[{"Name": "auc", "Regex": r"^auc=([0-9.]+)"}],
        sagemaker_session=session,
    )
    estimator.fit({"train": table})
    print("auc", estimator.training_job_analytics.dataframe()["value"].tolist())
    predictor = estimator.deploy(
        initial_instance_count=1,
        instance_type=INSTANCE,
        serializer=CSVSerializer(),
        deserializer=JSONDeserializer(),
        data_capture_config=DataCaptureConfig(
            enable_capture=True,
            sampling_percentage=100,
            destination_s3_uri=f"s3://{session.default_bucket()}/capture",
            sagemaker_session=session,
        ),
    )
    scores = predictor.predict((FOLDER / "rows.csv").read_text())["predictions"]
    assert len(scores) == 3 and all(0 <= score <= 1 for score in scores), scores
    predictor.delete_model()
    predictor.delete_endpoint()
    serverless = estimator.deploy(
        serverless_inference_config=ServerlessInferenceConfig(memory_size_in_mb=2048, max_concurrency=2),
        serializer=CSVSerializer(),
        deserializer=JSONDeserializer(),
    )
    assert serverless.predict((FOLDER / "rows.csv").read_text())["predictions"] == scores
    serverless.delete_model()
    serverless.delete_endpoint()
    waiter = boto3.client("sagemaker").get_waiter("endpoint_deleted")
    waiter.wait(EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1})
    files = S3Downloader.list(f"s3://{session.default_bucket()}/capture/{predictor.endpoint_name}", session)
    [record] = [json.loads(line) for file in files for line in S3Downloader.read_file(file, session).splitlines()]
    said = record["captureData"]["endpointOutput"]
    assert (said["encoding"], json.loads(said["data"])["predictions"]) == ("JSON", scores), record
    batch(estimator, session)
    monitor(role, session)


def batch(estimator: SKLearn, session: Session) -> None:
    """The same rows through a transform job, joined with their input; and others of a merchant that nobody knows."""
    rows = (FOLDER / "rows.csv").read_text()
    odd = [",".join([*row[:2], "casino", *row[3:]]) for row in csv.reader(rows.splitlines())]
    transformer = estimator.transformer(
        instance_count=1, instance_type=INSTANCE, strategy="MultiRecord", assemble_with="Line", accept="text/csv"
    )
    session.upload_data(str(FOLDER / "rows.csv"), key_prefix="rows")
    session.upload_string_as_file_body("\n".join(odd), session.default_bucket(), "rows/odd.csv")
    transformer.transform(
        f"s3://{session.default_bucket()}/rows/",
        content_type="text/csv",
        split_type="Line",
        join_source="Input",
        batch_data_capture_config=BatchDataCaptureConfig(f"s3://{session.default_bucket()}/batch"),
        wait=True,
    )
    bucket, _, folder = transformer.output_path.removeprefix("s3://").partition("/")
    output = session.read_s3_file(bucket, f"{folder}/rows.csv.out".lstrip("/")).splitlines()
    joined = [line.rpartition(",") for line in output]
    assert [line for line, _, _ in joined] == rows.splitlines(), output
    assert all(0 <= float(score) <= 1 for _, _, score in joined), output
    transformer.delete_model()


def monitor(role: str, session: Session) -> None:
    """What the transform job read, judged by the training data: the merchant is found."""
    with (FOLDER / "train.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    names = ["amount", "hour", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days"]
    features = FOLDER / "features.csv"
    with features.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    top = f"s3://{session.default_bucket()}"
    watch = DefaultModelMonitor(
        role=role, instance_count=1, instance_type=INSTANCE, max_runtime_in_seconds=1800, sagemaker_session=session
    )
    watch.suggest_baseline(
        baseline_dataset=session.upload_data(str(features), key_prefix="features"),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=f"{top}/baseline",
        wait=True,
        logs=False,
    )
    watch.create_monitoring_schedule(
        monitor_schedule_name=ROLE,
        batch_transform_input=BatchTransformInput(
            data_captured_destination_s3_uri=f"{top}/batch",
            destination="/opt/ml/processing/input/transform",
            dataset_format=MonitoringDatasetFormat.csv(header=False),
        ),
        output_s3_uri=f"{top}/reports",
        statistics=watch.baseline_statistics(),
        constraints=watch.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.now(),
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
    )
    sm = boto3.client("sagemaker")
    for _ in range(240):
        last = sm.describe_monitoring_schedule(MonitoringScheduleName=ROLE).get("LastMonitoringExecutionSummary", {})
        if last.get("MonitoringExecutionStatus") not in (None, "Pending", "InProgress"):
            break
        time.sleep(1)
    assert last["MonitoringExecutionStatus"] == "CompletedWithViolations", last
    [execution] = watch.list_executions()
    found = execution.constraint_violations().body_dict["violations"]
    assert ("merchant", "categorical_values_check") in [
        (one["feature_name"], one["constraint_check_type"]) for one in found
    ], found
    watch.delete_monitoring_schedule()


def pipeline(role: str, table: str) -> Pipeline:
    """Prepare, train, evaluate; register what is good enough, fail otherwise."""
    session = PipelineSession()
    data = ParameterString("InputData", default_value=table)
    iterations = ParameterInteger("MaxIter", default_value=20)
    threshold = ParameterFloat("Threshold", default_value=0.5)
    cache = CacheConfig(enable_caching=True, expire_after="P1D")

    def processor(name: str) -> SKLearnProcessor:
        return SKLearnProcessor(
            framework_version="1.2-1",
            role=role,
            instance_type=INSTANCE,
            instance_count=1,
            base_job_name=name,
            sagemaker_session=session,
        )

    def output(name: str) -> ProcessingOutput:
        return ProcessingOutput(output_name=name, source=f"/opt/ml/processing/{name}")

    def made(step: ProcessingStep, name: str) -> str:
        return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri

    prepare = ProcessingStep(
        "Prepare",
        step_args=processor("prepare").run(
            code=str(JOBS / "prepare.py"),
            inputs=[ProcessingInput(source=data, destination="/opt/ml/processing/input")],
            outputs=[output("train"), output("test")],
            arguments=["--test-share", "0.2"],
        ),
        cache_config=cache,
    )
    estimator = SKLearn(
        entry_point="train.py",
        source_dir=str(FOLDER),
        framework_version="1.2-1",
        role=role,
        instance_type=INSTANCE,
        hyperparameters={"max-iter": iterations},
        sagemaker_session=session,
    )
    train = TrainingStep(
        "Train",
        step_args=estimator.fit({"train": TrainingInput(made(prepare, "train"), content_type="text/csv")}),
        cache_config=cache,
    )
    report = PropertyFile("Evaluation", output_name="evaluation", path="evaluation.json")
    evaluate = ProcessingStep(
        "Evaluate",
        step_args=processor("evaluate").run(
            code=str(JOBS / "evaluate.py"),
            inputs=[
                ProcessingInput(
                    source=train.properties.ModelArtifacts.S3ModelArtifacts, destination="/opt/ml/processing/model"
                ),
                ProcessingInput(source=made(prepare, "test"), destination="/opt/ml/processing/test"),
            ],
            outputs=[output("evaluation")],
        ),
        property_files=[report],
        cache_config=cache,
    )
    model = SKLearnModel(
        model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
        entry_point="train.py",
        source_dir=str(FOLDER),
        framework_version="1.2-1",
        role=role,
        sagemaker_session=session,
    )
    statistics = Join(on="/", values=[made(evaluate, "evaluation"), "evaluation.json"])
    register = ModelStep(
        "Register",
        step_args=model.register(
            content_types=["text/csv"],
            response_types=["application/json"],
            inference_instances=[INSTANCE],
            transform_instances=[INSTANCE],
            model_package_group_name=ROLE,
            approval_status="PendingManualApproval",
            model_metrics=ModelMetrics(model_statistics=MetricsSource("application/json", statistics)),
        ),
    )
    auc = JsonGet(step_name=evaluate.name, property_file=report, json_path="binary_classification_metrics.auc.value")
    good = ConditionStep(
        "Good",
        conditions=[ConditionGreaterThanOrEqualTo(left=auc, right=threshold)],
        if_steps=[register],
        else_steps=[FailStep("TooBad", error_message=Join(on=" ", values=["The AUC is below", threshold]))],
    )
    return Pipeline(
        ROLE,
        parameters=[data, iterations, threshold],
        steps=[prepare, train, evaluate, good],
        sagemaker_session=session,
    )


def run(role: str, table: str) -> None:
    """The pipeline as one would: register, then from the cache, then with a threshold that nothing reaches."""
    definition = pipeline(role, table)
    definition.upsert(role_arn=role)
    definition.upsert(role_arn=role)  # the second time it is an update

    first = definition.start()
    first.wait(delay=1, max_attempts=120)
    ran = {step["StepName"]: step for step in first.list_steps()}
    assert first.describe()["PipelineExecutionStatus"] == "Succeeded", ran
    assert set(ran) == STEPS and ran["Good"]["Metadata"]["Condition"]["Outcome"] == "True", ran
    sm = boto3.client("sagemaker")
    package = sm.describe_model_package(
        ModelPackageName=ran["Register-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert package["ModelApprovalStatus"] == "PendingManualApproval", package
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].endswith("/evaluation.json"), package

    second = definition.start(parameters={"Threshold": 0.9999}, execution_display_name="strict")
    try:
        second.wait(delay=1, max_attempts=120)
    except WaiterError as failure:
        assert "terminal failure state" in str(failure), failure
    ran = {step["StepName"]: step for step in second.list_steps()}
    assert second.describe()["PipelineExecutionStatus"] == "Failed", ran
    assert ran["TooBad"]["FailureReason"] == "The AUC is below 0.9999", ran
    assert all("CacheHitResult" in ran[name] for name in ("Prepare", "Train", "Evaluate")), ran
    definition.delete()


def main() -> None:
    iam = boto3.client("iam")
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(RoleName=ROLE, PolicyName="jobs", PolicyDocument=policy(allowed))

    session = Session()
    table = session.upload_data(str(FOLDER / "train.csv"), key_prefix="data")
    cross(session, role, table)
    run(role, table)
    print("crossed")


if __name__ == "__main__":
    main()
