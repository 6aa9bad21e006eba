"""S3 as the cloud itself uses it for jobs: inputs in, outputs out, always with the permissions of the job's role."""

import contextlib
import io
import json
import posixpath
import tarfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from .base import Base
from .errors import CloudError

_MAX_MEMBERS = 100_000
_MAX_BYTES = 8 << 30
_PART_BYTES = 8 << 20  # of a multipart upload; S3 takes 5 MiB at least and 10,000 parts at most


class StorageError(Exception):
    """S3 refused, or what it holds cannot be used. The message is fit for a FailureReason."""


@dataclass(frozen=True, slots=True)
class Location:
    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "Location":
        parts = urlsplit(uri)
        if parts.scheme != "s3" or not parts.netloc:
            raise StorageError(f'"{uri}" is not an S3 URI (s3://bucket/key)')
        return cls(parts.netloc, uri[len(f"s3://{parts.netloc}") :].lstrip("/"))


@dataclass(frozen=True, slots=True)
class Object:
    """An object of S3, and the path below a folder at which a job finds it. size: bytes."""

    uri: str
    path: str
    size: int


class Storage:
    """S3 for the holder of `access_key`; `way` are the condition keys of the way that its calls take (network.py)."""

    def __init__(self, base: Base, access_key: str, way: Mapping[str, str] = MappingProxyType({})):
        self._base, self._access_key, self._way = base, access_key, dict(way)

    async def _call(self, operation: str, **parameters: Any) -> Any:
        return await self._base.call("s3", operation, self._access_key, self._way, **parameters)

    async def keys(self, uri: str) -> list[str]:
        """Every key under the prefix `uri`, in order. Folders' place-holder keys are left out."""
        bucket = f"s3://{Location.parse(uri).bucket}/"
        return [found.uri.removeprefix(bucket) for found in await self.listing(uri)]

    async def listing(self, uri: str) -> list["Object"]:
        """Every object under the prefix `uri`, in the order of the keys. Folders' place-holder keys are left out.

        SageMaker treats the URI as a key prefix: s3://b/train finds train, train/x.csv and train2/x.csv.
        """
        where, found, token = Location.parse(uri), [], None
        while True:
            more = {"ContinuationToken": token} if token else {}
            answer = await self._call("ListObjectsV2", Bucket=where.bucket, Prefix=where.key, **more)
            found += [
                Object(f"s3://{where.bucket}/{item['Key']}", _below(where.key, item["Key"]), item["Size"])
                for item in answer.get("Contents", [])
                if not item["Key"].endswith("/")
            ]
            token = answer.get("NextContinuationToken")
            if not token:
                return found

    async def manifest(self, uri: str) -> list["Object"]:
        """The objects that a manifest lists: [{"prefix": "s3://bucket/path/"}, "a.csv", "b/c.csv"].

        Source: API reference, S3DataSource, ManifestFile. A name may be empty: the prefix is an object itself, as in
        the manifest that a transform job captures of a single object.
        """
        try:
            head, *names = json.loads(await self.read(uri))
            prefix = head["prefix"]
            if not prefix.startswith("s3://") or not all(isinstance(name, str) for name in names):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError):
            raise StorageError(
                f"The manifest {uri} is not a JSON array of a prefix and the names below it: "
                '[{"prefix": "s3://bucket/path/"}, "a.csv", …]'
            ) from None
        return [
            Object(prefix + name, _inside(name) or posixpath.basename(prefix), await self.size(prefix + name))
            for name in names
        ]

    async def head(self, uri: str) -> dict[str, Any]:
        """HeadObject's answer. Raises StorageError if `uri` is none of S3, CloudError if S3 refuses."""
        where = Location.parse(uri)
        return await self._call("HeadObject", Bucket=where.bucket, Key=where.key)

    async def read(self, uri: str) -> bytes:
        """The object at `uri`."""
        where = Location.parse(uri)
        try:
            return (await self._call("GetObject", Bucket=where.bucket, Key=where.key))["Body"]
        except CloudError as error:
            raise StorageError(f"{error.code} ({error.status}): {error.message} ({uri})") from None

    async def chunks(self, found: "Object", size: int) -> AsyncIterator[bytes]:
        """The content of an object, `size` bytes at a time. Raises StorageError, also if it changes meanwhile."""
        where, same = Location.parse(found.uri), {}
        for start in range(0, found.size, size):
            try:
                answer = await self._call(
                    "GetObject", Bucket=where.bucket, Key=where.key, Range=f"bytes={start}-{start + size - 1}", **same
                )
            except CloudError as error:
                raise StorageError(f"{error.code} ({error.status}): {error.message} ({found.uri})") from None
            same = {"IfMatch": answer["ETag"]}
            yield answer["Body"]

    def upload(self, uri: str, **more: Any) -> "Upload":
        """An object that is written as its content comes."""
        return Upload(self, Location.parse(uri), more)

    async def write(self, uri: str, body: bytes, **more: Any) -> None:
        where = Location.parse(uri)
        try:
            await self._call("PutObject", Bucket=where.bucket, Key=where.key, Body=body, **more)
        except CloudError as error:
            raise StorageError(f"{error.code} ({error.status}): {error.message} ({uri})") from None

    async def size(self, uri: str) -> int:
        """The size of the object at `uri` in bytes."""
        try:
            return (await self.head(uri))["ContentLength"]
        except CloudError as error:
            raise StorageError(f"{error.code} ({error.status}): {error.message} ({uri})") from None

    async def fetch(self, found: "Object", folder: Path) -> None:
        """Copy an object to its path below `folder`."""
        path = folder / found.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(await self.read(found.uri))

    async def download(self, uri: str, folder: Path) -> int:
        """Copy every object under the prefix `uri` into `folder`, keeping the paths below it. Returns how many."""
        listing = await self.listing(uri)
        for found in listing:
            await self.fetch(found, folder)
        return len(listing)


