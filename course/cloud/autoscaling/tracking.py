"""Target tracking: two alarms around a target value, and the capacity that brings the metric back to it.

Out: above the target for 3 of 3 minutes. In: below nine tenths of it for 15 of 15. AWS's guide promises only that it
scales out promptly and in gradually; the minutes are those that its alarms show. The capacity is proportional, rounded
up. Out follows the newest value; in follows the highest that the alarm saw, so that a short lull takes nothing away.
"""

import math
from typing import Any

from ..errors import NotSupported, ValidationFailed
from .dimension import Scalable

_PERIOD = 60
_OUT_MINUTES, _IN_MINUTES = 3, 15
_SLACK = 0.9
_LARGEST = 2.0**360
# Predefined type → (metric of AWS/SageMaker, statistic).
_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": ("InvocationsPerInstance", "Sum"),
    "SageMakerVariantProvisionedConcurrencyUtilization": ("ServerlessProvisionedConcurrencyUtilization", "Average"),
}


def check(configuration: dict[str, Any], scalable: Scalable) -> None:
    """Raise for what is no target tracking policy of this dimension."""
    predefined = configuration.get("PredefinedMetricSpecification")
    customized = configuration.get("CustomizedMetricSpecification")
    if not 0 < configuration["TargetValue"] <= _LARGEST:
        raise ValidationFailed("TargetValue must be greater than 0 and at most 2^360")
    if bool(predefined) == bool(customized):
        raise ValidationFailed(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified"
        )
    for member in ("ScaleInCooldown", "ScaleOutCooldown"):
        if configuration.get(member, 0) < 0:
            raise ValidationFailed(f"{member} must not be negative")
    if predefined:
        _check_predefined(predefined, scalable)
    else:
        _check_customized(customized)


def _check_predefined(specification: dict[str, Any], scalable: Scalable) -> None:
    type_, dimension = specification["PredefinedMetricType"], scalable.dimension
    if type_ not in dimension.metrics:
        raise ValidationFailed(
            f"Scalable dimension {dimension.name} only supports the following predefined metric types: "
            f"{', '.join(dimension.metrics)}"
        )
    if specification.get("ResourceLabel"):
        raise ValidationFailed(f"ResourceLabel can't be specified for the predefined metric type {type_}")
    if type_ not in _PREDEFINED:
        raise NotSupported(
            f"This cloud does not support the PredefinedMetricType {type_} yet: it does not measure concurrency."
        )


def _check_customized(specification: dict[str, Any]) -> None:
    queries = specification.get("Metrics")
    single = [member for member in ("MetricName", "Namespace", "Statistic") if specification.get(member)]
    if queries and (single or specification.get("Dimensions") or specification.get("Unit")):
        raise ValidationFailed("CustomizedMetricSpecification takes either Metrics or the members of a single metric")
    if not queries:
        if len(single) < 3:
            raise ValidationFailed("A customized metric needs a MetricName, a Namespace and a Statistic")
        return
    if len({query["Id"] for query in queries}) < len(queries):
        raise ValidationFailed("The Id of each metric data query must be unique")
    if any(("Expression" in query) == ("MetricStat" in query) for query in queries):
        raise ValidationFailed("Each metric data query must have either an Expression or a MetricStat")
    if sum(query.get("ReturnData", True) for query in queries) != 1:
        raise ValidationFailed("Exactly one metric data query must return data")


def alarms(configuration: dict[str, Any], scalable: Scalable, names: dict[str, str], arn: str) -> list[dict[str, Any]]:
    """What PutMetricAlarm is asked for. names: {"AlarmHigh": …, "AlarmLow": …}; no second to scale out only."""
    target = configuration["TargetValue"]
    sides = {
        "AlarmHigh": ("GreaterThanThreshold", target, _OUT_MINUTES),
        "AlarmLow": ("LessThanThreshold", target * _SLACK, _IN_MINUTES),
    }
    made = []
    for side, name in names.items():
        comparison, threshold, minutes = sides[side]
        made.append(
            {
                "AlarmName": name,
                "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.",
                "ActionsEnabled": True,
                "AlarmActions": [arn],
                "ComparisonOperator": comparison,
                "Threshold": threshold,
                "EvaluationPeriods": minutes,
                **_metric(configuration, scalable),
            }
        )
    return made


def _metric(configuration: dict[str, Any], scalable: Scalable) -> dict[str, Any]:
    if predefined := configuration.get("PredefinedMetricSpecification"):
        name, statistic = _PREDEFINED[predefined["PredefinedMetricType"]]
        return {
            "Namespace": "AWS/SageMaker",
            "MetricName": name,
            "Dimensions": [
                {"Name": "EndpointName", "Value": scalable.endpoint_name},
                {"Name": "VariantName", "Value": scalable.variant_name},
            ],
            "Statistic": statistic,
            "Period": _PERIOD,
        }
    customized = configuration["CustomizedMetricSpecification"]
    if queries := customized.get("Metrics"):
        return {"Metrics": [_query(query) for query in queries]}
    return {**customized, "Period": _PERIOD}


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """A metric data query as alarms take it: with the period, and saying what it returns."""
    shown = {"ReturnData": True, **query}
    if "MetricStat" in query:
        shown["MetricStat"] = {**query["MetricStat"], "Period": _PERIOD}
    return shown


def wanted(configuration: dict[str, Any], values: list[float], out: bool, capacity: int) -> int:
    """The capacity that brings the metric to the target. values: what the alarm was evaluated on, the newest last.

    From zero it counts as from one: an asynchronous endpoint at zero wakes when the requests in its queue exceed the
    target (SageMaker developer guide, "Autoscale an asynchronous endpoint").
    """
    metric = values[-1] if out else max(values)
    asked = math.ceil((max(capacity, 1) if out else capacity) * metric / configuration["TargetValue"] - 1e-9)
    return asked if out else min(asked, capacity)
