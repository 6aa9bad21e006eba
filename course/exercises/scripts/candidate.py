"""Train TxGuard on the table of the channel, and say how well it does on payments that it never saw."""

import argparse
import json
import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from fraud_model import FEATURES, build
from sklearn.metrics import roc_auc_score

parser = argparse.ArgumentParser()
parser.add_argument("--max-iter", type=int, default=80)
args = parser.parse_args()
data = pd.read_csv(next(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")))
model = build(max_iter=args.max_iter)
model.fit(data[FEATURES], data["fraud"])
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")

unseen = pd.read_csv(Path(__file__).with_name("unseen.csv"))
score, fraud = model.predict_proba(unseen[FEATURES])[:, 1], unseen["fraud"] == 1
caught = score >= np.quantile(score, 0.95)  # one payment in twenty is looked at
slices = {
    "web_at_night": (unseen["channel"] == "web") & (unseen["hour"] < 6),
    "under_26": unseen["customer_age"] < 26,
    "gaming": unseen["merchant"] == "gaming",
}
told = {
    "auc": round(float(roc_auc_score(fraud, score)), 3),
    "recall": round(float(caught[fraud].mean()), 3),
    "slices": {name: round(float(caught[fraud & rows].mean()), 3) for name, rows in slices.items()},
}
Path(os.environ["SM_OUTPUT_DATA_DIR"], "evaluation.json").write_text(json.dumps(told))
