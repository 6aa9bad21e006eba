"""A processing job: the table in, one part to train on and one to judge by out."""

import argparse
from pathlib import Path

import pandas as pd

ROOT = Path("/opt/ml/processing")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--test-share", type=float)
    share = parser.parse_args().test_share
    table = pd.concat(pd.read_csv(path) for path in (ROOT / "input").glob("*.csv"))
    test = table.sample(frac=share, random_state=0)
    for name, rows in (("train", table.drop(test.index)), ("test", test)):
        rows.to_csv(ROOT / name / f"{name}.csv", index=False)
