"""nbgrader's own commands, from the course's root, with the course's settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course.authoring import notebook, release

from . import fixture_course
from .fixture_course import ASSIGNMENT, cell

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = f"{ASSIGNMENT}/{ASSIGNMENT}.ipynb"


class Course:
    """A course root in which nbgrader's commands run as an instructor types them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        fixture_course.write(self.root)
        shutil.copy(REPOSITORY / "nbgrader_config.py", self.root)
        # nbgrader looks for alembic on PATH.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "PYTHONPATH": str(fixture_course.stand_in(folder / "learn"))}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.root,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def finish(self, command: subprocess.Popen[str]) -> str:
        said, _ = command.communicate(timeout=60)
        assert command.returncode == 0, said
        return said

    def submit(self, student: str, *, solved: bool) -> None:
        target = self.root / "submitted" / student / NOTEBOOK
        target.parent.mkdir(parents=True)
        shutil.copy(self.root / "release" / NOTEBOOK, target)
        (target.parent / "answers.json").write_text("{}")
        if solved:
            node = notebook.read(target).node
            cell(node, "o-8-blank").source = 'name = x.bucket + "-mine"'
            notebook.write(target, node)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = Course(tmp_path_factory.mktemp("nbgrader"))
    course.finish(course.start("generate_assignment", ASSIGNMENT))
    return course


def test_its_command_makes_the_same_release(course: Course) -> None:
    assert release.run(course.root, check=True) == []


def test_a_submission_goes_all_the_way_to_the_list_of_grades(course: Course) -> None:
    course.submit("ada", solved=True)
    course.submit("blank", solved=False)
    validating = course.start("validate", f"release/{NOTEBOOK}")
    beside = ("--SandboxedExecute.beside=beside_stand_in:Beside", "--SandboxedExecute.modules=course.learn")
    course.finish(course.start("autograde", ASSIGNMENT, *beside, "--SandboxedExecute.trust=True"))
    assert "Partial credit" in course.finish(validating)
    exporting = course.start("export")
    course.finish(course.start("generate_feedback", ASSIGNMENT))
    course.finish(exporting)
    header, *rows = (line.split(",") for line in (course.root / "grades.csv").read_text().splitlines())
    scores = {row[header.index("student_id")]: row[header.index("score")] for row in rows}
    assert scores == {"ada": "4.0", "blank": "0.0"}
    assert (course.root / "feedback" / "ada" / ASSIGNMENT / f"{ASSIGNMENT}.html").is_file()
    assert (course.root / "autograded" / "ada" / ASSIGNMENT / "answers.json").is_file()
