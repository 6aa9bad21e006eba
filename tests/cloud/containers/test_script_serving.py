"""course/cloud/containers/script_serving.py"""

import os
import signal
import socket

import pytest

MODULE = """
import numpy as np, os
class Sum:
    def predict(self, rows):
        print("rows", len(rows))
        return rows.sum(axis=1)
def model_fn(model_dir):
    print("model", model_dir, os.environ["SM_MODEL_DIR"], os.environ.get("COURSE_CHANNEL_FD"))
    return Sum()
"""


def test_requests_that_have_arrived_are_predicted_together(serve):
    server = serve({"inference.py": MODULE})
    answers = server.ask((b"1,2", "text/csv"), "/ping", (b"[3, 4]",), (b"5,6\n7,8", "text/csv", "text/csv"))
    assert [answer.status for answer in answers] == [200] * 4
    assert [answer.body for answer in answers] == [b"[3.0]", b"", b"[7.0]", b"11.0\n15.0\n"]
    assert [answer.content_type for answer in answers][-1] == "text/csv"
    assert server.end() == 0
    assert server.log == "model /opt/ml/model /opt/ml/model None\nrows 4\n", "one write arrives as one batch"


def test_other_paths(serve):
    server = serve({"inference.py": MODULE})
    (missing, parameters) = server.ask("/models", "/execution-parameters")
    assert (missing.status, missing.body) == (404, b"This container has no /models.")
    assert parameters.status == 404


def test_execution_parameters_of_the_module(serve):
    server = serve(
        {"inference.py": MODULE + "def execution_parameters_fn(): return {'BatchStrategy': 'MultiRecord'}\n"}
    )
    (answer,) = server.ask("/execution-parameters")
    assert (answer.status, answer.body) == (200, b'{"BatchStrategy": "MultiRecord"}')


def test_a_body_larger_than_the_channel_holds_both_ways(serve):
    echo = "def model_fn(d): pass\ndef transform_fn(m, data, t, a): return data, t\n"
    server = serve({"inference.py": echo})
    body = os.urandom(5_000_000)
    (answer,) = server.ask((body, "a/b"))
    assert answer.body == body


@pytest.mark.parametrize(
    ("files", "folder", "environment"),
    [
        ({"inference.py": MODULE}, "model/code", {}),
        (
            {"serve.py": MODULE},
            "code",
            {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://b/x.tar.gz"},
        ),
        (
            {"serve.py": MODULE},
            "model/code",
            {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
        ),
        ({"serve.py": MODULE}, "code", {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/code"}),
        ({"code.py": "import near\nfrom near import *", "near.py": MODULE}, "code", {"SAGEMAKER_PROGRAM": "code.py"}),
    ],
)
def test_where_the_program_may_be(serve, files, folder, environment):
    server = serve(files, environment, folder)
    assert server.ask("/ping")[0].status == 200


@pytest.mark.parametrize(
    ("files", "log"),
    [
        (
            {"inference.py": "def model_fn(model_dir):\n    raise OSError('no model.joblib')\n"},
            "Traceback (most recent call last):\n"
            '  File "/opt/ml/code/inference.py", line 2, in model_fn\n'
            "    raise OSError('no model.joblib')\n"
            "OSError: no model.joblib\n",
        ),
        (
            {"inference.py": "x = 1"},
            "NotImplementedError: Please provide a model_fn implementation.\n"
            "See documentation for model_fn at https://github.com/aws/sagemaker-python-sdk\n",
        ),
        (
            {},
            "FileNotFoundError: The inference program /opt/ml/code/inference.py is not there. Put it into the folder "
            "code/ of model.tar.gz, or set SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY in the model's "
            "Environment.\n",
        ),
        (
            {"inference.py": "raise SystemExit(0)"},
            "Traceback (most recent call last):\n"
            '  File "/opt/ml/code/inference.py", line 1, in <module>\n'
            "    raise SystemExit(0)\n"
            "SystemExit: 0\n",
        ),
        ({"inference.py": MODULE, "requirements.txt": "nothing-of-this-name"}, None),
    ],
)
def test_a_server_that_cannot_load_its_model_says_why_and_answers_nothing(serve, files, log):
    server = serve(files)
    server.send("/ping")
    assert server.process.wait(20) == 1
    with pytest.raises((ConnectionResetError, AssertionError)):
        server.receive(1)
    if log is None:
        assert server.log.startswith("InstallRequirementsError:\nExitCode 1\n")
    else:
        assert server.log == log


def test_sigterm_answers_what_has_arrived_and_ends(serve):
    slow = """
import signal, sys
def model_fn(model_dir): pass
def transform_fn(model, data, content_type, accept):
    if data == "stop":
        print("stopping", flush=True)
        signal.raise_signal(signal.SIGTERM)
    return data
"""
    server = serve({"inference.py": slow})
    answers = server.ask((b"first", "text/csv"), (b"stop", "text/csv"), (b"last", "text/csv"))
    assert [answer.body for answer in answers] == [b"first", b"stop", b"last"]
    assert server.process.wait(20) == 0


def test_sigterm_ends_an_idle_server(serve):
    server = serve({"inference.py": MODULE})
    server.ask("/ping")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0


def test_a_cloud_that_has_gone_ends_the_server(serve):
    server = serve({"inference.py": MODULE})
    server.send((b"1,2", "text/csv"))
    server.channel.shutdown(socket.SHUT_RDWR)
    assert server.end() == 0
    assert "Traceback" not in server.log


def test_scikit_learn_with_the_defaults(serve, tmp_path):
    import joblib
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    numbers = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    model = LogisticRegression().fit(numbers, np.where(numbers[:, 0] > 0, "yes", "no"))
    (tmp_path / "model").mkdir()
    joblib.dump(model, tmp_path / "model" / "model.joblib")
    module = "import joblib\ndef model_fn(model_dir):\n    return joblib.load(model_dir + '/model.joblib')\n"
    server = serve({"inference.py": module})
    good = ",".join(map(str, numbers[0])).encode()
    answers = server.ask(
        (good, "text/csv", "text/csv"), (b"1,2", "text/csv"), (b"nan,1,2", "text/csv"), (good, "text/csv")
    )
    expected = model.predict(numbers[:1])[0]
    assert (answers[0].status, answers[0].body.decode()) == (200, f"{expected}\n")
    assert (answers[3].status, answers[3].body.decode()) == (200, f'["{expected}"]')
    assert answers[1].status == 500
    assert b"X has 2 features, but LogisticRegression is expecting 3 features as input." in answers[1].body
    assert answers[2].status == 500
    assert b"Input X contains NaN." in answers[2].body
