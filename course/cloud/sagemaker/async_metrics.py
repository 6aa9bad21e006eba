"""What an asynchronous endpoint measures in one of the cloud's minutes, and what CloudWatch gets of it.

Names, dimensions and units are those of the developer guide, "Monitor asynchronous endpoint".
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .async_queue import Queue

NAMESPACE = "AWS/SageMaker"
_MICROSECONDS, _MILLISECONDS = 1e6, 1e3


class Minute:
    """Counts, and for each duration (count, total, least, most) in seconds."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._durations: dict[str, tuple[int, float, float, float]] = {}

    def count(self, name: str) -> None:
        self._counts[name] += 1

    def lasted(self, name: str, seconds: float) -> None:
        count, total, least, most = self._durations.get(name, (0, 0.0, seconds, seconds))
        self._durations[name] = (count + 1, total + seconds, min(least, seconds), max(most, seconds))

    def waited(self, seconds: float) -> None:
        """A request has left the queue after so many seconds of cloud time."""
        self.lasted("TimeInBacklog", seconds)

    def processed(self, seconds: float) -> None:
        """A request is done, its notification sent, so many seconds of cloud time after it was received."""
        self.lasted("TotalProcessingTime", seconds)

    def put(self, metrics: Any, endpoint: str, variant: str, queue: "Queue", now: float) -> None:
        """Write the minute that ends `now` (cloud time).

        The guide says of ApproximateBacklogSizePerInstance that it is the backlog divided by the instances, and of an
        endpoint at zero that target tracking wakes it once the requests in the queue exceed the target ("Autoscale an
        asynchronous endpoint"): so at zero it is the backlog itself.
        """
        named = {"EndpointName": endpoint}
        backlog, instances, oldest = queue.backlog, queue.instances, queue.oldest
        sizes = {
            "ApproximateBacklogSize": backlog,
            "ApproximateBacklogSizePerInstance": backlog / max(instances, 1),
            "HasBacklogWithoutCapacity": int(backlog > 0 and instances == 0),
        }
        metrics.put(NAMESPACE, named, sizes, at=now, unit="Count")
        age = 0.0 if oldest is None else now - oldest
        metrics.put(NAMESPACE, named, {"ApproximateAgeOfOldestRequest": age}, at=now, unit="Seconds")
        if not self._counts and not self._durations:
            return
        named = {"EndpointName": endpoint, "VariantName": variant}
        for name, times in self._counts.items():
            metrics.put_set(
                NAMESPACE, named, name, count=times, total=times, minimum=1, maximum=1, at=now, unit="Count"
            )
        for name, (count, total, least, most) in self._durations.items():
            unit = "Milliseconds" if name == "TotalProcessingTime" else "Microseconds"
            scale = _MILLISECONDS if name == "TotalProcessingTime" else _MICROSECONDS
            metrics.put_set(
                NAMESPACE,
                named,
                name,
                count=count,
                total=total * scale,
                minimum=least * scale,
                maximum=most * scale,
                at=now,
                unit=unit,
            )
