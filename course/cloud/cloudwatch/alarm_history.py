"""What happened to alarms: their configuration, their states, their actions. AWS keeps it for 30 days."""

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..clock import Clock

_KEPT = timedelta(days=30)
_LONGEST = 4095  # characters of HistoryData


@dataclass(frozen=True, slots=True)
class Entry:
    alarm: str
    type: str  # ConfigurationUpdate | StateUpdate | Action
    at: datetime
    summary: str
    data: str
    alarm_type: str = "MetricAlarm"


class History:
    """Entries of one world, the oldest first. They outlive their alarms."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._entries: deque[Entry] = deque()

    def record(self, alarm: str, kind: str, summary: str, data: dict[str, Any]) -> None:
        now = self._clock.now()
        text = json.dumps(data, separators=(",", ":"), default=str)
        while self._entries and self._entries[0].at < now - _KEPT:
            self._entries.popleft()
        self._entries.append(Entry(alarm, kind, now, summary[:255], text[:_LONGEST]))

    def entries(self) -> list[Entry]:
        since = self._clock.now() - _KEPT
        return [entry for entry in self._entries if entry.at >= since]
