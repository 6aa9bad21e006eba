"""A submission on its way to another machine, and what came of it on its way back.

Both are bytes: a JSON text, then a zip of files. Nothing of it is ever unpickled, and what is unpacked is bounded and
stays in its folder. The files of source/ do not travel with each submission: a worker gets them once, and they are laid
over what comes back.
"""

import io
import json
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from course.grading import files
from course.grading.files import Taken

HEAD = 8  # bytes: how long the JSON is
QUICK = 1  # of zlib's levels: notebooks shrink to a fifth with the least
LARGEST = 1_000_000_000  # bytes that are unpacked: what may be taken of a submission, and its outputs
MOST_FILES = 10_000


def joined(told: Mapping[str, Any], packed: bytes = b"") -> bytes:
    """One parcel: what is told, then files."""
    head = json.dumps(told, allow_nan=False).encode()
    return b"".join([len(head).to_bytes(HEAD, "big"), head, packed])


def parted(parcel: bytes) -> tuple[dict[str, Any], bytes]:
    """What is told, and the files, which may be none. ValueError if it is no parcel."""
    length = int.from_bytes(parcel[:HEAD], "big")
    told = json.loads(parcel[HEAD : HEAD + length])
    if not isinstance(told, dict):
        raise ValueError("a parcel tells no object")
    return told, parcel[HEAD + length :]


def pack(folder: Path, without: Collection[str] = ()) -> bytes:
    """The regular files of a folder of ours, but for those named in `without`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not path.is_symlink() and name not in without:
                with path.open("rb") as file, archive.open(name, "w", force_zip64=True) as member:
                    while block := file.read(files.BLOCK):
                        member.write(block)
    return packed.getvalue()


def unpack(packed: bytes, into: Path) -> None:
    """Write packed files to `into`. ValueError if they are damaged, lead elsewhere, or are more than may be."""
    room = LARGEST
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = archive.infolist()
            if len(members) > MOST_FILES:
                raise ValueError(f"there are more than {MOST_FILES} files")
            for member in members:
                if files.clean(member.filename) is None:
                    raise ValueError(f"{files.shown(member.filename)} is no name of a file")
                with archive.open(member) as file:
                    size = files.write(file, into / member.filename, room)
                if size is None:
                    raise ValueError(f"there are more than {LARGEST} bytes")
                room -= size
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from None


def names(packed: bytes) -> frozenset[str]:
    """The names of packed files."""
    if not packed:
        return frozenset()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return frozenset(archive.namelist())


def submitted(told: Mapping[str, Any], folder: Path, taken: Taken, without: Collection[str]) -> bytes:
    """A submission that was taken to `folder`. told: what the one who grades it must know besides."""
    of_taken = {"found": sorted(taken.found), "repairs": taken.repairs, "flags": taken.flags}
    return joined({**told, "taken": of_taken}, pack(folder, without))


def taken(parcel: bytes, given: bytes, into: Path) -> Taken:
    """A submission as it was taken elsewhere, in the new folder `into`. given: the files of source/, packed."""
    told, packed = parted(parcel)
    unpack(packed, into)
    if given:
        unpack(given, into)
    told = told["taken"]
    return Taken({name: into / f"{name}.ipynb" for name in told["found"]}, told["repairs"], told["flags"])
