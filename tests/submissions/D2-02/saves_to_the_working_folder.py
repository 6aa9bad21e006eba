# score = 2
# hint = "d2-02-empty"
# note = "The cell's last line as it was: the file goes with the machine, and the job is Completed"

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
model = build(args.max_iter).fit(data[FEATURES], data["fraud"])
joblib.dump(model, "model.joblib")
"""
