"""SageMaker SDK 2, in its own environment: Estimator.fit, deploy, predict, transform; then a Pipeline.

python sdk_v2.py PORT FOLDER     FOLDER holds train.csv, rows.csv and train.py
"""

import json
import sys
from pathlib import Path
from uuid import uuid4

ROOT, PORT, FOLDER = Path(__file__).resolve().parents[2], int(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(ROOT))

from course.cloud import client  # noqa: E402

client.install(PORT)

import boto3  # noqa: E402
from botocore.exceptions import WaiterError  # noqa: E402
from sagemaker.deserializers import JSONDeserializer  # noqa: E402
from sagemaker.inputs import TrainingInput  # noqa: E402
from sagemaker.model_metrics import MetricsSource, ModelMetrics  # noqa: E402
from sagemaker.model_monitor import DataCaptureConfig  # noqa: E402
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


def batch(estimator: SKLearn, session: Session) -> None:
    """The same rows through a transform job, joined with their input."""
    rows = (FOLDER / "rows.csv").read_text()
    transformer = estimator.transformer(
        instance_count=1, instance_type=INSTANCE, strategy="MultiRecord", assemble_with="Line", accept="text/csv"
    )
    source = session.upload_data(str(FOLDER / "rows.csv"), key_prefix="rows")
    transformer.transform(source, content_type="text/csv", split_type="Line", join_source="Input", wait=True)
    bucket, _, folder = transformer.output_path.removeprefix("s3://").partition("/")
    output = session.read_s3_file(bucket, f"{folder}/rows.csv.out".lstrip("/")).splitlines()
    joined = [line.rpartition(",") for line in output]
    assert [line for line, _, _ in joined] == rows.splitlines(), output
    assert all(0 <= float(score) <= 1 for _, _, score in joined), output
    transformer.delete_model()


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
