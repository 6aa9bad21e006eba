"""Train TxGuard on the rows of the channel `train`; beside the model goes the digest of the rows it was made from."""

import argparse
import hashlib
import json
import os
from pathlib import Path

import joblib
import pandas as pd
from fraud_model import FEATURES, build

parser = argparse.ArgumentParser()
parser.add_argument("--max-iter", type=int, default=20)
args = parser.parse_args()
path = Path(os.environ["SM_CHANNEL_TRAIN"], "train.csv")
rows = pd.read_csv(path)
folder = Path(os.environ["SM_MODEL_DIR"])
joblib.dump(build(args.max_iter).fit(rows[FEATURES], rows["fraud"]), folder / "model.joblib")
made_from = {"train": hashlib.sha256(path.read_bytes()).hexdigest(), "max_iter": args.max_iter}
(folder / "made_from.json").write_text(json.dumps(made_from))
print(f"rows={len(rows)}")
