"""The course's own: what a model says about rows. The model comes from an archive, or is trained as it should be."""

import argparse
import os
import tarfile
from pathlib import Path

import joblib
import pandas as pd
from fraud_model import FEATURES, build

parser = argparse.ArgumentParser()
parser.add_argument("--max-iter", type=int)
args = parser.parse_args()
if archive := os.environ.get("SM_CHANNEL_ARCHIVE"):
    with tarfile.open(next(Path(archive).glob("*.tar.gz"))) as packed:
        packed.extractall("unpacked", filter="data")
    model = joblib.load("unpacked/model.joblib")
else:
    data = pd.read_csv(next(Path(os.environ["SM_CHANNEL_TABLE"]).glob("*.csv")))
    model = build(max_iter=args.max_iter)
    model.fit(data[FEATURES], data["fraud"])
rows = pd.read_csv(next(Path(os.environ["SM_CHANNEL_ROWS"]).glob("*.csv")))
scores = pd.Series(model.predict_proba(rows[FEATURES])[:, 1])
scores.to_csv(Path(os.environ["SM_OUTPUT_DATA_DIR"], "scores.csv"), index=False, header=False)
