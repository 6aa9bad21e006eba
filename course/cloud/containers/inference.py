"""The learner's inference code: model_fn and, where they are given, input_fn, predict_fn, output_fn or transform_fn.

Facts: github.com/aws/sagemaker-scikit-learn-container (serving.py) on github.com/aws/sagemaker-containers
(_transformer.py, _worker.py): signatures, defaults, which functions exclude each other, 415 and 406 for a content type
without a default, 500 for whatever the learner's code raises and for a body that the defaults cannot decode. Unlike
there, the body of an error is its class and message as JSON, while the traceback stands in the log only.

With none of the four functions given, requests that are there at the same time go through ``model.predict`` together.
This supposes that the rows of a prediction do not depend on each other; a batch that fails, or whose result has another
length, is done again one by one, so no request suffers from its neighbours.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from course.cloud.containers import content, search_path
from course.cloud.containers.failure import print_traceback
from course.cloud.containers.layout import BASE, Layout
from course.cloud.containers.requirements import check_requirements
from course.cloud.containers.training_environment import PYTHON

DEFAULT_PROGRAM = "inference.py"
FUNCTIONS = ("input_fn", "predict_fn", "output_fn", "transform_fn")

Request = tuple[bytes, str, str]  # body, content type, accept
Answer = tuple[int, str, bytes]  # status, content type, body


def load(layout: Layout) -> Inference:
    """Import the learner's module and load the model with its model_fn.

    Raises what that code raises; FileNotFoundError without a program, CommandFailed for unmet requirements,
    NotImplementedError without model_fn, ValueError for functions that exclude each other.
    """
    folder = _code_folder(layout)
    program = os.environ.get("SAGEMAKER_PROGRAM") or DEFAULT_PROGRAM
    path = folder / program
    if not path.is_file():
        raise FileNotFoundError(
            f"The inference program {path} is not there. Put it into the folder code/ of model.tar.gz, or set "
            "SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY in the model's Environment."
        )
    os.environ["SM_MODEL_DIR"] = str(layout.model)
    search_path.put_first(path.parent, folder)
    check_requirements(folder, PYTHON)
    return Inference(_import(path), str(layout.model))


def _code_folder(layout: Layout) -> Path:
    """Where the learner's code is: an archive in S3 has been unpacked into /opt/ml/code, a folder is taken as it is."""
    submitted = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "").removeprefix("file://")
    if submitted.startswith("s3://"):
        return layout.code
    if submitted:
        below = submitted.removeprefix(BASE).lstrip("/") if submitted.startswith(BASE) else submitted
        folder = layout.base / below  # an absolute path stays as it is
        return folder if folder.is_dir() else layout.code
    in_model = layout.model / "code"
    return in_model if in_model.is_dir() else layout.code


def _import(path: Path) -> ModuleType:
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"The inference program {path.name} is no Python module; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pickled classes and dataclasses look here for the module they are from
    spec.loader.exec_module(module)
    return module


