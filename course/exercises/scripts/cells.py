# The cells of the data scientist's notebook, one after the other.

import joblib
import pandas as pd
from fraud_model import FEATURES, build

data = pd.read_csv("/home/ana/Downloads/transactions.csv")
print(f"rows={len(data)}")

model = build(max_iter=80)
model.fit(data[FEATURES], data["fraud"])

joblib.dump(model, "model.joblib")
