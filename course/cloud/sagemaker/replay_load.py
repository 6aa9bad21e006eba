"""Load on instances, minute by minute: how many requests come, how long they wait, how many wait too long.

The model, for all instances of a variant together, each of which answers `limit` requests a minute:

- Up to their capacity a request waits as in a queue with one server and even service (M/D/1): on average
  s*r / (2*(1 - r)), where s is the time between two answers and r the share of the capacity that is asked for; a minute
  is too short for more than the square root of its requests to wait. The waits spread as an exponential distribution.
- Beyond their capacity the queue grows all through the minute: who comes after the share u of it waits 60*u*(r - 1)
  seconds. What is over at the end has waited as long as InvokeEndpoint does, and times out.
- Without an instance nothing is answered (503).

No queue is carried into the next minute: InvokeEndpoint waits for a minute at most.
"""

import math
import random
from dataclasses import dataclass
from functools import cached_property

TIMEOUT = 60.0  # seconds that InvokeEndpoint waits for a model
_STEPS = 20  # waits are told in so many equal parts of the requests: percentiles in steps of 5 %
_QUANTILES = [(step + 0.5) / _STEPS for step in range(_STEPS)]
_EXPONENTIAL = [-math.log(1 - quantile) for quantile in _QUANTILES]


@dataclass(frozen=True)
class Outcome:
    """What became of a minute's requests.

    share: of the capacity that was asked for. capacity: requests a minute; without one nothing waits. latency: seconds
    that an answer takes without waiting.
    """

    served: int
    lost: int
    share: float = 0.0
    capacity: float = 0.0
    latency: float = 0.0

    @cached_property
    def latencies(self) -> dict[float, float]:
        """{seconds: how many}, those that timed out included."""
        found: dict[float, float] = {}
        if not self.capacity:
            return found
        part = self.served / _STEPS
        for wait in _waits(self.share, self.capacity):
            seconds = round(self.latency + min(wait, TIMEOUT), 4)
            found[seconds] = found.get(seconds, 0.0) + part
        if self.lost:
            found[TIMEOUT] = found.get(TIMEOUT, 0.0) + self.lost
        return found

    @property
    def mean(self) -> float:
        """Seconds; 0 where nothing was asked of a model."""
        many = sum(self.latencies.values())
        return sum(seconds * times for seconds, times in self.latencies.items()) / many if many else 0.0


def outcome(count: int, instances: int, limit: float, latency: float) -> Outcome:
    """What becomes of `count` requests in a minute.

    limit: how many one instance answers in a minute. latency: seconds that an answer takes without waiting.
    """
    capacity = instances * limit
    if not count or capacity <= 0:
        return Outcome(0, count)
    share = count / capacity
    served = min(count, math.floor(capacity + 1e-9)) if share > 1 else count
    return Outcome(served, count - served, share, capacity, latency)


def _waits(share: float, capacity: float) -> list[float]:
    """Seconds that requests wait, in equal parts of the minute's requests, ascending."""
    if share > 1:
        return [TIMEOUT * quantile * (share - 1) for quantile in _QUANTILES]
    longest = math.sqrt(share * capacity)
    mean = 60 / capacity * (min(share / (2 * (1 - share)), longest) if share < 1 else longest)
    return [mean * factor for factor in _EXPONENTIAL]


def poisson(source: random.Random, mean: float) -> int:
    """How many requests come in a minute, at random; from 30 on as a normal distribution has it."""
    if mean >= 30:
        return max(0, round(source.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), source.random(), 0
    while product > limit:
        product *= source.random()
        number += 1
    return number


def split(source: random.Random, count: int, weights: list[float]) -> list[int]:
    """`count` requests over variants by weight, each drawn; from 100 on as normal distributions have it."""
    if len(weights) == 1:
        return [count]
    if count < 100:
        drawn = source.choices(range(len(weights)), weights, k=count) if sum(weights) else []
        return [drawn.count(place) for place in range(len(weights))]
    parts, left, rest = [], count, sum(weights)
    for weight in weights[:-1]:
        share = weight / rest if rest > 0 else 0.0
        part = (
            round(source.gauss(left * share, math.sqrt(left * share * (1 - share)))) if 0 < share < 1 else left * share
        )
        part = int(min(max(part, 0), left))
        parts.append(part)
        left, rest = left - part, rest - weight
    return [*parts, left]
