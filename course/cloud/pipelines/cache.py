"""Step caching: the outputs of an earlier run of the same step stand in for a new one.

What is compared, by type of step: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html.
An S3 URI is compared, never what lies behind it: unchanged URI, changed data → a hit. So it is on AWS.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from .fault import DefinitionFault

_TUNED = ("AlgorithmSpecification", "HyperParameterRanges", "InputDataConfig", "StaticHyperParameters")
_COMPARED: dict[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
    "QualityCheck": (
        "AppSpecification",
        "Environment",
        "ProcessingInputs",
        "CheckType",
        "SkipCheck",
        "RegisterNewBaseline",
        "ModelPackageGroupName",
        "SuppliedBaselineStatistics",
        "SuppliedBaselineConstraints",
    ),
}
_NOT_COMPARED = (
    *("Name", "Type", "DisplayName", "Description", "DependsOn", "Arguments"),
    *("CacheConfig", "RetryPolicies", "PropertyFiles", "OutputParameters"),
)
_DURATION = re.compile(
    r"P?(?:(?P<Y>\d+)Y)?(?:(?P<M>\d+)M)?(?:(?P<W>\d+)W)?(?:(?P<D>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?"
)
_SECONDS = {"Y": 365 * 86_400, "M": 30 * 86_400, "W": 7 * 86_400, "D": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class CacheConfig:
    """Whether a step may be answered from the cache, and the age in seconds from which it may not (None: never)."""

    enabled: bool = False
    expires: float | None = None

    @classmethod
    def parse(cls, document: Any, step: str) -> "CacheConfig":
        """Raises DefinitionFault."""
        if document is None:
            return cls()
        if not isinstance(document, dict):
            raise DefinitionFault(f"Expecting start of Json Object in CacheConfig of step '{step}'.")
        for member in document:
            if member not in ("Enabled", "ExpireAfter"):
                raise DefinitionFault(f"Cannot parse object, unknown property '{member}' (step '{step}').")
        enabled, after = document.get("Enabled", False), document.get("ExpireAfter")
        if not isinstance(enabled, bool):
            raise DefinitionFault(f"Enabled in CacheConfig of step '{step}' must be true or false.")
        return cls(enabled, None if after is None else seconds(after, step))


def seconds(duration: Any, step: str) -> float:
    """An ISO 8601 duration (P30D, PT12H) in seconds; a year has 365 days, a month 30. Raises DefinitionFault."""
    found = _DURATION.fullmatch(duration.upper()) if isinstance(duration, str) else None
    parts = {unit: int(value) for unit, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise DefinitionFault(
            f"ExpireAfter {duration!r} of step '{step}' is not an ISO 8601 duration, such as P30D or PT12H."
        )
    return float(sum(_SECONDS[unit] * value for unit, value in parts.items()))


def key(kind: str, document: dict[str, Any]) -> str:
    """What two runs of a step must have in common. `document` is the step with its references resolved."""
    beside = {name: value for name, value in document.items() if name not in _NOT_COMPARED}
    arguments = {**beside, **document["Arguments"]}
    compared = {name: arguments.get(name) for name in _COMPARED.get(kind, tuple(arguments))}
    if isinstance(tuned := compared.get("TrainingJobDefinition"), dict):
        compared["TrainingJobDefinition"] = {name: tuned.get(name) for name in (*_TUNED, "TuningObjective")}
    return hashlib.sha256(json.dumps(compared, sort_keys=True).encode()).hexdigest()
