"""TxGuard behind an endpoint: payments in as lines of JSON, probabilities of fraud out as lines of CSV."""

import json
from pathlib import Path

import joblib
from features import prepare


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body, content_type):
    return prepare([json.loads(line) for line in body.splitlines()])


def predict_fn(rows, model):
    return model.predict_proba(rows)[:, 1]


def output_fn(scores, accept):
    return "\n".join(map(repr, scores.tolist())), "text/csv"
