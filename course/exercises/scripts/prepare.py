"""Split a month's table in the order of its payments: the first three quarters to train on, the rest to judge by."""

import os
from pathlib import Path

base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"), "processing")
header, *rows = next((base / "table").glob("*.csv")).read_text().splitlines(keepends=True)
cut = len(rows) * 3 // 4
for name, part in (("train", rows[:cut]), ("test", rows[cut:])):
    folder = base / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text(header + "".join(part))
print(f"train={cut} test={len(rows) - cut}")
