"""An endpoint with real processes, and short ways to say the long calls."""

from types import SimpleNamespace

import pytest

from course.cloud.images import SCIKIT_LEARN

from ..sagemaker.conftest import archived, lab

__all__ = ["archived", "lab"]
ECHO = """
def model_fn(d): return None
def predict_fn(data, model): return "1"
def output_fn(p, accept): return p, 'text/plain'
"""


@pytest.fixture(scope="module")
def shop(lab, archived):
    """The endpoint `shop` with the variant `main` on two instances, and a client that scales it."""
    code = lab.put_code("code/shop.tar.gz", serve__py=ECHO)
    container = {
        "Image": SCIKIT_LEARN,
        "ModelDataUrl": archived,
        "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
    }
    lab.sm.create_model(ModelName="shop", ExecutionRoleArn=lab.role, PrimaryContainer=container)
    aas = lab.cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/shop/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }

    def make(name: str, instances: int = 1) -> None:
        variant = {
            "VariantName": "main",
            "ModelName": "shop",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": instances,
        }
        lab.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        lab.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert lab.settle(name)["EndpointStatus"] == "InService"

    def counts(name: str = "shop") -> tuple[int, int]:
        (variant,) = lab.sm.describe_endpoint(EndpointName=name)["ProductionVariants"]
        return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]

    def activities(**more) -> list[dict]:
        return aas.describe_scaling_activities(ServiceNamespace="sagemaker", **more)["ScalingActivities"]

    make("shop", 2)
    return SimpleNamespace(
        lab=lab,
        aas=aas,
        cw=lab.cloud.client("cloudwatch"),
        target=target,
        make=make,
        counts=counts,
        activities=activities,
        advance=lambda seconds: lab.cloud.control("advance", seconds=seconds),
    )


@pytest.fixture
def registered(shop):
    """The target, registered from 1 to 4, as at first."""
    shop.aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)
    yield shop
    shop.aas.deregister_scalable_target(**shop.target)
