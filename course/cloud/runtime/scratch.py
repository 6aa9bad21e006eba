"""A job's folder after the job: made safe for the server, which may be root, to read and remove.

Links and special files go (a link would lead the server's reads outside, a pipe would block them), what the job locked
is unlocked, and a tree too deep to remove by recursion is cut into shallow ones.
"""

import contextlib
import os
import stat
from pathlib import Path

DEEPEST = 64  # levels; shutil.rmtree recurses, and paths are at most 4,096 bytes long


def give(folder: Path, user: int) -> None:
    """Make `user` the owner of a folder and all in it, without following links."""
    os.chown(folder, user, user)
    for _, folders, files, here in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, user, user, dir_fd=here, follow_symlinks=False)


def settle(folder: Path) -> None:
    """Leave nothing in `folder` but readable regular files and folders. Call it when nothing writes there any more."""
    cut = 0
    waiting = [(str(folder), 0)]
    while waiting:
        path, depth = waiting.pop()
        if depth > DEEPEST:
            shallow = os.path.join(folder, f".deep-{cut}")
            cut += 1
            os.rename(path, shallow)
            path, depth = shallow, 1
        with contextlib.suppress(FileNotFoundError):  # the server may be removing the folder already
            _unlock(path, os.lstat(path).st_mode, stat.S_IRWXU)
            with os.scandir(path) as entries:
                for entry in entries:
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        waiting.append((entry.path, depth + 1))
                    elif stat.S_ISREG(mode):
                        _unlock(entry.path, mode, stat.S_IRUSR | stat.S_IWUSR)
                    else:
                        os.unlink(entry.path)


def _unlock(path: str, mode: int, needed: int) -> None:
    if mode & needed != needed:
        os.chmod(path, stat.S_IMODE(mode) | needed)
