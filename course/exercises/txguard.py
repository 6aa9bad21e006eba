"""TxGuard in a world: its role, table and script, and the whole crossing. Start states and probes build with it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course.learn.world import World

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
INSTANCE = "ml.m5.large"
SCRIPT = "train.py"
OFTEN = {"Delay": 0.05, "MaxAttempts": 12_000}  # a start state is to stand within a second
ACTIONS = (
    "s3:GetObject", "s3:PutObject", "s3:ListBucket", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
    "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
)  # fmt: skip


def make_role(world: World, name: str) -> str:
    """An execution role for SageMaker: reads and writes objects, writes logs. Returns its ARN."""
    service = {"Service": "sagemaker.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    iam = world.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
    statement = {"Effect": "Allow", "Action": list(ACTIONS), "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="run-jobs", PolicyDocument=_policy(statement))
    return role["Arn"]


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def write_table(path: Path, seed: int, rows: int) -> Path:
    """`rows` transactions of 30 days with their labels, as the data scientist downloaded them: CSV with a header."""
    from course.data import transactions

    transactions(seed, rows=rows).to_csv(path, index=False)
    return path


def pack_script(path: Path) -> Path:
    """The notebook model's script as a source archive for script mode; its content is the same every time."""
    from course.data import notebook_model_source

    script = (notebook_model_source() / SCRIPT).read_bytes()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(SCRIPT)
        member.size = len(script)
        archive.addfile(member, io.BytesIO(script))
    return path


def upload(world: World, bucket: str, table: Path | None = None) -> None:
    """A bucket with the script at code/sourcedir.tar.gz and the table, if one is given, at train/."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.upload_file(str(pack_script(world.folder / f"{bucket}.tar.gz")), bucket, "code/sourcedir.tar.gz")
    if table is not None:
        s3.upload_file(str(table), bucket, "train/transactions.csv")


def train(world: World, name: str, role: str, **hyperparameters: str) -> str:
    """Train on what `upload` put into the bucket of that name, and wait. Returns the address of the model's archive."""
    return run(world, name, role, SCRIPT, hyperparameters, train=f"s3://{name}/train/")


def run(
    world: World, name: str, role: str, program: str, hyperparameters: Mapping[str, str] = {}, **channels: str
) -> str:
    """Run a program of the archive that lies in the bucket of that name as a job, and wait. Returns as `train` does."""
    start_job(world, name, role, program, _code(name), hyperparameters, output=f"s3://{name}/model", **channels)
    return wait(world, name)


def start_job(
    world: World, name: str, role: str, program: str, code: str, hyperparameters: Mapping[str, str], *,
    output: str, image: str = IMAGE, **channels: str,
) -> None:  # fmt: skip
    """Start a training job of script mode; `channels` are addresses in S3 by the channel's name."""
    inputs = [
        {"ChannelName": channel, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": address}}}
        for channel, address in channels.items()
    ]
    world.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        HyperParameters={**hyperparameters, "sagemaker_program": program, "sagemaker_submit_directory": code},
        InputDataConfig=inputs,
        OutputDataConfig={"S3OutputPath": output},
        ResourceConfig={"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def wait(world: World, job: str) -> str:
    """Wait until a job has ended. Returns its archive's address, "" without one. Raises RuntimeError if it failed."""
    from botocore.exceptions import WaiterError

    sm = world.client("sagemaker")
    try:
        sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=job, WaiterConfig=OFTEN)
    except WaiterError:
        reason = sm.describe_training_job(TrainingJobName=job).get("FailureReason", "no reason given")
        raise RuntimeError(f"The training job {job} failed: {reason}") from None
    return sm.describe_training_job(TrainingJobName=job).get("ModelArtifacts", {}).get("S3ModelArtifacts", "")


def deploy(world: World, name: str, role: str, archive: str) -> None:
    """Model, configuration and endpoint of that name for a model's archive, with the script of `upload`; and wait."""
    create_endpoint(world, name, role, archive, _code(name), SCRIPT)
    await_endpoint(world, name)


def create_endpoint(
    world: World, name: str, role: str, archive: str, code: str, program: str, capture: str | None = None
) -> None:
    """As `deploy`, with a program of an archive at the address `code`, and without waiting.

    capture: an address below which every request and its answer are kept; by default none is.
    """
    sm = world.client("sagemaker")
    variables = {"SAGEMAKER_PROGRAM": program, "SAGEMAKER_SUBMIT_DIRECTORY": code}
    container = {"Image": IMAGE, "ModelDataUrl": archive, "Environment": variables}
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    more = {"DataCaptureConfig": everything(capture)} if capture else {}
    sm.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **more)
    sm.create_endpoint(EndpointName=name, EndpointConfigName=name)


def everything(address: str) -> dict[str, Any]:
    """The data capture of every request in CSV and of its answer, below an address in S3."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": address,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }


def await_endpoint(world: World, name: str) -> None:
    """Wait until an endpoint is in service. Raises WaiterError if it failed."""
    world.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=OFTEN)


def ask(world: World, endpoint: str, row: str) -> float:
    """What an endpoint says about one transaction, a CSV line without a label."""
    runtime = world.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=row)
    return float(answer["Body"].read())


def take_down(world: World, name: str) -> None:
    """Delete what `deploy` made."""
    sm = world.client("sagemaker")
    sm.delete_endpoint(EndpointName=name)
    sm.delete_endpoint_config(EndpointConfigName=name)
    sm.delete_model(ModelName=name)


def _code(bucket: str) -> str:
    return f"s3://{bucket}/code/sourcedir.tar.gz"
