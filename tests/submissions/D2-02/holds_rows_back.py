# score = 2
# hint = "d2-02-scores"
# note = "Keeps a fifth of the table for a test, as one does on a laptop: another model than was asked for"

# %% d2-02-script
script = """
import argparse
import os
from pathlib import Path

import joblib
import pandas as pd
from fraud_model import FEATURES, build

parser = argparse.ArgumentParser()
parser.add_argument("--max-iter", type=int, default=80)
args = parser.parse_args()
data = pd.read_csv(next(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")))
print(f"rows={len(data)}")
train = data.sample(frac=0.8, random_state=0)
model = build(args.max_iter).fit(train[FEATURES], train["fraud"])
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""
