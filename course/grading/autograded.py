"""autograded/<student>/<assignment>: replaced as a whole, and never without its scores.

    .NAME.new-…      what a worker writes; nobody reads it
    NAME             what is graded
    .NAME.old-KEY    what was graded under KEY, while the new scores are being committed

Both renames happen inside the gradebook's transaction, just before it is committed. Whatever ends the writer, `recover`
sees by the key that the gradebook holds whether the commit was made, and keeps the folder that belongs to it.
"""

import contextlib
import os
import shutil
from glob import escape
from pathlib import Path

NOTHING = "nothing"  # no grading is known of what lay there


def staging(target: Path) -> Path:
    """A new, empty folder beside `target` for what is to replace it."""
    folder = target.parent / f".{target.name}.new-{os.getpid()}"
    remove(folder)
    folder.mkdir(parents=True)
    return folder


class Replacement:
    """A staged folder that takes the place of `target`. `key` is the grading that the gradebook has until then."""

    def __init__(self, staged: Path, target: Path, key: str | None) -> None:
        self.staged, self.target = staged, target
        self.old = _old(target, key)

    def make(self) -> None:
        """Put the staged folder where it belongs, and keep what was there until `finish`."""
        remove(self.old)
        if self.target.exists():
            self.target.rename(self.old)
        self.staged.rename(self.target)
        sync(self.target.parent)

    def undo(self) -> None:
        """Have everything as it was before `make`, whether that was done or not."""
        if not self.staged.exists() and self.target.exists():
            self.target.rename(self.staged)
        if self.old.exists():
            self.old.rename(self.target)

    def finish(self) -> None:
        """Forget what was there."""
        remove(self.old)


def recover(target: Path, key: str | None) -> None:
    """Put right what a writer left that was ended in the middle. `key` is the grading that the gradebook holds."""
    for left in target.parent.glob(f".{escape(target.name)}.new-*"):
        remove(left)
    uncommitted = _old(target, key)
    if uncommitted.exists():
        remove(target)
        uncommitted.rename(target)
    for left in target.parent.glob(f".{escape(target.name)}.old-*"):
        remove(left)
    with contextlib.suppress(OSError):  # only an empty folder can be removed so
        target.parent.rmdir()


def settle(folder: Path, permissions: int) -> None:
    """Give all files of a folder nbgrader's permissions, and have them on the disk before their scores are."""
    for name, _, files in os.walk(folder):
        for file in files:
            path = Path(name, file)
            path.chmod(permissions)
            sync(path)
        sync(Path(name))


def sync(path: Path) -> None:
    """Have a file or folder on the disk, where the system can do that for it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Delete a folder if it is there."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _old(target: Path, key: str | None) -> Path:
    return target.parent / f".{target.name}.old-{(key or NOTHING)[:16]}"
