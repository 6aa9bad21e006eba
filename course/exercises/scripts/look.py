"""Look around in a training container: what arrives, where things are, and what is there at the end."""

import os
import sys
from pathlib import Path

model, output = Path(os.environ["SM_MODEL_DIR"]), Path(os.environ["SM_OUTPUT_DATA_DIR"])
inside = model.parent  # /opt/ml
print("arguments:", *sys.argv[1:])
print("SM_CHANNELS:", os.environ["SM_CHANNELS"])

for folder in (Path.cwd(), Path("/tmp"), model, output):
    Path(folder, "written.txt").write_text("here")
for path in sorted(inside.rglob("*")):
    if path.is_file() and "__pycache__" not in path.parts:
        print("file: /opt/ml/" + str(path.relative_to(inside)))
print("file: /tmp/written.txt")
