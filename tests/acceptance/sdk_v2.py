"""SageMaker SDK 2, in its own environment: Estimator.fit, deploy and predict. Called with the cloud's port and files.

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
from sagemaker.deserializers import JSONDeserializer  # noqa: E402
from sagemaker.serializers import CSVSerializer  # noqa: E402
from sagemaker.session import Session  # noqa: E402
from sagemaker.sklearn.estimator import SKLearn  # noqa: E402

ROLE = f"sdk-{uuid4().hex[:8]}"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


def policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def main() -> None:
    iam = boto3.client("iam")
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(RoleName=ROLE, PolicyName="jobs", PolicyDocument=policy(allowed))

    session = Session()
    table = session.upload_data(str(FOLDER / "train.csv"), key_prefix="data")
    estimator = SKLearn(
        entry_point="train.py",
        source_dir=str(FOLDER),
        framework_version="1.2-1",
        role=role,
        instance_type="ml.m5.large",
        instance_count=1,
        hyperparameters={"max-iter": 20},
        metric_definitions=[{"Name": "auc", "Regex": r"^auc=([0-9.]+)"}],
        sagemaker_session=session,
    )
    estimator.fit({"train": table})
    print("auc", estimator.training_job_analytics.dataframe()["value"].tolist())
    predictor = estimator.deploy(
        initial_instance_count=1,
        instance_type="ml.m5.large",
        serializer=CSVSerializer(),
        deserializer=JSONDeserializer(),
    )
    scores = predictor.predict((FOLDER / "rows.csv").read_text())["predictions"]
    assert len(scores) == 3 and all(0 <= score <= 1 for score in scores), scores
    predictor.delete_model()
    predictor.delete_endpoint()
    print("crossed")


if __name__ == "__main__":
    main()
