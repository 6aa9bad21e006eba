"""The warm parent of students' processes.

python -P -m course.grading.parent --preload student --socket PATH

COURSE_STUDENT_MODULES names further modules to import, separated by commas: what an entry needs of the course has to be
among them, for a child in namespaces cannot import any of it any more.
"""

import os
import socket
import sys

from course.grading.sandbox import MODULES
from course.runtime import fence, parent, sandbox, supervisor, usage
from course.runtime.parent import Kind
from course.runtime.supervisor import Look

LOOK_SECONDS = 0.25
SKLEARN = (
    "cluster",
    "compose",
    "datasets",
    "decomposition",
    "ensemble",
    "impute",
    "inspection",
    "linear_model",
    "metrics",
    "model_selection",
    "naive_bayes",
    "neighbors",
    "pipeline",
    "preprocessing",
    "svm",
    "tree",
)
PRELOADED = (
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "scipy.optimize",
    "scipy.stats",
    *(f"sklearn.{part}" for part in SKLEARN),
    "IPython.core.interactiveshell",
)


def run_student(message: dict, descriptors: list[int], line: socket.socket, pulse: int) -> None:
    """In the child: hold one student's process. Descriptors: its output, its end of the channel.

    message: see course.grading.sandbox. The owner hears {"over": "memory"} or {"over": "files"} if that ended it.
    """
    bounds = message["copy"]
    most = message["limits"]["total_memory_bytes"]
    if message["mode"] == "namespaces":

        def over_memory(cage: supervisor.Cage) -> str | None:
            return "memory" if usage.over_memory(cage.processes(), most) else None

        supervisor.hold(
            sandbox.Sandbox, message, descriptors, line, pulse, Look(LOOK_SECONDS, over_memory), lambda: None
        )
    held: list[fence.Fence] = []

    def start(job: dict, output: int, channel: int, line: socket.socket) -> fence.Fence:
        held.append(fence.Fence(job, output, channel, line))
        return held[0]

    def over(cage: supervisor.Cage) -> str | None:
        if usage.over_memory(cage.processes(), most):
            return "memory"
        size = bounds["size_bytes"] + bounds["tmp_bytes"]
        return "files" if usage.over_folder(held[0].folder, size, bounds["files"]) else None

    supervisor.hold(start, message, descriptors, line, pulse, Look(LOOK_SECONDS, over), lambda: held[0].remove())


def kinds() -> dict[str, Kind]:
    """The one kind, with the modules of the environment."""
    # A library reads it when imported, and there is no screen.
    os.environ["MPLBACKEND"] = "Agg"
    further = tuple(name for name in os.environ.get(MODULES, "").split(",") if name)
    return {"student": Kind(run_student, modules=(*PRELOADED, *further))}


if __name__ == "__main__":
    sys.exit(parent.main(kinds()))
