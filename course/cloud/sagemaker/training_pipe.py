"""Channels in Pipe mode: a FIFO {channel}_{epoch} for each time that the program wants to read the data.

What comes is every object of the channel, one after the other, unpacked if CompressionType says Gzip and, with a
ShuffleConfig, in another order in each epoch. The FIFO of the next epoch is there before the present one has ended.

The program may change its folder at any time, so every step goes by a descriptor of that folder, follows no link, and
writes to FIFOs only.

Source: developer guide, "Use Pipe mode"; the model's Channel.
"""

import asyncio
import contextlib
import errno
import itertools
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import CloudError
from ..storage import Storage, StorageError
from .jobs import JobFailed
from .training_input import Channel

_LOOK_SECONDS = 0.02  # real: the kernel tells nobody that someone has come to a FIFO
_PIECE = 1 << 20  # bytes
_GZIP = 31  # zlib's wbits for it


class Pipe:
    """One channel for one host. Made before the program starts; `feed` goes on until cancelled, then `close` it."""

    def __init__(self, channel: Channel, base: Path, storage: Storage, host: int, hosts: int) -> None:
        self._channel, self._storage, self._host, self._hosts = channel, storage, host, hosts
        self._folder = os.open(base / "input" / "data", os.O_RDONLY | os.O_DIRECTORY)
        self._make(0)

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._folder)

    async def feed(self) -> None:
        """Fill the FIFO of one epoch after the other, whenever someone reads it. Raises JobFailed."""
        for epoch in itertools.count():
            file = await self._opened(epoch)
            if file is None:
                return
            try:
                self._make(epoch + 1)
                with contextlib.suppress(BrokenPipeError):  # enough was read of this epoch
                    await self._write(epoch, file)
            finally:
                os.close(file)

    def _name(self, epoch: int) -> str:
        return f"{self._channel.name}_{epoch}"

    def _make(self, epoch: int) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self._name(epoch), 0o644, dir_fd=self._folder)

    async def _opened(self, epoch: int) -> int | None:
        """The FIFO, open for writing once someone reads it; None when it is gone, as it is when the job has ended.

        Raises JobFailed if something else is in its place.
        """
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW
        while True:
            try:
                file = os.open(self._name(epoch), flags, dir_fd=self._folder)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    return None
                if error.errno != errno.ENXIO:
                    raise self._failed(error) from None
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            if stat.S_ISFIFO(os.fstat(file).st_mode):
                return file
            os.close(file)
            raise self._failed("it is no FIFO any more")

    async def _write(self, epoch: int, file: int) -> None:
        try:
            objects = await self._channel.objects(self._storage, epoch)
            for found in self._channel.share(objects, self._host, self._hosts):
                content = await self._storage.read(found.uri)
                for piece in _unpacked(content) if self._channel.is_packed else (content,):
                    await _write_all(file, piece)
        except zlib.error as error:
            raise self._failed(f"{found.uri} is not in gzip format ({error})") from None
        except (StorageError, CloudError) as error:
            raise self._failed(error) from None

    def _failed(self, why: object) -> JobFailed:
        return JobFailed(f"ClientError: Data download failed:The pipe of channel {self._channel.name}: {why}")


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What gzip has packed, in pieces. Raises zlib.error."""
    while content:
        unpacker = zlib.decompressobj(_GZIP)
        while not unpacker.eof:
            piece = unpacker.decompress(content, _PIECE)
            content = unpacker.unconsumed_tail
            if not piece and not content and not unpacker.eof:
                raise zlib.error("it ends too early")
            yield piece
        content = unpacker.unused_data


async def _write_all(file: int, content: bytes) -> None:
    """Write as fast as the program reads. Raises BrokenPipeError when it has closed its end."""
    loop, rest = asyncio.get_running_loop(), memoryview(content)
    while rest:
        try:
            rest = rest[os.write(file, rest) :]
        except BlockingIOError:
            ready = asyncio.Event()
            loop.add_writer(file, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_writer(file)
