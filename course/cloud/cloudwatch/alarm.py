"""One metric alarm: what it was told (PutMetricAlarm), its state, and the words that AWS has for it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..errors import NotSupported, ValidationFailed
from . import statistics
from .errors import InvalidCombination, InvalidValue, MissingParameter
from .evaluation import ALARM, COMPARISONS, INSUFFICIENT_DATA, OK, TREATMENTS

ACTIONS = {ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT_DATA: "InsufficientDataActions"}
_MOST_ACTIONS = 5
_DAY, _WEEK = 86_400, 604_800
_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_ARN = re.compile(r"arn:aws[\w-]*:[\w-]+:[\w-]*:[\w-]*:.+")


@dataclass(slots=True, eq=False)
class Alarm:
    """A metric alarm. `parameters` are those of PutMetricAlarm, its defaults filled in."""

    name: str
    arn: str
    parameters: dict[str, Any]
    tags: dict[str, str]
    configured: datetime
    updated: datetime
    transitioned: datetime
    state: str = INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    looked_at: "list[Datapoint | None]" = field(default_factory=list)  # the last evaluation range, the newest last

    @property
    def datapoints(self) -> list[float]:
        """The values that were evaluated last, the newest last."""
        return [point.value for point in self.looked_at if point is not None][-self.periods :]

    @property
    def threshold(self) -> float:
        return self.parameters["Threshold"]

    @property
    def periods(self) -> int:
        return self.parameters["EvaluationPeriods"]

    @property
    def to_alarm(self) -> int:
        return self.parameters.get("DatapointsToAlarm", self.periods)

    @property
    def treatment(self) -> str:
        return self.parameters.get("TreatMissingData", "missing")

    @property
    def statistic(self) -> str:
        """The statistic of an alarm on one metric, "" for one on Metrics."""
        return self.parameters.get("Statistic") or self.parameters.get("ExtendedStatistic", "")

    @property
    def dimensions(self) -> dict[str, str]:
        return {each["Name"]: each["Value"] for each in self.parameters.get("Dimensions", ())}

    @property
    def period(self) -> int:
        """Seconds: of its metric, or the longest of its Metrics."""
        if "Period" in self.parameters:
            return self.parameters["Period"]
        return max(period_of(query) for query in self.parameters["Metrics"])

    @property
    def returns(self) -> str:
        """The Id in Metrics that the alarm watches."""
        return _returning(self.parameters["Metrics"])[0]["Id"]

    def actions(self, state: str) -> list[str]:
        return list(self.parameters.get(ACTIONS[state], ()))

    @property
    def actions_enabled(self) -> bool:
        return self.parameters.get("ActionsEnabled", True)

    def description(self) -> dict[str, Any]:
        """As DescribeAlarms shows it."""
        told = {
            **{actions: [] for actions in ACTIONS.values()},
            "ActionsEnabled": True,
            **({"Dimensions": []} if "MetricName" in self.parameters else {}),
            **self.parameters,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.updated,
            "StateTransitionedTimestamp": self.transitioned,
        }
        return told | ({"StateReasonData": self.reason_data} if self.reason_data else {})


def period_of(query: Mapping[str, Any]) -> int:
    return query["MetricStat"]["Period"] if "MetricStat" in query else query.get("Period", 60)


def check(parameters: Mapping[str, Any], reaches: tuple[str, ...]) -> None:
    """Raise what PutMetricAlarm refuses. reaches: the beginnings of ARNs that this cloud can act on."""
    on_metrics = bool(parameters.get("Metrics"))
    if on_metrics == bool(parameters.get("MetricName")):
        raise ValidationFailed("Exactly one of MetricName and Metrics must be specified.")
    if on_metrics:
        if given := [name for name in _OF_ONE_METRIC if parameters.get(name)]:
            raise ValidationFailed(f"{given[0]} must not be set when Metrics is specified.")
        if len(_returning(parameters["Metrics"])) != 1:
            raise ValidationFailed("Exactly one element of the metrics list should return data.")
        periods = [period_of(query) for query in parameters["Metrics"]]
    else:
        _check_metric(parameters)
        periods = [parameters["Period"]]
    for period in periods:
        check_period(period)
    _check_range(parameters, max(periods))
    _check_limits(parameters)
    for actions in ACTIONS.values():
        _check_actions(actions, parameters.get(actions, ()), reaches)


def check_period(period: int) -> None:
    if period in (1, 5, 10, 20, 30):
        raise NotSupported("This cloud keeps metrics by the minute: it does not support periods below 60 seconds.")
    if period % 60:
        raise InvalidValue("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")


def _check_metric(parameters: Mapping[str, Any]) -> None:
    for name in ("Namespace", "Period"):
        if not parameters.get(name):
            raise MissingParameter(f"The parameter {name} is required when MetricName is specified.")
    if bool(parameters.get("Statistic")) == bool(parameters.get("ExtendedStatistic")):
        raise InvalidCombination(
            "When MetricName is specified, exactly one of Statistic and ExtendedStatistic must be specified."
        )
    statistics.read(parameters.get("Statistic") or parameters["ExtendedStatistic"])


def _check_range(parameters: Mapping[str, Any], period: int) -> None:
    whole = period * parameters["EvaluationPeriods"]
    if whole > (_WEEK if period >= 3600 else _DAY):
        span = "seven days (EvaluationPeriods * Period must be <= 604800)"
        if period < 3600:
            span = "a day (EvaluationPeriods * Period must be <= 86400)"
        raise ValidationFailed(f"Metrics cannot be checked across more than {span}")
    if parameters.get("DatapointsToAlarm", 0) > parameters["EvaluationPeriods"]:
        raise ValidationFailed("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")


def _check_limits(parameters: Mapping[str, Any]) -> None:
    if parameters["ComparisonOperator"] not in COMPARISONS:
        raise NotSupported(
            f"This cloud does not support ComparisonOperator={parameters['ComparisonOperator']} in PutMetricAlarm yet: "
            "it has no anomaly detection."
        )
    if parameters.get("Threshold") is None:
        raise MissingParameter("The parameter Threshold is required.")
    treatment = parameters.get("TreatMissingData", "missing")
    if treatment not in TREATMENTS:
        raise InvalidValue(
            f"The value {treatment} is not supported for TreatMissingData parameter. "
            "Supported values are [breaching, notBreaching, ignore, missing]."
        )
    low = parameters.get("EvaluateLowSampleCountPercentile")
    if low is not None:
        if low not in ("evaluate", "ignore"):
            raise InvalidValue(
                f"Option {low} is not supported for EvaluateLowSampleCountPercentile. Supported options for parameter "
                "EvaluateLowSampleCountPercentile are evaluate and ignore."
            )
        if statistics.percentile(parameters.get("ExtendedStatistic", "")) is None:
            raise InvalidCombination("EvaluateLowSampleCountPercentile is for alarms on percentiles.")


def _check_actions(member: str, arns: Any, reaches: tuple[str, ...]) -> None:
    if len(arns) > _MOST_ACTIONS:
        raise ValidationFailed(f"{member} takes at most {_MOST_ACTIONS} actions.")
    for arn in arns:
        if not _ARN.fullmatch(arn):
            raise ValidationFailed(f"Invalid arn syntax: {arn}")
        if not arn.startswith(reaches):
            raise NotSupported(f"This cloud does not support the action {arn} of an alarm yet.")


def _returning(queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [query for query in queries if query.get("ReturnData", True)]


# -- what AWS says of a state --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One evaluated period: its start in seconds since the epoch, its value, how many measurements it sums up."""

    start: float
    value: float
    count: float | None = None


