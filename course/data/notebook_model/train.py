"""Train and serve TxGuard, the card-fraud score. Written for SageMaker's scikit-learn container, script mode."""

import argparse
import io
import json
import os
from pathlib import Path

import joblib
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

FEATURES = ["amount", "hour", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days"]
CATEGORIES = ["merchant", "channel"]
NUMBERS = [name for name in FEATURES if name not in CATEGORIES]


def build(max_iter=80, max_leaf_nodes=15, learning_rate=0.1, seed=0):
    """The model: raw columns in, probability of fraud out. A missing value or an unseen category is no error."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    columns = make_column_transformer((encode, CATEGORIES), ("passthrough", NUMBERS))
    trees = HistGradientBoostingClassifier(
        max_iter=max_iter,
        max_leaf_nodes=max_leaf_nodes,
        learning_rate=learning_rate,
        categorical_features=[0, 1],
        early_stopping=False,
        random_state=seed,
    )
    return make_pipeline(columns, trees)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-iter", type=int, default=80)
    parser.add_argument("--max-leaf-nodes", type=int, default=15)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--test-size", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    files = sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv"))
    data = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    train, test = train_test_split(data, test_size=args.test_size, stratify=data["fraud"], random_state=args.seed)
    model = build(args.max_iter, args.max_leaf_nodes, args.learning_rate, args.seed)
    model.fit(train[FEATURES], train["fraud"])

    score = model.predict_proba(test[FEATURES])[:, 1]
    flagged = score >= 0.3
    print(f"train_rows={len(train)} test_rows={len(test)}")
    print(f"auc={roc_auc_score(test['fraud'], score):.4f}")
    print(f"average_precision={average_precision_score(test['fraud'], score):.4f}")
    print(f"precision={precision_score(test['fraud'], flagged, zero_division=0):.4f}")
    print(f"recall={recall_score(test['fraud'], flagged):.4f}")
    joblib.dump(model, Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body, content_type):
    """CSV without a header, columns in the order of FEATURES; or JSON, {"instances": [{"amount": 12.5, ...}, ...]}."""
    text = body.decode() if isinstance(body, bytes | bytearray) else body
    kind = content_type.split(";")[0].strip()
    if kind == "text/csv":
        rows = pd.read_csv(io.StringIO(text), header=None)
        if rows.shape[1] != len(FEATURES):
            raise ValueError(f"Send {len(FEATURES)} columns, no header: {', '.join(FEATURES)}; got {rows.shape[1]}.")
        rows.columns = FEATURES
    elif kind == "application/json":
        rows = pd.DataFrame(json.loads(text)["instances"]).reindex(columns=FEATURES)
    else:
        raise ValueError(f"Send text/csv or application/json; got {content_type}.")
    return rows.astype({name: float for name in NUMBERS} | {name: str for name in CATEGORIES})


def predict_fn(rows, model):
    return model.predict_proba(rows)[:, 1]


def output_fn(scores, accept):
    if accept.startswith("text/csv"):
        return "\n".join(map(repr, scores.tolist())), "text/csv"
    return json.dumps({"predictions": scores.tolist()}), "application/json"


if __name__ == "__main__":
    main()
