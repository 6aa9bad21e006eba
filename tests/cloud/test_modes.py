"""What jobs and endpoints do holds in both modes: in namespaces, and under the guard where there are none."""

import os
import subprocess
import sys
from pathlib import Path

from course.runtime.process import mode

RUN = ("training", "training_hosts", "training_input", "processing", "endpoint", "model", "xgboost")


def test_jobs_and_endpoints_work_under_the_guard_too():
    folder = Path(__file__).with_name("sagemaker")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(str(folder / f"test_{name}.py") for name in RUN)],
        env={**os.environ, "COURSE_JOB_MODE": "guard"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stdout[-4000:]


def test_the_mode_is_told(cloud):
    assert cloud.control("status")["mode"] == mode()
