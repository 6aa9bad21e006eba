"""`course cloud` as a person starts it, and what `course env` says about it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import crossing

COURSE = [sys.executable, "-P", "-m", "course"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a shell that ran `eval "$(course env)"` beside a running `course cloud`."""
    folder = tmp_path_factory.mktemp("cloud")
    with subprocess.Popen([*COURSE, "cloud", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True) as cloud:
        try:
            port = re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)\n", cloud.stdout.readline())[1]
            exports = 'eval "$("$@")" && env -0'
            clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            told = subprocess.check_output(["sh", "-c", exports, "sh", *COURSE, "env", "--port", port], env=clean)
            yield dict(line.split("=", 1) for line in told.decode().split("\0") if line)
        finally:
            cloud.terminate()
    assert cloud.returncode == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return crossing.write(tmp_path_factory.mktemp("files"))
