"""What running processes take: memory, and room in a folder."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

# Pages that a child shares with its warm parent, untouched, are whole in the first and in parts in the second.
_HELD = ("RssAnon:", "RssShmem:", "VmSwap:")
_SHARE = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")


def over_memory(processes: Iterable[int], limit: int) -> bool:
    """Whether these processes together hold more than `limit` bytes of memory of their own."""
    pids = list(processes)
    # The exact figure takes a walk over all pages.
    return _sum(pids, "status", _HELD) > limit and _sum(pids, "smaps_rollup", _SHARE) > limit


def _sum(pids: list[int], file: str, names: tuple[str, ...]) -> int:
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/{file}") as lines:
            total += sum(int(line.split()[1]) for line in lines if line.startswith(names))
    return total << 10


def over_folder(folder: Path, size_bytes: int, files: int) -> bool:
    """Whether more than so many bytes of disk, or files and folders, are in a folder."""
    for _, _, names, here in os.fwalk(folder):
        files -= 1
        for name in names:
            with contextlib.suppress(OSError):
                size_bytes -= os.stat(name, dir_fd=here, follow_symlinks=False).st_blocks * 512
        files -= len(names)
        if files < 0 or size_bytes < 0:
            return True
    return False
