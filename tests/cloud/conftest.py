"""A real cloud for the tests: parents started once, a fresh world for each module that asks."""

import json
import socket
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from course.cloud import client
from course.cloud.launch import WorldHandle, open_world, start_parents

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass
class Cloud:
    """A world as a test uses it."""

    port: int
    handle: WorldHandle
    token: str = "token-of-the-owner"

    def client(self, service: str, key: tuple[str, str] = client.LEARNER, token: str | None = None, **more: Any) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=client.endpoint(self.port),
            region_name=client.REGION,
            aws_access_key_id=key[0],
            aws_secret_access_key=key[1],
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **more),
        )

    def control(self, verb: str, token: str | None = None, **arguments: Any) -> Any:
        request = urllib.request.Request(
            f"{client.endpoint(self.port)}/_cloud/{verb}",
            json.dumps(arguments).encode(),
            {"x-cloud-token": self.token if token is None else token},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def role(self, name: str = "TxGuardRole", *policies: str) -> str:
        """A role that SageMaker may assume, with the managed policies named (default: S3 and Logs)."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        for policy in policies or ("AmazonS3FullAccess", "CloudWatchLogsFullAccess"):
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return arn


@pytest.fixture(scope="session")
def parents(tmp_path_factory):
    with start_parents(tmp_path_factory.mktemp("p")) as started:
        yield started


@pytest.fixture(scope="session")
def open_cloud(parents):
    """Make further worlds; they end with the session at the latest."""
    handles = []

    def open_one(seed: int = 7, start: float | None = None) -> Cloud:
        with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
            handle = open_world(parents.sockets, listener=listener, seed=seed, start=start, token=Cloud.token)
        handles.append(handle)
        return Cloud(handle.port, handle)

    yield open_one
    for handle in handles:
        handle.close()


@pytest.fixture(scope="module")
def cloud(open_cloud, monkeypatch_module):
    found = open_cloud()
    monkeypatch_module.setenv("AWS_DATA_PATH", client.settings(found.port)["AWS_DATA_PATH"])
    yield found
    found.handle.close()


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch
