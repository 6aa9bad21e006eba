"""Models that show what they are given, and a short way to run a transform job over some objects."""

import json
from typing import Any

from course.cloud.images import SCIKIT_LEARN

SUM = """
def model_fn(model_dir):
    class Sum:
        def predict(self, rows):
            return rows.sum(axis=1)
    return Sum()
"""
"""text/csv: the sum of each row."""
TELL = """
import json, os
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    text = data if isinstance(data, str) else data.decode("latin-1")
    print(f"request of {len(text)}")
    batch = {name: value for name, value in os.environ.items() if name.startswith(("SAGEMAKER_", "OWN_"))}
    return json.dumps({"body": text, "type": content_type, "accept": accept, "batch": batch}), accept
"""
"""Tells of each request what it was."""
COUNT = """
import json
def model_fn(model_dir):
    return None
def transform_fn(model, data, content_type, accept):
    text = data if isinstance(data, str) else data.decode()
    documents = [json.loads(part) for part in (text.splitlines() if "lines" in content_type else [text])]
    return "\\n".join(json.dumps({"label": len(document)}) for document in documents), accept
"""
"""JSON: how many entries each document has."""


class Batches:
    """Transform jobs in the bucket `lab`: every job reads below in/<job>/ and writes below out/<job>/."""

    def __init__(self, lab: Any):
        self._lab = lab

    def model(self, name: str, script: str, **more: Any) -> str:
        code = self._lab.put_code(f"code/{name}.tar.gz", serve__py=script)
        environment = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code}
        self._lab.sm.create_model(
            ModelName=name,
            PrimaryContainer={"Image": SCIKIT_LEARN, "Environment": environment},
            **{"ExecutionRoleArn": self._lab.role, **more},
        )
        return name

    def create(self, name: str, model: str, objects: dict[str, bytes | str], **more: Any) -> None:
        for path, body in objects.items():
            self._lab.s3.put_object(Bucket="lab", Key=f"in/{name}/{path}", Body=body)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://lab/in/{name}/"}}
        request = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
            "TransformOutput": {
                "S3OutputPath": f"s3://lab/out/{name}",
                "Accept": "text/csv",
                "AssembleWith": "Line",
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        for member, value in more.items():
            request[member] = {**request[member], **value} if isinstance(request.get(member), dict) else value
        self._lab.sm.create_transform_job(**{member: value for member, value in request.items() if value is not None})

    def run(self, name: str, model: str, objects: dict[str, bytes | str], **more: Any) -> dict[str, Any]:
        """The job's description at its end."""
        self.create(name, model, objects, **more)
        return self.done(name)

    def done(self, name: str) -> dict[str, Any]:
        waiter = self._lab.sm.get_waiter("transform_job_completed_or_stopped")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 1200
        try:
            waiter.wait(TransformJobName=name)
        except Exception as error:
            if "terminal failure" not in str(error):
                raise
        return self._lab.sm.describe_transform_job(TransformJobName=name)

    def output(self, name: str) -> dict[str, str]:
        """What a job wrote, by the path below its output folder."""
        prefix = f"out/{name}/"
        found = self._lab.s3.list_objects_v2(Bucket="lab", Prefix=prefix).get("Contents", [])
        return {
            item["Key"].removeprefix(prefix): self._lab.s3.get_object(Bucket="lab", Key=item["Key"])["Body"]
            .read()
            .decode()
            for item in found
        }

    def told(self, name: str) -> list[dict[str, Any]]:
        """What the model TELL told of every request, object by object."""
        return [json.loads(line) for text in self.output(name).values() for line in text.splitlines()]

    def log(self, name: str) -> str:
        return self._lab.logs("/aws/sagemaker/TransformJobs", f"{name}/")
