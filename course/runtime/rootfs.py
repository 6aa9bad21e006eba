"""The file system a job sees: a small tmpfs with read-only views of what Python needs, and the job's own folder.

Nothing of the host is visible but the system's programs and libraries, this Python with its packages, and /opt/ml. The
course itself is not: what a job may use of it was imported before.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import course
from course.runtime import linux, scratch

SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/sys/devices/system/cpu",  # how many processors, for libraries that ask the kernel
)
DEVICES = ("null", "zero", "full", "random", "urandom")
TMP_BYTES, SHARED_MEMORY_BYTES, ROOT_BYTES = 1 << 30, 256 << 20, 1 << 20
HOSTNAME = "algo-1"  # what SageMaker calls the first host of a job
OPT_ML = "/opt/ml"

PACKAGE = Path(course.__file__).resolve().parent
CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").exists() else None
"""Where the whole repository lies, if the package is used from a checkout of it."""

_PLAIN = linux.MS_NOSUID | linux.MS_NODEV
_SEALED = linux.ATTR_READ_ONLY | linux.ATTR_NOSUID | linux.ATTR_NODEV


class Root:
    """A root directory in the making, at `folder` of the present one."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._shown: dict[str, bool] = {}  # real path → shown (True) or hidden; the longest one decides

    def at(self, path: str) -> str:
        """Where the coming root's `path` is now."""
        return self._folder + path

    def visible(self, path: str) -> bool:
        """Whether a view made so far covers this real path of the host."""
        while path != "/":
            if path in self._shown:
                return self._shown[path]
            path = os.path.dirname(path)
        return False

    def show(self, path: str, attributes: int = _SEALED) -> None:
        """Show the host's `path` under the same name, if it exists; symbolic links on the way are made again."""
        if os.path.realpath(path) == "/":
            raise OSError(f"{path} is the whole machine, and is not shown to a job")
        here = "/"
        parts = Path(path).parts[1:]
        for index, part in enumerate(parts):
            here = os.path.join(here, part)
            if self.visible(here):
                # A link in a visible tree may lead out of it.
                return None if os.path.realpath(path) == path else self.show(os.path.realpath(path), attributes)
            if os.path.islink(here):
                link = os.readlink(here)
                if not os.path.lexists(self.at(here)):
                    os.symlink(link, self.at(here))
                target = os.path.join(os.path.dirname(here), link, *parts[index + 1 :])
                return self.show(os.path.normpath(target), attributes)
            if not os.path.exists(here):
                return None
            if index < len(parts) - 1:
                os.makedirs(self.at(here), exist_ok=True)
        if os.path.isdir(path):
            os.makedirs(self.at(path), exist_ok=True)
        else:
            Path(self.at(path)).touch()
        linux.bind(path, self.at(path), attributes)
        self._shown[path] = True
        return None

    def hide(self, path: str) -> None:
        """Lay an empty folder over the host's `path` if it is visible."""
        if self.visible(path) and os.path.isdir(self.at(path)):
            linux.mount("tmpfs", self.at(path), "tmpfs", _PLAIN, "size=64k,mode=755")
            self._shown[path] = False

    def scratch(self, path: str, size: int, files: int = 65536) -> None:
        """A memory file system that everyone may write to, of `size` bytes and `files` files and folders."""
        os.makedirs(self.at(path), exist_ok=True)
        linux.mount("tmpfs", self.at(path), "tmpfs", _PLAIN, f"size={size},mode=1777,nr_inodes={files}")


@dataclass(frozen=True)
class Copy:
    """A job's folder as a copy in memory: of at most so many bytes and files, and gone with the job."""

    size_bytes: int
    files: int
    tmp_bytes: int  # of /tmp, which is then no larger than this


