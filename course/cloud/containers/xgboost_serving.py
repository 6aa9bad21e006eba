"""The inference container of the built-in XGBoost: rows of features in, one score for each row out.

Bodies are text/csv (no label, no header) or LIBSVM; answers are text/csv, a line for each row, or JSON. With
SAGEMAKER_PROGRAM it is in script mode, as AWS's is.

Facts: github.com/aws/sagemaker-xgboost-container (algorithm_mode/serve.py, serve_utils.py, encoder.py). Unlike there:
no pickled models, no RecordIO, no ensembles, no SAGEMAKER_INFERENCE_OUTPUT.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course.cloud.containers import script_serving
from course.cloud.containers.inference import Answer, Request
from course.cloud.containers.layout import Layout

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"

_LIBSVM = ("text/libsvm", "text/x-libsvm")


def main() -> None:
    """Serve until the channel is closed. Raises SystemExit(1) when the model could not be loaded."""
    script_serving.main() if os.environ.get("SAGEMAKER_PROGRAM") else script_serving.main(load)


def load(layout: Layout) -> Scorer:
    """The scorer of the one model in /opt/ml/model. Raises RuntimeError if there is none that the library can load."""
    import xgboost

    paths = sorted(path for path in layout.model.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise RuntimeError(f"No model found in {layout.model}: the archive is empty.")
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(paths[0].read_bytes()))
    except xgboost.core.XGBoostError as error:
        reason = str(error).partition("\nStack trace")[0]
        raise RuntimeError(f"Model {paths[0]} cannot be loaded:\nXGB load model error={reason}") from None
    return Scorer(booster)


class Scorer:
    """Answers requests with one booster."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or CSV
        self.execution_parameters: Callable[[], dict[str, Any]] = lambda: {
            "MaxConcurrentTransforms": 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": 20,
        }

    def request(self, body: bytes, content_type: str | None, accept: str | None) -> Request:
        """A request with the container's defaults for what its caller left out."""
        accept = (accept or "").partition(";")[0].strip().lower()
        content_type = (content_type or CSV).partition(";")[0].strip().lower()
        return body, content_type, self._default_accept if accept in ("", "*/*") else accept

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers, in the order of the requests."""
        return [self._answer(*request) for request in requests]

    def _answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        if not body:
            return 204, accept, b""
        try:
            rows = _decoded(body, content_type, self._booster.num_features())
        except ValueError as error:
            return _refusal(415, error)
        try:
            scores = self._score(rows)
        except Exception as error:
            return _refusal(400, f"Unable to evaluate payload provided: {error}")
        if accept not in (CSV, JSON, LINES):
            return _refusal(406, f"Accept type {accept} is not supported. Please use {CSV}, {JSON} or {LINES}.")
        return 200, accept, _encoded(scores, accept)

    def _score(self, rows: np.ndarray) -> list[Any]:
        import xgboost

        expected = self._booster.num_features()
        if rows.shape[1] != expected:
            raise ValueError(
                f"Feature size of csv inference data {rows.shape[1]} is not consistent with feature size of trained "
                f"model {expected}."
            )
        return self._booster.predict(xgboost.DMatrix(rows, nthread=1), validate_features=False).tolist()


def _decoded(body: bytes, content_type: str, features: int) -> np.ndarray:
    """A body as a matrix; what is left out is missing. Raises ValueError."""
    lines = body.decode("utf-8", "replace").strip().splitlines()
    if content_type == CSV:
        try:
            return np.array([[float(word or "nan") for word in line.split(",")] for line in lines])
        except ValueError as error:
            raise ValueError(
                f"Loading csv data failed with Exception, please ensure data is in csv format:\n {error}"
            ) from None
    if content_type in _LIBSVM:
        rows = np.full((len(lines), features), np.nan)
        try:
            for row, line in zip(rows, lines, strict=True):
                for index, value in (word.split(":") for word in line.split() if ":" in word):
                    row[int(index)] = float(value)
        except (ValueError, IndexError) as error:
            raise ValueError(
                f"Loading libsvm data failed with Exception, please ensure data is in libsvm format:\n {error}"
            ) from None
        return rows
    raise ValueError(f"{content_type} is not an accepted ContentType: {CSV}, {', '.join(_LIBSVM)}.")


def _encoded(scores: list[Any], accept: str) -> bytes:
    """One score for each row; a row of scores where the objective gives one for each class."""
    if accept == CSV:
        lines = [",".join(map(str, score)) if isinstance(score, list) else str(score) for score in scores]
        return "".join(f"{line}\n" for line in lines).encode()
    named = [{"score": score} for score in scores]
    if accept == LINES:
        return "".join(f"{json.dumps(one)}\n" for one in named).encode()
    return json.dumps({"predictions": named}).encode()


def _refusal(status: int, why: object) -> Answer:
    print(f"Answered {status}: {why}", file=sys.stderr)
    return status, "text/plain", str(why).encode()
