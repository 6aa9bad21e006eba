"""A pipeline of five steps on 20,000 rows: prepare, train, evaluate, decide, keep. Its scripts measure themselves."""

import json
import time
from typing import Any

import numpy as np

from course.cloud.images import SCIKIT_LEARN

from .setting import Cloud, archive

ROWS = 20_000
_LOCAL = "/opt/ml/processing"
_PREPARE = f"""
import time; started = time.perf_counter()
import numpy as np
rows = np.loadtxt("{_LOCAL}/data/rows.csv", delimiter=",")
half = len(rows) // 2
np.save("{_LOCAL}/out/train.npy", rows[:half]); np.save("{_LOCAL}/out/test.npy", rows[half:])
open("{_LOCAL}/out/own", "w").write(str(time.perf_counter() - started))
"""
_TRAIN = """
import time; started = time.perf_counter()
import os, joblib, numpy as np
from sklearn.linear_model import LogisticRegression
rows = np.load(os.environ["SM_CHANNEL_TRAIN"] + "/train.npy")
joblib.dump(LogisticRegression().fit(rows[:, 1:], rows[:, 0]), os.environ["SM_MODEL_DIR"] + "/model.joblib")
print(f"own={time.perf_counter() - started:.6f}")
"""
_EVALUATE = f"""
import time; started = time.perf_counter()
import json, tarfile, joblib, numpy as np
from sklearn.metrics import roc_auc_score
tarfile.open("{_LOCAL}/model/model.tar.gz").extractall("{_LOCAL}/model", filter="data")
rows = np.load("{_LOCAL}/data/test.npy")
scores = joblib.load("{_LOCAL}/model/model.joblib").predict_proba(rows[:, 1:])[:, 1]
json.dump({{"auc": roc_auc_score(rows[:, 0], scores)}}, open("{_LOCAL}/out/evaluation.json", "w"))
open("{_LOCAL}/out/own", "w").write(str(time.perf_counter() - started))
"""


class Flow:
    """The pipeline in a cloud."""

    def __init__(self, here: Cloud):
        self._s3, self._sagemaker, self._role = here.client("s3"), here.client("sagemaker"), _role(here)
        random = np.random.default_rng(0)
        features = random.normal(size=(ROWS, 10))
        label = features[:, 0] + random.normal(size=ROWS) > 0
        lines = [",".join(f"{cell:.4f}" for cell in row) for row in np.column_stack([label, features])]
        self._s3.put_object(Bucket="bench", Key="flow/data/rows.csv", Body="\n".join(lines).encode())
        for name, script in (("prepare", _PREPARE), ("evaluate", _EVALUATE)):
            self._s3.put_object(Bucket="bench", Key=f"flow/{name}.py", Body=script.encode())
        self._s3.put_object(Bucket="bench", Key="flow/train.tar.gz", Body=archive(train__py=_TRAIN.encode()))
        self._sagemaker.create_pipeline(
            PipelineName="flow", PipelineDefinition=json.dumps(self._definition()), RoleArn=self._role
        )

    def overhead(self) -> float:
        """Seconds from StartPipelineExecution to Succeeded, less what its three scripts measured of themselves."""
        start = time.perf_counter()
        arn = self._sagemaker.start_pipeline_execution(PipelineName="flow")["PipelineExecutionArn"]
        while (status := self._status(arn)) == "Executing":
            time.sleep(0.01)
        taken = time.perf_counter() - start
        steps = self._sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        if status != "Succeeded" or len(steps) != 5:
            raise RuntimeError([(step["StepName"], step.get("FailureReason")) for step in steps])
        [job] = [step["Metadata"]["TrainingJob"]["Arn"] for step in steps if step["StepName"] == "Train"]
        trained = self._sagemaker.describe_training_job(TrainingJobName=job.rpartition("/")[2])
        return taken - trained["FinalMetricDataList"][0]["Value"] - sum(self._own(name) for name in ("data", "report"))

    def _status(self, arn: str) -> str:
        return self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]

    def _own(self, folder: str) -> float:
        return float(self._s3.get_object(Bucket="bench", Key=f"flow/{folder}-out/own")["Body"].read())

    def _definition(self) -> dict[str, Any]:
        model = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
        prepared = {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
        auc = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "auc"}}
        report = {"PropertyFileName": "Report", "OutputName": "out", "FilePath": "evaluation.json"}
        keep = {
            "Name": "Keep",
            "Type": "Model",
            "Arguments": {
                "ExecutionRoleArn": self._role,
                "PrimaryContainer": {"Image": SCIKIT_LEARN, "ModelDataUrl": model},
            },
        }
        decide = {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": 0.7}],
            "IfSteps": [keep],
            "ElseSteps": [],
        }
        return {
            "Version": "2020-12-01",
            "Steps": [
                self._process("Prepare", "prepare", {"data": "s3://bench/flow/data/"}, "data-out"),
                {"Name": "Train", "Type": "Training", "Arguments": self._training(prepared)},
                {
                    **self._process("Evaluate", "evaluate", {"data": prepared, "model": model}, "report-out"),
                    "PropertyFiles": [report],
                },
                {"Name": "Decide", "Type": "Condition", "Arguments": decide},
            ],
        }

    def _training(self, data: Any) -> dict[str, Any]:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}
        return {
            "RoleArn": self._role,
            "AlgorithmSpecification": {
                "TrainingImage": SCIKIT_LEARN,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "own", "Regex": "own=([0-9.]+)"}],
            },
            "HyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": "s3://bench/flow/train.tar.gz",
            },
            "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": "s3://bench/flow/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }

    def _process(self, name: str, script: str, inputs: dict[str, Any], folder: str) -> dict[str, Any]:
        places = {**inputs, "code": f"s3://bench/flow/{script}.py"}
        output = {"S3Uri": f"s3://bench/flow/{folder}", "LocalPath": f"{_LOCAL}/out", "S3UploadMode": "EndOfJob"}
        return {
            "Name": name,
            "Type": "Processing",
            "Arguments": {
                "RoleArn": self._role,
                "AppSpecification": {
                    "ImageUri": SCIKIT_LEARN,
                    "ContainerEntrypoint": ["python3", f"{_LOCAL}/code/{script}.py"],
                },
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
                },
                "ProcessingInputs": [
                    {
                        "InputName": place,
                        "S3Input": {
                            "S3Uri": uri,
                            "LocalPath": f"{_LOCAL}/{place}",
                            "S3DataType": "S3Prefix",
                            "S3InputMode": "File",
                        },
                    }
                    for place, uri in places.items()
                ],
                "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
            },
        }


def _role(here: Cloud) -> str:
    """The role of the jobs and of the pipeline, which starts them."""
    may = {"Effect": "Allow", "Action": ["sagemaker:*", "iam:PassRole"], "Resource": "*"}
    here.client("iam").put_role_policy(
        RoleName="bench", PolicyName="flow", PolicyDocument=json.dumps({"Statement": [may]})
    )
    return here.role
