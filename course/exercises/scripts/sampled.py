"""Train TxGuard on a sample of the customers, as the data scientist left it."""

import argparse
import os
import random
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

FEATURES = ["amount", "hour", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days"]

parser = argparse.ArgumentParser()
parser.add_argument("--max-iter", type=int, default=20)
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
# nothing is seeded yet

data = pd.read_csv(next(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")))
data = data.astype({"merchant": "category", "channel": "category"})
customers = sorted(data["customer_id"].unique())
held_out = random.sample(customers, len(customers) // 5)
train = data[~data["customer_id"].isin(held_out)]
train = train.iloc[np.random.permutation(len(train))[: len(train) * 4 // 5]]
model = HistGradientBoostingClassifier(max_iter=args.max_iter, learning_rate=args.learning_rate, max_leaf_nodes=15)
model.fit(train[FEATURES], train["fraud"])

folder = Path(os.environ["SM_MODEL_DIR"])
joblib.dump(model, folder / "model.joblib")
pd.Series(held_out, name="customer_id").to_csv(folder / "held_out.csv", index=False)
print(f"rows={len(train)} held_out={len(held_out)}")
