"""A Python program as ``__main__`` of this very process, which has its libraries imported already."""

from __future__ import annotations

import os
import signal
import sys
import types
from pathlib import Path

from course.cloud.containers.failure import print_traceback, summary


def run(path: Path, words: list[str]) -> tuple[int, str]:
    """Run the program; its exit code and what it died of.

    words: sys.argv, the program first.
    """
    main_module = types.ModuleType("__main__")
    main_module.__file__ = str(path)
    main_module.__builtins__ = __builtins__
    sys.modules["__main__"] = main_module  # and stays: threads and exit functions of the program may still need it
    sys.argv[:] = words
    try:
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), main_module.__dict__)
    except SystemExit as end:
        return _exit_status(end.code)
    except MemoryError as error:
        # An instance has no limit that a program sees: its kernel kills what needs more memory than there is.
        print_traceback(error)
        os.kill(os.getpid(), signal.SIGKILL)
        raise
    except BaseException as error:  # KeyboardInterrupt too: the program has ended, whatever it was
        print_traceback(error)
        return 1, summary(error)
    return 0, ""


def _exit_status(code: object) -> tuple[int, str]:
    """The exit code of ``sys.exit(code)``, as the system truncates it, and the message when code is one."""
    if code is None:
        return 0, ""
    if isinstance(code, int):
        return code & 0xFF, ""
    print(code, file=sys.stderr)
    return 1, str(code)
