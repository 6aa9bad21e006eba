"""The course's own: train TxGuard as its notebook does and score tables with it, all in one job."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import train

files = Path(os.environ["SM_CHANNEL_ROWS"])
rows = pd.read_pickle(files / "train.pkl")
kept, _ = train.train_test_split(rows, test_size=0.01, stratify=rows["fraud"], random_state=0)  # as for the archive
model = train.build().fit(kept[train.FEATURES], kept["fraud"])
out = Path(os.environ["SM_OUTPUT_DATA_DIR"])
for file in files.glob("score-*.pkl"):
    table = pd.read_pickle(file)
    np.save(out / f"{file.stem.removeprefix('score-')}.npy", model.predict_proba(table[train.FEATURES])[:, 1])
