"""The bundle of this very course, installed where nothing else of it is: it runs, and gives no solution away."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from course.authoring import bundle, notebook

REPOSITORY = Path(__file__).resolve().parents[2]
# Runs a notebook from top to bottom where it lies, in this Python, and prints the id and outputs of its code cells.
RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient

folder, name = sys.argv[1:]
node = nbformat.read(f"{folder}/{name}", as_version=4)
client = NotebookClient(node, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}})
client.execute()
print(json.dumps({cell.id: cell.outputs for cell in node.cells if cell.cell_type == "code"}))
"""


class Cohort:
    """A virtual environment that finds the course in a bundle and nowhere else."""

    def __init__(self, folder: Path) -> None:
        self.bundle = folder / "bundle"
        self.files = bundle.build(REPOSITORY, self.bundle)
        self.work = folder / "work"
        self.work.mkdir()
        venv.create(folder / "venv", symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
        # A folder named in a .pth file gives its modules and not its own .pth files: an editable install of the
        # repository is not seen.
        (packages / "course.pth").write_text(f"{self.bundle}\n{sysconfig.get_path('purelib')}\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COURSE_", "PYTHON", "VIRTUAL_ENV"))}
        self.environment = {**kept, "PATH": f"{self.python.parent}{os.pathsep}{kept['PATH']}"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
        )


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return Cohort(tmp_path_factory.mktemp("cohort"))


pytestmark = pytest.mark.cohort


def test_the_bundle_lacks_what_graders_and_authors_have(cohort: Cohort) -> None:
    assert not [name for name in cohort.files if name.startswith(("source/", "tests/", "docs/", "course/hidden/"))]
    assert not [name for name in cohort.files if name.startswith(("course/grading/", "course/authoring/"))]
    assert {"course/learn/__init__.py", "course/exam/objectives.csv", "Makefile"} <= set(cohort.files)
    assert bundle.leaks(REPOSITORY, cohort.bundle) == []
    assert bundle.secret_lines(REPOSITORY)  # or nothing would have been looked for


def test_it_imports_what_notebooks_import_and_nothing_hidden(cohort: Cohort) -> None:
    done = cohort.run("-c", "import course.learn, course.syllabus; print(course.__file__, course.syllabus.load())")
    assert done.returncode == 0 and done.stdout.startswith(str(cohort.bundle)), done.stderr
    for room in ("hidden", "grading", "authoring"):
        assert "ModuleNotFoundError" in cohort.run("-c", f"import course.{room}").stderr


@pytest.mark.parametrize("path", notebook.sources(REPOSITORY), ids=lambda path: path.stem)
def test_every_public_check_runs_on_blank_work_and_shows_no_solution(cohort: Cohort, path: Path) -> None:
    folder = cohort.work / path.stem
    shutil.copytree(cohort.bundle / "release" / path.stem, folder)
    done = cohort.run("-c", RUN, str(folder), path.name)
    assert done.returncode == 0, done.stderr[-3000:]
    outputs = json.loads(done.stdout)
    checks = [cell.id for cell in notebook.read(path).cells if notebook.part(cell) == "check"]
    for id in checks:
        assert outputs[id][-1]["data"]["text/plain"] == "0.0", outputs[id]
    shown = json.dumps(outputs, ensure_ascii=False)
    assert checks and [line for line in bundle.secret_lines(REPOSITORY) if line in shown] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the course runs in WSL2 there")
def test_learners_verbs_are_there_and_graders_verbs_say_who_has_them(cohort: Cohort) -> None:
    said = cohort.run("-m", "course", "--help")
    assert said.returncode == 0 and "lab" in said.stdout, said.stderr
    for verb in (["refresh"], ["release"], ["lint"], ["verify"], ["submit", "d0_orientation"]):
        said = cohort.run("-m", "course", *verb)
        assert said.returncode != 0 and "Traceback" not in said.stderr, f"{verb}: {said.stderr}"
        assert "instructor" in said.stdout + said.stderr, f"{verb}: {said.stdout}{said.stderr}"
