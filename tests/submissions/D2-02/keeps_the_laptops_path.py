# score = 0
# hint = "d2-02-path"
# note = "The table is read from the data scientist's downloads"

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
data = pd.read_csv("/home/ana/Downloads/transactions.csv")
print(f"rows={len(data)}")
model = build(args.max_iter).fit(data[FEATURES], data["fraud"])
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""
