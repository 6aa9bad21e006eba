"""The system calls a job is refused, as a seccomp filter.

A namespace of its own does not cover everything: each entry below says what it would reach. Refused calls fail with an
errno (never a kill), chosen so that libraries take the fallback they have for old kernels.
"""

import ctypes
import errno
import os
import platform
import struct

NEW_USER = 0x10000000

# Numbers per architecture: x86_64, aarch64 (asm/unistd.h).
REFUSED: dict[str, tuple[int, int, int]] = {
    "unshare": (272, 97, errno.EPERM),  # a user namespace of its own: capabilities, and tmpfs mounts without a limit
    "setns": (308, 268, errno.EPERM),
    "clone3": (435, 435, errno.ENOSYS),  # its flags lie in memory, where a filter cannot look; libc falls back to clone
    "mount": (165, 40, errno.EPERM),
    "umount2": (166, 39, errno.EPERM),
    "pivot_root": (155, 41, errno.EPERM),
    "open_tree": (428, 428, errno.EPERM),
    "move_mount": (429, 429, errno.EPERM),
    "fsopen": (430, 430, errno.EPERM),
    "memfd_create": (319, 279, errno.ENOSYS),  # memory that no rlimit counts
    "memfd_secret": (447, 447, errno.ENOSYS),
    "shmget": (29, 194, errno.ENOSYS),  # the same
    "msgget": (68, 186, errno.ENOSYS),
    "add_key": (248, 217, errno.EPERM),  # the owner's session keyring is inherited
    "request_key": (249, 218, errno.EPERM),
    "keyctl": (250, 219, errno.EPERM),
    "bpf": (321, 280, errno.EPERM),  # large parts of the kernel that no job needs
    "perf_event_open": (298, 241, errno.EPERM),
    "userfaultfd": (323, 282, errno.EPERM),
    "fanotify_init": (300, 262, errno.EPERM),
    "io_uring_setup": (425, 425, errno.ENOSYS),  # would pass every other entry by
}
CLONE = (56, 220)
SOCKET = (41, 198)
# Every other family either is not namespaced (AF_VSOCK reaches a virtual machine's host) or is not needed.
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000  # x86_64's second set of numbers
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little-endian
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(code: int) -> bytes:
    return _step(_RETURN, _ERRNO | code)


def program(machine: str) -> bytes | None:
    """The filter for this machine name; None where we know no numbers (there the namespaces stand alone)."""
    if machine not in _ARCHITECTURES:
        return None
    column, audit = _ARCHITECTURES[machine]
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, audit, if_true=1), _refuse(errno.ENOSYS), _step(_LOAD, _NUMBER)]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, _X32, if_false=1), _refuse(errno.ENOSYS)]
    for entry in REFUSED.values():
        steps += [_step(_EQUAL, entry[column], if_false=1), _refuse(entry[2])]
    steps += [
        _step(_EQUAL, CLONE[column], if_false=4),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_BIT, NEW_USER, if_false=1),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
        _step(_EQUAL, SOCKET[column], if_false=2 + 2 * len(FAMILIES)),
        _step(_LOAD, _FIRST_ARGUMENT),
    ]
    for family in FAMILIES.values():
        steps += [_step(_EQUAL, family, if_false=1), _step(_RETURN, _ALLOW)]
    steps += [_refuse(errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)]
    return b"".join(steps)


def install() -> None:
    """Put the filter on this process and all its children, for good. Needs no_new_privileges; OSError if refused."""
    code = program(platform.machine())
    if code is None:
        return
    steps = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(steps)))
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_ulong(_MODE_FILTER), header, ctypes.c_ulong(0), ctypes.c_ulong(0))
    if libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
