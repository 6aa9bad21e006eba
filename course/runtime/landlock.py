"""Landlock: a process gives up, for itself and all it starts, every path but those it names.

The three system calls of https://docs.kernel.org/userspace-api/landlock.html, which Linux has since 5.13 (their numbers
are the same on every architecture). A layer under the mounts of a sandbox, and the walls themselves where there are no
namespaces. Never its network rules: they would forbid to bind on the process's own loopback too.

It decides about opening, running, making, removing and renaming. It does not hide that a path is there (stat, chdir),
nor keep a file's owner from changing its mode and times: seccomp has to (course/runtime/seccomp.py, ALONE).
"""

import ctypes
import errno
import functools
import os
import struct
from collections.abc import Collection, Iterable

from course.runtime import linux

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_SINCE = ((1, (1 << 13) - 1), (2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))  # ABI → the rights that it added
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2  # what ABI 6 can keep inside
SCOPES_SINCE = 6

READ = EXECUTE | READ_FILE | READ_DIR
WRITE = (
    READ | WRITE_FILE | TRUNCATE | REFER | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO
) | MAKE_SYM
DEVICE = READ_FILE | WRITE_FILE
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


@functools.cache
def version() -> int:
    """The kernel's ABI of Landlock: 0 where there is none, or where it is switched off."""
    if not linux.HERE:
        return 0
    try:
        return linux.syscall("landlock_create_ruleset", _CREATE_RULESET, None, 0, _VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def _known() -> int:
    """The rights that this kernel can withhold."""
    return functools.reduce(int.__or__, (rights for since, rights in _SINCE if since <= version()))


def _scopes() -> int:
    return _ABSTRACT_SOCKETS | _SIGNALS if version() >= SCOPES_SINCE else 0


def restrict(
    *, read: Iterable[str], write: Iterable[str], devices: Iterable[str], hidden: Collection[str] = ()
) -> None:
    """From here on: read and run beneath `read`, all beneath `write`, read and write the `devices`, and nothing else.

    Paths that are not there are left out. hidden: real paths that stay closed though they lie beneath one to read; of
    what is in them, only the names can be listed. Signals and abstract sockets stay inside from ABI 6 on.
    Needs no_new_privileges; OSError if the kernel refuses.
    """
    known = _known()
    rules = linux.syscall("landlock_create_ruleset", _CREATE_RULESET, *_ruleset(known, _scopes()), 0)
    try:
        for path in read:
            _allow_around(rules, os.path.realpath(path), READ & known, hidden)
        for path in write:
            _allow(rules, path, WRITE & known)
        for path in devices:
            _allow(rules, path, DEVICE & known)
        linux.syscall("landlock_restrict_self", _RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _ruleset(rights: int, scopes: int) -> tuple[ctypes.Array, int]:
    """struct landlock_ruleset_attr and the size of it that this kernel knows."""
    packed = struct.pack("=QQQ", rights, 0, scopes)
    size = 8 if version() < 4 else 16 if version() < SCOPES_SINCE else 24
    return ctypes.create_string_buffer(packed, 24), size


def _allow_around(rules: int, path: str, rights: int, hidden: Collection[str]) -> None:
    """Allow `path`; where something hidden lies in it, what lies beside that."""
    if path in hidden:
        return
    if not any(other.startswith(path.rstrip("/") + "/") for other in hidden):
        return _allow(rules, path, rights)
    _allow(rules, path, READ_DIR)
    with os.scandir(path) as entries:
        for entry in entries:
            # A link is followed to where it leads when it is opened, and that is decided there.
            if not entry.is_symlink():
                _allow_around(rules, entry.path, rights, hidden)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return
    try:
        rights &= -1 if os.path.isdir(path) else _OF_FILES
        request = ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12)
        linux.syscall(f"landlock_add_rule {path}", _ADD_RULE, rules, _PATH_BENEATH, request, 0)
    finally:
        os.close(place)
