"""course.learn in a process that is not trusted: its functions are performed elsewhere, clients are set up here.

Imported by the warm parent of students' processes, with all that a notebook's cells usually import.
"""

import os
import tempfile
from pathlib import Path

import boto3  # noqa: F401  # what is imported here, no cell has to wait for
import botocore.waiter  # noqa: F401
import ipywidgets  # noqa: F401

import course.learn
import course.learn.opening
import course.learn.replaying  # noqa: F401
from course.cloud import client


def prepare(port: int, data: dict[str, str]) -> None:
    """Point AWS clients at the cloud on `port`; `data` are the files of its client settings."""
    client.install(port)
    folder = Path(tempfile.mkdtemp(prefix="client-"))
    for name, text in data.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    os.environ["AWS_DATA_PATH"] = str(folder)
    os.environ["SAGEMAKER_ADMIN_CONFIG_OVERRIDE"] = str(folder / "sagemaker.yaml")
