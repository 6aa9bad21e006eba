"""The folders and configuration files of a training, processing or inference container below /opt/ml.

The server side writes them (the functions `prepare_…`), the container reads them. Inside a container without its own
mounts ``SAGEMAKER_BASE_DIR`` takes the place of /opt/ml, as in AWS's own toolkits.

Sources: SageMaker developer guide, "How Amazon SageMaker AI Provides Training Information" (hyperparameters,
inputdataconfig and resourceconfig.json), "How Amazon SageMaker AI Provides Training Output" and "Build Your Own
Processing Container" (processingjobconfig and resourceconfig.json).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE = "/opt/ml"
BASE_VARIABLE = "SAGEMAKER_BASE_DIR"
CHANNEL_DEFAULTS = {
    "TrainingInputMode": "File",
    "S3DistributionType": "FullyReplicated",
    "RecordWrapperType": "None",
}


@dataclass(frozen=True)
class Layout:
    """Paths below one base folder."""

    base: Path

    @classmethod
    def here(cls) -> Layout:
        """The layout of the container this process runs in."""
        return cls(Path(os.environ.get(BASE_VARIABLE) or BASE))

    @property
    def code(self) -> Path:
        """The learner's program, unpacked."""
        return self.base / "code"

    @property
    def model(self) -> Path:
        """What training saves here becomes model.tar.gz; serving finds that archive unpacked here."""
        return self.base / "model"

    @property
    def input(self) -> Path:
        return self.base / "input"

    @property
    def input_config(self) -> Path:
        return self.input / "config"

    @property
    def checkpoints(self) -> Path:
        return self.base / "checkpoints"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        """What is saved here becomes output.tar.gz."""
        return self.output / "data"

    @property
    def output_intermediate(self) -> Path:
        return self.output / "intermediate"

    @property
    def failure(self) -> Path:
        """Why the container failed; its first 1,024 characters become FailureReason."""
        return self.output / "failure"

    @property
    def success(self) -> Path:
        return self.output / "success"

    @property
    def message(self) -> Path:
        """What a processing container has to say when it ends; its first KB becomes ExitMessage."""
        return self.output / "message"

    def place(self, path: str) -> Path:
        """Where `path`, written for a container whose base is /opt/ml, lies here."""
        return self.base / path.removeprefix(BASE).lstrip("/")

    def processing_job(self) -> dict[str, Any]:
        """The request that made this processing job, from config/processingjobconfig.json."""
        return json.loads((self.base / "config" / "processingjobconfig.json").read_text(encoding="utf-8"))

    def channel(self, name: str) -> Path:
        """The data of one input channel in File mode."""
        return self.input / "data" / name

    def config(self, name: str) -> dict[str, Any]:
        """One of the files in input/config, by its name without ``.json``."""
        return json.loads((self.input_config / f"{name}.json").read_text(encoding="utf-8"))


def prepare_training(
    base: Path,
    hyperparameters: Mapping[str, str],
    channels: Mapping[str, Mapping[str, Any]],
    *,
    hosts: Sequence[str] = ("algo-1",),
    current_host: str = "algo-1",
    instance_type: str = "ml.m5.large",
    instance_group: str = "homogeneousCluster",
    network_interface: str = "eth0",
    checkpoints: Mapping[str, str] | None = None,
) -> Layout:
    """Make the folders of a training container in ``base`` and write its configuration files.

    hyperparameters: name → value, both strings, as in CreateTrainingJob.
    channels: name → entries for inputdataconfig.json (ContentType, TrainingInputMode, …); what is left out is that of
        a channel in File mode. The folders of the channels are made, but for those in Pipe mode; filling them is up to
        the caller.
    checkpoints: the job's CheckpointConfig, which becomes checkpointconfig.json; without it there is no such file.
    """
    layout = Layout(base)
    folders = [layout.code, layout.model, layout.input_config, layout.output_data, layout.output_intermediate]
    data = [layout.channel(name) for name, entries in channels.items() if entries.get("TrainingInputMode") != "Pipe"]
    for folder in [*folders, layout.checkpoints, *data]:
        folder.mkdir(parents=True, exist_ok=True)
    group = {"instance_group_name": instance_group, "instance_type": instance_type, "hosts": sorted(hosts)}
    files = {
        "hyperparameters": dict(hyperparameters),
        "inputdataconfig": {name: CHANNEL_DEFAULTS | dict(entries) for name, entries in channels.items()},
        "resourceconfig": {
            "current_host": current_host,
            "current_instance_type": instance_type,
            "current_group_name": instance_group,
            "hosts": sorted(hosts),
            "instance_groups": [group],
            "network_interface_name": network_interface,
        },
    }
    if checkpoints is not None:
        files["checkpointconfig"] = dict(checkpoints)
    for name, content in files.items():
        (layout.input_config / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return layout


def prepare_processing(base: Path, job: Mapping[str, Any], hosts: Sequence[str], current_host: str) -> Layout:
    """Make the folders of a processing container in ``base`` and write its two configuration files.

    job: what processingjobconfig.json holds; the LocalPath of every input and output is made.
    """
    layout = Layout(base)
    inputs = [item["S3Input"] for item in job["ProcessingInputs"]]
    outputs = [item["S3Output"] for item in job["ProcessingOutputConfig"]["Outputs"]]
    for folder in [base / "config", layout.output, *(layout.place(item["LocalPath"]) for item in inputs + outputs)]:
        folder.mkdir(parents=True, exist_ok=True)
    files = {"processingjobconfig": job, "resourceconfig": {"current_host": current_host, "hosts": list(hosts)}}
    for name, content in files.items():
        (base / "config" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return layout


def prepare_serving(base: Path) -> Layout:
    """Make the folders of an inference container in ``base``: model, to be filled from model.tar.gz, and code."""
    layout = Layout(base)
    for folder in (layout.model, layout.code):
        folder.mkdir(parents=True, exist_ok=True)
    return layout
