"""constraints.json: what a baseline suggests (developer guide, model-monitor-byoc-constraints).

A suggestion is a draft. `completeness` is the very share that was observed, so a column that misses a value now and
then violates it in half of all healthy windows; whoever reviews the file loosens it. `is_non_negative` is suggested
as on AWS, and none of the six checks evaluates it.

Two thresholds are read in two ways. The guide prints 0.1 for datatype_check_threshold and domain_content_threshold,
as if they were a share that may differ; the files of AWS's container hold 1.0, and its violations speak of an
expected match of 100 %. Here they are the share that must match, as in those files: 1.0 lets nothing differ, 0.9 a
tenth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.statistics import Profile

SWITCH = ("Enabled", "Disabled")
NUMERIC_METHODS = ("Robust", "Simple")
CATEGORICAL_METHODS = ("LInfinity", "ChiSquared")
OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")  # the guide's spelling, and the Python SDK's


@dataclass(frozen=True)
class Checks:
    """How one feature is judged: monitoring_config with the feature's own overrides."""

    evaluate_constraints: bool = True
    emit_metrics: bool = True
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    perform_comparison: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_comparison_threshold: float = 0.1
    categorical_drift_method: str = "LInfinity"

    @classmethod
    def read(cls, *configs: Mapping[str, Any]) -> Checks:
        """From monitoring_config and overrides of the same form, the later before the earlier.

        Raises MonitoringError for a value that is not in the guide's table, and for a name that is not either.
        """
        found: dict[str, Any] = {}
        for config in configs:
            found |= {**config, **config.get("distribution_constraints", {})}
        found.pop("distribution_constraints", None)
        return cls(**{name: _setting(name, value) for name, value in found.items()})


def suggest(profile: Profile, categorical_drift_method: str = "LInfinity") -> dict[str, Any]:
    """The content of constraints.json for a baseline."""
    features = []
    for name, column in profile.columns.items():
        feature: dict[str, Any] = {"name": name, "inferred_type": column.type, "completeness": column.completeness}
        if column.type in ("Integral", "Fractional"):
            feature["num_constraints"] = {"is_non_negative": column.least >= 0}
        elif column.is_categorical:
            feature["string_constraints"] = {"domains": [value for value, _ in column.values.most_common()]}
        features.append(feature)
    checks = Checks.read({"categorical_drift_method": categorical_drift_method})
    return {
        "version": 0.0,
        "features": features,
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": checks.datatype_check_threshold,
            "domain_content_threshold": checks.domain_content_threshold,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": checks.comparison_threshold,
                "comparison_method": checks.comparison_method,
                "categorical_comparison_threshold": checks.categorical_comparison_threshold,
                "categorical_drift_method": checks.categorical_drift_method,
            },
        },
    }


def checks_of(constraints: Mapping[str, Any], feature: Mapping[str, Any] | None = None) -> Checks:
    """How a feature of constraints.json is judged; without one, how the dataset is."""
    configs = [constraints.get("monitoring_config", {})]
    for place in (feature or {}, (feature or {}).get("string_constraints", {})):  # the SDK writes into the latter
        configs += [place[name] for name in OVERRIDES if place.get(name)]
    return Checks.read(*configs)


def _setting(name: str, value: Any) -> Any:
    if name in ("evaluate_constraints", "emit_metrics", "perform_comparison"):
        return _one_of(name, value, SWITCH) == "Enabled"
    if name in ("comparison_method", "categorical_drift_method"):
        return _one_of(name, value, NUMERIC_METHODS if name == "comparison_method" else CATEGORICAL_METHODS)
    if name not in Checks.__dataclass_fields__:
        raise MonitoringError(f"monitoring_config has an option that is not supported: {name}.")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MonitoringError(f"{name} must be a number; got {value!r}.")
    return float(value)


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise MonitoringError(f"{name} must be {' or '.join(choices)}; got {value!r}.")
    return value
