"""What a learner waits for in a fresh kernel: the import, the first `begin`, a later one, a check, a whole notebook."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from course.authoring import notebook, refresh
from course.cloud.launch import start_parents

from .figures import Figure, seconds

_CELLS = """
import json, time
start = time.perf_counter()
from course.learn import begin, check
first_import = time.perf_counter() - start
begin("O-8")
first = time.perf_counter() - start
start = time.perf_counter(); begin("O-8"); later = time.perf_counter() - start
start = time.perf_counter(); check("O-8"); checked = time.perf_counter() - start
print("\\n" + json.dumps({"import": first_import, "first": first, "later": later, "check": checked}))
"""

_ROOT = Path(__file__).resolve().parents[1]
_NAME = "d0_orientation"


def measure() -> list[Figure]:
    """Once with a lab's warm parents beside the kernel, once without."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, start_parents(Path(folder)) as started:
        started.wait_ready("world")
        started.wait_ready("job")
        beside = _median([_run({"COURSE_LAB_SOCKETS": folder}) for _ in range(3)])
    alone = _median([_run({}) for _ in range(3)])
    whole = seconds(_whole, times=1)
    return [
        Figure(
            "`from course.learn import begin` and the first `begin`, beside a lab",
            beside["first"],
            "s",
            "<= 2",
            f"the import alone {beside['import']:.2f} s",
        ),
        Figure("a later `begin`", beside["later"], "s", "<= 1"),
        Figure("a public check", beside["check"], "s", "<= 1"),
        Figure(
            "the import and the first `begin` without a lab", alone["first"], "s", "<= 2", "a private cloud is started"
        ),
        Figure(f"`{_NAME}` whole, with solutions", whole, "s", "<= 60", "a fresh kernel with a private cloud"),
    ]


def _whole() -> None:
    """Run the source notebook from top to bottom, as `course refresh` does, with its author's answers."""
    book = notebook.read(_ROOT / "source" / _NAME / f"{_NAME}.ipynb")
    refresh.execute(book, answers=_ROOT / "tests" / "answers" / f"{_NAME}.json")


def _run(variables: dict[str, str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run(
            [sys.executable, "-m", "IPython", "--no-banner", "-c", _CELLS],
            cwd=folder,
            text=True,
            env={**os.environ, **variables},
            capture_output=True,
            check=True,
        ).stdout
    return json.loads([line for line in out.splitlines() if line.startswith("{")][-1])


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: sorted(run[name] for run in runs)[len(runs) // 2] for name in runs[0]}
