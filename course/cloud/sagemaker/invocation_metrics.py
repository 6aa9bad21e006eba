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
_FLUSH_SECONDS = 1.0  # of cloud time, or when the minute ends: so alarms find it complete
_MARGIN = 0.001  # before the end of a minute, when alarms look at it
_MINUTE = 60.0
OF_ASYNCHRONOUS = ("Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency")
"""What an asynchronous endpoint publishes of these (developer guide, "Monitor asynchronous endpoint")."""


class Tally:
    """The invocations of one variant since the last points.

    Values are kept as {value: times}, so that percentiles can be had; latencies with three significant digits.
    asynchronous: of an asynchronous endpoint, which publishes a few of the metrics only.
    """

    def __init__(self, world: "World", endpoint: str, variant: str, *, asynchronous: bool = False):
        self._world = world
        self._asynchronous = asynchronous
        self._dimensions = {"EndpointName": endpoint, "VariantName": variant}
        self._minute = -1.0
        self._requests: dict[tuple[str, int | None], int] = {}  # by outcome and number of instances
        self._model: list[tuple[float, int]] = []  # seconds, how often
        self._overhead: list[tuple[float, int]] = []

    def add(
        self,
        outcome: str,
        instances: int | None,
        model: float | None = None,
        overhead: float | None = None,
        times: int = 1,
    ) -> None:
        """Count `times` requests alike. outcome: "ok", "4xx" or "5xx"; a model that gave no answer at all is "5xx".

        instances: that were there to answer; None for a serverless variant, which has none and publishes fewer metrics
        (developer guide, "Alarms and logs for tracking metrics from serverless endpoints").
        model: seconds that the model took, None if it was not asked; overhead: seconds that everything else took.
        """
        now = self._world.clock.time()
        minute = now // _MINUTE
        if minute != self._minute:
            self.flush()
            self._minute = minute
        if not self._requests:
            self._world.clock.at(min(now + _FLUSH_SECONDS, (minute + 1) * _MINUTE - _MARGIN), self._flush)
        key = outcome, instances
        self._requests[key] = self._requests.get(key, 0) + times
        if model is not None:
            self._model.append((model, times))
        if overhead is not None:
            self._overhead.append((overhead, times))

    def flush(self) -> None:
        """Hand what was counted to CloudWatch; a minute may get several such sets, which add up."""
        requests, self._requests = self._requests, {}
        model, self._model = self._model, []
        overhead, self._overhead = self._overhead, []
        values: dict[str, dict[float, int]] = defaultdict(lambda: defaultdict(int))
        for (outcome, instances), times in requests.items():
            values["Invocations"][1.0] += times
            values["Invocation4XXErrors"][float(outcome == "4xx")] += times
            values["Invocation5XXErrors"][float(outcome == "5xx")] += times
            if instances is not None:
                values["InvocationsPerInstance"][1.0 / (instances or 1)] += times
                values["InvocationModelErrors"][float(outcome != "ok")] += times
        for name, latencies in (("ModelLatency", model), ("OverheadLatency", overhead)):
            for seconds, times in latencies:
                values[name][_microseconds(seconds)] += times
        for name, counted in values.items():
            if not self._asynchronous or name in OF_ASYNCHRONOUS:
                self._put(name, counted)

    def _put(self, name: str, values: dict[float, int]) -> None:
        self._world.metrics.put_set(
            NAMESPACE,
            self._dimensions,
            name,
            at=self._minute * _MINUTE,
            count=sum(values.values()),
            total=sum(value * times for value, times in values.items()),
            minimum=min(values),
            maximum=max(values),
            values=values,
            unit="Microseconds" if name.endswith("Latency") else "None",
        )

    async def _flush(self) -> None:
        self.flush()


def _microseconds(seconds: float) -> float:
    """Microseconds with three significant digits: some hundred different values however many requests."""
    value = seconds * 1e6
    step = 10.0 ** (int(log10(value)) - 2) if value >= 1000 else 1.0
    return round(value / step) * step
