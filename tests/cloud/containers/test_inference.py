"""course/cloud/containers/inference.py"""

import json
import types

import numpy as np
import pytest

from course.cloud.containers.content import BULK_BYTES, CSV, JSON, NPY, encode
from course.cloud.containers.inference import Inference


class Sum:
    """Predicts the sum of each row, and remembers how many rows it was given at a time."""

    def __init__(self):
        self.calls = []

    def predict(self, rows):
        self.calls.append(len(rows))
        if np.isnan(rows).any():
            raise ValueError("Input contains NaN.")
        return rows.sum(axis=1)


def inference(model=None, **functions) -> Inference:
    module = types.ModuleType("inference")
    functions.setdefault("model_fn", lambda model_dir: model)
    for name, function in functions.items():
        setattr(module, name, function)
    return Inference(module, "/opt/ml/model")


def refused(answer) -> tuple[int, str, str]:
    status, content_type, body = answer
    assert content_type == JSON
    error = json.loads(body)
    assert list(error) == ["error", "error-message"]
    return status, error["error"], error["error-message"]


def test_the_model_comes_from_model_fn():
    seen = []
    inference(model_fn=seen.append)
    assert seen == ["/opt/ml/model"]


def test_without_model_fn_the_container_says_so():
    with pytest.raises(NotImplementedError, match=r"^Please provide a model_fn implementation\.\nSee documentation"):
        Inference(types.ModuleType("inference"), "")


@pytest.mark.parametrize("other", ["input_fn", "predict_fn", "output_fn"])
def test_transform_fn_excludes_the_others(other):
    with pytest.raises(ValueError, match="Cannot use transform_fn implementation with input_fn, predict_fn, and/or"):
        inference(transform_fn=print, **{other: print})


