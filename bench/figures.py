"""A figure: what was measured, how much, against which target."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `met` compares `value` with `target`: "<=" or ">=" and a number, or "" for none."""

    name: str
    value: float
    unit: str
    target: str = ""
    remark: str = ""

    @property
    def met(self) -> bool | None:
        if not self.target:
            return None
        relation, number = self.target.split()
        return self.value <= float(number) if relation == "<=" else self.value >= float(number)

    def row(self) -> str:
        verdict = {None: "", True: "met", False: "missed"}[self.met]
        return (
            f"| {self.name} | {self.value:,.3g} {self.unit} | {self.target} | {verdict} | {self.remark} |"
            if self.value < 1000
            else f"| {self.name} | {self.value:,.0f} {self.unit} | {self.target} | {verdict} | {self.remark} |"
        )


def seconds(action: Callable[[], object], times: int = 5) -> float:
    """The median of `times` runs of `action`, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
