"""Definitions as the SageMaker SDK writes them, and short ways to run them."""

import json
import time
from typing import Any

from course.cloud.images import SCIKIT_LEARN

VERSION = "2020-12-01"
PREPARE = """
import os, shutil, sys
base = os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml') + '/processing'
os.makedirs(base + '/output/train', exist_ok=True)
shutil.copy(base + '/input/data/train.csv', base + '/output/train/train.csv')
"""
EVALUATE = """
import json, os, sys
base = os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml') + '/processing'
os.makedirs(base + '/output/report', exist_ok=True)
assert os.path.exists(base + '/input/model/model.tar.gz')
metrics = {'metrics': {'auc': {'value': float(sys.argv[1])}}}
json.dump(metrics, open(base + '/output/report/evaluation.json', 'w'))
"""


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(on: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def step(name: str, kind: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments or {}, **more}


def condition(name: str, *conditions: dict, yes: Any = (), no: Any = (), **more: Any) -> dict[str, Any]:
    return step(
        name, "Condition", {"Conditions": list(conditions), "IfSteps": list(yes), "ElseSteps": list(no)}, **more
    )


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def equals(left: Any, right: Any) -> dict[str, Any]:
    return compare("Equals", left, right)


def fail(name: str = "Stop", message: Any = "no good", **more: Any) -> dict[str, Any]:
    return step(name, "Fail", {"ErrorMessage": message}, **more)


def definition(*steps: dict[str, Any], parameters: Any = ()) -> str:
    return json.dumps(
        {
            "Version": VERSION,
            "Metadata": {},
            "Parameters": list(parameters),
            "PipelineExperimentConfig": {
                "ExperimentName": get("Execution.PipelineName"),
                "TrialName": get("Execution.PipelineExecutionId"),
            },
            "Steps": list(steps),
        }
    )


def parameter(name: str, kind: str, default: Any = None, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, **({} if default is None else {"DefaultValue": default}), **more}


def s3_input(name: str, uri: Any) -> dict[str, Any]:
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"/opt/ml/processing/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


class Flows:
    """Builders that need the lab's role and bucket, and the way from a definition to its end."""

    def __init__(self, lab: Any, role: str):
        self.lab, self.sm, self.role = lab, lab.sm, role
        for name, script in (("prepare", PREPARE), ("evaluate", EVALUATE)):
            lab.s3.put_object(Bucket="lab", Key=f"flows/{name}.py", Body=script.encode())

    def process(
        self, name: str, script: str, inputs: dict[str, Any], outputs: dict[str, Any], words: Any = (), **more: Any
    ) -> dict[str, Any]:
        return step(
            name,
            "Processing",
            {
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
                },
                "AppSpecification": {
                    "ImageUri": SCIKIT_LEARN,
                    "ContainerEntrypoint": ["python3", f"/opt/ml/processing/input/code/{script}.py"],
                    **({"ContainerArguments": list(words)} if words else {}),
                },
                "RoleArn": self.role,
                "ProcessingInputs": [
                    *(s3_input(key, uri) for key, uri in inputs.items()),
                    s3_input("code", f"s3://lab/flows/{script}.py"),
                ],
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": key,
                            "AppManaged": False,
                            "S3Output": {
                                "S3Uri": uri,
                                "LocalPath": f"/opt/ml/processing/output/{key}",
                                "S3UploadMode": "EndOfJob",
                            },
                        }
                        for key, uri in outputs.items()
                    ]
                },
            },
            **more,
        )

    def train(
        self, name: str = "Train", script: str = "pass", data: Any = "s3://lab/data/", hyper: Any = None, **more: Any
    ) -> dict[str, Any]:
        code = self.lab.put_code(f"code/flow-{name}-{abs(hash(script))}.tar.gz", train__py=script)
        return step(
            name,
            "Training",
            {
                "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": SCIKIT_LEARN},
                "OutputDataConfig": {"S3OutputPath": "s3://lab/flow-models"},
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
                "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.m5.large"},
                "RoleArn": self.role,
                "InputDataConfig": [
                    {
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3Uri": data,
                                "S3DataDistributionType": "FullyReplicated",
                            }
                        },
                        "ContentType": "text/csv",
                        "ChannelName": "train",
                    }
                ],
                "HyperParameters": {
                    "sagemaker_submit_directory": json.dumps(code),
                    "sagemaker_program": '"train.py"',
                    **(hyper or {}),
                },
                "DebugHookConfig": {"S3OutputPath": "s3://lab/flow-models", "CollectionConfigurations": []},
                "ProfilerConfig": {"DisableProfiler": True},
            },
            **more,
        )

    def model(self, name: str, data: Any, **more: Any) -> dict[str, Any]:
        container = {"Image": SCIKIT_LEARN, "Environment": {"SAGEMAKER_PROGRAM": "serve.py"}, "ModelDataUrl": data}
        return step(name, "Model", {"ExecutionRoleArn": self.role, "PrimaryContainer": container}, **more)

    def create(self, name: str, *steps: dict[str, Any], parameters: Any = (), **more: Any) -> str:
        text = definition(*steps, parameters=parameters)
        return self.sm.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=self.role, **more)[
            "PipelineArn"
        ]

    def start(self, name: str, parameters: Any = None, **more: Any) -> str:
        given = [{"Name": key, "Value": value} for key, value in (parameters or {}).items()]
        return self.sm.start_pipeline_execution(PipelineName=name, PipelineParameters=given, **more)[
            "PipelineExecutionArn"
        ]

    def end(self, arn: str, *statuses: str) -> dict[str, Any]:
        """Wait until the execution has ended, or is in one of `statuses`."""
        wanted = statuses or ("Succeeded", "Failed", "Stopped")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.sm.describe_pipeline_execution(PipelineExecutionArn=arn)
            if found["PipelineExecutionStatus"] in wanted:
                return found
            time.sleep(0.02)
        raise AssertionError((found, self.steps(arn)))

    def run(self, name: str, parameters: Any = None, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start and wait: the execution and its steps by name."""
        arn = self.start(name, parameters, **more)
        return self.end(arn), self.steps(arn)

    def steps(self, arn: str) -> dict[str, Any]:
        found = self.sm.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=100)
        return {item["StepName"]: item for item in found["PipelineExecutionSteps"]}

    def step_in(self, arn: str, name: str, status: str) -> dict[str, Any]:
        """Wait until a step is in `status`."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.steps(arn).get(name)
            if found and found["StepStatus"] == status:
                return found
            time.sleep(0.02)
        raise AssertionError(self.steps(arn))
