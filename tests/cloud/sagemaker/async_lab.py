"""An asynchronous endpoint, its queue and what it tells, as the tests use them."""

import json
import time
from datetime import datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

from .conftest import archive

ECHO = """
import os, time
def model_fn(model_dir): return os.getpid()
def input_fn(body, content_type): return body if isinstance(body, bytes) else body.encode()
def predict_fn(data, model):
    word = data.split(b" ")[0]
    if word == b"raise": raise ValueError("no such card")
    if word == b"die": os._exit(3)
    if word == b"hang": time.sleep(600)
    if word == b"slow": time.sleep(0.3)
    return data
def output_fn(prediction, accept): return b"answer to " + prediction, "text/plain"
"""
VARIANT = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


class AsyncLab:
    """A bucket, two topics with a queue at each, and a role that may use them."""

    def __init__(self, lab):
        self.lab, self.s3, self.cloud = lab, lab.s3, lab.cloud
        # What boto3 would refuse by itself reaches the cloud.
        self.sm = lab.cloud.client("sagemaker", parameter_validation=False)
        self.runtime = lab.cloud.client("sagemaker-runtime", parameter_validation=False)
        sns, self.sqs = lab.cloud.client("sns"), lab.cloud.client("sqs")
        self.topics, self._queues = {}, {}
        for name in ("success", "error"):
            self.topics[name] = sns.create_topic(Name=name)["TopicArn"]
            url = self._queues[name] = self.sqs.create_queue(QueueName=name)["QueueUrl"]
            arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": self.topics[name]}},
            }
            self.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
            )
            sns.subscribe(
                TopicArn=self.topics[name],
                Protocol="sqs",
                Endpoint=arn,
                Attributes={"RawMessageDelivery": "true"},
            )
        self.role = lab.cloud.role("AsyncRole")
        statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": list(self.topics.values())}
        lab.cloud.client("iam").put_role_policy(
            RoleName="AsyncRole", PolicyName="tell", PolicyDocument=json.dumps({"Statement": [statement]})
        )
        self.s3.put_object(Bucket="lab", Key="async/model.tar.gz", Body=archive(nothing__txt="0"))
        self.code = lab.put_code("code/echo.tar.gz", serve__py=ECHO)

    def config(self, **more):
        """An AsyncInferenceConfig; `client` and members of OutputConfig override it."""
        client = more.pop("client", {})
        output = {
            "S3OutputPath": "s3://lab/out",
            "S3FailurePath": "s3://lab/failed",
            "NotificationConfig": {"SuccessTopic": self.topics["success"], "ErrorTopic": self.topics["error"]},
        } | more
        return {"OutputConfig": {k: v for k, v in output.items() if v is not None}, "ClientConfig": client}

    def model(self, name: str, role: str = "") -> None:
        environment = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": self.code}
        container = {
            "Image": SCIKIT_LEARN,
            "ModelDataUrl": "s3://lab/async/model.tar.gz",
            "Environment": environment,
        }
        self.sm.create_model(ModelName=name, ExecutionRoleArn=role or self.role, PrimaryContainer=container)

    def deploy(self, name: str, *, role: str = "", instances: int = 1, capture: dict | None = None, **config):
        self.model(name, role)
        self.sm.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[VARIANT | {"ModelName": name, "InitialInstanceCount": instances}],
            AsyncInferenceConfig=self.config(**config),
            **({"DataCaptureConfig": capture} if capture else {}),
        )
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        described = self.lab.settle(name)
        assert described["EndpointStatus"] == "InService", described
        return described

    def put(self, body: str) -> str:
        """An input object; returns its URI."""
        key = f"in/{abs(hash(body))}"
        self.s3.put_object(Bucket="lab", Key=key, Body=body.encode())
        return f"s3://lab/{key}"

    def ask(self, name: str, body: str = "hello", **more):
        """InvokeEndpointAsync with `body` as an object, unless Body or InputLocation is given."""
        given = more if {"Body", "InputLocation"} & more.keys() else {"InputLocation": self.put(body), **more}
        return SimpleNamespace(
            **self.runtime.invoke_endpoint_async(EndpointName=name, ContentType="text/plain", **given)
        )

    def read(self, uri: str) -> str | None:
        """The object, or None if there is none."""
        try:
            where = urlsplit(uri)
            return self.s3.get_object(Bucket=where.netloc, Key=where.path[1:])["Body"].read().decode()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey", error
            return None

    def wait(self, uri: str, seconds: float = 20) -> str:
        """The object, as soon as it is there."""
        deadline = time.monotonic() + seconds
        while (found := self.read(uri)) is None:
            assert time.monotonic() < deadline, f"{uri} never came"
            time.sleep(0.02)
        return found

    def told(self, topic: str, seconds: float = 10) -> dict:
        """The next message of a topic."""
        deadline = time.monotonic() + seconds
        while not (found := self.messages(topic)):
            assert time.monotonic() < deadline, f"{topic} told nothing"
            time.sleep(0.02)
        return found[0]

    def messages(self, topic: str) -> list[dict]:
        """At most one message that lies in a topic's queue; it is taken out."""
        url = self._queues[topic]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    def now(self) -> datetime:
        return datetime.fromisoformat(self.cloud.control("now")["now"])

    def advance(self, **step: float) -> None:
        seconds = step.get("seconds", 0) + 60 * step.get("minutes", 0) + 3600 * step.get("hours", 0)
        self.cloud.control("advance", seconds=seconds)
