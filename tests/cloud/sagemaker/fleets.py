"""Endpoints of several variants and instances, and short ways to look at them and to change them."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

WHO = """
import os
def model_fn(d): return f"{os.environ['WHO']} {os.urandom(8).hex()}"
def predict_fn(data, model): return model
def output_fn(p, accept): return p, 'text/plain'
"""
"""A model that answers with its variant and with a name of its process."""
SHOWN = ("CurrentWeight", "DesiredWeight", "CurrentInstanceCount", "DesiredInstanceCount")


@dataclass
class Fleets:
    lab: SimpleNamespace
    model_data: str

    def model(self, name: str, script: str = WHO, **environment: str) -> str:
        """A model; with the script WHO, one that answers with its own name."""
        code = self.lab.put_code(f"code/{name}.tar.gz", serve__py=script)
        self.lab.sm.create_model(
            ModelName=name,
            ExecutionRoleArn=self.lab.role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": self.model_data,
                "Environment": {
                    "SAGEMAKER_PROGRAM": "serve.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": code,
                    "WHO": name,
                    **environment,
                },
            },
        )
        return name

    def config(self, config: str, /, **variants: dict[str, Any]) -> str:
        """A configuration. Arguments: variant={"ModelName": …} and further members of a ProductionVariant."""
        defaults = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self.lab.sm.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[{"VariantName": name, **defaults, **members} for name, members in variants.items()],
        )
        return config

    def make(self, endpoint: str, /, script: str = WHO, wait: bool = True, **variants: tuple[float, int]) -> str:
        """An endpoint in service. Arguments: variant=(weight, instances)."""
        described = {}
        for variant, (weight, count) in variants.items():
            model = self.model(f"{endpoint}-{variant}", script)
            described[variant] = {
                "ModelName": model,
                "InitialVariantWeight": weight,
                "InitialInstanceCount": count,
            }
        self.lab.sm.create_endpoint(EndpointName=endpoint, EndpointConfigName=self.config(endpoint, **described))
        if wait:
            assert self.lab.settle(endpoint)["EndpointStatus"] == "InService"
        return endpoint

    def ask(self, endpoint: str, body: bytes = b"1", **more: str) -> str:
        """The answer's text."""
        asked = {"EndpointName": endpoint, "ContentType": "text/csv", "Body": body, **more}
        return self.lab.runtime.invoke_endpoint(**asked)["Body"].read().decode()

    def rescale(self, endpoint: str, /, **variants: dict[str, float]) -> None:
        """Arguments: variant={"weight": …, "count": …}."""
        members = {"weight": "DesiredWeight", "count": "DesiredInstanceCount"}
        self.lab.sm.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[
                {"VariantName": name, **{members[key]: value for key, value in change.items()}}
                for name, change in variants.items()
            ],
        )

    def update(self, endpoint: str, config: str, **more: Any) -> dict[str, Any]:
        """UpdateEndpoint; the description when it is over."""
        self.lab.sm.update_endpoint(EndpointName=endpoint, EndpointConfigName=config, **more)
        return self.lab.settle(endpoint)

    def statuses(self, endpoint: str) -> list[str]:
        """The states that the endpoint has been in."""
        lines = self.lab.cloud.control("timeline")
        return [c["status"] for c in lines if c["name"] == endpoint and c["kind"] == "Endpoint"]

    def shown(self, endpoint: str) -> dict[str, tuple[float, ...]]:
        """The members SHOWN of each variant, as DescribeEndpoint has them."""
        variants = self.lab.sm.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
        return {v["VariantName"]: tuple(v[m] for m in SHOWN) for v in variants}

    @contextlib.contextmanager
    def knocking(self, endpoint: str, callers: int = 4) -> Iterator[SimpleNamespace]:
        """Ask all the time, from several threads. What was answered and what was refused is on the object given."""
        done, seen = threading.Event(), SimpleNamespace(answers=[], errors=[])

        def knock() -> None:
            while not done.is_set():
                try:
                    seen.answers.append(self.ask(endpoint))
                except ClientError as error:
                    seen.errors.append(str(error))

        threads = [threading.Thread(target=knock) for _ in range(callers)]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            done.set()
            for thread in threads:
                thread.join()
