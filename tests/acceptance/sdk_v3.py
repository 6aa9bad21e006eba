"""SageMaker SDK 3, in its own environment: ModelTrainer and the resource classes. Called with the port and files.

python sdk_v3.py PORT FOLDER     FOLDER holds train.csv and train.py
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
from sagemaker.core.helper.session_helper import Session  # noqa: E402
from sagemaker.core.resources import TrainingJob  # noqa: E402
from sagemaker.core.training.configs import Compute, InputData, SourceCode  # noqa: E402
from sagemaker.train import ModelTrainer  # noqa: E402

ROLE = f"sdk-{uuid4().hex[:8]}"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"max-iter": 20},
        base_job_name="sdk-three",
    )
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=table)], wait=True, logs=False)
    jobs = [job for job in TrainingJob.get_all(name_contains="sdk-three")]
    assert len(jobs) == 1, jobs
    job = TrainingJob.get(training_job_name=jobs[0].training_job_name)
    assert job.training_job_status == "Completed", job.failure_reason
    assert job.model_artifacts.s3_model_artifacts.endswith("model.tar.gz")
    print("crossed")


if __name__ == "__main__":
    main()
