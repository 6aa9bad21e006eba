"""TxGuard's second look: one signal of a doubtful payment against one limit; both lie in the archive."""

import json
import os

import numpy as np


def model_fn(model_dir):
    with open(os.path.join(model_dir, "rule.json")) as file:
        return json.load(file)


def predict_fn(rows, rule):
    return (np.asarray(rows)[:, rule["column"]] > rule["limit"]).astype(int)
