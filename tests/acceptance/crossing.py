"""What the acceptance tests ask for: one crossing from a table and a script to an answering endpoint."""

import io
import json
import tarfile
from pathlib import Path

import course.data
from course.data import transactions
from course.data.transactions import FEATURES

BUCKET = "crossing"
NAME = "txguard"
ROLE = "arn:aws:iam::123456789012:role/txguard"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
CODE = f"s3://{BUCKET}/code/sourcedir.tar.gz"

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "cloudwatch:PutMetricData"],
            "Resource": "*",
        },
    ],
}
TRAINING_JOB = {
    "TrainingJobName": NAME,
    "RoleArn": ROLE,
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "auc", "Regex": r"^auc=([0-9.]+)"}],
    },
    "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": CODE, "max-iter": "20"},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/"}},
        }
    ],
    "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
}
ENDPOINT_CONFIG = {
    "EndpointConfigName": NAME,
    "ProductionVariants": [
        {"VariantName": "AllTraffic", "ModelName": NAME, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    ],
}


def model(artifacts: str) -> dict:
    """CreateModel's request for a trained archive."""
    environment = {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": CODE}
    container = {"Image": IMAGE, "ModelDataUrl": artifacts, "Environment": environment}
    return {"ModelName": NAME, "ExecutionRoleArn": ROLE, "PrimaryContainer": container}


def write(folder: Path) -> dict[str, Path]:
    """The table, the packed script and a request body of three rows, as files."""
    rows = transactions(seed=7, rows=3_000)
    files = {name: folder / name for name in ("train.csv", "sourcedir.tar.gz", "rows.csv")}
    rows.to_csv(files["train.csv"], index=False)
    script = (Path(course.data.__file__).parent / "notebook_model" / "train.py").read_bytes()
    with tarfile.open(files["sourcedir.tar.gz"], "w:gz") as archive:
        member = tarfile.TarInfo("train.py")
        member.size = len(script)
        archive.addfile(member, io.BytesIO(script))
    rows[list(FEATURES)].head(3).to_csv(files["rows.csv"], index=False, header=False)
    return files


def scores(body: bytes) -> list[float]:
    """The predictions of an answer in JSON; proves that they are probabilities."""
    predictions = json.loads(body)["predictions"]
    assert len(predictions) == 3 and all(0 <= score <= 1 for score in predictions)
    return predictions
