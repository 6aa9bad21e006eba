"""What it would have cost.

Every price is simulated: round numbers of our own, of the size of AWS's but not AWS's price list (which differs by
Region, type and month). PRICES is the only place where one stands. What AWS charges for is taken from its pricing page:
instances by the time that they run; serverless endpoints by memory and milliseconds of work, by memory and time kept
warm, and by the bytes that go in and out; S3 by bytes and time. A cold start is not charged here.

Spans and storage follow the cloud's clock alone. What a serverless endpoint worked follows the real duration of each
request, or the duration that whoever calls `use` states.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .clock import Clock


@dataclass(frozen=True, slots=True)
class Price:
    """Simulated dollars for one `unit`."""

    dollars: float
    unit: str
    what: str


PRICES = {
    "instance": Price(0.06, "vCPU-hour", "an instance, whatever its type"),
    "serverless": Price(0.00002, "GB-second", "memory of a serverless endpoint while it works on a request"),
    "provisioned": Price(0.00001, "GB-second", "memory of provisioned concurrency, used or not"),
    "data": Price(0.016, "GB", "bytes of a serverless endpoint's requests and answers"),
    "storage": Price(0.023, "GB-month", "S3, every version of every object"),
}
"""Every price of this cloud. GB is 2^30 bytes, a month 730 hours."""

GB = 1 << 30
HOURS_PER_MONTH = 730
IDLE_SECONDS = 3600.0
"""A gap between two requests counts as idle from this length on."""
_SETTLE_SECONDS = 1.0  # storage is added up at most once in so many seconds of cloud time
_VCPUS = {"nano": 1, "micro": 1, "small": 1, "medium": 2, "large": 2, "xlarge": 4}

Tags = dict[str, str]


def vcpus(instance_type: str) -> int:
    """vCPUs of an instance type by its size: large 2, xlarge 4, Nxlarge 4·N (AWS's usual doubling)."""
    size = instance_type.rsplit(".", 1)[-1]
    if size.endswith("xlarge") and size != "xlarge":
        return 4 * int(size.removesuffix("xlarge") or 1)
    return _VCPUS.get(size, 2)


def price_per_hour(instance_type: str, count: int = 1) -> float:
    """Simulated dollars per hour of `count` instances."""
    return round(vcpus(instance_type) * count * PRICES["instance"].dollars, 6)


def provisioned_price_per_hour(memory_mb: int, count: int) -> float:
    """Simulated dollars per hour of `count` processes of a serverless endpoint that are kept warm."""
    return round(memory_mb / 1024 * count * 3600 * PRICES["provisioned"].dollars, 6)


@dataclass(slots=True)
class Line:
    """A span of use: `rate` dollars per hour from `start` until `end` (None: still running)."""

    resource: str
    kind: str
    arn: str
    rate: float
    start: datetime
    end: datetime | None = None
    tags: Tags = field(default_factory=dict)
    _asked: float = 0.0  # cloud time of the last request, or of the start
    _idle: float = 0.0  # seconds of the gaps that have ended

    def hours(self, now: datetime) -> float:
        return max(0.0, ((self.end or now) - self.start).total_seconds() / 3600)

    def asked(self, moment: float) -> None:
        """A request came at cloud time `moment`."""
        gap, self._asked = moment - self._asked, moment
        if gap >= IDLE_SECONDS:
            self._idle += gap

    def idle_hours(self, now: datetime) -> float:
        """Hours in gaps of an hour and more between requests, before the first and after the last."""
        gap = (self.end or now).timestamp() - self._asked
        return (self._idle + (gap if gap >= IDLE_SECONDS else 0.0)) / 3600


@dataclass(slots=True)
class Use:
    """What was counted: `quantity` of a price's unit in `count` requests."""

    resource: str
    kind: str
    arn: str
    price: Price
    count: int = 0
    quantity: float = 0.0
    tags: Tags = field(default_factory=dict)

    @property
    def cost(self) -> float:
        return self.quantity * self.price.dollars


class Meter:
    """Adds up what a world's resources would have cost on its clock.

    `tags_of(arn)` gives a resource's tags as they are now, None once it is gone: then its last ones count.
    `stored()` gives the bytes that each S3 bucket holds.
    """

    def __init__(
        self,
        clock: Clock,
        tags_of: Callable[[str], Tags | None] = lambda arn: None,
        stored: Callable[[], dict[str, int]] = dict,
    ):
        self._clock, self._tags_of, self._stored = clock, tags_of, stored
        self.lines: list[Line] = []
        self._uses: dict[tuple[str, str], Use] = {}
        self._byte_seconds: dict[str, float] = {}
        self._settled = clock.time()

    def start(self, resource: str, kind: str, arn: str, rate: float) -> Line:
        line = Line(resource, kind, arn, rate, self._clock.now(), tags=self._tags_of(arn) or {})
        line._asked = line.start.timestamp()
        self.lines.append(line)
        return line

    def stop(self, line: Line) -> None:
        if line.end is None:
            line.end = self._clock.now()
            line.tags = self._now(line)

    def change(self, line: Line, rate: float) -> Line:
        """The line's resource goes on at another price: a new line, from now on."""
        if line.rate == rate:
            return line
        self.stop(line)
        return self.start(line.resource, line.kind, line.arn, rate)

    def use(self, resource: str, kind: str, arn: str, price: str, quantity: float, count: int = 1) -> None:
        """Count `quantity` units of PRICES[price], used in `count` requests."""
        found = self._uses.get((resource, price))
        if found is None:
            found = self._uses[resource, price] = Use(resource, kind, arn, PRICES[price])
            found.tags = self._tags_of(arn) or {}
        found.count += count
        found.quantity += quantity

    def settle(self) -> None:
        """Add up what S3 has stored until now. Called before what is stored changes."""
        now = self._clock.time()
        seconds = now - self._settled
        if seconds < _SETTLE_SECONDS:
            return
        self._settled = now
        for bucket, size in self._stored().items():
            self._byte_seconds[bucket] = self._byte_seconds.get(bucket, 0.0) + size * seconds

    def report(self, tag: str | None = None) -> dict[str, Any]:
        """What there is to pay, in simulated dollars.

        lines: what runs by the hour, with its hours and, in `idle_hours` and `idle_cost`, those in which nothing was
        asked of it (gaps of an hour and more). uses: what was counted. storage: S3, by bucket. total, and
        per_hour_now: what goes on to be paid whatever happens. by_tag: the total by the values of the tag `tag`; ""
        stands for what does not have it.
        """
        now = self._clock.now()
        self.settle()
        lines = [self._line(line, now) for line in self.lines]
        uses = [self._use(use) for use in self._uses.values()]
        storage = [self._bucket(name, spent) for name, spent in self._byte_seconds.items()]
        held = sum(self._stored().values()) / GB / HOURS_PER_MONTH * PRICES["storage"].dollars
        report = {
            "lines": lines,
            "uses": uses,
            "storage": storage,
            "total": sum(entry["cost"] for entry in (*lines, *uses, *storage)),
            "per_hour_now": sum(line.rate for line in self.lines if line.end is None) + held,
            "note": "Simulated prices.",
        }
        if tag is not None:
            report["by_tag"] = self._by_tag(tag, (*lines, *uses, *storage))
        return report

    def _now(self, entry: Line | Use) -> Tags:
        """A resource's tags: those it has, or had when it was last seen."""
        found = self._tags_of(entry.arn)
        if found is not None:
            entry.tags = dict(found)
        return entry.tags

    def _line(self, line: Line, now: datetime) -> dict[str, Any]:
        hours, idle = line.hours(now), line.idle_hours(now)
        return {
            "resource": line.resource,
            "kind": line.kind,
            "arn": line.arn,
            "from": line.start.isoformat(),
            "to": line.end.isoformat() if line.end else None,
            "hours": hours,
            "price_per_hour": line.rate,
            "cost": hours * line.rate,
            "idle_hours": idle,
            "idle_cost": idle * line.rate,
            "tags": self._now(line) if line.end is None else line.tags,
        }

    def _use(self, use: Use) -> dict[str, Any]:
        return {
            "resource": use.resource,
            "kind": use.kind,
            "arn": use.arn,
            "what": use.price.what,
            "count": use.count,
            "quantity": use.quantity,
            "unit": use.price.unit,
            "price": use.price.dollars,
            "cost": use.cost,
            "tags": self._now(use),
        }

    def _bucket(self, name: str, byte_seconds: float) -> dict[str, Any]:
        price, arn = PRICES["storage"], f"arn:aws:s3:::{name}"
        quantity = byte_seconds / GB / 3600 / HOURS_PER_MONTH
        return {
            "resource": name,
            "kind": "Bucket",
            "arn": arn,
            "quantity": quantity,
            "unit": price.unit,
            "price": price.dollars,
            "cost": quantity * price.dollars,
            "tags": self._tags_of(arn) or {},
        }

    @staticmethod
    def _by_tag(tag: str, entries: tuple[dict[str, Any], ...]) -> dict[str, float]:
        found: dict[str, float] = {}
        for entry in entries:
            value = entry["tags"].get(tag, "")
            found[value] = found.get(value, 0.0) + entry["cost"]
        return found
