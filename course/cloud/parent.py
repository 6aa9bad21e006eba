"""The cloud's warm parents.

python -m course.cloud.parent --preload world|job --socket PATH
"""

import socket
import sys

from course.runtime import parent, process, program, supervisor
from course.runtime.parent import Kind


def run_world(message: dict, descriptors: list[int], line: socket.socket, pulse: int) -> None:
    """In the child: be a world and its supervisor.

    Descriptors: the world's listener, the file for its output, a listener for guests if there is one.
    """
    listener, output, *guests = descriptors

    def be_world() -> None:
        from course.cloud.world import serve

        program.take_streams(output)
        program.reset_signals()
        program.close_descriptors({listener, line.fileno(), *guests})
        serve(message, socket.socket(fileno=listener), line, *(socket.socket(fileno=guest) for guest in guests))

    supervisor.supervise_world(be_world, descriptors, line, pulse)


SKLEARN = (
    "linear_model",
    "ensemble",
    "pipeline",
    "compose",
    "preprocessing",
    "impute",
    "metrics",
    "model_selection",
)
KINDS = {
    "world": Kind(run_world, modules=("course.cloud.world",), prepare=process.mode),
    "job": Kind(
        supervisor.supervise,
        modules=(
            "numpy",
            "pandas",
            "joblib",
            *(f"sklearn.{part}" for part in SKLEARN),
        ),
        packages=("course.cloud.containers", "course.cloud.monitoring", "course.cloud.clarify"),
        # A fork costs as much as there is memory to map: programs that need little are forked from where there is less.
        small=Kind(supervisor.supervise, modules=("numpy.random", "numpy.ma"), packages=("course.cloud.monitoring",)),
    ),
}


if __name__ == "__main__":
    sys.exit(parent.main(KINDS))
