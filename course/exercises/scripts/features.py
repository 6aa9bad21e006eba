"""From payments as the app sends them to the columns that TxGuard's model knows."""

import pandas as pd

COLUMNS = ["amount", "hour", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days"]
MERCHANTS = {4722: "travel", 5411: "grocery", 5541: "fuel", 5732: "electronics", 5812: "restaurant", 7994: "gaming"}
CHANNELS = {5: "pos", 10: "app", 81: "web"}


def prepare(payments):
    """A list of payments in, a table of COLUMNS out: one row for each payment."""
    rows = pd.DataFrame(payments)
    clock = pd.to_datetime(rows["time"], unit="s", utc=True).dt
    rows["amount"] = rows["cents"] / 100
    rows["hour"] = clock.hour
    rows["merchant"] = decode(rows["mcc"], MERCHANTS)
    rows["channel"] = decode(rows["entry"], CHANNELS)
    rows["tx_24h"] = rows["payments_24h"]
    return rows[COLUMNS].astype({"km_from_home": float})


def decode(codes, names):
    """The card network's codes in, names out."""
    return codes.map(names)
