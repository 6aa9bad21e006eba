"""TxGuard as a formula: a line of CSV for each payment in, a probability of fraud for each out."""

import json
import math
import os


def model_fn(model_dir):
    with open(os.path.join(model_dir, "formula.json")) as file:
        return json.load(file)


def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    return [line.split(",") for line in text.splitlines() if line]


def predict_fn(payments, formula):
    return [score(payment, formula) for payment in payments]


def output_fn(scores, accept):
    return "".join(f"{value:.4f}\n" for value in scores), "text/csv"


def score(payment, c):
    """The log-odds are a sum with one part for each column; a missing distance adds nothing."""
    amount, hour, merchant, channel, age, km, tx_24h, tenure = payment
    odds = c["intercept"] + c["amount"] * (math.log(float(amount)) - c["amount_at"])
    odds += c["km"] * (float(km) - c["km_at"]) if km else 0.0
    odds += c["tx_24h"] * (float(tx_24h) - c["tx_24h_at"])
    odds += c["merchant"] * (merchant in c["merchants"]) + c["channel"] * (channel in c["channels"])
    odds += c["hour"] * (int(hour) in c["hours"]) + c["tenure"] * (float(tenure) - c["tenure_at"])
    odds += c["young"] * (int(age) < 26)
    return 1 / (1 + math.exp(-odds))
