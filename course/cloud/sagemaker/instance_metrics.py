"""CPUUtilization, MemoryUtilization and DiskUtilization of the instances behind an endpoint, from their processes.

Developer guide, "Monitor Amazon SageMaker AI with Amazon CloudWatch", instance metrics: percent; of the CPU 100 for
each core in use, of memory and disk 100 for all that the instance has.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .instance import Instance

if TYPE_CHECKING:
    from ..world import World

NAMESPACE = "/aws/sagemaker/Endpoints"
EVERY_SECONDS = 60.0
"""Real seconds between two samples: what processes use is used in real time, however far the cloud's clock jumps."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(NamedTuple):
    """What a container has used: CPU seconds since its start, bytes of memory and of disk now."""

    cpu: float
    memory: int
    disk: int


class Usage:
    """Samples every instance of a fleet once a minute, from `start` to `stop`."""

    def __init__(self, world: "World", endpoint: str, instances: Callable[[], Iterable[tuple[str, Instance]]]):
        """instances: gives (variant's name, instance) of all that are there."""
        self._world, self._endpoint, self._instances = world, endpoint, instances
        self._before: dict[int, tuple[float, float]] = {}  # by pid: when, and the CPU seconds until then
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take a first look, which later ones are compared with, and go on."""
        self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self.start)
        self._world.spawn(self.sample())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def sample(self) -> None:
        """Put a point for each instance that was there before. Where there is no /proc there are none."""
        before, self._before = self._before, {}
        for variant, instance in list(self._instances()):
            pid, folder = instance.pid, instance.folder
            if not pid or folder is None:
                continue
            used = await asyncio.to_thread(read, pid, folder)
            now = time.monotonic()
            if used is None:
                continue
            self._before[pid] = (now, used.cpu)
            since, cpu = before.get(pid, (now, used.cpu))
            if now <= since:
                continue
            self._world.metrics.put(
                NAMESPACE,
                {"EndpointName": self._endpoint, "VariantName": variant},
                {
                    "CPUUtilization": max(0.0, used.cpu - cpu) / (now - since) * 100,
                    "MemoryUtilization": used.memory / instance.memory_bytes * 100,
                    "DiskUtilization": used.disk / instance.disk_bytes * 100,
                },
                unit="Percent",
            )


def read(pid: int, folder: Path) -> Use | None:
    """What the process `pid` and all that descend from it use, and what lies in `folder`; None if it is gone."""
    cpu, memory, found = 0.0, 0, False
    waiting = [pid]
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{here}/stat").read_bytes().rpartition(b")")[2].split()
            cpu += sum(int(field) for field in fields[11:15]) / _TICKS  # its own, and that of children that ended
            memory += int(fields[21]) * _PAGE
            found = True
            for thread in Path(f"/proc/{here}/task").iterdir():
                waiting += [int(child) for child in (thread / "children").read_text().split()]
    return Use(cpu, memory, _size(folder)) if found else None


def _size(folder: Path) -> int:
    size = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                size += os.lstat(Path(root, name)).st_size
    return size
