"""The AWS CLI, in an environment of its own, told nothing but `course env`: train, deploy, invoke, delete."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import crossing
from tests.acceptance.crossing import BUCKET, NAME

ROOT = Path(__file__).resolve().parents[2]
AWS = Path(os.environ.get("COURSE_AWS_CLI") or ROOT / "build" / "awscli-venv" / "bin" / "aws")

pytestmark = pytest.mark.skipif(
    not AWS.is_file(),
    reason=f"no AWS CLI at {AWS}: `make awscli` installs it there, or COURSE_AWS_CLI names another",
)


def test_one_crossing(environment: dict[str, str], files: dict[str, Path], tmp_path: Path) -> None:
    def aws(*arguments: str | Path | dict) -> Any:
        """One command; a dict is written as JSON. Returns its output, read as JSON where it is."""
        words = [json.dumps(word) if isinstance(word, dict) else str(word) for word in arguments]
        done = subprocess.run([AWS, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"aws {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    def sagemaker(*arguments: str | Path | dict) -> Any:
        return aws("sagemaker", *arguments)

    assert aws("sts", "get-caller-identity")["Arn"] == "arn:aws:iam::123456789012:user/learner"
    aws("s3", "mb", f"s3://{BUCKET}")
    aws("s3", "cp", files["train.csv"], f"s3://{BUCKET}/data/train.csv")
    aws("s3", "cp", files["sourcedir.tar.gz"], crossing.CODE)
    role = ["--role-name", NAME]
    aws("iam", "create-role", *role, "--assume-role-policy-document", crossing.TRUST)
    aws("iam", "put-role-policy", *role, "--policy-name", "data", "--policy-document", crossing.POLICY)

    job = ["--training-job-name", NAME]
    sagemaker("create-training-job", "--cli-input-json", crossing.TRAINING_JOB)
    sagemaker("wait", "training-job-completed-or-stopped", *job)
    described = sagemaker("describe-training-job", *job)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    events = aws("logs", "filter-log-events", "--log-group-name", "/aws/sagemaker/TrainingJobs")["events"]
    assert any(event["message"].startswith("auc=") for event in events)

    model = crossing.model(described["ModelArtifacts"]["S3ModelArtifacts"])
    endpoint, config = ["--endpoint-name", NAME], ["--endpoint-config-name", NAME]
    sagemaker("create-model", "--cli-input-json", model)
    sagemaker("create-endpoint-config", "--cli-input-json", crossing.ENDPOINT_CONFIG)
    sagemaker("create-endpoint", *endpoint, *config)
    sagemaker("wait", "endpoint-in-service", *endpoint)
    kinds = ["--content-type", "text/csv", "--accept", "application/json"]
    aws("sagemaker-runtime", "invoke-endpoint", *endpoint, *kinds, "--body", f"fileb://{files['rows.csv']}", "answer")
    crossing.scores((tmp_path / "answer").read_bytes())

    sagemaker("delete-endpoint", *endpoint)
    sagemaker("wait", "endpoint-deleted", *endpoint)
    sagemaker("delete-endpoint-config", *config)
    sagemaker("delete-model", "--model-name", NAME)
    assert sagemaker("list-endpoints")["Endpoints"] == []
