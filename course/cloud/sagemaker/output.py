"""A folder of a container on its way to S3, while the container still runs or after it.

Links are not followed (nor by AWS: developer guide, "Build Your Own Processing Container"): every folder on the way is
opened by its name in the one above it, so that nothing the container does leads the reads out of its own folder.
"""

import asyncio
import os
import stat
from pathlib import Path, PurePosixPath

from ..storage import Storage

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_SMALL = 64 << 10  # bytes that are read sooner than a thread is asked to


class Output:
    """What lies in `folder` (relative) of the container's folder `root`, and below it, goes to the prefix `uri`."""

    def __init__(self, root: Path, folder: PurePosixPath, uri: str, encryption: dict[str, str]) -> None:
        self._root, self._folder, self._uri, self._encryption = root, folder, uri.rstrip("/"), encryption
        self._seen: dict[PurePosixPath, tuple[int, int]] = {}

    async def upload(self, storage: Storage) -> None:
        """Write every file that is new, or has changed since the last call. Raises StorageError."""
        for path, state in await asyncio.to_thread(self._changed):
            small = state[1] <= _SMALL
            body = (
                read(self._root, self._folder / path)
                if small
                else await asyncio.to_thread(read, self._root, self._folder / path)
            )
            if body is not None:
                await storage.write(f"{self._uri}/{path}", body, **self._encryption)
                self._seen[path] = state

    def _changed(self) -> list[tuple[PurePosixPath, tuple[int, int]]]:
        found = []
        try:
            top = _enter(self._root, self._folder)
        except OSError:
            return []  # the container removed it
        try:
            for here, folders, files, descriptor in os.fwalk(".", dir_fd=top):
                folders.sort()
                for name in sorted(files):
                    path = PurePosixPath(here, name)
                    try:
                        entry = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    except OSError:
                        continue
                    state = (entry.st_mtime_ns, entry.st_size)
                    if stat.S_ISREG(entry.st_mode) and self._seen.get(path) != state:
                        found.append((path, state))
        finally:
            os.close(top)
        return found


def read(root: Path, path: PurePosixPath, limit: int = -1) -> bytes | None:
    """The first `limit` bytes (-1: all) of a container's file; None if there is no such regular file."""
    try:
        folder = _enter(root, path.parent)
    except OSError:
        return None
    try:
        with open(os.open(path.name, _FILE, dir_fd=folder), "rb") as file:
            return file.read(limit) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(folder)


def _enter(root: Path, folder: PurePosixPath) -> int:
    """A descriptor of `folder` below `root`."""
    descriptor = os.open(root, _FOLDER)
    for part in folder.parts:
        above = descriptor
        try:
            descriptor = os.open(part, _FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return descriptor
