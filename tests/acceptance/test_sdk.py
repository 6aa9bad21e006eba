"""The SageMaker SDKs, each in an environment of its own, against a running `course cloud`."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance import crossing

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 600  # the SDKs take half a minute to be imported for the first time, a machine under load far longer


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_one_crossing(version: str, environment: dict[str, str], files: dict[str, Path], tmp_path: Path) -> None:
    python = ROOT / "build" / f"sdk-{version}-venv" / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"no SageMaker SDK at {python.parents[1]}: `make sdks` installs it there")
    for name in ("train.csv", "rows.csv"):
        shutil.copy(files[name], tmp_path)
    shutil.copy(Path(crossing.course.data.__file__).parent / "notebook_model" / "train.py", tmp_path)
    port = re.search(r":(\d+)$", environment["AWS_ENDPOINT_URL"])[1]
    program = ROOT / "tests" / "acceptance" / f"sdk_{version}.py"
    done = subprocess.run(
        [python, program, port, tmp_path],
        env={**environment, "HOME": str(tmp_path), "COLUMNS": "200"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0 and done.stdout.endswith("crossed\n"), f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
