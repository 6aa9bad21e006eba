"""Step scaling: an adjustment for each size of an alarm's breach.

Bounds are relative to the alarm's threshold. Above it the lower bound is inclusive and the upper exclusive, below it
the other way round. Source: the Application Auto Scaling user guide, "How step scaling works".
"""

import itertools
import math
from math import inf
from typing import Any

from ..errors import ValidationFailed

_MOST_STEPS = 20
_AGGREGATE = {"Average": lambda values: sum(values) / len(values), "Minimum": min, "Maximum": max}


def check(configuration: dict[str, Any]) -> None:
    """Raise ValidationException for what is no step scaling policy."""
    adjustment = configuration.get("AdjustmentType")
    steps = configuration.get("StepAdjustments")
    if not adjustment:
        raise ValidationFailed("AdjustmentType must be specified for a step scaling policy")
    if not steps:
        raise ValidationFailed("At least one StepAdjustment must be specified for a step scaling policy")
    if len(steps) > _MOST_STEPS:
        raise ValidationFailed(f"There can be at most {_MOST_STEPS} step adjustments per scaling policy")
    if adjustment == "ExactCapacity" and any(step["ScalingAdjustment"] < 0 for step in steps):
        raise ValidationFailed("ScalingAdjustment must not be negative when AdjustmentType is ExactCapacity")
    if configuration.get("MinAdjustmentMagnitude") is not None:
        if adjustment != "PercentChangeInCapacity":
            raise ValidationFailed(f"MinAdjustmentMagnitude is not supported by the AdjustmentType {adjustment}")
        if configuration["MinAdjustmentMagnitude"] < 1:
            raise ValidationFailed("MinAdjustmentMagnitude must be at least 1")
    if configuration.get("Cooldown", 0) < 0:
        raise ValidationFailed("Cooldown must not be negative")
    _check_intervals(steps)


def _check_intervals(steps: list[dict[str, Any]]) -> None:
    for side in ("Lower", "Upper"):
        if sum(step.get(f"MetricInterval{side}Bound") is None for step in steps) > 1:
            raise ValidationFailed(f"At most one StepAdjustment may have an unspecified {side.lower()} bound")
    intervals = sorted(_interval(step) for step in steps)
    for low, high in intervals:
        if low == -inf and high == inf:
            raise ValidationFailed("A StepAdjustment must have a lower bound or an upper bound")
        if low >= high:
            raise ValidationFailed("The upper bound of a StepAdjustment must be greater than its lower bound")
    for (_, end), (start, _) in itertools.pairwise(intervals):
        if start < end:
            raise ValidationFailed("StepAdjustment intervals can't overlap")
        if start > end:
            raise ValidationFailed("StepAdjustment intervals can't have gaps between them")
    if -inf < intervals[0][0] < 0:
        raise ValidationFailed(
            "There must be a StepAdjustment with an unspecified lower bound when one StepAdjustment has a negative "
            "lower bound"
        )
    if 0 < intervals[-1][1] < inf:
        raise ValidationFailed(
            "There must be a StepAdjustment with an unspecified upper bound when one StepAdjustment has a positive "
            "upper bound"
        )


def _interval(step: dict[str, Any]) -> tuple[float, float]:
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return -inf if low is None else low, inf if high is None else high


def wanted(configuration: dict[str, Any], values: list[float], threshold: float, capacity: int) -> int | None:
    """The capacity that the policy wants instead of `capacity`; None if no step is meant.

    values: the data points that the alarm was evaluated on, at least one.
    """
    metric = _AGGREGATE[configuration.get("MetricAggregationType", "Average")](values)
    step = _step(configuration["StepAdjustments"], metric - threshold)
    if step is None:
        return None
    adjustment = step["ScalingAdjustment"]
    match configuration["AdjustmentType"]:
        case "ExactCapacity":
            return adjustment
        case "ChangeInCapacity":
            return capacity + adjustment
        case _:
            return capacity + _percent(capacity, adjustment, configuration.get("MinAdjustmentMagnitude", 0))


def _step(steps: list[dict[str, Any]], breach: float) -> dict[str, Any] | None:
    if breach >= 0:
        for step in steps:
            low, high = _interval(step)
            if low <= breach < high:
                return step
    if breach <= 0:
        for step in steps:
            low, high = _interval(step)
            if low < breach <= high:
                return step
    return None


def _percent(capacity: int, percent: int, least: int) -> int:
    """Rounded towards zero, but what is not nothing is 1 at the least: 12.7 is 12, 0.4 is 1, -6.7 is -6."""
    exact = capacity * abs(percent) / 100
    size = max(math.floor(exact), math.ceil(min(exact, 1)), least if percent else 0)
    return size if percent > 0 else -size