def test_defaults_for_what_the_caller_left_out(monkeypatch):
    assert inference().request(b"", None, None) == (b"", JSON, JSON)
    assert inference().request(b"", "", "*/*") == (b"", JSON, JSON)
    monkeypatch.setenv("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV)
    assert inference().request(b"", NPY, None) == (b"", NPY, CSV)


def test_requests_are_predicted_together_and_answered_apart():
    model = Sum()
    answers = inference(model).answers(
        [
            (b"1,2", CSV, JSON),
            (b"[[3, 4], [5, 6]]", JSON, CSV),
            (b"7,8\n9,10\n", CSV, JSON),
        ]
    )
    assert answers == [(200, JSON, b"[3.0]"), (200, CSV, b"7.0\n11.0\n"), (200, JSON, b"[15.0, 19.0]")]
    assert model.calls == [5]


def test_other_columns_and_dtypes_go_in_calls_of_their_own():
    model = Sum()
    double = np.array([[1.0, 2.0]])
    answers = inference(model).answers(
        [
            (b"1,2", CSV, JSON),
            (encode(double, NPY), NPY, JSON),
            (b"1,2,3", CSV, JSON),
            (b"3,4", CSV, JSON),
            (encode(double, NPY), NPY, NPY),
        ]
    )
    assert [status for status, _, _ in answers] == [200] * 5
    assert model.calls == [2, 2, 1]
    assert answers[4] == (200, NPY, encode(np.array([3.0]), NPY))


def test_one_bad_request_does_not_spoil_its_neighbours(capsys):
    model = Sum()
    requests = [
        (b"1,2", CSV, JSON),
        (b"1,x", CSV, JSON),
        (b"", CSV, JSON),
        (b"nan,1", CSV, JSON),
        (b"1,2", "image/png", JSON),
        (b"1,2", CSV, "image/png"),
        (b"3,4", CSV, JSON),
    ]
    answers = inference(model).answers(requests)
    assert answers[0] == (200, JSON, b"[3.0]")
    assert answers[6] == (200, JSON, b"[7.0]")
    assert refused(answers[1]) == (500, "Undecodable", "Line 1 of the CSV body has 'x' where a number should be.")
    assert refused(answers[2]) == (500, "Undecodable", "The request has no body; send at least one row.")
    assert refused(answers[3]) == (500, "ValueError", "Input contains NaN.")
    assert refused(answers[4])[:2] == (415, "UnsupportedFormatError")
    assert refused(answers[5])[:2] == (406, "UnsupportedFormatError")
    assert answers == [inference(Sum()).answers([request])[0] for request in requests], "alone, each gets the same"
    log = capsys.readouterr().err
    assert log.count("Traceback (most recent call last):") == 2
    assert "Answered 415: Content type image/png is not supported by this framework." in log


def test_long_bodies_are_read_in_bulk_with_the_same_answers():
    rows = BULK_BYTES // 4
    long = b"1,2\n" * rows
    answers = inference(Sum()).answers([(long, CSV, CSV), (b"3,4", CSV, JSON), (b"[5, 6]", JSON, JSON)])
    assert answers == [(200, CSV, b"3.0\n" * rows), (200, JSON, b"[7.0]"), (200, JSON, b"[11.0]")]
    answers = inference(Sum()).answers([(long, CSV, CSV), (b"3,x", CSV, JSON), (b"3,4,5", CSV, JSON)])
    assert [status for status, _, _ in answers] == [200, 500, 200]


@pytest.mark.parametrize(
    "predict",
    [
        lambda rows: list(rows.sum(axis=1)),
        lambda rows: rows.sum(),
        lambda rows: np.array(rows.sum()),
        lambda rows: np.ones(len(rows) + 1),
        lambda rows: {"n": len(rows)},
    ],
)
def test_a_model_whose_predictions_cannot_be_told_apart_is_asked_one_by_one(predict):
    model = types.SimpleNamespace(predict=predict)
    together = inference(model)
    requests = [(b"1,2", CSV, JSON), (b"3,4", CSV, JSON)]
    assert together.answers(requests) == [inference(model).answers([request])[0] for request in requests]
    assert not together.batches


def test_several_outputs_a_row_stay_together():
    model = types.SimpleNamespace(predict=lambda rows: rows * 2)
    answers = inference(model).answers([(b"1,2", CSV, CSV), (b"3,4\n5,6", CSV, JSON)])
    assert answers == [(200, CSV, b"2.0,4.0\n"), (200, JSON, b"[[6.0, 8.0], [10.0, 12.0]]")]


def test_arrays_that_are_no_matrix_are_predicted_alone():
    model = types.SimpleNamespace(predict=lambda rows: np.array([rows.ndim]))
    answers = inference(model).answers([(b"1", JSON, JSON), (b"[[[1]]]", JSON, JSON), (b"[[[2]]]", JSON, JSON)])
    assert [body for _, _, body in answers] == [b"[0]", b"[3]", b"[3]"]


def test_the_learners_functions_get_what_the_container_gives_them():
    seen = []

    def input_fn(data, content_type):
        seen.append((data, content_type))
        return data

    def predict_fn(data, model):
        seen.append((data, model))
        return data

    def output_fn(prediction, accept):
        seen.append((prediction, accept))
        return str(prediction), "text/x-mine"

    mine = inference("model", input_fn=input_fn, predict_fn=predict_fn, output_fn=output_fn)
    assert not mine.batches
    answers = mine.answers([("ü".encode(), CSV, JSON), (b"\xff", "image/png", "a/b")])
    assert answers == [(200, "text/x-mine", "ü".encode()), (200, "text/x-mine", rb"b'\xff'")]
    assert seen == [
        *(("ü", CSV), ("ü", "model"), ("ü", JSON)),
        *((b"\xff", "image/png"), (b"\xff", "model"), (b"\xff", "a/b")),
    ]


def test_transform_fn_does_it_all():
    def transform_fn(model, data, content_type, accept):
        return json.dumps([model, data, content_type, accept])

    answers = inference("m", transform_fn=transform_fn).answers([(b"x", CSV, JSON)])
    assert answers == [(200, JSON, b'["m", "x", "text/csv", "application/json"]')]


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("text", (200, CSV, b"text")),
        (b"bytes", (200, CSV, b"bytes")),
        (bytearray(b"b"), (200, CSV, b"b")),
        (("x", "text/plain"), (200, "text/plain", b"x")),
    ],
)
def test_results_of_output_fn(result, answer):
    assert inference(Sum(), output_fn=lambda prediction, accept: result).answers([(b"1", CSV, CSV)]) == [answer]


@pytest.mark.parametrize("result", [None, 1, np.ones(1), ["a"], ("x",), ("x", 1), ("a", "b", "c")])
def test_a_result_that_is_no_body_is_an_error_that_names_its_type(result, capsys):
    (answer,) = inference(Sum(), output_fn=lambda prediction, accept: result).answers([(b"1", CSV, CSV)])
    assert refused(answer) == (
        500,
        "TypeError",
        "output_fn and transform_fn must return str or bytes, or a tuple of that and its content type, "
        f"but the result was {type(result).__name__}.",
    )


@pytest.mark.parametrize("name", ["input_fn", "predict_fn", "output_fn", "transform_fn"])
def test_an_error_of_the_learner_is_500_with_the_traceback_in_the_log_only(name, capsys):
    def broken(*_):
        return {}["größe"]

    (answer,) = inference(Sum(), **{name: broken}).answers([(b"1", CSV, JSON)])
    assert refused(answer) == (500, "KeyError", "'größe'")
    log = capsys.readouterr().err
    assert log.startswith(f'Traceback (most recent call last):\n  File "{__file__}"')
    assert log.endswith("KeyError: 'größe'\n")


def test_a_default_around_a_function_of_the_learner_refuses_what_it_does_not_know(capsys):
    mine = inference(Sum(), predict_fn=lambda data, model: model.predict(data))
    answers = mine.answers([(b"1,2", "a/b", JSON), (b"1,2", CSV, "a/b"), (b"1,2", CSV, CSV)])
    assert [status for status, _, _ in answers] == [415, 406, 200]
