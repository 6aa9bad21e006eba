"""Traffic of an endpoint's customers over days of the cloud's time: every minute counted, a sample really predicted.

A replay is a list of due moments, so that `advance` plays it. At the end of each minute its requests are drawn over the
variants by weight, what becomes of them follows from the instances that there were (replay_load.py), and CloudWatch
hears of it before alarms look; alarms and scaling change real instances. Rows of a payload go to the real workers in
batches (replay_sample.py): what these fail counts for the requests as well. Nothing depends on measured time: the same
seed gives the same counts, capacities, states and alarms.
"""

import random
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..cloudwatch.distribution import Distribution
from ..cloudwatch.metrics import Metric
from .fleet import SERVING, Variant
from .invocation_metrics import NAMESPACE
from .replay_load import Outcome, outcome, poisson, split
from .replay_sample import Sample
from .resources import ENDPOINT
from .serverless import Serverless

if TYPE_CHECKING:
    from ..world import World

_MINUTE, _HOUR = 60, 60  # seconds, minutes
_BEFORE_THE_END = 30.0  # seconds: a sample lies in S3 when its hour is over
_JUST_BEFORE = 1e-3  # seconds: what changes the instances at the full minute changes the next one
_LONGEST = 366 * 1440


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be replayed.

    limit: requests that one instance answers in a minute.
    counts: requests in each minute; or profile: the mean requests a minute of each hour, over and over for `days`
    (the counts are drawn: Poisson).
    variant: who gets all of it; by default the production variants by their weights.
    start: when the first minute begins (ISO 8601, rounded down to the minute); by default the one that runs now.
    latency: seconds that a model takes, without waiting.
    rows: payload (lines of CSV) of which `per_sample` are really predicted every `every` minutes, the next ones each
    time; labels, truth, label_delay: see replay_sample.Sample.
    """

    endpoint: str
    limit: float
    counts: list[int] | None = None
    profile: list[float] | None = None
    days: float = 1.0
    variant: str | None = None
    start: str | None = None
    latency: float = 0.01
    rows: list[str] = field(default_factory=list)
    per_sample: int = 200
    every: int = _HOUR
    content_type: str = "text/csv"
    labels: list[Any] | None = None
    truth: str = ""
    label_delay: float = 0.0

    def __post_init__(self) -> None:
        if (self.counts is None) == (self.profile is None):
            raise ValueError("A replay has either counts or a profile.")
        if self.limit <= 0 or self.latency < 0 or self.days <= 0 or self.every < 1 or self.per_sample < 1:
            raise ValueError("limit, days, every and per_sample are above 0, latency is not below.")
        if any(number < 0 for number in (*(self.counts or ()), *(self.profile or ()))) or not (
            self.counts or self.profile
        ):
            raise ValueError("Requests are counted from 0.")
        if self.minutes > _LONGEST:
            raise ValueError("A replay lasts a year at most.")
        if self.labels is not None and len(self.labels) != len(self.rows):
            raise ValueError("There is one label for each row.")

    @property
    def minutes(self) -> int:
        return len(self.counts) if self.counts is not None else round(self.days * 1440)

    def count(self, minute: int, source: random.Random) -> int:
        """Requests that come in a minute of the replay."""
        if self.counts is not None:
            return int(self.counts[minute])
        return poisson(source, self.profile[minute // _HOUR % len(self.profile)])


@dataclass(frozen=True, slots=True)
class _Minute:
    """A minute of a variant, as its metrics see it."""

    count: int
    instances: int
    found: Outcome
    wrong: int

    @property
    def lost(self) -> int:
        return self.found.lost + self.wrong


def _faults(minute: _Minute) -> Distribution:
    return Distribution.of_set(minute.count, minute.lost, int(minute.lost == minute.count), int(minute.lost > 0))


def _shares(minute: _Minute) -> Distribution:
    share = 1 / (minute.instances or 1)
    return Distribution.of_set(minute.count, minute.count * share, share, share)


def _latency(minute: _Minute) -> Distribution | None:
    many = minute.found.latencies.items()
    return Distribution.of({seconds * 1e6: times for seconds, times in many}) if many else None


LATENCY = "ModelLatency"
METRICS: dict[str, Callable[[_Minute], Distribution | None]] = {
    "Invocations": lambda minute: Distribution.of_set(minute.count, minute.count, 1, 1),
    "InvocationsPerInstance": _shares,
    "Invocation4XXErrors": lambda minute: Distribution.of_set(minute.count, 0, 0, 0),
    "Invocation5XXErrors": _faults,
    "InvocationModelErrors": _faults,
    LATENCY: _latency,
}


class Replay:
    """A replay under way. `seen` has a list for each variant and kind of number, with an entry for each minute.

    metrics: which of METRICS CloudWatch hears of; without LATENCY none is worked out.
    """

    def __init__(self, world: "World", plan: Plan, number: int, metrics: Collection[str] = METRICS):
        endpoint = world.store.find(ENDPOINT, plan.endpoint)
        if endpoint is None or endpoint.status not in SERVING:
            raise ValueError(f"There is no endpoint {plan.endpoint} at work.")
        if plan.variant is not None and plan.variant not in endpoint.runtime.variants:
            raise ValueError(f"There is no variant {plan.variant} of an endpoint {plan.endpoint}.")
        self.plan, self.endpoint = plan, endpoint
        self.name = f"{endpoint.name}-{number}"
        self.status = "Running"
        self.minute = 0
        self.start = _floor(
            world.clock.time() if plan.start is None else datetime.fromisoformat(plan.start).timestamp()
        )
        if self.start < _floor(world.clock.time()):
            raise ValueError("A replay begins now or later.")
        self.alarms: list[list[str]] = []
        self.seen: dict[str, dict[str, list[float]]] = {}
        self._world = world
        self._published = [name for name in METRICS if name in metrics]
        self._metrics: dict[tuple[str, str], Metric] = {}
        seed = f"{world.seed} {self.name}".encode()
        self._source, draws = random.Random(zlib.crc32(seed)), random.Random(zlib.crc32(seed + b" rows"))
        labels = None if plan.labels is None else [str(label) for label in plan.labels]
        self._sample = Sample(
            *(world, self.name, draws, plan.rows, plan.content_type, labels, plan.truth, plan.label_delay)
        )
        self._variants()  # raises for what cannot be replayed
        world.clock.at(self._at(1) - _JUST_BEFORE, self._count)
        if plan.rows:
            world.clock.at(self._at(plan.every) - _BEFORE_THE_END, self._predict)

    @property
    def end(self) -> float:
        """When the last minute is over."""
        return self._at(self.plan.minutes)

    def _at(self, minute: int) -> float:
        return self.start + minute * _MINUTE

    def _variants(self) -> list[Variant]:
        """Who is asked at the moment."""
        found = self.endpoint.runtime.variants
        chosen = [found[self.plan.variant]] if self.plan.variant else list(found.values())
        if any(isinstance(variant, Serverless) for variant in chosen):
            raise ValueError("Serverless variants have no instances: their traffic cannot be counted this way.")
        return chosen

    def _is_over(self) -> bool:
        """Whether the endpoint, or its variant, is no longer there to be asked."""
        endpoint, variant = self.endpoint, self.plan.variant
        there = self._world.store.find(ENDPOINT, endpoint.name) is endpoint and endpoint.status in SERVING
        if not there or (variant and variant not in endpoint.runtime.variants):
            self.status = "Stopped"
        return self.status != "Running"

    async def _predict(self) -> None:
        """The sample of an interval, shortly before it ends."""
        if self._is_over():
            return
        clock, every = self._world.clock, self.plan.every
        end = _floor(clock.time()) + _MINUTE
        start = end - every * _MINUTE
        await self._sample.take(self.endpoint, self._variants(), self.plan.per_sample, start, end - _BEFORE_THE_END)
        if end + every * _MINUTE <= self.end + 1e-3:
            clock.at(end + every * _MINUTE - _BEFORE_THE_END, self._predict)

    async def _count(self) -> None:
        """A minute that is over."""
        if self._is_over():
            return
        if self.minute:
            self.alarms.append(self._alarmed())
        variants = self._variants()
        count = self.plan.count(self.minute, self._source)
        parts = split(self._source, count, [variant.weight for variant in variants])
        for variant, part in zip(variants, parts, strict=True):
            self._measure(variant, part)
            for shadow in self.endpoint.runtime.shadows.values():
                share = min(1.0, shadow.weight / variant.weight) if variant.weight else 0.0
                self._measure(shadow, round(part * share))
        self.minute += 1
        if self.minute < self.plan.minutes:
            self._world.clock.at(self._at(self.minute + 1) - _JUST_BEFORE, self._count)
        else:
            self.status = "Finished"

    def _alarmed(self) -> list[str]:
        return [alarm.name for alarm in self._world.alarms.all() if alarm.state == "ALARM"]

    def _measure(self, variant: Variant, count: int) -> None:
        """One minute of one variant: its numbers, and what CloudWatch hears of them."""
        instances = variant.current
        found = outcome(count, instances, self.plan.limit, self.plan.latency)
        wrong = round(found.served * self._sample.failed.get(variant.name, 0.0))
        variant.counts["ok"] += found.served - wrong
        variant.counts["5xx"] += found.lost + wrong
        seen: dict[str, float] = {"requests": count, "instances": instances, "timeouts": found.lost, "errors": wrong}
        if LATENCY in self._published:
            seen["latency"] = round(found.mean, 6)
        told = self.seen.setdefault(variant.name, {})
        for name, value in seen.items():
            if name not in told:
                told[name] = [0] * self.minute  # it came late
            told[name].append(value)
        if count:
            if variant.line is not None:
                variant.line.asked(self._world.clock.time())
            self._publish(variant.name, count, instances, found, wrong)

    def _publish(self, variant: str, count: int, instances: int, found: Outcome, wrong: int) -> None:
        """A minute's metrics: every request is one sample of each."""
        at, now, minute = self._at(self.minute), self._world.clock.time(), _Minute(count, instances, found, wrong)
        for name in self._published:
            if point := METRICS[name](minute):
                self._metric(variant, name).add(at, point, "Microseconds" if name == LATENCY else "None", now)

    def _metric(self, variant: str, name: str) -> Metric:
        metric = self._metrics.get((variant, name))
        if metric is None:
            dimensions = {"EndpointName": self.endpoint.name, "VariantName": variant}
            metric = self._metrics[variant, name] = self._world.metrics.metric(NAMESPACE, name, dimensions)
        return metric

    def report(self) -> dict[str, Any]:
        """What has been seen so far: lists with one entry for each minute.

        instances, timeouts: of all production variants together. variants: requests, instances, timeouts, errors (of
        the model, as its sample has it) and latency (seconds, the mean) of each. alarms: those in ALARM at the end of
        the minute.
        """
        shadows = self.endpoint.runtime.shadows if self.endpoint.runtime else {}
        answering = [numbers for name, numbers in self.seen.items() if name not in shadows]
        alarms = [*self.alarms, self._alarmed()] if self.minute > len(self.alarms) else self.alarms
        return {
            "replay": self.name,
            "status": self.status,
            "start": datetime.fromtimestamp(self.start, UTC).isoformat(),
            "minutes": self.minute,
            "instances": _added(answering, "instances"),
            "timeouts": _added(answering, "timeouts"),
            "alarms": alarms,
            "variants": self.seen,
            "predicted": self._sample.taken,
        }


def begin(world: "World", plan: Plan) -> Replay:
    """Start a replay. Raises ValueError for what cannot be, or while another of the same endpoint is under way."""
    for other in world.replays:
        if other.endpoint.name == plan.endpoint and other.status == "Running" and not other._is_over():
            raise ValueError(f"A replay of {plan.endpoint} is under way.")
    found = Replay(world, plan, len(world.replays))
    world.replays.append(found)
    return found


def _added(variants: list[dict[str, list[float]]], name: str) -> list[float]:
    return [sum(numbers) for numbers in zip(*(each[name] for each in variants), strict=False)]


def _floor(seconds: float) -> float:
    return seconds // _MINUTE * _MINUTE
