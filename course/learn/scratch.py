"""This kernel's temporary folder. What killed kernels have left behind goes when the next one makes its own."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

PREFIX = "five-bridges-kernel-"
MAKING = "five-bridges-making-"
LOCK = "in-use"  # locked as long as its kernel lives, however that ends


class Scratch:
    """A folder for as long as this process lives."""

    def __init__(self) -> None:
        sweep()
        # It gets the name that sweep looks for only once it is locked: another kernel may be sweeping right now.
        made = Path(tempfile.mkdtemp(prefix=MAKING))
        self._lock: IO[str] = (made / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = made.rename(made.with_name(PREFIX + made.name.removeprefix(MAKING)))

    def make(self, name: str) -> Path:
        """A new empty folder in it."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def sweep() -> None:
    """Remove this user's folders whose kernels have ended without removing them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # still locked, or gone in this moment
            if folder.stat().st_uid == os.getuid():
                with (folder / LOCK).open() as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
