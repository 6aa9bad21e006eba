"""A bucket, a role and scripts to train and serve with."""

import concurrent.futures
import io
import json
import tarfile
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

from .batches import Batches
from .fleets import Fleets
from .flows import Flows
from .watch import Watch

TRAIN = """
import argparse, json, os
import joblib, numpy as np
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser()
parser.add_argument("--strength", type=float, default=1.0)
arguments = parser.parse_args()
rows = np.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "train.csv"), delimiter=",")
model = LogisticRegression(C=arguments.strength).fit(rows[:, 1:], rows[:, 0])
print(f"accuracy={model.score(rows[:, 1:], rows[:, 0]):.4f} C={arguments.strength}")
joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""
SERVE = """
import os, joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""

OBEDIENT = """
import os, time, uuid

def model_fn(model_dir):
    open(os.path.join(model_dir, "weights.txt")).read()
    return uuid.uuid4().hex  # who answers

def input_fn(body, content_type):
    return body.decode() if isinstance(body, bytes) else body

def predict_fn(data, model):
    what, _, number = data.partition(" ")
    if what == "sleep":
        time.sleep(float(number))
    if what == "die":
        os._exit(3)
    if what == "take":
        bytearray(int(number) << 20)
    return "x" * int(number) if what == "long" else model

def output_fn(prediction, accept):
    return prediction, "text/plain"
"""


def archive(**files: str) -> bytes:
    """A sourcedir.tar.gz; names use __ for the dot."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def lab(cloud):
    """Clients, a role, a bucket with training data, and short ways to say the long calls."""
    s3, sm = cloud.client("s3"), cloud.client("sagemaker")
    role = cloud.role()
    s3.create_bucket(Bucket="lab")
    rows = "\n".join(f"{i % 2},{i % 2 + i / 1000},{-(i % 2)}" for i in range(200))
    s3.put_object(Bucket="lab", Key="data/train.csv", Body=rows.encode())

    def put_code(key: str, **files: str) -> str:
        s3.put_object(Bucket="lab", Key=key, Body=archive(**files))
        return f"s3://lab/{key}"

    def train(name: str, script: str = TRAIN, *, wait: bool = True, **more):
        code = put_code(f"code/{name}.tar.gz", train__py=script)
        request = {
            "TrainingJobName": name,
            "RoleArn": role,
            "AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
            "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": code},
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lab/data/"}},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://lab/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        for key, value in more.items():
            request[key] = {**request[key], **value} if isinstance(request.get(key), dict) else value
        sm.create_training_job(**request)
        return done(name) if wait else None

    def done(name: str):
        waiter = sm.get_waiter("training_job_completed_or_stopped")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 1200
        try:
            waiter.wait(TrainingJobName=name)
        except Exception as error:  # a failed job ends the waiter too
            if "terminal failure" not in str(error):
                raise
        return sm.describe_training_job(TrainingJobName=name)

    def deploy(
        name: str, model_data: str, script: str = SERVE, *, instances: int = 1, wait: bool = True, **environment
    ):
        code = put_code(f"code/{name}-serve.tar.gz", serve__py=script)
        sm.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": model_data,
                "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, **environment},
            },
        )
        sm.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": instances,
                }
            ],
        )
        sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return settle(name) if wait else None

    def settle(name: str):
        waiter = sm.get_waiter("endpoint_in_service")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 1200
        try:
            waiter.wait(EndpointName=name)
        except Exception as error:
            if "terminal failure" not in str(error):
                raise
        return sm.describe_endpoint(EndpointName=name)

    def gone(name: str) -> None:
        sm.delete_endpoint(EndpointName=name)
        waiter = sm.get_waiter("endpoint_deleted")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 1200
        waiter.wait(EndpointName=name)

    def logs(group: str, prefix: str = "") -> str:
        client = cloud.client("logs")
        named = {"logStreamNamePrefix": prefix} if prefix else {}
        streams = client.describe_log_streams(logGroupName=group, **named)["logStreams"]
        return "\n".join(
            event["message"]
            for stream in streams
            for event in client.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        )

    def until(job: str, words: str, times: int = 1) -> None:
        """Wait until the log of a training job has the words so many times."""
        deadline = time.monotonic() + 30
        while f"{logs('/aws/sagemaker/TrainingJobs', f'{job}/')}\n".count(words) < times:
            assert time.monotonic() < deadline, logs("/aws/sagemaker/TrainingJobs", f"{job}/")
            time.sleep(0.05)

    return SimpleNamespace(
        cloud=cloud,
        s3=s3,
        sm=sm,
        runtime=cloud.client("sagemaker-runtime"),
        role=role,
        train=train,
        done=done,
        deploy=deploy,
        settle=settle,
        gone=gone,
        logs=logs,
        until=until,
        put_code=put_code,
    )


@pytest.fixture(scope="module")
def flows(lab):
    """Pipelines, run by a role that may do what their steps ask for."""
    role = lab.cloud.role("PipelineRole", "AmazonS3FullAccess")
    allowed = ["sagemaker:*", "iam:PassRole", "lambda:InvokeFunction", "sqs:SendMessage"]
    lab.cloud.client("iam").put_role_policy(
        RoleName="PipelineRole",
        PolicyName="steps",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]}),
    )
    return Flows(lab, role)


@pytest.fixture(scope="module")
def archived(lab):
    """Where a model archive lies that nothing was trained for: enough to register."""
    lab.s3.put_object(Bucket="lab", Key="registry/model.tar.gz", Body=archive(weights__txt="1 2 3"))
    return "s3://lab/registry/model.tar.gz"


@pytest.fixture(scope="module")
def watch(lab, archived):
    """An endpoint whose requests are captured, and ways to monitor it."""
    made = Watch(lab, "watched")
    made.deploy(archived)
    return made


@pytest.fixture(scope="module")
def fleets(lab, archived):
    """Endpoints whose variants answer with their own names."""
    return Fleets(lab, archived)


@pytest.fixture(scope="module")
def registered(lab, archived):
    """Register the next version of a group, which is made if it is not there. Returns the version's ARN."""

    def register(group: str, model_data: str = archived, **more) -> str:
        groups = lab.sm.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
        if group not in [found["ModelPackageGroupName"] for found in groups]:
            lab.sm.create_model_package_group(ModelPackageGroupName=group)
        return lab.sm.create_model_package(
            ModelPackageGroupName=group,
            InferenceSpecification={
                "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": model_data}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
                "SupportedTransformInstanceTypes": ["ml.m5.large"],
            },
            **more,
        )["ModelPackageArn"]

    return register


