"""How much time and memory a submission may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course.grading import sandbox


@dataclass(frozen=True)
class Limits:
    """What a submission may use: seconds for the whole, cell_seconds for a cell, and for a test with all its calls."""

    cell_seconds: float = 120.0
    seconds: float = 1800.0
    process: sandbox.Limits = field(default_factory=sandbox.Limits)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Limits:
        """From JSON, as the audit shows them."""
        return cls(**{**given, "process": sandbox.Limits(**given.get("process", {}))})
