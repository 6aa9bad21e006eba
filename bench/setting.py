"""A cloud to measure: warm parents, a world, a role, a bucket, a model that is served."""

import contextlib
import io
import json
import os
import socket
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import joblib
import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sklearn.linear_model import LogisticRegression

from course.cloud import client
from course.cloud.images import SCIKIT_LEARN
from course.cloud.launch import Parents, open_world, start_parents

TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
)
SERVE = "import os, joblib\ndef model_fn(folder):\n    return joblib.load(os.path.join(folder, 'model.joblib'))\n"
TRAIN = """
import time; started = time.perf_counter()
import os, joblib, numpy as np
from sklearn.linear_model import LogisticRegression
rows = np.random.default_rng(0).normal(size=(2000, 20))
joblib.dump(LogisticRegression().fit(rows, rows[:, 0] > 0), os.environ["SM_MODEL_DIR"] + "/model.joblib")
print(f"own={time.perf_counter() - started:.6f}")
"""


def archive(**files: bytes) -> bytes:
    """A tar.gz; names use __ for the dot."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def model_and_rows(features: int = 20) -> tuple[LogisticRegression, np.ndarray]:
    """The model that every server in the comparison serves, and rows (500 x `features`) to ask it about."""
    rows = np.random.default_rng(0).normal(size=(500, features))
    return LogisticRegression().fit(rows, rows[:, 0] > 0), rows


@dataclass
class Cloud:
    """A world with a role and a bucket, and the client calls that the measures share."""

    port: int
    pid: int = 0
    role: str = ""

    def client(self, service: str) -> Any:
        key, secret = client.LEARNER
        return boto3.session.Session().client(
            service,
            endpoint_url=client.endpoint(self.port),
            region_name=client.REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def furnish(self) -> None:
        self.role = self.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.client("iam").attach_role_policy(RoleName="bench", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
        s3 = self.client("s3")
        s3.create_bucket(Bucket="bench")
        buffer = io.BytesIO()
        joblib.dump(model_and_rows()[0], buffer)
        s3.put_object(Bucket="bench", Key="model.tar.gz", Body=archive(model__joblib=buffer.getvalue()))
        s3.put_object(Bucket="bench", Key="serve.tar.gz", Body=archive(serve__py=SERVE.encode()))
        s3.put_object(Bucket="bench", Key="train.tar.gz", Body=archive(train__py=TRAIN.encode()))

    def create_model(self, name: str) -> None:
        self.client("sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=self.role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": "s3://bench/model.tar.gz",
                "Environment": {
                    "SAGEMAKER_PROGRAM": "serve.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bench/serve.tar.gz",
                },
            },
        )

    def deploy(self, name: str, variants: int = 1) -> float:
        """Seconds from CreateEndpoint to InService."""
        sagemaker = self.client("sagemaker")
        self.create_model(name)
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {"VariantName": f"V{i}", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
                for i in range(variants)
            ],
        )
        start = time.perf_counter()
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.wait("endpoint_in_service", EndpointName=name)
        return time.perf_counter() - start

    def wait(self, waiter: str, **names: str) -> None:
        found = self.client("sagemaker").get_waiter(waiter)
        found.config.delay, found.config.max_attempts = 0.01, 12_000
        found.wait(**names)

    def invocation(self, endpoint: str, body: str) -> tuple[str, dict[str, str]]:
        """(URL, signed headers) of an InvokeEndpoint request; the signature is good for a quarter of an hour."""
        url = f"{client.endpoint(self.port)}/endpoints/{endpoint}/invocations"
        request = AWSRequest("POST", url, data=body, headers={"Content-Type": "text/csv", "Accept": "text/csv"})
        SigV4Auth(Credentials(*client.LEARNER), "sagemaker", client.REGION).add_auth(request)
        return url, dict(request.headers.items())


def descendants(pid: int) -> set[int]:
    """The processes below one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {found for child in children for found in (int(child), *descendants(int(child)))}


def cpu_seconds(pids: set[int]) -> float:
    """The processor time that processes have used."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(user) + int(system) for user, system in (found[11:13] for found in fields)) / os.sysconf(
        "SC_CLK_TCK"
    )


def private_megabytes(pids: set[int]) -> float:
    """Memory that processes share with nobody (Private_* of smaps)."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


@contextlib.contextmanager
def parents() -> Iterator[Parents]:
    """Warm parents, ready."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, start_parents(Path(folder)) as started:
        started.wait_ready("world")
        started.wait_ready("job")
        yield started


@contextlib.contextmanager
def cloud(started: Parents) -> Iterator[Cloud]:
    """A furnished world."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        handle = open_world(started.sockets, listener=listener, seed=1, start=None, token="bench")
    try:
        found = Cloud(handle.port, handle.pid)
        found.furnish()
        yield found
    finally:
        handle.close()
