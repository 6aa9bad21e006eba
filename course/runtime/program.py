"""The last stretch before foreign code: what every forked child does to stop being a copy of its warm parent."""

import atexit
import contextlib
import importlib
import os
import random
import resource
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable, Mapping
from typing import NoReturn

from course.runtime import linux
from course.runtime.rootfs import CHECKOUT

# What every container has, unless its environment says otherwise.
DEFAULTS = {
    "PATH": os.pathsep.join((os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin")),
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONUNBUFFERED": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Some Pythons find their own library only by these.
    **{name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ},
}


def entry_point(name: str) -> Callable[[], object]:
    """The function named "package.module:function"."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def prepare(job: Mapping, output: int, channel: int, opt_ml: str, processes: int | None) -> None:
    """All that comes before the entry: streams, descriptors, signals, environment, limits, working folder.

    job: a Spec as a mapping, its environment complete. opt_ml: where the job sees its folder. processes: see `limit`.
    """
    volunteer_for_oom()
    take_streams(output)
    reset_signals()
    close_descriptors({channel})
    take_environment({"HOME": "/tmp", **DEFAULTS, **job["environment"], "COURSE_CHANNEL_FD": str(channel)})
    reseed()
    os.umask(0o022)
    os.chdir(opt_ml)
    limit(job["limits"], processes=processes)


def take_streams(output: int) -> None:
    """Standard output and error go to `output`, line by line and in order; standard input is empty."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if nothing > 2:
        os.close(nothing)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 the process's own streams
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def close_descriptors(keep: set[int]) -> None:
    """Close every file descriptor above 2 but those to keep."""
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    start = 3
    for descriptor in sorted(keep):
        os.closerange(start, descriptor)
        start = max(start, descriptor + 1)
    os.closerange(start, max(highest, start))


def reset_signals() -> None:
    """Signal handling as a freshly started Python has it."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def limit(limits: Mapping[str, int], *, processes: int | None) -> None:
    """Set the rlimits for good: memory_bytes, file_bytes and open_files of `limits`, and `processes` if not None.

    cpu_seconds, if it is there, is per process: SIGXCPU, and SIGKILL to one that goes on.
    """
    wanted = {
        # One byte: no core file, and (unlike 0) no program of the host's that gets it through a pipe.
        resource.RLIMIT_CORE: 1,
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
        # The address space, not the data segment: shared anonymous memory counts only here.
        resource.RLIMIT_AS: limits["memory_bytes"],
    }
    if processes is not None:
        wanted[resource.RLIMIT_NPROC] = processes
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # macOS refuses RLIMIT_AS; there is nothing else to hold memory with there.
        with contextlib.suppress(ValueError if sys.platform == "darwin" else ()):
            resource.setrlimit(kind, (value, value))
    if seconds := limits.get("cpu_seconds"):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def volunteer_for_oom() -> None:
    """When memory runs out, the kernel ends a job before anything of the owner's."""
    if linux.HERE:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")


def take_environment(environment: Mapping[str, str]) -> None:
    """Exactly these variables; no way to the course's source, and nothing of the parent's in __main__."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if tempfile := sys.modules.get("tempfile"):
        tempfile.tempdir = None  # it remembers the parent's
    sys.path[:] = [entry for entry in sys.path if entry and not (CHECKOUT and os.path.realpath(entry) == str(CHECKOUT))]
    sys.argv = [""]
    main = types.ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]  # type: ignore[attr-defined]
    sys.modules["__main__"] = main


def reseed() -> None:
    """Every child its own randomness: the forked state is the parent's."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def conclude(call: Callable[[], object]) -> NoReturn:
    """Run `call` and end this forked process with the exit code Python would give, whatever lies below on the stack."""
    code = 1
    try:
        try:
            call()
            code = 0
        except SystemExit as request:
            code = _exit_code(request.code)
        except BaseException:
            traceback.print_exc()
        with contextlib.suppress(BaseException):
            threading._shutdown()  # joins the threads that are not daemons, as the interpreter's own end does
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    finally:
        os._exit(code)


def _exit_code(value: object) -> int:
    """sys.exit's argument as a code: None is 0, an int is itself, anything else is printed and is 1."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF
    print(value, file=sys.stderr)
    return 1
