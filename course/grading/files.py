"""The files of a submission: a learner's folder copied so that nothing in it can reach out of it.

Only regular files are taken, by descriptors that follow no link; their sizes, number and names are bounded. What is
left out is told to the learner; links and devices are shown to the instructor as well.
"""

import errno
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import nbformat

from course.grading.match import grade_id
from course.grading.submitted import read

DEEPEST = 16  # folders within folders
LONGEST = 255  # bytes of a part of a path
MOST_LOOKED_AT = 20  # entries of a folder per file that may be taken
CANDIDATES = (".ipynb", ".json", ".txt", ".download", "")  # what browsers and people make of a notebook's ending
MOST_TOLD = 100  # sentences
MOST_READ = 4  # times the largest file, to find out which file is a missing notebook
BLOCK = 1 << 20
THEIRS = (
    errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.ENXIO,
)  # fmt: skip


@dataclass
class Taken:
    """What came of a folder or an archive. `found` maps notebook names to their files, all of them in `into`.

    `repairs` are sentences for the learner, `flags` those that an instructor should look at.
    """

    found: dict[str, Path] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def tell(self, sentence: str, flag: bool = False) -> None:
        if len(self.flags if flag else self.repairs) < MOST_TOLD:
            self.repairs.append(sentence)
            self.flags += [sentence] if flag else []


def take(
    folder: Path,
    into: Path,
    *,
    notebooks: Sequence[str],
    ignore: Sequence[str] = (),
    largest_bytes: int,
    largest_file: int,
    most_files: int,
    source: Path | None = None,
    theirs: Collection[str] = (),
) -> Taken:
    """Copy the submission in `folder` to `into`, a folder that is new or empty.

    `notebooks` are names without ending; each that is found becomes <name>.ipynb in `into`. Other notebooks are not
    copied, as in nbgrader, and nothing that a pattern of `ignore` matches. `source` is source/<assignment>: its
    notebooks tell which submitted file is which, and its other files are put into `into`, over the learner's of the
    same name but for those in `theirs` (nbgrader's exclude_overwriting). Sizes are in bytes.
    """
    taken = Taken()
    into.mkdir(parents=True, exist_ok=True)
    kept = given(source, ignore, theirs) if source else set()
    with _Folder(folder, ignore, most_files * MOST_LOOKED_AT, taken) as submission:
        names = _renamed(submission, notebooks, source, largest_file, taken)
        for name in notebooks:
            if name not in names:
                taken.tell(f"No notebook {name}.ipynb was handed in.")
        wanted = [(path, PurePosixPath(f"{name}.ipynb")) for name, path in names.items()]
        for path in sorted(submission.paths, key=lambda path: (len(path.parts), path)):
            if path.suffix.lower() != ".ipynb" and path not in names.values() and not _in_the_way(path, kept):
                wanted.append((path, path))
        room = largest_bytes
        for count, (path, target) in enumerate(wanted):
            if count == most_files:
                taken.tell(f"Only {most_files} files are taken: {len(wanted) - count} others are left out.")
                break
            try:
                with submission.open(path) as file:
                    size = _copy(file, into / target, min(largest_file, room))
            except OSError as error:  # gone, or a folder stands where its file is to be
                if not is_theirs(error):
                    raise
                taken.tell(f"The file {shown(path)} cannot be taken: it is left out.")
                continue
            if size is None:
                what = f"{largest_file / 1e6:g} MB" if room >= largest_file else "what all files together may have"
                taken.tell(f"The file {shown(path)} is larger than {what}: it is left out.")
            else:
                room -= size
    taken.found = {name: into / f"{name}.ipynb" for name in names if (into / f"{name}.ipynb").is_file()}
    if source:
        lay(source, kept, into)
    return taken


def given(source: Path, ignore: Sequence[str] = (), theirs: Collection[str] = ()) -> set[str]:
    """The files of source/<assignment> that `take` puts over a submission's."""
    return {path.as_posix() for path in _files_of(source, ignore)}.difference(theirs)


def lay(source: Path, names: Iterable[str], into: Path) -> None:
    """Copy these files of `source` to `into`."""
    for name in names:
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / name).read_bytes())


