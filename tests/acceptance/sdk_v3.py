"""SageMaker SDK 3, in its own environment: ModelTrainer, then endpoints, jobs, registry and pipelines as resource
classes.

python sdk_v3.py PORT FOLDER     FOLDER holds train.csv, rows.csv and train.py
"""

import json
import sys
import tarfile
from pathlib import Path
from uuid import uuid4

ROOT, PORT, FOLDER = Path(__file__).resolve().parents[2], int(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(ROOT))

from course.cloud import client  # noqa: E402

client.install(PORT)

import boto3  # noqa: E402
from sagemaker.core.helper.session_helper import Session  # noqa: E402
from sagemaker.core.resources import (  # noqa: E402
    Endpoint,
    EndpointConfig,
    Model,
    ModelPackage,
    ModelPackageGroup,
    Pipeline,
    PipelineExecution,
    ProcessingJob,
    TrainingJob,
)
from sagemaker.core.shapes.shapes import (  # noqa: E402
    AppSpecification,
    CaptureContentTypeHeader,
    CaptureOption,
    ContainerDefinition,
    DataCaptureConfig,
    ProcessingClusterConfig,
    ProcessingResources,
    ProductionVariant,
)
from sagemaker.core.training.configs import Compute, InputData, SourceCode  # noqa: E402
from sagemaker.train import ModelTrainer  # noqa: E402

ROLE = f"sdk-{uuid4().hex[:8]}"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
INSTANCE = "ml.m5.large"
PROGRAM = ["python3", "-c", "print('processed')"]


def policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def serve(role: str, archive: str, session: Session) -> None:
    """An endpoint that captures, invoked under a name of the caller's; what was captured stays when it has gone."""
    with tarfile.open(FOLDER / "sourcedir.tar.gz", "w:gz") as code:
        code.add(FOLDER / "train.py", "train.py")
    source = session.upload_data(str(FOLDER / "sourcedir.tar.gz"), key_prefix="code")
    variables = {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    container = ContainerDefinition(image=IMAGE, model_data_url=archive, environment=variables)
    model = Model.create(model_name=ROLE, primary_container=container, execution_role_arn=role)
    bucket = session.default_bucket()
    variant = ProductionVariant(
        variant_name="AllTraffic", model_name=ROLE, instance_type=INSTANCE, initial_instance_count=1
    )
    config = EndpointConfig.create(
        endpoint_config_name=ROLE,
        production_variants=[variant],
        data_capture_config=DataCaptureConfig(
            enable_capture=True,
            initial_sampling_percentage=100,
            destination_s3_uri=f"s3://{bucket}/capture",
            capture_options=[CaptureOption(capture_mode="Input"), CaptureOption(capture_mode="Output")],
            capture_content_type_header=CaptureContentTypeHeader(
                csv_content_types=["text/csv"], json_content_types=["application/json"]
            ),
        ),
    )
    endpoint = Endpoint.create(endpoint_name=ROLE, endpoint_config_name=config)
    endpoint.wait_for_status("InService", poll=1)
    shown = endpoint.data_capture_config
    assert (shown.capture_status, shown.current_sampling_percentage) == ("Started", 100), shown
    rows = (FOLDER / "rows.csv").read_text()
    answer = endpoint.invoke(body=rows, content_type="text/csv", accept="application/json", inference_id="three-rows")
    scores = json.loads(answer.body.read())["predictions"]
    assert len(scores) == 3 and all(0 <= score <= 1 for score in scores), scores
    assert answer.invoked_production_variant == "AllTraffic", answer
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"capture/{ROLE}/AllTraffic/")["Contents"]
    bodies = [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode() for item in found]
    [record] = [json.loads(line) for body in bodies for line in body.splitlines()]
    given, said = (record["captureData"][side] for side in ("endpointInput", "endpointOutput"))
    assert (given["encoding"], given["data"]) == ("CSV", rows), record
    assert (said["encoding"], json.loads(said["data"])["predictions"]) == ("JSON", scores), record
    assert record["eventMetadata"]["inferenceId"] == "three-rows", record
    config.delete()
    model.delete()


def process(role: str) -> None:
    """A processing job, found again among all."""
    ProcessingJob.create(
        processing_job_name=ROLE,
        role_arn=role,
        app_specification=AppSpecification(image_uri=IMAGE, container_entrypoint=PROGRAM),
        processing_resources=ProcessingResources(
            cluster_config=ProcessingClusterConfig(instance_type=INSTANCE, instance_count=1, volume_size_in_gb=5)
        ),
    ).wait(poll=1)
    [job] = ProcessingJob.get_all(name_contains=ROLE)
    assert job.processing_job_status == "Completed", job.failure_reason


def register(archive: str) -> None:
    """A version of a group, approved."""
    ModelPackageGroup.create(model_package_group_name=ROLE)
    assert ROLE in [group.model_package_group_name for group in ModelPackageGroup.get_all()]
    # boto3 where this SDK cannot: ModelPackage.create takes the InferenceSpecification of model cards for its own, and
    # update reads a version again by its group's name
    sm = boto3.client("sagemaker")
    arn = sm.create_model_package(
        ModelPackageGroupName=ROLE,
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": archive}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    found = ModelPackage.get(model_package_name=arn)
    assert (found.model_package_version, found.model_approval_status) == (1, "Approved"), found


def pipeline(role: str) -> None:
    """A pipeline of one step, run."""
    step = {
        "Name": "Process",
        "Type": "Processing",
        "Arguments": {
            "RoleArn": role,
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": PROGRAM},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 5}
            },
        },
    }
    made = Pipeline.create(
        pipeline_name=ROLE,
        client_request_token=f"create-{ROLE}-{'x' * 32}",
        role_arn=role,
        pipeline_definition=json.dumps({"Version": "2020-12-01", "Steps": [step]}),
    )
    assert ROLE in [found.pipeline_name for found in Pipeline.get_all()]
    boto3.client("sagemaker").start_pipeline_execution(PipelineName=ROLE)
    [execution] = PipelineExecution.get_all(pipeline_name=ROLE)
    execution.wait_for_status("Succeeded", poll=1)
    assert [(s.step_name, s.step_status) for s in execution.get_all_steps()] == [("Process", "Succeeded")]
    made.delete(client_request_token=f"delete-{ROLE}-{'x' * 32}")


def main() -> None:
    iam = boto3.client("iam")
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(RoleName=ROLE, PolicyName="jobs", PolicyDocument=policy(allowed))

    session = Session()
    table = session.upload_data(str(FOLDER / "train.csv"), key_prefix="data")
    trainer = ModelTrainer(
        sagemaker_session=session,
        role=role,
        training_image=IMAGE,
        source_code=SourceCode(source_dir=str(FOLDER), entry_script="train.py"),
        compute=Compute(instance_type=INSTANCE, instance_count=1),
        hyperparameters={"max-iter": 20},
        base_job_name="sdk-three",
    )
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=table)], wait=True, logs=False)
    jobs = [job for job in TrainingJob.get_all(name_contains="sdk-three")]
    assert len(jobs) == 1, jobs
    job = TrainingJob.get(training_job_name=jobs[0].training_job_name)
    assert job.training_job_status == "Completed", job.failure_reason
    assert job.model_artifacts.s3_model_artifacts.endswith("model.tar.gz")
    serve(role, job.model_artifacts.s3_model_artifacts, session)
    process(role)
    register(job.model_artifacts.s3_model_artifacts)
    pipeline(role)
    print("crossed")


if __name__ == "__main__":
    main()
