"""course/cloud/clarify/predictor.py: what is taken from the model's answers."""

import io
import json

import pandas as pd
import pytest

from course.cloud.clarify.analysis_config import ConfigError
from course.cloud.clarify.predictor import Predictor

ROWS = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
CSV_PAIRS = "0,0.25\n1,0.75\n"
LINES = '{"label": "no", "p": [0.9, 0.1]}\n{"label": "yes", "p": [0.3, 0.7]}\n'


class Endpoint:
    """Answers one body, and remembers what it was asked."""

    def __init__(self, body):
        self.body, self.asked = body, []

    def invoke_endpoint(self, **request):
        self.asked.append(request)
        return {"Body": io.BytesIO(self.body.encode())}


def predictor(body, threshold=0.5, **settings):
    return Predictor(Endpoint(body), "e", settings, threshold)


@pytest.mark.parametrize(
    ("body", "settings", "labels"),
    [
        (CSV_PAIRS, {"label": 0}, [0, 1]),
        (CSV_PAIRS, {"probability": 1}, [0, 1]),
        ("0.25\n0.75\n", {}, [0, 1]),
        ("no\nyes\n", {}, ["no", "yes"]),
        ("0.9,0.1\n0.3,0.7\n", {"label_headers": ["no", "yes"]}, ["no", "yes"]),
        (LINES, {"accept_type": "application/jsonlines", "label": "label"}, ["no", "yes"]),
        (LINES, {"accept_type": "application/jsonlines", "probability": "p[1]"}, [0, 1]),
        ("[0.25, 0.75]", {"accept_type": "application/json"}, [0, 1]),
        (
            json.dumps({"predictions": [{"s": 0.25}, {"s": 0.75}]}),
            {"accept_type": "application/json", "probability": "s"},
            [0, 1],
        ),
    ],
)
def test_labels(body, settings, labels):
    assert predictor(body, **settings).labels(ROWS).tolist() == labels


def test_a_score_at_the_threshold_is_not_above_it():
    assert predictor("0.5\n0.75\n").labels(ROWS).tolist() == [0, 1]
    assert predictor("0.5\n0.75\n", threshold=0.2).labels(ROWS).tolist() == [1, 1]


def test_scores_are_a_column_for_each_label():
    assert predictor(CSV_PAIRS, probability=1).scores(ROWS).tolist() == [[0.25], [0.75]]
    assert predictor(LINES, accept_type="application/jsonlines", probability="p").scores(ROWS).shape == (2, 2)


def test_the_model_is_asked_in_csv_without_a_header():
    endpoint = Endpoint("0.1\n0.2\n")
    Predictor(endpoint, "e", {"target_model": "m.tar.gz", "custom_attributes": "c"}, 0.5).scores(ROWS)
    assert endpoint.asked == [
        {
            "EndpointName": "e",
            "Body": b"1,x\n2,y\n",
            "ContentType": "text/csv",
            "Accept": "text/csv",
            "TargetModel": "m.tar.gz",
            "CustomAttributes": "c",
        }
    ]


@pytest.mark.parametrize(
    ("body", "settings", "message"),
    [
        ("0.1\n", {}, "1 predictions to 2 rows"),
        ("no\nyes\n", {"probability": 0}, "to float"),
        (CSV_PAIRS, {"probability": 5}, "predictor.probability 5 is not in"),
        (LINES, {"accept_type": "application/jsonlines", "probability": "q"}, "predictor.probability 'q' is not in"),
        ("<html>", {"accept_type": "application/json"}, "accept_type"),
    ],
)
def test_an_answer_that_does_not_fit_names_the_field(body, settings, message):
    with pytest.raises(ConfigError, match=message):
        predictor(body, **settings).scores(ROWS)


def test_label_headers_are_as_many_as_scores():
    with pytest.raises(ConfigError, match="label_headers has 3 names for 2 scores"):
        predictor("0.9,0.1\n0.3,0.7\n", label_headers=["a", "b", "c"]).labels(ROWS)
