"""What the base tells CloudWatch: what its functions measure, and the alarms of CloudFormation's stacks.

CloudWatch is the cloud's own; the base keeps its dashboards, and a note of a stack's alarms, which stacks look up.
"""

from collections.abc import Callable
from typing import Any

from .ministack import cloudwatch

_drop_alarm = cloudwatch.cloudformation_delete_metric_alarm
_TOLD = (
    *("AlarmName", "AlarmDescription", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions"),
    *("Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator"),
    *("TreatMissingData", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions"),
)


class Measurements:
    """What the world does for the base."""

    def connect(
        self, put: Callable[..., None], put_alarm: Callable[[dict[str, Any]], Any], remove: Callable[[list[str]], None]
    ) -> None:
        """put(namespace, dimensions, values, unit=…) stores; put_alarm takes what PutMetricAlarm does."""
        self.put, self.put_alarm, self.remove = put, put_alarm, remove


measurements = Measurements()


def record_metric(
    namespace: str, metric_name: str, value: float, unit: str = "None", dimensions: dict[str, str] | None = None
) -> None:
    measurements.put(namespace, dimensions or {}, {metric_name: value}, unit=unit)


def put_alarm(alarm: dict[str, Any]) -> None:
    """An alarm of a stack. What CloudWatch refuses fails the stack."""
    measurements.put_alarm({name: alarm[name] for name in _TOLD if alarm.get(name) not in (None, "")})
    cloudwatch._alarms[alarm["AlarmName"]] = alarm


def delete_alarm(name: str, refuse_dependents: bool = False) -> None:
    measurements.remove([name])
    _drop_alarm(name)
