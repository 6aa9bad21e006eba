"""Checkpoints: a folder of the job that is restored from S3 before its program starts, and copied there while it runs.

The program writes there while we read, so every step goes by descriptors and follows no link.

Source: developer guide, "Checkpoints in Amazon SageMaker AI"; the model's CheckpointConfig.
"""

import asyncio
import contextlib
import os
import posixpath
import stat
from pathlib import Path, PurePosixPath

from ..containers import layout
from ..errors import CloudError, ValidationFailed
from ..storage import Storage, StorageError
from .jobs import JobFailed

PERIOD_SECONDS = 1.0  # real, between two looks at the folder
LOCAL_PATH = f"{layout.BASE}/checkpoints"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_Mark = tuple[int, int]  # a file's size and time of change: what was copied already


def below_base(local_path: str) -> PurePosixPath:
    """LocalPath as a path below /opt/ml. Raises ValidationFailed: a job of this cloud keeps nothing elsewhere."""
    path = PurePosixPath(posixpath.normpath(local_path))
    if not path.is_relative_to(layout.BASE) or path == PurePosixPath(layout.BASE):
        raise ValidationFailed(f"This cloud does not support a CheckpointConfig.LocalPath outside {layout.BASE} yet.")
    return path.relative_to(layout.BASE)


class Checkpoints:
    """One host's checkpoint folder. base: what is /opt/ml inside."""

    def __init__(self, config: dict[str, str], base: Path, storage: Storage) -> None:
        self._base, self._parts = base, below_base(config["LocalPath"]).parts
        self._uri, self._storage = config["S3Uri"].rstrip("/"), storage
        self._copied: dict[str, _Mark] = {}

    async def restore(self) -> None:
        """Make the folder and fill it. To be called before the program starts. Raises JobFailed."""
        folder = self._base.joinpath(*self._parts)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            await self._storage.download(f"{self._uri}/", folder)
        except (StorageError, CloudError) as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from None
        self._copied = {name: mark for name, mark, _ in await asyncio.to_thread(self._changed)}

    async def save(self) -> None:
        """Copy what has changed to S3. Raises JobFailed."""
        for name, mark, content in await asyncio.to_thread(self._changed):
            try:
                await self._storage.write(f"{self._uri}/{name}", content)
            except StorageError as error:
                raise JobFailed(f"ClientError: Data upload failed:{error}") from None
            self._copied[name] = mark

    async def follow(self) -> None:
        """Save again and again, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            await self.save()

    def _changed(self) -> list[tuple[str, _Mark, bytes]]:
        """The files that are not in S3 as they are now: path below the folder, mark, content."""
        found: list[tuple[str, _Mark, bytes]] = []
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:  # what moves under us is read next time
            here = stack.enter_context(_opened(str(self._base), _FOLDER, None))
            for part in self._parts:
                here = stack.enter_context(_opened(part, _FOLDER, here))
            for folder, _, names, at in os.fwalk(".", dir_fd=here):
                for name in sorted(names):
                    path = posixpath.normpath(posixpath.join(folder, name))
                    if (read := _read(name, at, self._copied.get(path))) is not None:
                        found.append((path, *read))
        return found


@contextlib.contextmanager
def _opened(name: str, flags: int, at: int | None):
    descriptor = os.open(name, flags, dir_fd=at)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(name: str, at: int, known: _Mark | None) -> tuple[_Mark, bytes] | None:
    """Mark and content of a regular file that differs from what is known of it."""
    try:
        with _opened(name, _FILE, at) as descriptor:
            state = os.fstat(descriptor)
            mark = (state.st_size, state.st_mtime_ns)
            if mark == known or not stat.S_ISREG(state.st_mode):
                return None
            with open(descriptor, "rb", closefd=False) as file:
                return mark, file.read()
    except OSError:
        return None
