"""Linux's own calls that Python has no name for. Importable everywhere; each function needs Linux when called.

Every function raises OSError with the kernel's errno. The syscall numbers are shared by all architectures.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import sys
from functools import cache

NEW_NAMESPACES = {"mount": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "net": 0x40000000}
NEW_USER, NEW_PID = 0x10000000, 0x20000000

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
ATTR_READ_ONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 0x1, 0x2, 0x4, 0x8
MNT_DETACH = 2

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_FROM_EMPTY_PATH = 1, 4
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_CAP_VERSION_3 = 0x20080522
_MADV_COLLAPSE, _HUGE = 25, 2 << 20
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

HERE = sys.platform == "linux"


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(what: str, number: int, *arguments: int | bytes | ctypes.Array | None) -> int:
    """The system call of that number; `what` names it in the error. Needs a number that all architectures share."""
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *wide), what)


def _prctl(what: str, option: int, *values: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked(_libc().prctl(ctypes.c_int(option), *padded), what)


# Namespaces and mounts ------------------------------------------------------------------------------------------------


def unshare(flags: int) -> None:
    """Move this process (for NEW_PID: its coming children) into fresh namespaces."""
    _checked(_libc().unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2) as it always was: for tmpfs, proc and changes of propagation."""
    encoded = kind.encode() if kind else None
    result = _libc().mount(source.encode(), os.fsencode(target), encoded, ctypes.c_ulong(flags), options.encode())
    _checked(result, f"mount {kind or source} on {target}")


def bind(source: str, target: str, attributes: int) -> None:
    """Show the tree at `source` at `target` too, with ATTR_… set on every mount in it (needs Linux 5.12)."""
    tree = clone_tree(source, attributes)
    try:
        attach_tree(tree, target)
    finally:
        os.close(tree)


def clone_tree(source: str, attributes: int) -> int:
    """A descriptor of a copy of the mounts at `source`, attached nowhere yet."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
    tree = syscall(f"open_tree {source}", _OPEN_TREE, _AT_FDCWD, os.fsencode(source), flags)
    try:
        _set_attributes(tree, b"", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes, source)
    except OSError:
        os.close(tree)
        raise
    return tree


def attach_tree(tree: int, target: str) -> None:
    """Attach what clone_tree returned."""
    syscall(f"move_mount {target}", _MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_FROM_EMPTY_PATH)


def make_read_only(target: str) -> None:
    """Make the one mount at `target` read-only; what is mounted below it stays as it is."""
    _set_attributes(_AT_FDCWD, os.fsencode(target), 0, ATTR_READ_ONLY, target)


def _set_attributes(folder: int, path: bytes, flags: int, attributes: int, name: str) -> None:
    request = ctypes.create_string_buffer(struct.pack("=QQQQ", attributes, 0, 0, 0), 32)
    syscall(f"mount_setattr {name}", _MOUNT_SETATTR, folder, path, flags, request, 32)


def change_root(folder: str) -> None:
    """Make `folder` (a mount) the root and forget the old one."""
    os.chdir(folder)
    _checked(_libc().pivot_root(b".", b"."), "pivot_root")
    _checked(_libc().umount2(b".", ctypes.c_int(MNT_DETACH)), "umount2")
    os.chdir("/")


def raise_loopback() -> None:
    """Bring `lo` up in this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        answer = fcntl.ioctl(probe, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        (flags,) = struct.unpack_from("H", answer, 16)
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def set_hostname(name: str) -> None:
    """Name the machine in this UTS namespace."""
    encoded = name.encode()
    _checked(_libc().sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")


# The process itself ---------------------------------------------------------------------------------------------------


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this signal when the parent *thread* ends. A later change of user or rights clears it."""
    _prctl("PR_SET_PDEATHSIG", _PR_SET_PDEATHSIG, signal_number)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl("PR_SET_CHILD_SUBREAPER", _PR_SET_CHILD_SUBREAPER, 1)


def set_dumpable(value: bool) -> None:
    """Whether processes of the same user may trace this one and look into its /proc entries."""
    _prctl("PR_SET_DUMPABLE", _PR_SET_DUMPABLE, int(value))


def no_new_privileges() -> None:
    """From here on no execve gives more rights (set-uid programs run as ordinary ones)."""
    _prctl("PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def drop_bounding_capabilities() -> None:
    """Empty the ambient and the bounding set (needs CAP_SETPCAP, so do it before a change of user)."""
    _prctl("PR_CAP_AMBIENT", _PR_CAP_AMBIENT, 4)  # 4: clear all
    for capability in range(64):
        try:
            _prctl("PR_CAPBSET_DROP", _PR_CAPBSET_DROP, capability)
        except OSError:  # EINVAL: the kernel knows no capability of this number, nor any higher one
            return


def drop_capabilities() -> None:
    """Give up every capability for good."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAP_VERSION_3, 0), 8)
    nothing = ctypes.create_string_buffer(24)
    _checked(_libc().capset(header, nothing), "capset")


def collapse_memory() -> None:
    """Gather this process's own memory in huge pages, as far as the kernel can: forking then copies half the tables.

    See madvise(2), MADV_COLLAPSE (Linux 6.1); on older kernels nothing happens. A child that writes to such a page
    copies 4 KiB of it.
    """
    with open("/proc/self/maps") as listing:
        lines = listing.read().splitlines()
    for line in lines:
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(address, 16) for address in span.split("-"))
        start, end = -(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE
        if start < end and rights == "rw-p" and name in ([], ["[heap]"]):
            _libc().madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), ctypes.c_int(_MADV_COLLAPSE))


def address_space(pid: int) -> int:
    """Bytes of address space that a process has."""
    with open(f"/proc/{pid}/statm") as sizes:
        return int(sizes.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Process ids of a process's children; none if it is gone."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as listing:
                found += [int(number) for number in listing.read().split()]
    return found


def descendants(pid: int) -> list[int]:
    """Process ids of all below a process; none elsewhere than on Linux."""
    if not HERE:
        return []
    found = children(pid)
    for child in found:  # grows while we walk it
        found += children(child)
    return found
