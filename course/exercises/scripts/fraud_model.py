"""TxGuard's model, as the data scientist wrote it. Nobody changes this file."""

from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

CATEGORIES = ["merchant", "channel"]
NUMBERS = ["amount", "hour", "customer_age", "km_from_home", "tx_24h", "tenure_days"]
FEATURES = CATEGORIES + NUMBERS


def build(max_iter=80):
    """The model: raw columns in, probability of fraud out."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    columns = make_column_transformer((encode, CATEGORIES), ("passthrough", NUMBERS))
    trees = HistGradientBoostingClassifier(
        max_iter=max_iter, max_leaf_nodes=15, categorical_features=[0, 1], early_stopping=False, random_state=0
    )
    return make_pipeline(columns, trees)
