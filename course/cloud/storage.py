"""S3 as the cloud itself uses it for jobs: inputs in, outputs out, always with the permissions of the job's role."""

import io
import json
import posixpath
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .base import Base
from .errors import CloudError

_MAX_MEMBERS = 100_000
_MAX_BYTES = 8 << 30


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


class Storage:
    """S3 for the holder of `access_key`."""

    def __init__(self, base: Base, access_key: str):
        self._base, self._access_key = base, access_key

    async def _call(self, operation: str, **parameters: Any) -> Any:
        return await self._base.call("s3", operation, self._access_key, **parameters)

    async def keys(self, uri: str) -> list[str]:
        """Every key under the prefix `uri`, in order. Folders' place-holder keys are left out."""
        where, keys, token = Location.parse(uri), [], None
        while True:
            more = {"ContinuationToken": token} if token else {}
            answer = await self._call("ListObjectsV2", Bucket=where.bucket, Prefix=where.key, **more)
            keys += [item["Key"] for item in answer.get("Contents", []) if not item["Key"].endswith("/")]
            token = answer.get("NextContinuationToken")
            if not token:
                return keys

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

    async def write(self, uri: str, body: bytes, **more: Any) -> None:
        where = Location.parse(uri)
        try:
            await self._call("PutObject", Bucket=where.bucket, Key=where.key, Body=body, **more)
        except CloudError as error:
            raise StorageError(f"{error.code} ({error.status}): {error.message} ({uri})") from None

    async def download(self, uri: str, folder: Path, share: slice = slice(None)) -> int:
        """Copy every object under the prefix `uri` into `folder`, keeping the paths below it. Returns how many.

        SageMaker treats the URI as a key prefix: s3://b/train fetches train, train/x.csv and train2/x.csv.
        share: which of the objects, in the order of their keys.
        """
        where = Location.parse(uri)
        keys = (await self.keys(uri))[share]
        for key in keys:
            if where.key.endswith("/") or key.startswith(where.key + "/"):
                relative = key[len(where.key) :].lstrip("/")
            else:
                relative = key[len(posixpath.dirname(where.key)) :].lstrip("/")
            await self._save(f"s3://{where.bucket}/{key}", folder, relative)
        return len(keys)

    async def download_listed(self, manifest: str, folder: Path, share: slice = slice(None)) -> int:
        """Copy the objects that the manifest at this URI lists: [{"prefix": "s3://bucket/prefix"}, "path", "path", …].

        Source: API reference, S3DataSource, ManifestFile.
        """
        try:
            first, *paths = json.loads(await self.read(manifest))
            prefix = first["prefix"]
            if not all(isinstance(part, str) for part in (prefix, *paths)):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            raise StorageError(f'{manifest} is not a manifest: [{{"prefix": "s3://…"}}, "path", …]') from None
        for path in paths[share]:
            await self._save(prefix + path, folder, path)
        return len(paths[share])

    async def _save(self, uri: str, folder: Path, relative: str) -> None:
        path = folder / posixpath.normpath("/" + relative).lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(await self.read(uri))


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


def pack(folder: Path) -> bytes:
    """A tar.gz of what `folder` holds. Links are left out: what a job wrote is not followed outside."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                continue
            member = tar.gettarinfo(path, arcname=str(path.relative_to(folder)))
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            if path.is_file():
                with path.open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)
    return buffer.getvalue()
