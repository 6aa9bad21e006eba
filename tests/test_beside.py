"""This course's own notebooks through the examiner: full marks for solutions, in hidden worlds too, none for blanks."""

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

import course.beside
from course.grading import sandbox
from course.grading.examiner import examine
from course.grading.released import released
from course.runtime.parents import Parents

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes are held by Linux's means")

ROOT = Path(__file__).resolve().parents[1]
# One for each thing that may go wrong between the two processes: a folder to write in, a table that comes back, files
# and objects that the cloud's functions are told of. A check that calls the work's function is in O-8 (test_submit.py).
EXERCISES = {"D2-02": "d2_model_development", "D3-07": "d3_deployment_orchestration",
             "D3-11": "d3_deployment_orchestration"}  # fmt: skip


@pytest.fixture(scope="module")
def parents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parents]:
    entries = ("course.grading.student", *course.beside.MODULES)
    with sandbox.start_parent(tmp_path_factory.mktemp("s"), entries) as started:
        started.wait_ready("student")
        yield started


def only(exercise: str) -> NotebookNode:
    """The source notebook with the cells of one exercise, and those of none."""
    name = EXERCISES[exercise]
    notebook = nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=4)
    notebook.cells = [c for c in notebook.cells if c.metadata.get("course", {}).get("exercise") in (None, exercise)]
    return notebook


def graded(parents: Parents, tmp_path: Path, exercise: str, submitted: NotebookNode, **files: bytes) -> dict:
    for name, data in files.items():
        (tmp_path / name.replace("_", ".")).write_bytes(data)
    pair = {"source": nbformat.writes(only(exercise)), "submitted": nbformat.writes(submitted)}
    task = {"assignment": "a", "student": "ada", "notebooks": {"n": pair}, "folder": str(tmp_path)}
    held = {"parent": str(parents.sockets["student"]), "mode": sandbox.detect(trust=True)}
    return examine({**task, **held, "beside": "course.beside:Cloud"})["result"]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_solution_gets_full_marks(parents, tmp_path, exercise):
    answers = (ROOT / "tests" / "answers" / f"{EXERCISES[exercise]}.json").read_bytes()
    result = graded(parents, tmp_path, exercise, only(exercise), answers_json=answers)
    checks = [cell for cell in result["cells"] if cell["status"] != "manual"]
    assert checks and all(cell["status"] == "passed" for cell in checks), result["cells"]
    worlds = {name.split()[1] for name in result["audit"]["seeds"]}
    assert "own" in worlds and len(worlds) > 1, "hidden worlds were played"


@pytest.mark.parametrize("exercise", ["D2-02"])
def test_a_blank_gets_nothing(parents, tmp_path, exercise):
    result = graded(parents, tmp_path, exercise, released(only(exercise)))
    assert result["score"] == 0.0, result["cells"]
