# score = 3
# hint = "d2-02-fixed"
# note = "Reads transactions.csv from the right folder: the next table has another name"

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
data = pd.read_csv(Path(os.environ["SM_CHANNEL_TRAIN"], "transactions.csv"))
print(f"rows={len(data)}")
model = build(args.max_iter).fit(data[FEATURES], data["fraud"])
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""