class Upload:
    """An object on its way to S3, in parts: it is there after `finish`, and never if `abort` comes before."""

    def __init__(self, storage: Storage, where: Location, more: dict[str, Any]):
        self._storage, self._target = storage, {"Bucket": where.bucket, "Key": where.key}
        self._uri, self._more = f"s3://{where.bucket}/{where.key}", more
        self._held = bytearray()
        self._parts: list[dict[str, Any]] = []
        self._id: str | None = None

    async def write(self, content: bytes) -> None:
        """Add content. Raises StorageError."""
        self._held += content
        while len(self._held) >= _PART_BYTES:
            await self._send(_PART_BYTES)

    async def finish(self) -> None:
        """Make the object appear. Raises StorageError."""
        if self._id is None:
            await self._do("PutObject", Body=bytes(self._held), **self._more)
            return
        if self._held:
            await self._send(len(self._held))
        await self._do("CompleteMultipartUpload", UploadId=self._id, MultipartUpload={"Parts": self._parts})

    async def abort(self) -> None:
        """Leave nothing behind."""
        if self._id is not None:
            with contextlib.suppress(StorageError):  # whoever may not abort leaves the parts, as on AWS
                await self._do("AbortMultipartUpload", UploadId=self._id)

    async def _send(self, size: int) -> None:
        if self._id is None:
            self._id = (await self._do("CreateMultipartUpload", **self._more))["UploadId"]
        number = len(self._parts) + 1
        sent = await self._do("UploadPart", UploadId=self._id, PartNumber=number, Body=bytes(self._held[:size]))
        del self._held[:size]
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    async def _do(self, operation: str, **parameters: Any) -> Any:
        try:
            return await self._storage._call(operation, **self._target, **parameters)
        except CloudError as error:
            raise StorageError(f"{error.code} ({error.status}): {error.message} ({self._uri})") from None


def _below(prefix: str, key: str) -> str:
    """The path of the object `key` below a folder that stands for the prefix; it never leads out of that folder."""
    if prefix.endswith("/") or key.startswith(prefix + "/"):
        relative = key[len(prefix) :]
    else:
        relative = key[len(posixpath.dirname(prefix)) :]
    return _inside(relative)


def _inside(path: str) -> str:
    """A path that does not lead out of the folder that it is below."""
    return posixpath.normpath("/" + path).lstrip("/")


def unpack(archive: bytes, folder: Path, what: str) -> None:
    """Unpack a tar.gz below `folder`, refusing links and paths that lead outside. `what` names it in errors."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            size = 0
            for count, member in enumerate(tar):
                size += member.size
                if count > _MAX_MEMBERS or size > _MAX_BYTES:
                    raise StorageError(f"{what} holds more than this cloud unpacks")
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise StorageError(f"{what} is not a readable tar.gz archive ({error})") from None


def contents(*folders: Path) -> dict[str, Path]:
    """What the folders hold, by the path below them; the first that has a path gives it.

    Links are left out: what a job wrote is not followed outside.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_symlink() and (path.is_file() or path.is_dir()):
                found.setdefault(str(path.relative_to(folder)), path)
    return found


def pack(*folders: Path) -> bytes:
    """A tar.gz of what the folders hold together."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, path in contents(*folders).items():
            member = tar.gettarinfo(path, arcname=name)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            if path.is_file():
                with path.open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)
    return buffer.getvalue()
