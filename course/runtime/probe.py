"""Try a whole sandbox once: run in a process of its own by course.runtime.process."""

import os
import signal
import socket
import subprocess
import sys

from course.runtime import lifeline, supervisor
from course.runtime.rootfs import HOSTNAME

ENTRY = "course.runtime.probe:inside"
LIMITS = {"memory_bytes": 4 << 30, "processes": 64, "file_bytes": 1 << 20, "open_files": 256}


def inside() -> None:
    """What the trial job does: all that real ones need."""
    with open("/opt/ml/written", "w") as file:
        file.write("yes")
    subprocess.run([sys.executable, "-c", "import json, socket"], check=True, stdin=subprocess.DEVNULL)


def main() -> None:
    """Exit 0 if a job can run in namespaces with the last argument as its /opt/ml, else print why not and exit 1."""
    folder = sys.argv[-1]
    line, theirs = socket.socketpair()
    _channel, channel_end = socket.socketpair()
    pulse, _pulse_end = os.pipe()
    job = {"entry": ENTRY, "mode": "namespaces", "opt_ml": folder, "environment": {}, "limits": LIMITS}
    pid = os.fork()
    if pid == 0:
        line.close()
        os.close(_pulse_end)
        supervisor.supervise(
            job | {"cloud_port": 4566, "read_only": (), "hostname": HOSTNAME}, [1, channel_end.detach()], theirs, pulse
        )
    theirs.close()
    channel_end.close()
    line.settimeout(10)
    try:
        message, _ = lifeline.receive(line)
        _, status = os.waitpid(pid, 0)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        sys.exit("the trial job did not answer")
    code = os.waitstatus_to_exitcode(status)
    if message and "error" in message:
        print(message["error"].partition(": ")[2])
    sys.exit(1 if code or not message or "ready" not in message else 0)
