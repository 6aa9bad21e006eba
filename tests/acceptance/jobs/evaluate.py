"""A processing job: a model archive and a table in, evaluation.json out."""

import json
import tarfile
from pathlib import Path

import joblib
import pandas as pd
from sklearn.metrics import roc_auc_score

ROOT = Path("/opt/ml/processing")

if __name__ == "__main__":
    with tarfile.open(ROOT / "model" / "model.tar.gz") as archive:
        archive.extractall(filter="data")
    model, test = joblib.load("model.joblib"), pd.read_csv(ROOT / "test" / "test.csv")
    auc = roc_auc_score(test["fraud"], model.predict_proba(test)[:, 1])
    report = {"binary_classification_metrics": {"auc": {"value": auc, "standard_deviation": "NaN"}}}
    (ROOT / "evaluation" / "evaluation.json").write_text(json.dumps(report))