@pytest.fixture(scope="module")
def made(lab):
    """raw → clean → (fit) → model → (deploy) → endpoint, with a report that hangs on the model."""
    sm = lab.sm

    def artifact(uri, type_, **more):
        return sm.create_artifact(Source={"SourceUri": uri}, ArtifactType=type_, **more)["ArtifactArn"]

    def action(name, type_):
        return sm.create_action(ActionName=name, Source={"SourceUri": name}, ActionType=type_)["ActionArn"]

    found = SimpleNamespace(
        raw=artifact("s3://hand/raw", "DataSet", Properties={"month": "1"}),
        clean=artifact("s3://hand/clean", "DataSet"),
        fit=action("fit", "Training"),
        model=artifact("s3://hand/model", "Model"),
        deploy=action("deploy", "ModelDeployment"),
        endpoint=sm.create_context(ContextName="e", Source={"SourceUri": "e"}, ContextType="Endpoint")["ContextArn"],
        report=artifact("s3://hand/report", "Report"),
    )
    for source, destination, type_ in (
        (found.raw, found.clean, "DerivedFrom"),
        (found.clean, found.fit, "ContributedTo"),
        (found.fit, found.model, "Produced"),
        (found.model, found.deploy, "ContributedTo"),
        (found.deploy, found.endpoint, "AssociatedWith"),
        (found.report, found.model, "AssociatedWith"),
    ):
        sm.add_association(SourceArn=source, DestinationArn=destination, AssociationType=type_)
    return found


@pytest.fixture(scope="module")
def serverless(lab):
    """Make models, configurations and endpoints without an instance."""
    code = lab.put_code("code/serverless.tar.gz", serve__py=OBEDIENT)

    def model(name: str, code: str = code, **more) -> str:
        lab.s3.put_object(Bucket="lab", Key=f"serverless/{name}.tar.gz", Body=archive(weights__txt="1 2 3"))
        lab.sm.create_model(
            ModelName=name,
            ExecutionRoleArn=lab.role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": f"s3://lab/serverless/{name}.tar.gz",
                "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
            },
            **more,
        )
        return name

    def config(name: str, model: str, memory: int = 2048, most: int = 5, provisioned: int = 0) -> None:
        settings = {"MemorySizeInMB": memory, "MaxConcurrency": most}
        settings |= {"ProvisionedConcurrency": provisioned} if provisioned else {}
        variant = {"VariantName": "v", "ModelName": model, "ServerlessConfig": settings}
        lab.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])

    def deploy(name: str, tags: tuple = (), **settings):
        config(name, model(name), **settings)
        lab.sm.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=list(tags))
        return lab.settle(name)

    def ask(name: str, body: str | bytes = "who") -> str:
        answer = lab.runtime.invoke_endpoint(EndpointName=name, ContentType="text/plain", Body=body)
        return answer["Body"].read().decode()

    def together(name: str, bodies: list[str]) -> list[str]:
        """Ask all at once: the answers, or the errors' codes."""

        def one(body: str) -> str:
            try:
                return ask(name, body)
            except ClientError as error:
                return error.response["Error"]["Code"]

        with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(one, bodies))

    def starts(name: str) -> int:
        """How often a container started: the log has a stream for each."""
        streams = lab.cloud.client("logs").describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{name}")
        return len(streams["logStreams"])

    return SimpleNamespace(model=model, config=config, deploy=deploy, ask=ask, together=together, starts=starts)


@pytest.fixture(scope="module")
def batches(lab):
    """Transform jobs."""
    return Batches(lab)
