"""A parent that imports next to nothing, for tests of the parents themselves; its worlds are stand-ins.

A stand-in world does what its seed says: 0 serves, 1 fails, 2 starts a daemon and ignores the end of its lifeline,
3 never gets ready, 4 says on its output when it is told to end.
"""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import types

from course.cloud.parent import KINDS, run_world
from course.runtime import lifeline, parent


def serve(spec: dict, listener: socket.socket, line: socket.socket) -> None:
    """Be a stand-in world."""
    print("world", spec["seed"], spec["start"], spec["token"], spec["job_socket"])
    if spec["seed"] == 1:
        raise ValueError("this seed is not good")
    if spec["seed"] == 2:
        code = "import time; print('x', flush=True); time.sleep(1000)"
        command = [sys.executable, "-S", "-c", code, spec["token"]]
        daemon = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
        daemon.stdout.read(1)
    if spec["seed"] != 3:
        lifeline.send(line, {"ready": {"port": listener.getsockname()[1], "pid": os.getpid()}})
    while line.recv(100):
        pass
    if spec["seed"] == 2:
        while True:
            signal.pause()
    print("told to end")


if __name__ == "__main__":
    world = types.ModuleType("course.cloud.world")
    world.serve = serve  # type: ignore[attr-defined]
    sys.modules["course.cloud.world"] = world
    parent.GRACE_SECONDS, parent.KILL_SECONDS = 0.5, 0.2
    small = dataclasses.replace(KINDS["job"].small, modules=(), packages=())
    KINDS["job"] = dataclasses.replace(KINDS["job"], modules=(), packages=(), small=small)
    KINDS["broken"] = parent.Kind(run_world, modules=("course.cloud.no_such_module",))
    KINDS["threaded"] = parent.Kind(run_world, modules=("tests.runtime.starts_a_thread",))
    sys.exit(parent.main(KINDS))
