"""Data with a known bias, a model, and Clarify jobs on them."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from course.cloud.images import CLARIFY
from tests.cloud.sagemaker.conftest import lab  # noqa: F401 - the same bucket, role and training


def people(rows, seed=5):
    """fraud, age (1: old), income, city: the old are fewer and are flagged more often."""
    random = np.random.default_rng(seed)
    age = (random.random(rows) < 0.3).astype(int)
    income = random.normal(50 - 5 * age, 10, rows).round(3)
    city = random.integers(0, 4, rows)
    fraud = (random.random(rows) < 0.1 + 0.2 * age).astype(int)
    return pd.DataFrame({"fraud": fraud, "age": age, "income": income, "city": city})


BIAS = {
    "dataset_type": "text/csv",
    "label": "fraud",
    "label_values_or_threshold": [0],
    "facet": [{"name_or_index": "age", "value_or_threshold": [1]}],
    "methods": {"pre_training_bias": {"methods": "all"}},
}


@pytest.fixture(scope="module")
def clarify(lab):  # noqa: F811
    """Run a Clarify job on a table; the job's description and a reader of its result."""
    lab.cloud.client("iam").put_role_policy(
        RoleName="TxGuardRole",
        PolicyName="shadow-endpoints",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}]}),
    )

    def put(key, body):
        lab.s3.put_object(Bucket="lab", Key=key, Body=body if isinstance(body, bytes) else body.encode())
        return f"s3://lab/{key}"

    def run(name, config, table, *, wait=True, header=True, **more):
        text = config if isinstance(config, str) else json.dumps(config)
        places = {
            "analysis_config": ("config", put(f"{name}/analysis_config.json", text)),
            "dataset": ("data", put(f"{name}/data/d.csv", table.to_csv(index=False, header=header))),
        }
        request = {
            "ProcessingJobName": name,
            "RoleArn": lab.role,
            "AppSpecification": {"ImageUri": CLARIFY},
            "ProcessingInputs": [
                {
                    "InputName": key,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/input/{folder}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for key, (folder, uri) in places.items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "analysis_result",
                        "S3Output": {
                            "S3Uri": f"s3://lab/{name}/result",
                            "LocalPath": "/opt/ml/processing/output",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
            },
            **more,
        }
        lab.sm.create_processing_job(**request)
        return finished(name) if wait else None

    def finished(name):
        waiter = lab.sm.get_waiter("processing_job_completed_or_stopped")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 2400
        try:
            waiter.wait(ProcessingJobName=name)
        except Exception as error:  # a failed job ends the waiter too
            if "terminal failure" not in str(error):
                raise
        return lab.sm.describe_processing_job(ProcessingJobName=name)

    def read(name, path):
        return lab.s3.get_object(Bucket="lab", Key=f"{name}/result/{path}")["Body"].read()

    def analysis(name, config, table, **more):
        job = run(name, config, table, **more)
        assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
        return json.loads(read(name, "analysis.json"))

    def table(name, path, **more):
        return pd.read_csv(io.BytesIO(read(name, path)), **more)

    return SimpleNamespace(run=run, finished=finished, analysis=analysis, read=read, table=table, put=put, lab=lab)


def values(section, facet="age"):
    """{metric: value} of the first group of a facet."""
    return {metric["name"]: metric["value"] for metric in section["facets"][facet][0]["metrics"]}