class Inference:
    """Answers requests with one loaded model."""

    def __init__(self, module: ModuleType, model_dir: str) -> None:
        given = {name: getattr(module, name, None) for name in FUNCTIONS}
        if given["transform_fn"] and any(given[name] for name in FUNCTIONS[:3]):
            raise ValueError("Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn")
        self._transform: Callable | None = given["transform_fn"]
        self._input: Callable | None = given["input_fn"]
        self._predict: Callable = given["predict_fn"] or _default_predict
        self._output: Callable | None = given["output_fn"]
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or content.JSON
        self.execution_parameters: Callable | None = getattr(module, "execution_parameters_fn", None)
        self.batches = not any(given.values())
        """Whether requests are predicted together."""
        self._model = getattr(module, "model_fn", _default_model)(model_dir)

    def request(self, body: bytes, content_type: str | None, accept: str | None) -> Request:
        """A request with the container's defaults for what its caller left out."""
        if not accept or accept == "*/*":
            accept = self._default_accept
        return body, content_type or content.JSON, accept

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers, in the order of the requests."""
        if self.batches and len(requests) > 1:
            return self._answer_together(requests)
        return [self._answer(*request) for request in requests]

    def _answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        try:
            if self._transform:
                return _response(self._transform(self._model, _text(body, content_type), content_type, accept), accept)
            if self._input:
                data = self._input(_text(body, content_type), content_type)
            else:
                data = content.decode(body, content_type)
        except content.UnsupportedFormatError as error:
            return _refusal(415, error)
        except content.Undecodable as error:
            return _refusal(500, error)
        except Exception as error:
            return _failure(error)
        return self._answer_decoded(data, accept)

    def _answer_decoded(self, data: Any, accept: str) -> Answer:
        try:
            prediction = self._predict(data, self._model)
            if self._output:
                return _response(self._output(prediction, accept), accept)
            return 200, accept, content.encode(prediction, accept)
        except content.UnsupportedFormatError as error:
            return _refusal(406, error)
        except Exception as error:
            return _failure(error)

    def _answer_together(self, requests: Sequence[Request]) -> list[Answer]:
        answers: list[Any] = self._decode(requests)
        groups: dict[Any, list[int]] = {}
        for index, decoded in enumerate(answers):
            if isinstance(decoded, np.ndarray):
                stackable = decoded.ndim == 2 and len(decoded)
                groups.setdefault((decoded.dtype, decoded.shape[1]) if stackable else index, []).append(index)
        for group in groups.values():
            predictions = self._predict_together([answers[index] for index in group])
            for index, prediction in zip(group, predictions, strict=True):
                accept = requests[index][2]
                if prediction is None:
                    answers[index] = self._answer_decoded(answers[index], accept)
                else:
                    answers[index] = _encoded(prediction, accept)
        return answers

    def _decode(self, requests: Sequence[Request]) -> list[np.ndarray | Answer]:
        """Each request as array, or the refusal where it is none."""
        decoded: list[Any] = [None] * len(requests)
        csv = [index for index, (body, kind, _) in enumerate(requests) if kind == content.CSV and body]
        if sum(len(requests[index][0]) for index in csv) >= content.BULK_BYTES:
            arrays = content.decode_many([requests[index][0] for index in csv])
            for index, array in zip(csv, arrays or (), strict=False):
                decoded[index] = array
        for index, (body, content_type, _) in enumerate(requests):
            if decoded[index] is None:
                try:
                    decoded[index] = content.decode(body, content_type)
                except content.UnsupportedFormatError as error:
                    decoded[index] = _refusal(415, error)
                except content.Undecodable as error:
                    decoded[index] = _refusal(500, error)
        return decoded

    def _predict_together(self, arrays: list[np.ndarray]) -> list[np.ndarray | None]:
        """The predictions for matrices with the same columns; None for each where they cannot be told apart."""
        alone: list[np.ndarray | None] = [None] * len(arrays)
        if len(arrays) == 1:
            return alone
        rows = np.concatenate(arrays)
        try:
            prediction = self._predict(rows, self._model)
        except Exception:  # one of them is to blame: found, and logged, when each is predicted alone
            return alone
        if not isinstance(prediction, np.ndarray) or prediction.ndim == 0 or len(prediction) != len(rows):
            self.batches = False
            return alone
        parts, start = [], 0
        for array in arrays:
            parts.append(prediction[start : start + len(array)])
            start += len(array)
        return parts


def _default_model(model_dir: str) -> Any:
    raise NotImplementedError(
        "Please provide a model_fn implementation.\n"
        "See documentation for model_fn at https://github.com/aws/sagemaker-python-sdk"
    )


def _default_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _text(body: bytes, content_type: str) -> str | bytes:
    """The body as the learner's functions get it."""
    return body.decode("utf-8", "replace") if content_type in content.TEXT else body


def _encoded(prediction: np.ndarray, accept: str) -> Answer:
    try:
        return 200, accept, content.encode(prediction, accept)
    except content.UnsupportedFormatError as error:
        return _refusal(406, error)
    except Exception as error:
        return _failure(error)


def _response(result: Any, accept: str) -> Answer:
    """The answer that output_fn or transform_fn returned: a body, or a body and its content type."""
    body, content_type = result if isinstance(result, tuple) and len(result) == 2 else (result, accept)
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes | bytearray) or not isinstance(content_type, str):
        raise TypeError(
            "output_fn and transform_fn must return str or bytes, or a tuple of that and its content type, "
            f"but the result was {type(result).__name__}."
        )
    return 200, content_type, bytes(body)


def _refusal(status: int, error: Exception) -> Answer:
    """The caller's mistake."""
    print(f"Answered {status}: {error}", file=sys.stderr)
    return _error(status, error)


def _failure(error: Exception) -> Answer:
    """The mistake of the learner's code, or of the model."""
    print_traceback(error)
    return _error(500, error)


def _error(status: int, error: Exception) -> Answer:
    body = {"error": type(error).__name__, "error-message": str(error)}
    return status, content.JSON, json.dumps(body).encode()