def clean(name: str) -> PurePosixPath | None:
    """A path from somebody else's machine: composed Unicode, / between parts; None if it may not be taken."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return None
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or len(parts) > DEEPEST or any(len(part.encode()) > LONGEST for part in parts):
        return None
    return PurePosixPath(*parts)


def shown(name: str | PurePosixPath) -> str:
    """A name as it may stand in a sentence: short, and every character visible."""
    text = "".join(c if c.isprintable() else "?" for c in str(name))
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_theirs(error: OSError) -> bool:
    """Whether an error comes from what was handed in, and not from a full disk or the like, which is the grader's."""
    return error.errno in (None, *THEIRS)


def ignored(path: PurePosixPath, patterns: Sequence[str]) -> bool:
    return any(fnmatch(part, pattern) for part in path.parts for pattern in patterns)


class _Folder:
    """The regular files of a folder, opened by descriptors. `paths` are their clean names, relative to its top."""

    def __init__(self, folder: Path, ignore: Sequence[str], most: int, taken: Taken):
        self.ignore, self.most, self.taken = ignore, most, taken
        self.paths: dict[PurePosixPath, tuple[int, str]] = {}
        self._open: list[int] = []
        try:
            top = self._folder(os.fspath(folder))
        except (FileNotFoundError, NotADirectoryError):  # which a link is, too
            taken.tell("What was handed in is not a folder: nothing could be taken from it.", flag=folder.is_symlink())
            return
        try:
            self._walk(top, PurePosixPath())
            self._without_a_folder_around_all()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "_Folder":
        return self

    def __exit__(self, *_: object) -> None:
        for folder in self._open:
            os.close(folder)
        self._open = []

    def open(self, path: PurePosixPath) -> BinaryIO:
        """The file, if it still is what it was."""
        folder, name = self.paths[path]
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        return os.fdopen(file, "rb")

    def _folder(self, name: str, parent: int | None = None) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        self._open.append(os.open(name, flags, dir_fd=parent))
        return self._open[-1]

    def _walk(self, folder: int, above: PurePosixPath) -> None:
        for name in sorted(os.listdir(folder), key=lambda name: (not name.endswith(".ipynb"), name)):
            self.most -= 1
            if self.most == -1:
                self.taken.tell("There are far too many files: the rest of them is left out.")
            if self.most < 0:
                return
            path = clean(str(above / name)) if name.isprintable() else None
            if path is not None and ignored(path, self.ignore):
                continue
            if path is None:
                self.taken.tell(f"The file {shown(above / name)} has a name that cannot be used: it is left out.")
                continue
            self._entry(folder, name, path)

    def _entry(self, folder: int, name: str, path: PurePosixPath) -> None:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if len(self._open) < 200:  # descriptors, of which a process has few
                    self._walk(self._folder(name, folder), path)
                else:
                    self.taken.tell(f"There are too many folders: {shown(path)} is left out.")
            elif stat.S_ISLNK(status.st_mode):
                self.taken.tell(f"{shown(path)} is a link to another file: it is left out.", flag=True)
            elif not stat.S_ISREG(status.st_mode):
                self.taken.tell(f"{shown(path)} is not a file with contents: it is left out.", flag=True)
            elif status.st_nlink > 1:
                self.taken.tell(f"{shown(path)} is one file under several names: it is left out.", flag=True)
            elif path in self.paths:
                self.taken.tell(f"There are two files named {shown(path)}: the first counts.")
            else:
                self.paths[path] = (folder, name)
        except OSError as error:
            if not is_theirs(error):
                raise
            self.taken.tell(f"{shown(path)} cannot be read: it is left out.")

    def _without_a_folder_around_all(self) -> None:
        """Archives often hold one folder with everything in it; a Mac adds one of its own."""
        tops = {path.parts[0] for path in self.paths} - {"__MACOSX"}
        inside = [path for path in self.paths if len(path.parts) == 2 and path.suffix.lower() == ".ipynb"]
        if len(tops) == 1 and any(path.parts[0] in tops for path in inside):
            found = {path: where for path, where in self.paths.items() if path.parts[0] in tops}
            self.paths = {PurePosixPath(*path.parts[1:]): where for path, where in found.items()}
            self._without_a_folder_around_all()


def _files_of(source: Path, ignore: Sequence[str]) -> Iterator[PurePosixPath]:
    for path in sorted(source.rglob("*")):
        name = PurePosixPath(path.relative_to(source).as_posix())
        if path.is_file() and path.suffix != ".ipynb" and not ignored(name, ignore):
            yield name


