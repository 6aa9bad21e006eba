"""A job's folder after the job: made safe for the server, which may be root, to read and remove.

Links and special files go (a link would lead the server's reads outside, a pipe would block them), what the job locked
is unlocked, and a tree too deep to remove by recursion is cut into shallow ones. Every step goes by the descriptor of
the folder it is in, so that nobody who still writes there can lead it astray.
"""

import os
import stat
from pathlib import Path

DEEPEST = 64  # levels; shutil.rmtree recurses, and paths are at most 4,096 bytes long
RESERVE_BYTES = 256 << 20  # no job starts with less free on its disk, and none goes on with less than half of it
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def room(folder: Path) -> int:
    """Bytes that are free where `folder` lies."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def give(folder: Path, user: int) -> None:
    """Make `user` the owner of a folder and all in it, without following links."""
    os.chown(folder, user, user)
    for _, folders, files, here in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, user, user, dir_fd=here, follow_symlinks=False)


class TooLarge(OSError):
    """What was to be copied is more than there is room for."""


def copy(source: int, target: str, *, most_bytes: int, most_files: int) -> None:
    """Copy the regular files and folders in the folder open at `source` to `target`; links and special files stay.

    Everything in the copy may be read and written by its owner. TooLarge, before more than that is written.
    """
    left_bytes, left_files = most_bytes, most_files
    for path, folders, files, here in os.fwalk(".", dir_fd=source):
        for name in folders:
            if not stat.S_ISLNK(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
                os.mkdir(os.path.join(target, path, name))
        left_files -= len(folders) + len(files)
        for name in files:
            if left_files < 0:
                raise TooLarge(f"there are more than {most_files} files in the folder")
            if stat.S_ISREG((found := os.stat(name, dir_fd=here, follow_symlinks=False)).st_mode):
                left_bytes -= found.st_size
                if left_bytes < 0:
                    raise TooLarge(f"the files in the folder are larger than {most_bytes >> 20} MiB in all")
                _copy_file(name, here, os.path.join(target, path, name), found.st_size)


def _copy_file(name: str, here: int, target: str, size: int) -> None:
    read = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    try:
        with open(target, "xb") as copy:
            while size > 0 and (sent := os.sendfile(copy.fileno(), read, None, size)):
                size -= sent
    finally:
        os.close(read)


def settle(folder: Path) -> None:
    """Leave nothing in `folder` but readable regular files and folders. Call it when nothing writes there any more."""
    _unlock(str(folder), os.lstat(folder).st_mode, None)
    top = os.open(folder, _FOLDER)
    try:
        _Settling(top).all()
    finally:
        os.close(top)


class _Settling:
    """One walk over a job's folder."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._prefix = f".deep-{os.urandom(8).hex()}-"  # a name the job cannot have taken
        self._cut: list[str] = []

    def all(self) -> None:
        self._visit(self._top, 0)
        for name in self._cut:  # grows while we walk it: what was too deep lies on top now, and may be cut again
            self._enter(self._top, name, 1)

    def _visit(self, here: int, depth: int) -> None:
        with os.scandir(here) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    if entry.name in self._cut:
                        continue
                    _unlock(entry.name, mode, here)
                    if depth < DEEPEST:
                        self._enter(here, entry.name, depth + 1)
                    else:
                        self._cut.append(f"{self._prefix}{len(self._cut)}")
                        os.rename(entry.name, self._cut[-1], src_dir_fd=here, dst_dir_fd=self._top)
                elif stat.S_ISREG(mode):
                    _unlock(entry.name, mode, here)
                else:
                    os.unlink(entry.name, dir_fd=here)

    def _enter(self, here: int, name: str, depth: int) -> None:
        inner = os.open(name, _FOLDER, dir_fd=here)
        try:
            self._visit(inner, depth)
        finally:
            os.close(inner)


def _unlock(name: str, mode: int, here: int | None) -> None:
    """Give the owner every right on an entry of the folder `here`; root has them anyway."""
    wanted = 0o700 if stat.S_ISDIR(mode) else 0o600
    if os.geteuid() and mode & wanted != wanted:
        os.chmod(name, stat.S_IMODE(mode) | wanted, dir_fd=here)
