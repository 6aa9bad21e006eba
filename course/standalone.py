"""`course cloud` and `course env`: one cloud alone, and the shell's way to it.

Nothing of it lies in the course's folder. Its files are in a temporary folder, which goes with it (after a kill, with
the next one's start), and its processes hang on lifelines.
"""

import contextlib
import http.client
import json
import os
import secrets
import select
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

from course import loopback
from course.cloud import client, launch
from course.errors import CourseError
from course.learn.scratch import Scratch
from course.waking import woken_by

MODES = {
    "namespaces": "jobs run in namespaces of their own",
    "guard": "jobs run under the socket guard, because this machine refuses namespaces: run no code you do not trust",
}
SEED = 0
CHECK_SECONDS = 1.0  # between two looks at the cloud, on systems that cannot wait for a process


def run(port: int) -> int:
    """Run one cloud until a signal asks for its end; returns the exit code."""
    token = secrets.token_hex(16)
    with (
        loopback.listen(port) as listener,
        _folder() as folder,
        woken_by(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as wake,
        launch.start_parents(folder) as parents,
    ):
        world = launch.open_world(parents.sockets, listener=listener, seed=SEED, start=None, token=token)
        mode = _control(world.port, "status", token)["mode"]
        print(f"ready {client.endpoint(world.port)}")
        print(f"job mode {mode}: {MODES.get(mode, mode)}", flush=True)
        try:
            if _wait(wake, world):
                return 0
            raise CourseError(f"The cloud has ended by itself. {world.last_words(1)}".strip())
        finally:
            world.close()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    scratch = Scratch()
    try:
        yield scratch.folder
    finally:
        scratch.remove()


def _wait(wake: int, world: launch.WorldHandle) -> bool:
    """Wait until a signal arrives (True) or the world has ended (False)."""
    try:
        ended = os.pidfd_open(world.pid)
    except (AttributeError, OSError):  # not Linux, or it has ended already
        while world.alive():
            if select.select([wake], [], [], CHECK_SECONDS)[0]:
                return True
        return False
    try:
        return wake in select.select([wake, ended], [], [])[0]
    finally:
        os.close(ended)


def exports(port: int) -> list[str]:
    """Shell commands that point AWS clients at the cloud on `port`. CourseError if none answers there."""
    connection = http.client.HTTPConnection(loopback.ADDRESS, port, timeout=5)
    try:
        connection.request("POST", "/_cloud/status")
        answered = connection.getresponse()
        ours = answered.status == 403 and b"owner of the world" in answered.read()
    except (OSError, http.client.HTTPException):
        ours = False
    finally:
        connection.close()
    if not ours:
        raise CourseError(f"No cloud answers on port {port}: start one with `course cloud --port {port}`.")
    # A profile or a token of a real account would be taken before the keys that follow.
    return ["unset AWS_PROFILE AWS_SESSION_TOKEN"] + [
        f"export {name}={shlex.quote(value)}" for name, value in client.settings(port).items()
    ]


def _control(port: int, verb: str, token: str) -> dict:
    connection = http.client.HTTPConnection(loopback.ADDRESS, port, timeout=30)
    try:
        connection.request("POST", f"/_cloud/{verb}", "{}", {"x-cloud-token": token})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
