"""Unit tests of the feature function: a payment that we know in, columns that we know out."""

import unittest

from features import COLUMNS, prepare

PAYMENT = {
    # 1767583800 seconds after 1970 began, it was half past three at night in Greenwich
    "cents": 1999, "time": 1767583800, "mcc": 5732, "entry": 81, "payments_24h": 4,
    "customer_age": 31, "km_from_home": 12.5, "tenure_days": 900,
}  # fmt: skip


class Features(unittest.TestCase):
    def test_eight_columns_in_the_order_of_training(self):
        self.assertEqual(list(prepare([PAYMENT]).columns), COLUMNS)

    def test_cents_become_euros(self):
        self.assertEqual(prepare([PAYMENT])["amount"].item(), 19.99)

    def test_the_hour_is_taken_in_utc(self):
        self.assertEqual(prepare([PAYMENT])["hour"].item(), 3)

    def test_codes_become_names(self):
        self.assertEqual(prepare([PAYMENT])[["merchant", "channel"]].iloc[0].tolist(), ["electronics", "web"])

    def test_a_missing_distance_stays_missing(self):
        self.assertTrue(prepare([PAYMENT | {"km_from_home": None}])["km_from_home"].isna().item())

    def test_one_row_for_each_payment_in_their_order(self):
        self.assertEqual(prepare([PAYMENT, PAYMENT | {"payments_24h": 9}])["tx_24h"].tolist(), [4, 9])
