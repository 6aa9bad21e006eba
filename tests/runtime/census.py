"""Who is alive: processes found by a mark on their command line or in their environment."""

import os
import select
import time
from contextlib import suppress
from pathlib import Path


def marked(mark: str) -> set[int]:
    """Live processes that carry the mark, but for this one."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if "\nState:\tZ" in (entry / "status").read_text():
                    continue
                said = (entry / "cmdline").read_bytes()
                with suppress(PermissionError):
                    said += (entry / "environ").read_bytes()
                if mark.encode() in said:
                    found.add(int(entry.name))
    return found


def wait_gone(mark: str, seconds: float = 8.0) -> set[int]:
    """Wait until no process carries the mark; returns those left after `seconds`."""
    deadline = time.monotonic() + seconds
    while alive := marked(mark):
        for pid in alive:
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                try:
                    left = deadline - time.monotonic()
                    if left <= 0 or not select.select([handle], [], [], left)[0]:
                        return marked(mark)
                finally:
                    os.close(handle)
    return set()
