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

# What namespaces and another user would keep apart, refused to a process that has neither (course/runtime/fence.py).
# 0 stands for a number that this architecture has not, and as an errno for "done", though it is not: modes, owners and
# times of files stay as they are, also of those outside that Landlock lets be read, and copying still works.
ALONE: dict[str, tuple[int, int, int]] = {
    "socket": (41, 198, errno.EACCES),  # every listener of the host, and the owner's own sockets
    "connect": (42, 203, errno.EACCES),
    "ptrace": (101, 117, errno.EPERM),
    "process_vm_readv": (310, 270, errno.EPERM),
    "process_vm_writev": (311, 271, errno.EPERM),
    "kcmp": (312, 272, errno.EPERM),
    "pidfd_getfd": (438, 438, errno.EPERM),
    "process_madvise": (440, 440, errno.EPERM),
    "migrate_pages": (256, 238, errno.EPERM),
    "move_pages": (279, 239, errno.EPERM),
    "setpriority": (141, 140, errno.EACCES),  # these also of the owner's other processes
    "sched_setparam": (142, 118, errno.EPERM),
    "sched_setscheduler": (144, 119, errno.EPERM),
    "sched_setaffinity": (203, 122, errno.EPERM),
    "sched_setattr": (314, 274, errno.EPERM),
    "ioprio_set": (251, 30, errno.EPERM),
    "shmat": (30, 196, errno.EACCES),
    "shmctl": (31, 195, errno.EACCES),
    "semget": (64, 190, errno.ENOSYS),
    "semop": (65, 193, errno.EACCES),
    "semctl": (66, 191, errno.EACCES),
    "semtimedop": (220, 192, errno.EACCES),
    "msgsnd": (69, 189, errno.EACCES),
    "msgrcv": (70, 188, errno.EACCES),
    "msgctl": (71, 187, errno.EACCES),
    "mq_open": (240, 180, errno.ENOSYS),
    "mq_unlink": (241, 181, errno.ENOSYS),
    "inotify_add_watch": (254, 27, errno.EACCES),  # tells the names of files that cannot be listed
    "quotactl": (179, 60, errno.EPERM),
    "quotactl_fd": (443, 443, errno.EPERM),
    "chmod": (90, 0, 0),
    "fchmod": (91, 52, 0),
    "fchmodat": (268, 53, 0),
    "fchmodat2": (452, 452, 0),
    "chown": (92, 0, 0),
    "fchown": (93, 55, 0),
    "lchown": (94, 0, 0),
    "fchownat": (260, 54, 0),
    "utime": (132, 0, 0),
    "utimes": (235, 0, 0),
    "futimesat": (261, 0, 0),
    "utimensat": (280, 88, 0),
    "setxattr": (188, 5, errno.ENOTSUP),
    "lsetxattr": (189, 6, errno.ENOTSUP),
    "fsetxattr": (190, 7, errno.ENOTSUP),
    "setxattrat": (463, 463, errno.ENOTSUP),
    "removexattr": (197, 14, errno.ENOTSUP),
    "lremovexattr": (198, 15, errno.ENOTSUP),
    "fremovexattr": (199, 16, errno.ENOTSUP),
    "removexattrat": (466, 466, errno.ENOTSUP),
    "file_setattr": (469, 469, errno.ENOTSUP),
}
# Where Landlock does not yet keep signals inside: nobody but oneself gets any.
SIGNALS: dict[str, tuple[int, int, int]] = {
    "kill": (62, 129, errno.EPERM),
    "tkill": (200, 130, errno.EPERM),
    "rt_sigqueueinfo": (129, 138, errno.EPERM),
    "rt_tgsigqueueinfo": (297, 240, errno.EPERM),
    "pidfd_send_signal": (424, 424, errno.EPERM),
}
TGKILL, PRLIMIT, SOCKETPAIR = (234, 131), (302, 261), (53, 199)
_STREAM = 1

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000  # x86_64's second set of numbers
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = (
    0,
    4,
    16,
    24,
)  # offsets in struct seccomp_data, little-endian
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(code: int) -> bytes:
    return _step(_RETURN, _ERRNO | code)


def program(machine: str) -> bytes | None:
    """The filter for this machine name; None where we know no numbers (there the namespaces stand alone)."""
    if machine not in _ARCHITECTURES:
        return None
    column = _ARCHITECTURES[machine][0]
    steps = _begin(machine, REFUSED)
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


def program_alone(machine: str, pid: int, *, signals: bool) -> bytes:
    """The second filter, for a process that has no namespaces. KeyError for an unknown machine.

    pid: its process id, which with `signals` is the only one that it may signal.
    """
    column = _ARCHITECTURES[machine][0]
    steps = _begin(machine, ALONE | SIGNALS if signals else ALONE)
    # Pairs are for talking to what one starts; one that is no stream could turn to any socket of the host by its path.
    steps += _only(SOCKETPAIR[column], _SECOND_ARGUMENT, _STREAM, mask=0xF)
    steps += _only(PRLIMIT[column], _FIRST_ARGUMENT, 0)
    if signals:
        steps += _only(TGKILL[column], _FIRST_ARGUMENT, pid)
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _begin(machine: str, refused: dict[str, tuple[int, int, int]]) -> list[bytes]:
    """The check of the architecture, and these calls; the call's number is loaded."""
    column, audit = _ARCHITECTURES[machine]
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, audit, if_true=1), _refuse(errno.ENOSYS), _step(_LOAD, _NUMBER)]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, _X32, if_false=1), _refuse(errno.ENOSYS)]
    for entry in refused.values():
        if entry[column]:
            steps += [_step(_EQUAL, entry[column], if_false=1), _refuse(entry[2])]
    return steps


def _only(number: int, argument: int, value: int, mask: int = 0xFFFFFFFF) -> list[bytes]:
    """Allow this call with this value of an argument alone."""
    return [
        _step(_EQUAL, number, if_false=5),
        _step(_LOAD, argument),
        _step(_AND, mask),
        _step(_EQUAL, value, if_false=1),
        _step(_RETURN, _ALLOW),
        _refuse(errno.EPERM),
    ]


def known() -> bool:
    """Whether there is a filter for this machine."""
    return platform.machine() in _ARCHITECTURES


def install() -> None:
    """Put the filter on this process and all its children, for good. Needs no_new_privileges; OSError if refused."""
    if code := program(platform.machine()):
        _install(code)


def install_alone(*, signals: bool) -> None:
    """Put the second filter on too; see `program_alone`."""
    _install(program_alone(platform.machine(), os.getpid(), signals=signals))


def _install(code: bytes) -> None:
    steps = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(steps)))
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_ulong(_MODE_FILTER), header, ctypes.c_ulong(0), ctypes.c_ulong(0))
    if libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