def _in_the_way(path: PurePosixPath, kept: Collection[str]) -> bool:
    """Whether a learner's file stands where one of source's, or its folder, is to be."""
    above = {str(part) for part in [path, *path.parents]}
    return any(name in above or name.startswith(f"{path}/") for name in kept)


def _renamed(
    submission: _Folder, notebooks: Sequence[str], source: Path | None, largest: int, taken: Taken
) -> dict[str, PurePosixPath]:
    """Which file is which notebook: the exact name, else the only one that has the name or the notebook's cells."""
    exact = {name: PurePosixPath(f"{name}.ipynb") for name in notebooks}
    names = {name: path for name, path in exact.items() if path in submission.paths}
    candidates = [path for path in submission.paths if path.suffix.lower() in CANDIDATES and path not in exact.values()]
    missing = [name for name in notebooks if name not in names]
    if not missing or not candidates:
        return names
    candidates.sort(key=lambda path: (_stem(path) not in map(_plain, missing), len(path.parts), path))
    contents: dict[PurePosixPath, _Content] = {}
    room = MOST_READ * largest
    for path in candidates:
        if (content := _content(submission, path, min(largest, room))) is not None:
            contents[path], room = content, room - content.size
    graded = {name: _source_ids(source, name) for name in notebooks}
    owner = {path: _owner(content.ids, graded) for path, content in contents.items()}
    for name in missing:
        like = [path for path in contents if owner[path] == name]
        named = [path for path in contents if _stem(path) == _plain(name) and owner[path] in (name, None)]
        for found in (named, like, [path for path in contents if owner[path] is None and _plain(name) in _stem(path)]):
            if len({contents[path].digest for path in found}) == 1:
                names[name] = min(found)
                taken.tell(f"The file {shown(names[name])} was taken for {name}.ipynb.")
                break
            if found:
                told = ", ".join(shown(path) for path in sorted(found)[:5])
                taken.tell(f"Several files may be {name}.ipynb ({told}): none is taken.", flag=True)
                break
    return names


@dataclass(frozen=True)
class _Content:
    ids: set[str]  # grade ids and cell ids
    digest: bytes
    size: int


def _content(submission: _Folder, path: PurePosixPath, largest: int) -> _Content | None:
    """What is in a file that may be a notebook; None if it is none, or too large."""
    try:
        with submission.open(path) as file:
            data = file.read(largest + 1)
    except OSError as error:
        if not is_theirs(error):
            raise
        return None
    if len(data) > largest or b'"cells"' not in data:
        return None
    cells = read(data).cells
    ids = {id for cell in cells for id in (cell.grade_id, cell.id) if id}
    return _Content(ids, hashlib.sha256(data).digest(), len(data)) if cells else None


def _source_ids(source: Path | None, name: str) -> set[str]:
    path = source / f"{name}.ipynb" if source else None
    if path is None or not path.is_file():
        return set()
    return {grade_id(cell) for cell in nbformat.read(path, as_version=4).cells} - {""}


def _owner(ids: set[str], graded: Mapping[str, set[str]]) -> str | None:
    """Whose grade ids a file has, if it has more of one notebook's than of any other's."""
    shares = sorted(((len(ids & own) / len(own), name) for name, own in graded.items() if own), reverse=True)
    if not shares or shares[0][0] == 0 or (len(shares) > 1 and shares[0][0] == shares[1][0]):
        return None
    return shares[0][1]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().strip()


def _stem(path: PurePosixPath) -> str:
    """A file's name without its endings: o1.ipynb.txt is o1."""
    name = path.name
    while PurePosixPath(name).suffix.lower() in CANDIDATES[:-1] and PurePosixPath(name).suffix:
        name = PurePosixPath(name).stem
    return _plain(name)


def _copy(file: BinaryIO, target: Path, most: int) -> int | None:
    """Copy at most `most` bytes to a new file; None, and no file, if there are more. Holes count as bytes."""
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode) or os.fstat(file.fileno()).st_size > most:
        return None
    return write(file, target, most)


def write(file: BinaryIO, target: Path, most: int) -> int | None:
    """Write what `file` yields to `target`, which must be new; None, and no file, if it is more than `most` bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with open(target, "xb") as copy:
            while block := file.read(min(BLOCK, most + 1 - size)):
                size += copy.write(block)
                if size > most:
                    break
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if size > most:
        target.unlink()
        return None
    return size
