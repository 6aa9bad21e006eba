"""The channels of a training job: which objects each host gets, and how they become files below /opt/ml/input/data.

Modes of a channel:

File: everything is copied before the program starts, in the secondary status Downloading.
FastFile: the program starts at once. Every file is listed with its full size; whoever opens one whose content is still
    on its way waits in open(2) until it is there (a lease, fcntl(2)). What someone waits for is copied next. On AWS the
    bytes are streamed as they are read and never copied; here each file is copied whole, beside the running program,
    and takes its room on the disk. Where the system has no leases (macOS), a FastFile channel is copied in the status
    Training, before the program starts.
Pipe: training_pipe.py.

Sources: developer guide, "Setting up training jobs to access datasets"; the model's Channel and S3DataSource.
"""

import asyncio
import fcntl
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CloudError, ValidationFailed
from ..storage import Object, Storage, StorageError
from .jobs import JobFailed

FILE, FAST_FILE, PIPE = "File", "FastFile", "Pipe"
MOST_WAITING = 256
"""Files of one host that may wait for their content, each with an open descriptor here; more are copied at once."""
_LEASES = hasattr(fcntl, "F_SETLEASE")


@dataclass(frozen=True)
class Channel:
    """A channel as the request describes it, with the job's input mode where it names none."""

    name: str
    mode: str
    uri: str
    settings: dict[str, Any]

    @classmethod
    def of(cls, settings: dict[str, Any], job_mode: str) -> "Channel":
        """Raises ValidationFailed for what AWS refuses of a channel."""
        name, source = settings["ChannelName"], settings["DataSource"].get("S3DataSource")
        if not source:
            raise ValidationFailed(f"The channel {name} needs an S3DataSource.")
        mode = settings.get("InputMode", job_mode)
        if settings.get("CompressionType", "None") != "None" and mode != PIPE:
            raise ValidationFailed(
                f"CompressionType {settings['CompressionType']} of the channel {name} is used only in Pipe input mode. "
                f"In {mode} mode, leave it unset or set it to None."
            )
        return cls(name, mode, source["S3Uri"], settings)

    @property
    def _source(self) -> dict[str, Any]:
        return self.settings["DataSource"]["S3DataSource"]

    @property
    def is_manifest(self) -> bool:
        return self._source["S3DataType"] == "ManifestFile"

    @property
    def is_packed(self) -> bool:
        """Whether its objects are unpacked on the way."""
        return self.settings.get("CompressionType") == "Gzip"

    @property
    def distribution(self) -> str:
        return self._source.get("S3DataDistributionType", "FullyReplicated")

    @property
    def entries(self) -> dict[str, str]:
        """What inputdataconfig.json says of it."""
        content_type = self.settings.get("ContentType")
        return {
            "TrainingInputMode": self.mode,
            "RecordWrapperType": self.settings.get("RecordWrapperType", "None"),
            "S3DistributionType": self.distribution,
            **({"ContentType": content_type} if content_type else {}),
        }

    async def objects(self, storage: Storage, epoch: int = 0) -> list[Object]:
        """Every object of the channel, in its shuffle's order for that epoch. Raises StorageError, CloudError."""
        found = await (storage.manifest if self.is_manifest else storage.listing)(self.uri)
        if shuffle := self.settings.get("ShuffleConfig"):
            random.Random(f"{shuffle['Seed']} {epoch}").shuffle(found)
        return found

    def share(self, objects: list[Object], host: int, hosts: int) -> list[Object]:
        """What host number `host` (from 0) of `hosts` gets."""
        return objects[host::hosts] if self.distribution == "ShardedByS3Key" else objects


async def download(channels: list[Channel], base: Path, storage: Storage, host: int, hosts: int) -> None:
    """Make the folders of the channels below `base` and fill those in File mode for one host. Raises JobFailed."""
    for channel in channels:
        folder = _folder(base, channel)
        (folder.parent if channel.mode == PIPE else folder).mkdir(parents=True, exist_ok=True)
        if channel.mode == FILE:
            for found in await _share(channel, storage, host, hosts):
                await _fetch(found, folder, storage)


async def open_streams(channels: list[Channel], base: Path, storage: Storage, host: int, hosts: int) -> list["Stream"]:
    """Show the files of the channels in FastFile mode; what is returned is still without content. Raises JobFailed.

    To be called before the host's program starts: from then on its folder is not to be trusted.
    """
    streams: list[Stream] = []
    try:
        for channel in channels:
            if channel.mode == FAST_FILE:
                for found in await _share(channel, storage, host, hosts):
                    one = Stream.begun(found, _folder(base, channel)) if len(streams) < MOST_WAITING else None
                    if one:
                        streams.append(one)
                    else:
                        await _fetch(found, _folder(base, channel), storage)
    except BaseException:
        close_streams(streams)
        raise
    return streams


async def stream(streams: list["Stream"], storage: Storage) -> None:
    """Bring the content of every file, what someone waits for first. Raises JobFailed."""
    waiting = list(streams)
    while waiting:
        following = next((one for one in waiting if one.wanted), waiting[0])
        waiting.remove(following)
        try:
            following.fill(await storage.read(following.source.uri))
        except StorageError as error:
            raise _failed(error) from None
        await asyncio.sleep(0)  # S3 answers in this process: the others get their turn too


def close_streams(streams: list["Stream"]) -> None:
    """Give up what has not come. Nobody may still be reading."""
    for one in streams:
        one.close()


class Stream:
    """A file that is listed with its full size while its content is on the way: whoever opens it waits.

    The lease is on the descriptor, so neither a link nor a renamed folder of the job's leads a write elsewhere.
    """

    def __init__(self, source: Object, file: int) -> None:
        self.source = source
        self._file: int | None = file

    @classmethod
    def begun(cls, source: Object, folder: Path) -> "Stream | None":
        """Show the file; None where there are no leases, or not on this disk. Raises JobFailed."""
        if not _LEASES:
            return None
        path = folder / source.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as error:  # a key that is a folder of others, for one
            raise _failed(error) from None
        try:
            os.ftruncate(file, source.size)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(file, fcntl.F_SETOWN, 0)  # no signal when someone comes: `wanted` looks by itself
        except OSError:
            os.close(file)
            return None
        return cls(source, file)

    @property
    def wanted(self) -> bool:
        """Whether someone waits to open it."""
        return self._file is not None and fcntl.fcntl(self._file, fcntl.F_GETLEASE) != fcntl.F_WRLCK

    def fill(self, content: bytes) -> None:
        """Write the content and let everyone in."""
        if self._file is not None:
            rest = memoryview(content)
            while rest:
                rest = rest[os.pwrite(self._file, rest, len(content) - len(rest)) :]
            os.ftruncate(self._file, len(content))
            self.close()

    def close(self) -> None:
        """Give the lease back, with the content or without."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _folder(base: Path, channel: Channel) -> Path:
    return base / "input" / "data" / channel.name


async def _share(channel: Channel, storage: Storage, host: int, hosts: int) -> list[Object]:
    try:
        return channel.share(await channel.objects(storage), host, hosts)
    except (StorageError, CloudError) as error:
        raise _failed(error) from None


async def _fetch(found: Object, folder: Path, storage: Storage) -> None:
    try:
        await storage.fetch(found, folder)
    except (StorageError, OSError) as error:
        raise _failed(error) from None
    await asyncio.sleep(0)


def _failed(error: Exception) -> JobFailed:
    return JobFailed(f"ClientError: Data download failed:{error}")
