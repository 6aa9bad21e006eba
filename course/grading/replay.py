"""Autograding with hidden worlds: nbgrader's Execute, after the cells have been run again where nobody had seen them.

    c.Autograde.autograde_preprocessors = ["course.grading.replay.ReplayExecute", …]   # in the place of Execute

For each exercise whose syllabus entry says `replay = true`, the submitted cells from begin to check are executed once
per hidden world, each time in a fresh kernel that finds the world's name in COURSE_WORLD. What the checks said there is
written to a private file, whose name the main execution finds in COURSE_HIDDEN_RESULTS. This room knows nothing of what
a world is: everything passes through environment variables and the checks' findings.
"""

import asyncio
import importlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets import Bool, Integer, Unicode

from course import syllabus
from course.grading.region import Region, exercises, region

FINDINGS = "application/vnd.five-bridges.findings+json"  # what a check displays for engines
TIMED_OUT = {"ename": "CellTimeoutError", "evalue": "the cell took too long", "traceback": []}
TOLD = ("title", "status", "hint", "seen", "points", "of")  # of a hidden finding: not what was looked for


class ReplayExecute(Execute):
    """Execute a submission as nbgrader does, with the results of its replays at hand."""

    beside = Unicode(
        "",
        help="'module:function' of a context manager that keeps something running beside the kernels and yields their "
        "environment variables as a dict. Empty: nothing.",
    ).tag(config=True)
    labs_know_their_student = Bool(
        False,
        help="Whether every learner's lab was told its student (COURSE_STUDENT). Then what a submission says about it "
        "counts for nothing: each is graded in the worlds of its folder's name.",
    ).tag(config=True)
    replays_at_once = Integer(2, help="How many hidden worlds are run at the same time.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict, km: Any = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        replays = self._replays(nb, resources)
        with tempfile.TemporaryDirectory(prefix="replay-") as folder, self._beside() as environment:
            name = "COURSE_STUDENT" if self.labs_know_their_student else "COURSE_HANDED_IN_BY"
            environment = {**environment, name: resources["nbgrader"]["student"]}
            if replays:
                cwd = resources.get("metadata", {}).get("path") or folder
                results = run(replays, cwd, environment, timeout=self.timeout, at_once=self.replays_at_once)
                environment["COURSE_HIDDEN_RESULTS"] = str(write(results, Path(folder)))
            self._kernel = {"env": {**os.environ, **environment}, "stderr": subprocess.DEVNULL}
            return super().preprocess(nb, resources, km)

    @contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start the kernel in the environment that `preprocess` has prepared."""
        with super().setup_kernel(**self._kernel, **kwargs):
            yield

    def _replays(self, nb: NotebookNode, resources: ResourcesDict) -> list["Replay"]:
        """What is to be replayed, told by source/ and the syllabus alone."""
        names = resources["nbgrader"]
        coursedir = CourseDirectory(config=self.config)
        folder = coursedir.format_path(coursedir.source_directory, ".", names["assignment"])
        path = Path(folder) / f"{names['notebook']}.ipynb"
        if not path.is_file():
            self.log.warning("No %s: hidden worlds are not run", path)
            return []
        return planned(nbformat.read(path, as_version=4), nb)

    def _beside(self) -> AbstractContextManager[Mapping[str, str]]:
        if not self.beside:
            return nullcontext({})
        module, _, function = self.beside.partition(":")
        return getattr(importlib.import_module(module), function)()


@dataclass(frozen=True)
class Replay:
    """An exercise's cells and the name of the hidden world they are to be run in; None is the learner's own."""

    region: Region
    world: str | None = None


def planned(source: NotebookNode, submitted: NotebookNode) -> list[Replay]:
    """Every (exercise, hidden world) of a notebook that the syllabus wants replayed."""
    known = {exercise.id: exercise for exercise in syllabus.load().exercises}
    return [
        Replay(region(source, submitted, id), world)
        for id in exercises(source)
        if id in known and known[id].replay
        for world in known[id].worlds
    ]


def run(
    replays: Sequence[Replay], cwd: str, environment: Mapping[str, str], *, timeout: int | None = 60, at_once: int = 2
) -> dict[str, dict[str, Any]]:
    """Run each replay in a fresh kernel. Returns {exercise: {world: {"points", "of", "findings", "problem"}}}."""

    async def everything() -> list[dict[str, Any]]:
        gate = asyncio.Semaphore(at_once)
        return await asyncio.gather(*(_one(replay, cwd, environment, timeout, gate) for replay in replays))

    # A thread of its own: the formgrader calls this from within a running event loop.
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(asyncio.run, everything()).result()
    results: dict[str, dict[str, Any]] = {}
    for replay, answer in zip(replays, answers, strict=True):
        told = [{name: finding[name] for name in TOLD} for finding in answer["findings"]]
        results.setdefault(replay.region.exercise, {})[str(replay.world)] = {**answer, "findings": told}
    return results


async def execute(replay: Replay, cwd: str, environment: Mapping[str, str], timeout: int | None = 60) -> NotebookNode:
    """Run a replay's cells in a fresh kernel, going on after errors; the notebook comes back with its outputs."""
    notebook = replay.region.notebook()
    world = {"COURSE_WORLD": replay.world} if replay.world else {}
    inherited = {name: value for name, value in os.environ.items() if name not in ("COURSE_HIDDEN_RESULTS",)}
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        # By files, not ports: a free port may be someone else's before the kernel listens at it.
        kernel = AsyncKernelManager(
            transport="ipc", ip=f"{folder}/channel", connection_file=f"{folder}/connection.json"
        )
        client = NotebookClient(
            notebook, km=kernel, timeout=timeout, allow_errors=True, interrupt_on_timeout=True, record_timing=False,
            store_widget_state=False, error_on_timeout=TIMED_OUT,
            resources={"metadata": {"path": cwd}}, extra_arguments=["--HistoryManager.hist_file=:memory:"],
        )  # fmt: skip
        await client.async_execute(
            cleanup_kc=True, env={**inherited, **environment, **world}, stderr=subprocess.DEVNULL
        )
    return notebook


async def _one(
    replay: Replay, cwd: str, environment: Mapping[str, str], timeout: int | None, gate: asyncio.Semaphore
) -> dict[str, Any]:
    async with gate:
        try:
            return answer(replay.region, await execute(replay, cwd, environment, timeout))
        except Exception as error:  # a kernel that died or hung costs this world's points, never the submission
            problem = str(error).strip().split("\n")[-1]
            return {"points": 0.0, "of": points(replay.region), "findings": [], "problem": problem}


def answer(region: Region, notebook: NotebookNode) -> dict[str, Any]:
    """What the last check of an executed region said; no points, and the first error, if it was never reached."""
    told = [data for cell in notebook.cells if cell.id in region.checks for data in findings(cell)]
    errors = [o for cell in notebook.cells for o in cell.outputs if o.output_type == "error"]
    error = f"{errors[0].ename}: {errors[0].evalue}" if errors else ""
    of = points(region)
    if not told:
        return {"points": 0.0, "of": of, "findings": [], "problem": error or "the check was not reached"}
    last = told[-1]
    return {"points": min(float(last["points"]), of), "of": of, "findings": last["findings"], "problem": error}


def findings(cell: NotebookNode) -> list[dict[str, Any]]:
    """What the checks in an executed cell displayed for engines, in order."""
    return [o.data[FINDINGS] for o in cell.get("outputs", []) if FINDINGS in o.get("data", {})]


def points(region: Region) -> float:
    """What an exercise's checks are worth, by source/."""
    graded = [cell.metadata["nbgrader"] for cell in region.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return float(sum(grading["points"] for grading in graded))


def write(results: Mapping[str, Any], folder: Path) -> Path:
    """The results as a file that nobody else can read."""
    path = folder / "hidden.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(results, file)
    return path
