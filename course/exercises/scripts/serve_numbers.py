"""TxGuard behind an endpoint: eight numbers for each payment in, one probability of fraud for each out."""

import os
import time

import joblib

AMOUNT, TENURE = 2, 7  # where they stand in a payment
LARGE, LOOKUP_SECONDS = 1000, 0.03
asked_before = set()


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))


def predict_fn(payments, model):
    for payment in map(tuple, payments.tolist()):
        if payment[TENURE] == 0 and payment not in asked_before:  # a new customer: the bank is asked who that is
            asked_before.add(payment)
            raise TimeoutError("the bank did not answer in time")
        if payment[AMOUNT] >= LARGE:  # a large payment: the bank is asked whether it is covered
            time.sleep(LOOKUP_SECONDS)
    return model.predict_proba(payments)[:, 1]
