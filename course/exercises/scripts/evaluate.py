"""Judge the model in the folder `model` by the rows in the folder `test`, and write evaluation.json."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

import joblib
import pandas as pd
from fraud_model import FEATURES
from sklearn.metrics import roc_auc_score

base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"), "processing")
with tarfile.open(base / "model" / "model.tar.gz") as archive:
    archive.extractall(base / "unpacked", filter="data")
rows = pd.read_csv(base / "test" / "test.csv")
score = joblib.load(base / "unpacked" / "model.joblib").predict_proba(rows[FEATURES])[:, 1]
evaluation = {
    "metrics": {"auc": {"value": round(float(roc_auc_score(rows["fraud"], score)), 4)}},
    "model": json.loads((base / "unpacked" / "made_from.json").read_text()),
    "test": hashlib.sha256((base / "test" / "test.csv").read_bytes()).hexdigest(),
}
(base / "evaluation").mkdir(parents=True, exist_ok=True)
(base / "evaluation" / "evaluation.json").write_text(json.dumps(evaluation))
print(f"auc={evaluation['metrics']['auc']['value']}")
