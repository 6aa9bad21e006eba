"""TxGuard behind its endpoints: a line for each payment, its score and whether that reaches the cut, 1 or 0."""

import os

from train import input_fn, model_fn
from train import predict_fn as score

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

CUT = float(os.environ["CUT"])


def predict_fn(rows, model):
    return score(rows, model)


def output_fn(scores, accept):
    return "\n".join(f"{value:.6f},{int(value >= CUT)}" for value in scores), "text/csv"
