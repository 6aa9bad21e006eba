"""Ports of 127.0.0.1. Nothing of the course binds any other address."""

import errno
import socket

from course.errors import CourseError

ADDRESS = "127.0.0.1"
BACKLOG = 4096  # the system's own limit is lower; a load test must not be refused here


def listen(port: int) -> socket.socket:
    """A socket that listens on the port (0: any free one). CourseError says why it cannot."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CourseError(f"Port {port} is in use: end what runs there, or choose another with --port.") from None
        raise CourseError(
            f"Port {port} cannot be used ({error.strerror}): choose another with --port, 1024 or above."
        ) from None
    return listener


def free_port(first: int) -> int:
    """The first port from `first` on that is free now."""
    for port in range(first, first + 100):
        try:
            listen(port).close()
        except CourseError:
            continue
        return port
    raise CourseError(f"Ports {first} to {first + 99} are all in use: choose one with --port.")
