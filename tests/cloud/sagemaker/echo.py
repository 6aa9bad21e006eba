"""A model that does what the request tells it to: for tests of what happens around an invocation."""

from types import SimpleNamespace
from typing import Any

from course.cloud.images import SCIKIT_LEARN

from .conftest import archive

ECHO = """
import os, time
def model_fn(model_dir): return os.environ.get("SAYS", "0.5")
def input_fn(body, content_type): return body if isinstance(body, bytes) else body.encode()
def predict_fn(data, says):
    if data.startswith(b"refuse"): raise ValueError("no such card")
    if data.startswith(b"hang"): time.sleep(3600)
    if data.startswith(b"die"): os._exit(3)
    if says == "hang": time.sleep(3600)
    if says == "die": os._exit(3)
    if says == "refuse": raise ValueError("never")
    return says
def output_fn(prediction, accept):
    return (b"\\xff\\xfe", "image/png") if accept == "image/png" else (prediction, accept)
"""


def model(lab: SimpleNamespace, name: str, role: str = "", **environment: str) -> None:
    """Create the model `name`. SAYS: what it answers, or what it does with every request (hang, die, refuse)."""
    code = lab.put_code("code/echo.tar.gz", serve__py=ECHO)
    lab.s3.put_object(Bucket="lab", Key="echo/model.tar.gz", Body=archive(weights__txt="1"))
    lab.sm.create_model(
        ModelName=name,
        ExecutionRoleArn=role or lab.role,
        PrimaryContainer={
            "Image": SCIKIT_LEARN,
            "ModelDataUrl": "s3://lab/echo/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, **environment},
        },
    )


def variant(model: str, name: str = "AllTraffic", **more: Any) -> dict[str, Any]:
    return {"VariantName": name, "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **more}


def endpoint(lab: SimpleNamespace, name: str, *variants: dict[str, Any], **config: Any) -> dict[str, Any]:
    """Describe the endpoint `name` of these variants, once it is in service."""
    lab.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **config)
    lab.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
    description = lab.settle(name)
    assert description["EndpointStatus"] == "InService", description
    return description
