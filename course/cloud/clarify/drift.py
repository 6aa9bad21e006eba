"""Whether an analysis is worse than an earlier one: both are analysis.json, the earlier one's values are constraints.

Rules: developer guide, "Bias Drift Violations" (a metric that is further from its ideal value than the baseline's) and
"Model Feature Attribution Drift Violations" (an nDCG of the global SHAP values below 0.9).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course.cloud.clarify.analysis_config import ConfigError
from course.cloud.monitoring import attribution
from course.cloud.monitoring.errors import MonitoringError

_BIAS = ("pre_training_bias_metrics", "post_training_bias_metrics")
IDEAL = {"DI": 1.0}  # of every other metric 0


def read(path: Path) -> dict[str, Any]:
    """Baseline constraints. Raises ConfigError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The baseline constraints can not be read: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError("The baseline constraints are not a JSON object.")
    return content


def violations(constraints: dict[str, Any], result: dict[str, Any]) -> list[dict[str, str]]:
    """The entries of constraint_violations.json. Raises ConfigError where the two can not be compared."""
    found: list[dict[str, str]] = []
    try:
        for section in _BIAS:
            if section in result:
                found += _bias(constraints[section]["facets"], result[section]["facets"])
        if "kernel_shap" in result.get("explanations", {}):
            found += attributions(constraints, result)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"The baseline constraints are not those of this analysis: {error!r}") from None
    return found


def _bias(before: dict[str, Any], now: dict[str, Any]) -> list[dict[str, str]]:
    """before, now: the groups of each facet, as analysis.json has them."""
    found = []
    for facet, group, entry in ((f, g, metric) for f in now for g in now[f] for metric in g["metrics"]):
        name, value = entry["name"], entry["value"]
        limit = constraint(before[facet], group["value_or_threshold"], name)
        if limit is None:
            continue  # the baseline had none
        if value is None:
            raise ConfigError(f"{name} of facet {facet} has a baseline but no value: {entry['error']}")
        ideal = IDEAL.get(name, 0.0)
        if abs(float(value) - ideal) > abs(float(limit) - ideal):
            found.append(
                {
                    "facet": facet,
                    "facet_value": group["value_or_threshold"],
                    "metric_name": name,
                    "constraint_check_type": "bias_drift_check",
                    "description": f"Value {value} does not meet the constraint requirement",
                }
            )
    return found


def constraint(groups: list[dict[str, Any]], value: str, name: str) -> Any:
    """A metric's value in the baseline. The only group of a facet is meant whatever its value is called: the interval
    above a threshold ends where the data do. Raises KeyError."""
    for group in groups:
        if len(groups) == 1 or group["value_or_threshold"] == value:
            return {metric["name"]: metric["value"] for metric in group["metrics"]}[name]
    raise KeyError(value)


def attributions(constraints: dict[str, Any], result: dict[str, Any]) -> list[dict[str, str]]:
    """Labels whose features no longer rank as they did. Raises ConfigError where the two can not be compared."""
    try:
        return attribution.violations(_shap(constraints), _shap(result))
    except MonitoringError as error:
        raise ConfigError(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"The baseline constraints are not those of this analysis: {error!r}") from None


def _shap(content: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {label: values["global_shap_values"] for label, values in content["explanations"]["kernel_shap"].items()}
