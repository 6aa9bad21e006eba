"""What CloudWatch learns of a variant's invocations, summed for each minute of the cloud's time.

Names, units and meanings: developer guide, "Monitor Amazon SageMaker AI with Amazon CloudWatch", endpoint invocation
metrics. Each request is one sample of each metric; a minute without requests has no points.
"""

from collections import defaultdict
from math import log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..world import World

NAMESPACE = "AWS/SageMaker"
_FLUSH_SECONDS = 1.0  # of cloud time: a point is complete a second after its last request, and before its minute ends
_MINUTE = 60.0
_MARGIN = 0.001  # before the end of a minute, when alarms look at it

UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}


class Tally:
    """The invocations of one variant since the last points.

    Values are kept as {value: times}, so that percentiles can be had; latencies with three significant digits.
    """

    def __init__(self, world: "World", endpoint: str, variant: str):
        self._world = world
        self._dimensions = {"EndpointName": endpoint, "VariantName": variant}
        self._minute = -1.0
        self._values: dict[str, dict[float, int]] = defaultdict(lambda: defaultdict(int))

    def add(
        self, outcome: str, instances: int, model: float | None = None, overhead: float | None = None, times: int = 1
    ) -> None:
        """Count `times` requests alike. outcome: "ok", "4xx" or "5xx"; a model that gave no answer at all is "5xx".

        instances: that were there to answer. model: seconds that the model took, None if it was not asked; overhead:
        seconds that everything else took.
        """
        now = self._world.clock.time()
        minute = now // _MINUTE
        if minute != self._minute:
            self.flush()
            self._minute = minute
        values = self._values
        if not values:
            self._world.clock.at(max(now, min(now + _FLUSH_SECONDS, (minute + 1) * _MINUTE - _MARGIN)), self._flush)
        values["Invocations"][1.0] += times
        values["InvocationsPerInstance"][1.0 / (instances or 1)] += times
        values["Invocation4XXErrors"][float(outcome == "4xx")] += times
        values["Invocation5XXErrors"][float(outcome == "5xx")] += times
        values["InvocationModelErrors"][float(outcome != "ok")] += times
        if model is not None:
            values["ModelLatency"][_microseconds(model)] += times
        if overhead is not None:
            values["OverheadLatency"][_microseconds(overhead)] += times

    def flush(self) -> None:
        """Hand what was counted to CloudWatch; a minute may get several such sets, which add up."""
        found, self._values = self._values, defaultdict(lambda: defaultdict(int))
        for name, values in found.items():
            self._world.metrics.put_set(
                NAMESPACE,
                self._dimensions,
                name,
                at=self._minute * _MINUTE,
                count=sum(values.values()),
                total=sum(value * times for value, times in values.items()),
                minimum=min(values),
                maximum=max(values),
                values=dict(values),
                unit=UNITS.get(name, "None"),
            )

    async def _flush(self) -> None:
        self.flush()


def _microseconds(seconds: float) -> float:
    """Microseconds with three significant digits: some hundred different values however many requests."""
    value = seconds * 1e6
    step = 10.0 ** (int(log10(value)) - 2) if value >= 1000 else 1.0
    return round(value / step) * step