def enter(
    opt_ml: str,
    user: int,
    group: int,
    read_only: tuple[str, ...],
    hostname: str,
    place: str = OPT_ML,
    copy: Copy | None = None,
) -> None:
    """Make the root and change to it. `opt_ml` becomes `place`, but for its sub-paths `read_only` writable.

    With `copy` the folder itself stays as it is, and its copy becomes `place`.
    To be called as the first process of new mount, pid and UTS namespaces. OSError if the kernel refuses any of it.
    """
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    own = os.open(opt_ml, os.O_RDONLY | os.O_DIRECTORY) if copy else _tree(opt_ml)
    # The job's folder is the one directory that surely exists and that nothing else here lies in.
    linux.mount("tmpfs", opt_ml, "tmpfs", _PLAIN, f"size={ROOT_BYTES},mode=755")
    root = Root(opt_ml)
    os.makedirs(root.at("/proc"))
    # Before the old /proc is gone: an unprivileged one is granted only to those who see it whole.
    linux.mount("proc", root.at("/proc"), "proc", _PLAIN | linux.MS_NOEXEC)
    root.scratch("/tmp", copy.tmp_bytes if copy else TMP_BYTES)
    for path in SYSTEM:
        root.show(path)
    _show_python(root)
    _make_devices(root)
    _write_etc(root, user, group, hostname)
    os.makedirs(root.at(place), exist_ok=True)
    if copy:
        root.scratch(place, copy.size_bytes, copy.files)
        scratch.copy(own, root.at(place), most_bytes=copy.size_bytes, most_files=copy.files)
        scratch.give(Path(root.at(place)), user)
    else:
        linux.attach_tree(own, root.at(place))
    os.close(own)
    linux.change_root(opt_ml)
    for path in read_only:  # only now: a link in the job's folder must not lead out of it
        linux.bind(os.path.join(place, path), os.path.join(place, path), _SEALED)
    linux.make_read_only("/")


def _tree(folder: str) -> int:
    return linux.clone_tree(folder, linux.ATTR_NOSUID | linux.ATTR_NODEV)


def python_places() -> list[str]:
    """Files and folders that this Python and its packages lie in; PACKAGE and CHECKOUT may lie in one of them."""
    places = []
    for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix)):
        # An environment made in the checkout itself: its folders, not what lies beside them.
        around = CHECKOUT and CHECKOUT.is_relative_to(prefix)
        parts = ("bin", "lib", "lib64", "include", "share", "pyvenv.cfg") if around else ("",)
        places += [os.path.join(prefix, part) if part else prefix for part in parts]
    # site- or dist-; anything else outside the prefixes may be anyone's folder
    places += [entry for entry in sys.path if entry.endswith("-packages")]
    program = sys.executable
    places.append(program)
    while os.path.islink(program):
        program = os.path.normpath(os.path.join(os.path.dirname(program), os.readlink(program)))
        places.append(program)
    return places


def _show_python(root: Root) -> None:
    if CHECKOUT:
        root.hide(str(CHECKOUT))
    for place in python_places():
        root.show(place)
    root.hide(str(PACKAGE))


def _make_devices(root: Root) -> None:
    os.makedirs(root.at("/dev"))
    for name in DEVICES:
        root.show(f"/dev/{name}", linux.ATTR_NOSUID | linux.ATTR_NOEXEC)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", root.at(f"/dev/{name}"))
    root.scratch("/dev/shm", SHARED_MEMORY_BYTES)


def _write_etc(root: Root, user: int, group: int, hostname: str) -> None:
    os.makedirs(root.at("/etc"), exist_ok=True)
    os.makedirs(root.at("/var"))
    os.symlink("../tmp", root.at("/var/tmp"))
    files = {
        "passwd": f"root:x:0:0:root:/tmp:/bin/sh\njob:x:{user}:{group}:job:/tmp:/bin/sh\n",
        "group": f"root:x:0:\njob:x:{group}:\n",
        "hosts": f"127.0.0.1 localhost {hostname}\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "hostname": f"{hostname}\n",
    }
    for name, text in files.items():
        Path(root.at(f"/etc/{name}")).write_text(text)
