"""An uploaded archive, unpacked so that nothing in it can reach out of its folder or fill the disk.

Zip and tar, the latter plain or compressed by gzip. Its folder is then to be read by `files.take`, as any other.
"""

import gzip
import mmap
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from course.grading.files import Taken, clean, is_theirs, shown, write

MOST_TIMES = 200  # what a file may grow by; deflate can do 1,000
NEVER_MIND = 1_000_000  # bytes, that may grow by as much as they like
MOST_LOOKED_AT = 20  # members per file that may be taken
HEADERS = 2_048  # bytes of a tar per member, beside its contents
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
ENTRY = b"PK\x01\x02"  # opens each entry of a zip's table of contents


class _TooMuch(Exception):
    """A stream holds more than may be read of it."""


@dataclass
class _Unpacking:
    into: Path
    largest_file: int
    room: int
    most_files: int
    taken: Taken = field(default_factory=Taken)
    names: set[PurePosixPath] = field(default_factory=set)
    full: bool = False

    def path(self, name: str, kind: str) -> PurePosixPath | None:
        """Where a member is to go; None, and told, if nowhere. `kind` is file, link or other."""
        path = clean(name)
        if path is None:
            self.taken.tell(f"{shown(name)} in the archive has a name that cannot be used: it is left out.", flag=True)
        elif kind != "file":
            what = "a link to another file" if kind == "link" else "not a file with contents"
            self.taken.tell(f"{shown(name)} in the archive is {what}: it is left out.", flag=True)
        elif path in self.names:
            self.taken.tell(f"{shown(name)} stands in the archive more than once: the first counts.", flag=True)
        elif len(self.names) >= self.most_files:
            if not self.full:
                self.taken.tell(f"Only {self.most_files} files of the archive are taken: the others are left out.")
            self.full = True
        else:
            if path.suffix.lower() in ARCHIVES:
                self.taken.tell(f"{shown(name)} is an archive within the archive: it is not unpacked.")
            self.names.add(path)
            return path
        return None

    def write(self, name: str, path: PurePosixPath, file: BinaryIO) -> None:
        size = write(file, self.into / path, min(self.largest_file, self.room))
        if size is None:
            self.taken.tell(f"{shown(name)} in the archive is larger than may be handed in: it is left out.")
            # What was unpacked in vain was work too.
            self.room -= min(self.largest_file, self.room)
        else:
            self.room -= size


def unpack(archive: Path, into: Path, *, largest_bytes: int, largest_file: int, most_files: int) -> Taken:
    """Unpack `archive` to `into`, a folder that is new or empty. Sizes are in bytes, of what is unpacked.

    What cannot be taken is left out and told; links, devices, names that lead elsewhere, files that unpack to very much
    and locked ones are flagged as well. Archives within it stay as they are. `found` of the result is empty.
    """
    into.mkdir(parents=True, exist_ok=True)
    work = _Unpacking(into, largest_file, largest_bytes, most_files)
    try:
        if archive.is_symlink() or not archive.is_file():
            work.taken.tell("What was handed in is not an archive: nothing could be taken from it.")
        elif archive.stat().st_size > largest_bytes:
            work.taken.tell(f"The archive is larger than {largest_bytes / 1e6:g} MB: nothing could be taken from it.")
        elif zipfile.is_zipfile(archive):
            _unzip(archive, work)
        else:
            _untar(archive, work)
    except _TooMuch:
        work.taken.tell("The archive holds more than may be handed in: the rest of it is left out.", flag=True)
    except (OSError, EOFError, RecursionError, ValueError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and not is_theirs(error):
            raise
        work.taken.tell("The archive is damaged, or no zip or tar: what could not be read of it is left out.")
    return work.taken


def _unzip(archive: Path, work: _Unpacking) -> None:
    # zipfile reads the whole table of contents at once, so its length is looked at first.
    with open(archive, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = -1
        for _ in range(work.most_files * MOST_LOOKED_AT):
            if (at := data.find(ENTRY, at + 1)) < 0:
                break
        else:
            raise _TooMuch
    with zipfile.ZipFile(archive) as zip:
        for member in zip.infolist():
            if member.is_dir():
                continue
            mode = member.external_attr >> 16
            type = stat.S_IFMT(mode) if member.create_system == 3 else 0  # 3: made on Unix, where modes mean something
            kind = "file" if type in (0, stat.S_IFREG) else "link" if type == stat.S_IFLNK else "other"
            name = _name(member)
            path = work.path(name, kind)
            if path is None:
                continue
            if member.flag_bits & 1:
                work.taken.tell(f"{shown(name)} in the archive is locked by a password: it is left out.", flag=True)
            elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                work.taken.tell(f"{shown(name)} is packed in a way that is not read here: it is left out.")
            elif member.file_size > max(NEVER_MIND, MOST_TIMES * member.compress_size):
                work.taken.tell(
                    f"{shown(name)} unpacks to more than {MOST_TIMES} times its size: it is left out.", True
                )
            elif member.file_size > min(work.largest_file, work.room):
                work.taken.tell(f"{shown(name)} in the archive is larger than may be handed in: it is left out.")
            else:
                _one(zip, member, name, path, work)


def _one(zip: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, path: PurePosixPath, work: _Unpacking) -> None:
    try:
        with zip.open(member) as file:
            work.write(name, path, file)
    except (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and not is_theirs(error):
            raise
        work.taken.tell(f"{shown(name)} in the archive is damaged: it is left out.")


def _name(member: zipfile.ZipInfo) -> str:
    """The whole name. Without the flag for UTF-8 the standard says code page 437, while Macs write UTF-8."""
    name = member.orig_filename
    if not member.flag_bits & 0x800:
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


class _Bounded(RawIOBase):
    """A stream that raises _TooMuch beyond `most` bytes, so that unpacking takes bounded time."""

    def __init__(self, file: BinaryIO, most: int):
        self.file, self.left = file, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size if 0 <= size <= self.left else self.left + 1)
        self.left -= len(data)
        if self.left < 0:
            raise _TooMuch
        return data


def _untar(archive: Path, work: _Unpacking) -> None:
    most = work.room + HEADERS * MOST_LOOKED_AT * work.most_files
    with open(archive, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = _Bounded(gzip.GzipFile(fileobj=file) if packed else file, most)
        with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as tar:
            for member in _members(tar, work.most_files * MOST_LOOKED_AT):
                if member.isdir():
                    continue
                link = member.issym() or member.islnk()
                kind = "link" if link else "file" if member.isreg() and not member.issparse() else "other"
                path = work.path(member.name, kind)
                if path is None:
                    continue
                if member.size > min(work.largest_file, work.room):
                    name = shown(member.name)
                    work.taken.tell(f"{name} in the archive is larger than may be handed in: it is left out.")
                    continue
                try:
                    work.write(member.name, path, tar.extractfile(member))
                except (FileExistsError, NotADirectoryError):
                    work.taken.tell(f"{shown(member.name)} stands in the place of another file: it is left out.")


def _members(tar: tarfile.TarFile, most: int) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar):
        if count >= most:
            raise _TooMuch
        tar.members = []  # it would keep them all
        yield member
