"""The model's predictions: from an endpoint, or from a shadow endpoint that lives as long as the analysis.

Facts: developer guide, "How SageMaker Clarify Processing Jobs Work" and "Configure the Analysis" (predictor). All calls
are made from inside the job, with its role's permissions.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from course.cloud.clarify.analysis_config import ConfigError

_ROWS = 2000  # in one request, well below the 6 MB that InvokeEndpoint takes
_POLL_SECONDS, _POLLS = 0.25, 4 * 3600


class Predictor:
    """Answers rows of features with scores or labels."""

    def __init__(self, runtime: Any, endpoint: str, settings: dict[str, Any], threshold: float) -> None:
        self._runtime, self._settings, self._threshold = runtime, settings, threshold
        self._content_type = settings.get("content_type", "text/csv")
        self._accept = settings.get("accept_type", self._content_type)
        self._more = {"EndpointName": endpoint}
        for member, key in (("target_model", "TargetModel"), ("custom_attributes", "CustomAttributes")):
            if settings.get(member):
                self._more[key] = settings[member]

    def labels(self, features: pd.DataFrame) -> pd.Series:
        """One predicted label for each row."""
        label, headers = self._settings.get("label"), self._settings.get("label_headers")
        outputs = self._outputs(features)
        if label is not None and headers is None:
            return pd.Series([_only(_pick(output, label, "label"), "label") for output in outputs]).infer_objects()
        try:
            scores = self._scores(outputs)
        except ValueError:
            if all(isinstance(output, list) and len(output) == 1 for output in outputs):
                return pd.Series([output[0] for output in outputs])
            raise
        if scores.shape[1] == 1:
            return pd.Series((scores[:, 0] > self._threshold).astype(int))
        best = scores.argmax(axis=1)
        if headers is None:
            return pd.Series(best)
        if len(headers) != scores.shape[1]:
            raise ConfigError(f"predictor.label_headers has {len(headers)} names for {scores.shape[1]} scores.")
        return pd.Series([headers[n] for n in best])

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """(rows, labels) scores."""
        return self._scores(self._outputs(features))

    def _scores(self, outputs: list[Any]) -> np.ndarray:
        place = self._settings.get("probability")
        picked = outputs if place is None else [_pick(output, place, "probability") for output in outputs]
        try:
            return np.array([_flat(item) for item in picked], dtype=float)
        except (TypeError, ValueError):
            raise ConfigError(
                f"Could not convert the model's output {str(outputs[0])[:80]} to float: see predictor.probability, "
                "predictor.label and predictor.accept_type."
            ) from None

    def _outputs(self, features: pd.DataFrame) -> list[Any]:
        """What the model says of each row: the cells of a CSV line, or a JSON value."""
        found: list[Any] = []
        for start in range(0, len(features), _ROWS):
            chunk = features.iloc[start : start + _ROWS]
            answer = self._runtime.invoke_endpoint(
                Body=chunk.to_csv(header=False, index=False).encode(),
                ContentType=self._content_type,
                Accept=self._accept,
                **self._more,
            )
            outputs = _records(answer["Body"].read().decode(), self._accept)
            if len(outputs) != len(chunk):
                raise ConfigError(
                    f"The model answered {len(outputs)} predictions to {len(chunk)} rows; see predictor.accept_type."
                )
            found += outputs
        return found


def _records(body: str, accept: str) -> list[Any]:
    try:
        if accept == "application/jsonlines":
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        if accept == "application/json":
            value = json.loads(body)
            lists = [value] if isinstance(value, list) else [v for v in value.values() if isinstance(v, list)]
            return lists[0] if lists else [value]
    except (ValueError, AttributeError):
        raise ConfigError(f"The model's output is not what predictor.accept_type says: {body[:80]!r}") from None
    lines = [line.split(",") for line in body.splitlines() if line.strip()]
    return [[_cell(cell) for cell in line] for line in lines]


def _cell(text: str) -> Any:
    text = text.strip().strip('"')
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _pick(output: Any, place: str | int, member: str) -> Any:
    """What stands at an index, or at a JMESPath, of one output. Raises ConfigError naming the member."""
    if isinstance(place, int):
        if isinstance(output, list) and 0 <= place < len(output):
            return output[place]
    else:
        import jmespath  # botocore brings it along

        found = jmespath.search(place, output)
        if found is not None:
            return found
    raise ConfigError(f"predictor.{member} {place!r} is not in the model's output {str(output)[:80]}")


def _flat(value: Any) -> list[Any]:
    if isinstance(value, str):
        value = json.loads(value) if value.strip().startswith("[") else value
    return value if isinstance(value, list) else [value]


def _only(value: Any, member: str) -> Any:
    values = _flat(value)
    if len(values) != 1:
        raise ConfigError(f"predictor.{member} finds {len(values)} labels in one output, and label_headers is not set.")
    return values[0]


@contextlib.contextmanager
def opened(settings: dict[str, Any], threshold: float) -> Iterator[Predictor]:
    """A predictor for the settings; a shadow endpoint is made for model_name and deleted afterwards."""
    import boto3
    from botocore.config import Config

    runtime = boto3.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 3}))
    if settings.get("endpoint_name"):
        yield Predictor(runtime, settings["endpoint_name"], settings, threshold)
        return
    sagemaker = boto3.client("sagemaker")
    prefix = settings.get("endpoint_name_prefix", "sm-clarify")
    name = f"{prefix}-{int(time.time())}-{uuid.uuid4().hex[:8]}"
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": settings["model_name"],
                "InstanceType": settings["instance_type"],
                "InitialInstanceCount": settings["initial_instance_count"],
            }
        ],
    )
    with contextlib.ExitStack() as afterwards:
        afterwards.callback(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        print(f"Creating endpoint: '{name}'", flush=True)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        afterwards.callback(sagemaker.delete_endpoint, EndpointName=name)
        _wait(sagemaker, name)
        yield Predictor(runtime, name, settings, threshold)


def _wait(sagemaker: Any, name: str) -> None:
    for _ in range(_POLLS):
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"] == "InService":
            return
        if endpoint["EndpointStatus"] == "Failed":
            raise ConfigError(f"predictor.model_name: the shadow endpoint failed: {endpoint.get('FailureReason', '')}")
        time.sleep(_POLL_SECONDS)
    raise ConfigError("predictor.model_name: the shadow endpoint was not InService within an hour.")
