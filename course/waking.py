"""Signals as something that one can wait for, together with sockets and pipes."""

import contextlib
import os
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def woken_by(*signals: int) -> Iterator[int]:
    """A pipe's end from which the numbers of these signals can be read as they arrive; they do nothing else meanwhile.

    Main thread only, and one at a time: Python has a single wake-up descriptor.
    """
    wake, wake_end = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_end, False)
    before = {number: signal.signal(number, lambda *_: None) for number in signals}
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    try:
        yield wake
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(wake)
        os.close(wake_end)


def read(wake: int) -> set[int]:
    """The signals that have arrived since the last look; never blocks."""
    try:
        return set(os.read(wake, 4096))
    except BlockingIOError:
        return set()