def reason(alarm: Alarm, state: str, points: list[Datapoint], missing: int) -> str:
    """StateReason of a change to `state`. points: the real datapoints that were evaluated, the newest first."""
    if state == INSUFFICIENT_DATA:
        many = alarm.periods > 1
        return f"Insufficient Data: {alarm.periods} datapoint{'s were' if many else ' was'} unknown."
    treated = ""
    if missing and alarm.treatment in ("breaching", "notBreaching"):
        how = "Breaching" if alarm.treatment == "breaching" else "NonBreaching"
        treated = f"{missing} missing datapoint{'s were' if missing > 1 else ' was'} treated as [{how}]"
    if not points:
        plural = "s" if missing > 1 else ""
        return f"Threshold Crossed: no datapoints were received for {missing} period{plural} and {treated}."
    breaches, words = COMPARISONS[alarm.parameters["ComparisonOperator"]]
    told = [point for point in points if breaches(point.value, alarm.threshold) == (state == ALARM)] or points
    values = ", ".join(f"{point.value!r} ({_short(point.start)})" for point in told)
    verb = ("were" if len(told) > 1 else "was") + (" not" if state == OK else "")
    least = alarm.to_alarm if state == ALARM else alarm.periods - alarm.to_alarm + 1
    change = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(told)} out of the last {alarm.periods} datapoints [{values}] {verb} {words} the "
        f"threshold ({alarm.threshold!r})"
        + (f" and {treated}" if treated else "")
        + f" (minimum {least} datapoint{'s' if least > 1 else ''} for {change} transition)."
    )


def reason_data(alarm: Alarm, points: list[Datapoint], now: float) -> str:
    """StateReasonData: JSON, version 1.0. points: the real datapoints that were evaluated, the newest first."""
    told: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now)}
    if points:
        told["startDate"] = stamp(points[-1].start)
    if alarm.statistic:
        told["statistic" if "Statistic" in alarm.parameters else "extendedStatistic"] = alarm.statistic
    if unit := alarm.parameters.get("Unit"):
        told["unit"] = unit
    told |= {
        "period": alarm.period,
        "recentDatapoints": [point.value for point in reversed(points)],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": [
            {
                "timestamp": stamp(point.start),
                **({} if point.count is None else {"sampleCount": point.count}),
                "value": point.value,
            }
            for point in points
        ],
    }
    return json.dumps(told, separators=(",", ":"))


def stamp(seconds: float) -> str:
    """A time as CloudWatch writes it into its messages: 2026-11-21T16:31:00.000+0000."""
    return (
        datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}+0000"
    )


def _short(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%m/%y %H:%M:%S")
