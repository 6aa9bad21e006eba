"""What it would have cost. Prices are simulated: a flat rate per vCPU-hour of our own, not AWS's price list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .clock import Clock

PRICE_PER_VCPU_HOUR = 0.06  # simulated dollars
_VCPUS = {"nano": 1, "micro": 1, "small": 1, "medium": 2, "large": 2, "xlarge": 4}


def vcpus(instance_type: str) -> int:
    """vCPUs of an instance type by its size: large 2, xlarge 4, Nxlarge 4·N (AWS's usual doubling)."""
    size = instance_type.rsplit(".", 1)[-1]
    if size.endswith("xlarge") and size != "xlarge":
        return 4 * int(size.removesuffix("xlarge") or 1)
    return _VCPUS.get(size, 2)


def price_per_hour(instance_type: str, count: int = 1) -> float:
    """Simulated dollars per hour of `count` instances."""
    return round(vcpus(instance_type) * count * PRICE_PER_VCPU_HOUR, 6)


@dataclass(slots=True)
class Line:
    """A span of use: `rate` dollars per hour from `start` until `end` (None: still running)."""

    resource: str
    kind: str
    arn: str
    rate: float
    start: datetime
    end: datetime | None = None

    def hours(self, now: datetime) -> float:
        return max(0.0, ((self.end or now) - self.start).total_seconds() / 3600)


class Meter:
    """Adds up what a world's resources would have cost on its clock."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self.lines: list[Line] = []

    def start(self, resource: str, kind: str, arn: str, rate: float) -> Line:
        line = Line(resource, kind, arn, rate, self._clock.now())
        self.lines.append(line)
        return line

    def stop(self, line: Line) -> None:
        if line.end is None:
            line.end = self._clock.now()

    def report(self) -> dict[str, Any]:
        """Every line with its hours and cost, the total, and what runs on per hour."""
        now = self._clock.now()
        lines = [
            {
                "resource": line.resource,
                "kind": line.kind,
                "arn": line.arn,
                "from": line.start.isoformat(),
                "to": line.end.isoformat() if line.end else None,
                "hours": line.hours(now),
                "price_per_hour": line.rate,
                "cost": line.hours(now) * line.rate,
            }
            for line in self.lines
        ]
        return {
            "lines": lines,
            "total": sum(line["cost"] for line in lines),
            "per_hour_now": sum(line.rate for line in self.lines if line.end is None),
            "note": "Simulated prices.",
        }
