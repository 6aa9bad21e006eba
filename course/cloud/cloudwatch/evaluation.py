"""When an alarm changes its state: CloudWatch's rules for M out of N datapoints and for those that are missing.

Source: CloudWatch guide, "Configuring how CloudWatch alarms treat missing data". The guide leaves open how many
datapoints are looked at (the evaluation range); here it is two more than EvaluationPeriods, as in its tables.
"""

import operator
from collections.abc import Callable, Sequence

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)
TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


def evaluation_range(periods: int) -> int:
    """How many datapoints an alarm looks at, those that stand in for missing ones included."""
    return periods + 2


def state(points: Sequence[bool | None], periods: int, to_alarm: int, treatment: str) -> str | None:
    """The state that an alarm comes to; None: it keeps the one it has.

    points: the evaluation range, the oldest first; True breaches the threshold, None is missing.
    periods, to_alarm: N and M. treatment: TreatMissingData.
    """
    real = [point for point in points if point is not None][-periods:]
    missing = periods - len(real)
    breaching = sum(real)
    if not missing or treatment == "notBreaching":
        return ALARM if breaching >= to_alarm else OK
    if treatment == "breaching":
        return ALARM if breaching + missing >= to_alarm else OK
    if not real:
        return INSUFFICIENT_DATA if treatment == "missing" else None
    if breaching >= to_alarm:
        return ALARM
    if breaching < len(real):
        return OK
    # All there is breaches, but it is less than M. The next datapoints may not breach: only when the oldest is M
    # periods old does it alarm ("premature transitions").
    age = len(points) - next(place for place, point in enumerate(points) if point)
    return ALARM if treatment == "missing" and age >= to_alarm else None
