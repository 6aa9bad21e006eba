"""The environment of a script-mode training container: SM_* variables and command-line arguments.

Facts: github.com/aws/sagemaker-training-toolkit, ENVIRONMENT_VARIABLES.md and environment.py; developer guide,
"Script mode". Hyperparameters are strings on disk; each is decoded as JSON where it is JSON ("0.5" → 0.5,
"true" → True) and taken as it is where it is not. Those of SageMaker itself (``sagemaker_…``) are kept from the
learner's program.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from course.cloud.containers.layout import Layout

FRAMEWORK_MODULE = "sagemaker_sklearn_container.training:main"
PYTHON = "/miniconda3/bin/python"  # as AWS's scikit-learn image shows it; the real path would differ on every machine

_PREFIX = "sagemaker_"
_OWN = {
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_s3_output",
    "default_user_module_name",
    "_tuning_objective_metric",
}


def decode(value: str) -> Any:
    """A hyperparameter as the learner's program sees it."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def text(value: Any) -> str:
    """The value of an environment variable: strings as they are, None empty, all else as compact JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """``--name value`` for each hyperparameter, sorted by name; ``-n`` for a name of one letter."""
    words = []
    for name, value in sorted(hyperparameters.items()):
        words.append(f"--{name}" if len(name) > 1 else f"-{name}")
        if isinstance(value, Mapping):
            value = ",".join(f"{key}={item}" for key, item in sorted(value.items()))
        words.append("" if value is None else str(value))
    return words


@dataclass(frozen=True)
class TrainingEnvironment:
    """What the container knows of its job, read from the files in input/config."""

    layout: Layout
    all_hyperparameters: dict[str, Any]  # decoded
    input_data_config: dict[str, Any]
    resource_config: dict[str, Any]

    @classmethod
    def read(cls, layout: Layout) -> TrainingEnvironment:
        """Raises FileNotFoundError when a configuration file is missing."""
        hyperparameters = {name: decode(value) for name, value in layout.config("hyperparameters").items()}
        return cls(layout, hyperparameters, layout.config("inputdataconfig"), layout.config("resourceconfig"))

    @cached_property
    def hyperparameters(self) -> dict[str, Any]:
        """The learner's."""
        return {name: value for name, value in self.all_hyperparameters.items() if not self._is_own(name)}

    @cached_property
    def framework_parameters(self) -> dict[str, Any]:
        return {
            name: value for name, value in self.all_hyperparameters.items() if self._is_own(name) and name not in _OWN
        }

    @staticmethod
    def _is_own(name: str) -> bool:
        return name in _OWN or name.startswith(_PREFIX)

    @property
    def program(self) -> str | None:
        """The learner's program, relative to the code folder."""
        program = os.environ.get("SAGEMAKER_PROGRAM") or self.all_hyperparameters.get("sagemaker_program")
        return None if program is None else str(program)

    @property
    def channels(self) -> dict[str, str]:
        return {name: str(self.layout.channel(name)) for name in self.input_data_config}

    def description(self) -> dict[str, Any]:
        """SM_TRAINING_ENV."""
        layout, resources = self.layout, self.resource_config
        groups = {group["instance_group_name"]: group for group in resources.get("instance_groups", [])}
        current_group = resources.get("current_group_name", "homogeneousCluster")
        hosts = resources["hosts"]
        return {
            "additional_framework_parameters": self.framework_parameters,
            "channel_input_dirs": self.channels,
            "current_host": resources["current_host"],
            "current_instance_group": current_group,
            "current_instance_group_hosts": groups.get(current_group, {}).get("hosts", []),
            "current_instance_type": resources.get("current_instance_type", "local"),
            "distribution_hosts": [] if groups else hosts,
            "distribution_instance_groups": [],
            "framework_module": FRAMEWORK_MODULE,
            "hosts": hosts,
            "hyperparameters": self.hyperparameters,
            "input_config_dir": str(layout.input_config),
            "input_data_config": self.input_data_config,
            "input_dir": str(layout.input),
            "instance_groups": list(groups),
            "instance_groups_dict": groups,
            "is_hetero": len(groups) > 1,
            "is_master": resources["current_host"] == hosts[0],
            "is_modelparallel_enabled": None,
            "is_smddpmprun_installed": False,
            "is_smddprun_installed": False,
            "job_name": os.environ.get("TRAINING_JOB_NAME"),
            "log_level": self.all_hyperparameters.get("sagemaker_container_log_level", 20),
            "master_hostname": hosts[0],
            "model_dir": str(layout.model),
            "module_dir": str(self.all_hyperparameters.get("sagemaker_submit_directory", layout.code)),
            "module_name": (self.program or "").removesuffix(".py"),
            "network_interface_name": resources.get("network_interface_name", "eth0"),
            "num_cpus": os.cpu_count() or 1,
            "num_gpus": 0,
            "num_neurons": 0,
            "output_data_dir": str(layout.output_data),
            "output_dir": str(layout.output),
            "output_intermediate_dir": str(layout.output_intermediate),
            "resource_config": resources,
            "topology": [],
            "user_entry_point": self.program,
        }

    def variables(self) -> dict[str, str]:
        """All variables that the program gets beside those of the container."""
        description = self.description()
        only_described = {
            "additional_framework_parameters",
            "channel_input_dirs",
            "distribution_hosts",
            "hyperparameters",
            "is_master",
            "is_modelparallel_enabled",
            "is_smddpmprun_installed",
            "is_smddprun_installed",
            "job_name",
            "master_hostname",
            "topology",
        }
        values = {name: value for name, value in description.items() if name not in only_described}
        values |= {
            "channels": sorted(self.channels),
            "framework_params": self.framework_parameters,
            "hps": self.hyperparameters,
            "training_env": description,
            "user_args": arguments(self.hyperparameters),
        }
        values |= {f"channel_{name}": path for name, path in self.channels.items()}
        values |= {f"hp_{name}": value for name, value in self.hyperparameters.items()}
        variables = {f"SM_{name.upper()}": text(value) for name, value in values.items()}
        variables["CURRENT_HOST"] = description["current_host"]
        variables["SAGEMAKER_JOB_NAME"] = text(self.all_hyperparameters.get("sagemaker_job_name"))
        variables["SAGEMAKER_REGION"] = text(
            self.all_hyperparameters.get("sagemaker_region", os.environ.get("AWS_REGION"))
        )
        return variables
